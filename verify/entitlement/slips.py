"""How long a referral is good: ten working days, or a year for listed diseases.

TT 01/2025 Điều 9, 10 and 12.  The day of signing is not counted (BLDS 2015 Điều 147).
"""

from __future__ import annotations

from datetime import date, timedelta

from verify.entitlement.law import Law
from verify.entitlement.situation import Slip

WORKING_DAYS = 10
WEEKEND = (5, 6)
DAY = timedelta(days=1)


def last_good_day(slip: Slip, law: Law) -> date:
    """Return the last day on which a referral may be shown."""
    day = slip.signed_on
    if slip.for_a_year:
        try:
            return day.replace(year=day.year + 1)
        except ValueError:  # 29 February
            return day.replace(year=day.year + 1, day=28)
    counted = 0
    while counted < WORKING_DAYS:
        day += DAY
        counted += is_working_day(day, law)
    return day


def is_working_day(day: date, law: Law) -> bool:
    """Tell whether offices work on a day: holidays and swapped days are rows of a table."""
    kinds = {one.kind for one in law.holidays if one.holds_on(day)}
    return "work" in kinds or (day.weekday() not in WEEKEND and "off" not in kinds)
