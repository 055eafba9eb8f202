"""What lifts a benefit of 95 or 80 % to 100 %: five years with much co-paid, or a small visit.

NĐ 188/2025 Điều 18; NĐ 146/2018 Điều 14 khoản 1 d, đ.  Neither holds for a visit that is not in
order (Luật BHYT 2014 Điều 22 khoản 1).
"""

from __future__ import annotations

from datetime import date

from verify.entitlement.law import Law
from verify.entitlement.phrases import Told
from verify.entitlement.situation import Situation

SALARIES, SMALL_PERCENT = 6, 15  # months of base salary in a year; of one month, for one visit


def lifts(at: Situation, law: Law, in_order: bool) -> tuple[bool, list[Told]]:
    """Tell whether the visit is lifted to 100 %, and what to say of it."""
    salary = law.salary_on(at.visit_date)
    if salary is None:
        return False, []
    is_lifted, notes = _by_five_years(at, law, in_order, SALARIES * salary.amount_vnd)
    if is_lifted or not in_order:
        return is_lifted, notes
    small = salary.amount_vnd * SMALL_PERCENT // 100
    if at.cost_vnd is None:
        return False, [*notes, law.phrases.told("note.small_visit_ask", limit=small)]
    if at.cost_vnd < small:
        return True, [*notes, law.phrases.told("note.small_visit", limit=small)]
    return False, notes


def _by_five_years(at: Situation, law: Law, in_order: bool, limit: int) -> tuple[bool, list[Told]]:
    if at.five_years_since is None or at.five_years_since > at.visit_date:
        return False, []
    tell = law.phrases.told
    if not in_order:
        return False, [tell("note.five_years_not_self")]
    if at.copaid_vnd is None:
        return False, [tell("note.five_years_ask", limit=limit)]
    if at.copaid_vnd > limit:
        return True, [tell("note.five_years", limit=limit)]
    notes = [tell("note.five_years_below", paid=at.copaid_vnd, limit=limit)]
    changed = _change_this_year(at.visit_date, law)
    if changed is not None and at.copaid_vnd > SALARIES * changed[1]:
        # What was paid before the change counts in months of the old salary (CV 302/CSYT-CĐ).
        notes.append(tell("note.five_years_change", since=f"{changed[0]:%d/%m/%Y}"))
    return False, notes


def _change_this_year(day: date, law: Law) -> tuple[date, int] | None:
    """Return when the base salary changed this year before a day, and the one before."""
    now, before = law.salary_on(day), law.salary_on(date(day.year, 1, 1))
    if now is None or before is None or now == before:
        return None
    return now.valid_from, before.amount_vnd
