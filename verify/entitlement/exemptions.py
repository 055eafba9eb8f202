"""What lifts a benefit of 95 or 80 % to 100 %: a commune station, five years with much co-paid, or
a small visit.

NĐ 188/2025 Điều 18; before it NĐ 146/2018 Điều 14 khoản 1 c, d, đ.  None holds for a visit that
is not in order (Luật BHYT 2014 Điều 22 khoản 1).
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from verify.entitlement.rules.law import Law
from verify.entitlement.rules.phrases import LocalizedText
from verify.entitlement.situation import Situation

SALARIES, SMALL_PERCENT = 6, 15  # months of base salary in a year; of one month, for one visit
DECREE_188 = date(2025, 8, 15)
OLD_BASIS, NEW_BASIS = "NĐ 146/2018 Đ14 k1", "NĐ 188/2025 Đ18"


class Exemption(NamedTuple):
    """Why a visit in order is paid in full, empty where it is not, and what to say beside."""

    reason: str = ""  # key of a phrase
    law: str = ""
    notes: tuple[LocalizedText, ...] = ()


def find_exemption(at: Situation, law: Law) -> Exemption:
    """Return what lifts the visit, taken that it is in order."""
    basis = NEW_BASIS if at.visit_date >= DECREE_188 else OLD_BASIS
    if at.facility.level == "ban_dau" and at.facility.is_listed == "yes":
        return Exemption("and_station", basis)
    salary = law.salary_on(at.visit_date)
    if salary is None:
        return Exemption()
    is_lifted, notes = _by_five_years(at, law, SALARIES * salary.amount_vnd)
    if is_lifted:
        return Exemption("and_five_years", basis, notes)
    small, tell = salary.amount_vnd * SMALL_PERCENT // 100, law.phrases.text
    if at.cost_vnd is None:
        return Exemption(notes=(*notes, tell("note.small_visit_ask", limit=small)))
    if at.cost_vnd < small:
        return Exemption("and_small_visit", basis, (*notes, tell("note.small_visit", limit=small)))
    return Exemption(notes=notes)


def has_five_years(at: Situation) -> bool:
    """Tell whether five years are reached on the day of the visit."""
    return at.five_years_since is not None and at.five_years_since <= at.visit_date


def _by_five_years(at: Situation, law: Law, limit: int) -> tuple[bool, tuple[LocalizedText, ...]]:
    if not has_five_years(at):
        return False, ()
    tell = law.phrases.text
    if at.copaid_vnd is None:
        return False, (tell("note.five_years_ask", limit=limit),)
    if at.copaid_vnd > limit:
        return True, (tell("note.five_years", limit=limit),)
    below = tell("note.five_years_below", paid=at.copaid_vnd, limit=limit)
    changed = _change_this_year(at.visit_date, law)
    if changed is None or at.copaid_vnd <= SALARIES * changed[1]:
        return False, (below,)
    # What was paid before the change counts in months of the old salary (CV 302/CSYT-CĐ).
    return False, (below, tell("note.five_years_change", since=f"{changed[0]:%d/%m/%Y}"))


def _change_this_year(day: date, law: Law) -> tuple[date, int] | None:
    """Return when the base salary changed this year before a day, and the one before."""
    now, before = law.salary_on(day), law.salary_on(date(day.year, 1, 1))
    if now is None or before is None or now == before:
        return None
    return now.valid_from, before.amount_vnd
