"""What a full registry keeps of a person as readable text, beside the compact row."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from verify import Birth, Sex

PEOPLE_SCHEMA = """
create table person (            -- a text is empty if it is not known
    key integer primary key,     -- as in card
    holder text not null,
    born text not null,          -- YYYY, YYYY-MM or YYYY-MM-DD
    sex text not null,           -- male, female
    facility text not null,      -- where the person is registered, five characters
    five_years_from text not null
) strict;
"""


class RegisteredPerson(NamedTuple):
    """What is known of a person; None if it is not known."""

    holder: str | None = None
    born: Birth | None = None
    sex: Sex | None = None
    facility: str | None = None
    five_years_on: date | None = None


UNKNOWN_PERSON = RegisteredPerson()


def person_of(
    holder: str, born: str, sex: str, facility: str, five_years_from: str
) -> RegisteredPerson:
    """Return the person that a row of the table describes; an empty text is not known.

    `born` is YYYY, YYYY-MM or YYYY-MM-DD, `five_years_from` YYYY-MM-DD.  Raises ValueError if a
    value is malformed.
    """
    return RegisteredPerson(
        holder or None,
        Birth.from_iso(born) if born else None,
        Sex(sex) if sex else None,
        facility or None,
        date.fromisoformat(five_years_from) if five_years_from else None,
    )
