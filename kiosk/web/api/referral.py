"""Reads the referral that the desk's page or another program sends with a visit.

- A referral is an object under the key `referral`.  Its texts and its date are read as people type
  them (`fields`).
- Programs that are older than that key write it among the `papers`, as `referral YYYY-MM-DD` or
  `referral YYYY-MM-DD for a year`.  Both forms are accepted.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from kiosk.logbook import REFERRAL_YEARS, referral_among, unreadable_referrals
from kiosk.web.api.fields import (
    MAX_TEXT,
    BadField,
    FieldFault,
    read_facility,
    read_field,
    read_typed_day,
)
from kiosk.web.api.people import read_choice
from verify import Referral, ReferralForm

KEYS = ("signed_on", "facility", "number", "for_a_year", "form")


class BadReferral(BadField):
    """A referral cannot be read.  The message names the key that is wrong, and what it must be."""

    kind = "bad_referral"


def read_referral(value: object, papers: str) -> tuple[Referral | None, str]:
    """Return the referral and the other papers, from the values of `referral` and `papers`.

    Raises BadReferral if one of the two cannot be read, or if they name different referrals.
    """
    if unreadable_referrals(papers):
        forms = '"referral YYYY-MM-DD" or "referral YYYY-MM-DD for a year"'
        raise _bad("papers", f'A referral in "papers" must be written as {forms}.')
    in_papers, other_papers = referral_among(papers)
    if referral_among(other_papers)[0] is not None:
        raise _bad("papers", '"papers" names more than one referral.')
    if value is None:
        return in_papers, other_papers
    referral = _referral(value)
    validity = (referral.signed_on, referral.for_a_year)
    if in_papers is not None and (in_papers.signed_on, in_papers.for_a_year) != validity:
        message = '"referral" and "papers" name different referrals: send "referral" only.'
        raise _bad("papers", message)
    return referral, other_papers


def _referral(value: object) -> Referral:
    if not isinstance(value, Mapping):
        raise _bad("referral", '"referral" must be an object with "signed_on".')
    if unknown := [key for key in value if key not in KEYS]:
        name = str(unknown[0])[:MAX_TEXT]
        raise _bad("referral", f'"referral" has the keys {", ".join(KEYS)}; not {name!r}.')
    for_a_year = value.get("for_a_year")
    if not isinstance(for_a_year, bool | None):
        raise _bad("referral.for_a_year", '"referral.for_a_year" must be true or false.')
    try:
        return Referral(
            signed_on=_day(value.get("signed_on")),
            for_a_year=bool(for_a_year),
            facility=read_facility(value.get("facility"), "referral.facility") or None,
            number=read_field(value.get("number"), "referral.number") or None,
            form=read_choice(value.get("form"), "referral.form", ReferralForm),
        )
    except BadReferral:
        raise
    except BadField as exc:
        raise BadReferral(exc.name, exc.fault, str(exc)) from None


def _day(value: object) -> date:
    name = "referral.signed_on"
    day = read_typed_day(value, name)
    if day is None or day.year not in REFERRAL_YEARS:
        message = f'"{name}" must be a date, YYYY-MM-DD, in 1900 to 2199.'
        raise BadReferral(name, FieldFault.MISSING if day is None else None, message)
    return day


def _bad(name: str, message: str) -> BadReferral:
    return BadReferral(name, None, message)
