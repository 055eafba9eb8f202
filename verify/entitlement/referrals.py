"""How the visit counts: a referral while it is good, a registration wherever it is.

A referral is good for ten working days, or a year for listed diseases: TT 01/2025 Điều 9, 10 and
12.  The day of signing is not counted (BLDS 2015 Điều 147).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from verify.entitlement.rules.law import Law
from verify.entitlement.rules.phrases import LocalizedText
from verify.entitlement.situation import Referral, Situation

WORKING_DAYS, LONGEST = 10, 60  # days; with all holidays ten working days are never more
WEEKEND = (5, 6)
DAY = timedelta(days=1)


def effective_situation(at: Situation, law: Law) -> tuple[Situation, list[LocalizedText]]:
    """Return the visit as the law sees it, and what differs from what was said at the desk."""
    tell = law.phrases.text
    notes: list[LocalizedText] = []
    if at.arrival == "referral" and at.referral is not None:
        is_good, notes = _told_of(at.referral, at.visit_date, law)
        at = at if is_good else replace(at, arrival="self")
    registered_here = bool(at.facility.code) and at.facility.code in at.registered_at
    if at.arrival == "self" and registered_here:
        return replace(at, arrival="registered"), [*notes, tell("note.registered_here")]
    if at.arrival == "registered" and at.registered_at and at.facility.code and not registered_here:
        notes.append(tell("note.registered_elsewhere", code=at.registered_at))
    return at, notes


def _told_of(slip: Referral, visit_date: date, law: Law) -> tuple[bool, list[LocalizedText]]:
    """Tell whether a slip is good on a day, and say so."""
    tell = law.phrases.text
    if slip.signed_on > visit_date:
        return False, [tell("note.slip_not_begun")]
    last = last_good_day(slip, law)
    if last < visit_date:
        return False, [tell("note.slip_lapsed", day=f"{last:%d/%m/%Y}")]
    notes = [tell("note.slip_until", day=f"{last:%d/%m/%Y}")]
    if not slip.for_a_year and last > law.holidays_until():
        notes.append(tell("note.slip_holidays", day=f"{law.holidays_until():%d/%m/%Y}"))
    return True, notes


def last_good_day(slip: Referral, law: Law) -> date:
    """Return the last day on which a referral may be shown."""
    day = slip.signed_on
    if slip.for_a_year:
        try:
            return day.replace(year=day.year + 1)
        except ValueError:  # 29 February
            return day.replace(year=day.year + 1, day=28)
    counted = 0
    for _ in range(LONGEST):
        day += DAY
        counted += is_working_day(day, law)
        if counted == WORKING_DAYS:
            break
    return day


def is_working_day(day: date, law: Law) -> bool:
    """Tell whether offices work on a day: holidays and swapped days are rows of a table."""
    kinds = {one.kind for one in law.holidays if one.holds_on(day)}
    return "work" in kinds or (day.weekday() not in WEEKEND and "off" not in kinds)
