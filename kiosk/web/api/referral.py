"""The referral that another program, or the desk's page, sends with a visit.

It is an object under the key `referral`.  Programs that were written before that key name it
among the `papers`, as `referral YYYY-MM-DD` or `referral YYYY-MM-DD for a year`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from kiosk.logbook import referral_among, unreadable_referrals
from kiosk.web.api.fields import MAX_TEXT, is_line
from verify import Referral

KEYS = ("signed_on", "facility", "number", "for_a_year")
YEARS = range(1900, 2200)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_FACILITY = re.compile(r"\d{2}[0-9A-Z]{3}\Z", re.ASCII)


class BadReferral(ValueError):
    """What is sent is no referral; the text says which key is wrong, and what it may be."""


def read_referral(value: object, papers: str) -> tuple[Referral | None, str]:
    """Return the referral and the other papers, from the values of `referral` and `papers`.

    Raises BadReferral if either cannot be read, or if the two name different referrals.
    """
    if unreadable_referrals(papers):
        wanted = '"papers": "referral YYYY-MM-DD", or "referral YYYY-MM-DD for a year".'
        raise BadReferral(wanted)
    among, others = referral_among(papers)
    if value is None:
        return among, others
    referral = _referral(value)
    days = (referral.signed_on, referral.for_a_year)
    if among is not None and (among.signed_on, among.for_a_year) != days:
        raise BadReferral('"referral" and "papers" name different referrals: send "referral" only.')
    return referral, others


def _referral(value: object) -> Referral:
    if not isinstance(value, Mapping):
        raise BadReferral('"referral" must be an object with "signed_on".')
    if unknown := [key for key in value if key not in KEYS]:
        raise BadReferral(f'"referral" has {", ".join(KEYS)}; not {str(unknown[0])[:MAX_TEXT]!r}.')
    for_a_year = value.get("for_a_year")
    if not isinstance(for_a_year, bool | None):
        raise BadReferral('"referral.for_a_year" is true or false.')
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
            if day.year in YEARS:
                return day
    except ValueError:
        pass
    raise BadReferral('"referral.signed_on" must be a day, YYYY-MM-DD, of 1900 to 2199.')


def _facility(value: object) -> str | None:
    if value in (None, ""):
        return None
    if not isinstance(value, str) or not _FACILITY.match(value):
        raise BadReferral('"referral.facility" must be the 5 characters of a facility\'s code.')
    return value


def _number(value: object) -> str | None:
    if value in (None, ""):
        return None
    if not isinstance(value, str) or not is_line(value) or not value.strip():
        raise BadReferral('"referral.number" must be one line of text.')
    return value.strip()
