"""Reads the referral that the desk's page or another program sends with a visit.

- A referral is an object under the key `referral`.
- Programs that are older than that key write it among the `papers`, as `referral YYYY-MM-DD` or
  `referral YYYY-MM-DD for a year`.  Both forms are accepted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from kiosk.logbook import REFERRAL_YEARS, referral_among, unreadable_referrals
from kiosk.web.api.fields import MAX_TEXT, is_line
from verify import Referral

KEYS = ("signed_on", "facility", "number", "for_a_year")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_FACILITY = re.compile(r"\d{2}[0-9A-Z]{3}\Z", re.ASCII)


class BadReferral(ValueError):
    """A referral cannot be read.  The message names the key that is wrong, and what it must be."""


def read_referral(value: object, papers: str) -> tuple[Referral | None, str]:
    """Return the referral and the other papers, from the values of `referral` and `papers`.

    Raises BadReferral if one of the two cannot be read, or if they name different referrals.
    """
    if unreadable_referrals(papers):
        forms = '"referral YYYY-MM-DD" or "referral YYYY-MM-DD for a year"'
        raise BadReferral(f'A referral in "papers" must be written as {forms}.')
    in_papers, other_papers = referral_among(papers)
    if referral_among(other_papers)[0] is not None:
        raise BadReferral('"papers" names more than one referral.')
    if value is None:
        return in_papers, other_papers
    referral = _referral(value)
    validity = (referral.signed_on, referral.for_a_year)
    if in_papers is not None and (in_papers.signed_on, in_papers.for_a_year) != validity:
        raise BadReferral('"referral" and "papers" name different referrals: send "referral" only.')
    return referral, other_papers


def _referral(value: object) -> Referral:
    if not isinstance(value, Mapping):
        raise BadReferral('"referral" must be an object with "signed_on".')
    if unknown := [key for key in value if key not in KEYS]:
        name = str(unknown[0])[:MAX_TEXT]
        raise BadReferral(f'"referral" has the keys {", ".join(KEYS)}; not {name!r}.')
    for_a_year = value.get("for_a_year")
    if not isinstance(for_a_year, bool | None):
        raise BadReferral('"referral.for_a_year" must be true or false.')
    return Referral(
        signed_on=_day(value.get("signed_on")),
        for_a_year=bool(for_a_year),
        facility=_facility(value.get("facility")),
        number=_number(value.get("number")),
    )


def _day(value: object) -> date:
    try:
        if isinstance(value, str) and _DAY.match(value):
            day = date.fromisoformat(value)
            if day.year in REFERRAL_YEARS:
                return day
    except ValueError:
        pass
    raise BadReferral('"referral.signed_on" must be a date, YYYY-MM-DD, in 1900 to 2199.')


def _facility(value: object) -> str | None:
    if value in (None, ""):
        return None
    if not isinstance(value, str) or not _FACILITY.match(value):
        raise BadReferral('"referral.facility" must be a facility code of 5 characters.')
    return value


def _number(value: object) -> str | None:
    if value in (None, ""):
        return None
    if not isinstance(value, str) or not is_line(value) or not value.strip():
        raise BadReferral('"referral.number" must be one line of text.')
    return value.strip()
