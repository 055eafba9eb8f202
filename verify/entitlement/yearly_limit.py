"""The day from which a patient's co-payments of a calendar year are above the limit.

1.  The limit is six months of the base salary (NĐ 188/2025 Đ18 k2).
2.  A running total is the year's sum up to a stay, and counts from the day of discharge.  Running
    totals are never added up.
3.  If the base salary changes within the year, what was paid before counts in months of the old
    salary, and the rest in months of the new one (CV 302/CSYT-CĐ §2.5).
4.  Everything is paid from the day on which five years without a break are reached too, until
    31 December.

This is information for a person and decides no share: the portal may not have all stays yet, and
it is not known how it counts a stay that lies on both sides of such a change.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from verify.entitlement.exemptions import COPAYMENT_LIMIT_SALARIES
from verify.entitlement.rules.law import Law


class RunningTotal(NamedTuple):
    """The sum of the co-payments of a year (dong) up to a stay, and its day of discharge."""

    day: date
    this_year_vnd: int


def limit_passed_on(totals: Iterable[RunningTotal], law: Law) -> date | None:
    """Return the day of the first stay whose running total is above the limit.

    `totals` are of one calendar year, in any order.  None if none is above it, or if the base
    salary of a day is not known.
    """
    paid, months = 0, Fraction(0)
    for day, total in sorted(totals):
        salary = law.salary_on(day)
        if salary is None:
            return None
        if total > paid:  # a smaller total than an earlier one adds nothing
            months += Fraction(total - paid, salary.amount_vnd)
            paid = total
        if months > COPAYMENT_LIMIT_SALARIES:
            return day
    return None


def full_benefit_since(passed_on: date | None, five_years_since: date | None) -> date | None:
    """Return the day from which both conditions hold; None if they do not both hold this year."""
    if passed_on is None or five_years_since is None:
        return None
    both = max(passed_on, five_years_since)
    return both if both.year == passed_on.year else None
