"""What a full registry keeps of a person in the clear, beside the compact row."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from verify import Birth, Sex

PEOPLE_SCHEMA = """
create table person (            -- each is empty where it is not known
    key integer primary key,     -- as in card
    holder text not null,
    born text not null,          -- YYYY, YYYY-MM or YYYY-MM-DD
    sex text not null,           -- male, female
    facility text not null,      -- where the person is registered, five characters
    five_years_from text not null
) strict;
"""


class RegisteredPerson(NamedTuple):
    """What is known of a person; None where it is not."""

    holder: str | None = None
    born: Birth | None = None
    sex: Sex | None = None
    facility: str | None = None
    five_years_on: date | None = None


UNKNOWN_PERSON = RegisteredPerson()


def person_of(
    holder: str, born: str, sex: str, facility: str, five_years_from: str
) -> RegisteredPerson:
    """Return what a row says; ValueError where it cannot be meant."""
    return RegisteredPerson(
        holder or None,
        Birth.from_iso(born) if born else None,
        Sex(sex) if sex else None,
        facility or None,
        date.fromisoformat(five_years_from) if five_years_from else None,
    )
