"""How an arrival counts: whether a referral is valid on the day, and a card registered here.

1.  A referral is valid for ten working days, or for a year for the listed diseases
    (TT 01/2025 Điều 9, 10 and 12).
2.  The day of signing is not counted (BLDS 2015 Điều 147).
3.  A referral that has expired, or that is dated after the visit, does not count: the patient
    came without one.
4.  A patient whose card is registered here came to the registered facility, also without a
    referral.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from verify.entitlement.rules.law import Law
from verify.entitlement.rules.phrases import LocalizedText
from verify.entitlement.situation import Referral, Situation

REFERRAL_WORKING_DAYS = 10
MAX_REFERRAL_DAYS = 60  # with all holidays, ten working days never take as long as this
WEEKEND = (5, 6)  # as `date.weekday` counts
ONE_DAY = timedelta(days=1)


def effective_situation(situation: Situation, law: Law) -> tuple[Situation, list[LocalizedText]]:
    """Return the situation as the law counts it, and notes on what differs from the entry."""
    text = law.phrases.text
    notes: list[LocalizedText] = []
    if situation.arrival == "referral" and situation.referral is not None:
        is_valid, notes = _check_referral(situation.referral, situation.visit_date, law)
        if not is_valid:
            situation = replace(situation, arrival="self")
    here, registered_at = situation.facility.code, situation.registered_at
    is_registered_here = bool(here) and here in registered_at
    if situation.arrival == "self" and is_registered_here:
        return replace(situation, arrival="registered"), [*notes, text("note.registered_here")]
    if situation.arrival == "registered" and registered_at and here and not is_registered_here:
        notes.append(text("note.registered_elsewhere", code=registered_at))
    return situation, notes


def _check_referral(
    referral: Referral, visit_date: date, law: Law
) -> tuple[bool, list[LocalizedText]]:
    """Return whether a referral is valid on the day of the visit, and the notes that say so."""
    text = law.phrases.text
    if referral.signed_on > visit_date:
        return False, [text("note.slip_not_begun")]
    last_day = last_day_of_referral(referral, law)
    if last_day < visit_date:
        return False, [text("note.slip_lapsed", day=f"{last_day:%d/%m/%Y}")]
    notes = [text("note.slip_until", day=f"{last_day:%d/%m/%Y}")]
    known_until = law.holidays_known_until()
    if not referral.for_a_year and last_day > known_until:
        notes.append(text("note.slip_holidays", day=f"{known_until:%d/%m/%Y}"))
    return True, notes


def last_day_of_referral(referral: Referral, law: Law) -> date:
    """Return the last day on which a referral is valid.

    A year from 29 February ends on 28 February.
    """
    day = referral.signed_on
    if referral.for_a_year:
        try:
            return day.replace(year=day.year + 1)
        except ValueError:
            return day.replace(year=day.year + 1, day=28)
    working_days = 0
    for _ in range(MAX_REFERRAL_DAYS):
        day += ONE_DAY
        working_days += is_working_day(day, law)
        if working_days == REFERRAL_WORKING_DAYS:
            break
    return day


def is_working_day(day: date, law: Law) -> bool:
    """Return whether offices work on a day: holidays and swapped days are rows of a table."""
    kinds = {holiday.kind for holiday in law.holidays if holiday.holds_on(day)}
    return "work" in kinds or (day.weekday() not in WEEKEND and "off" not in kinds)
