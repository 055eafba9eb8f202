"""Exemptions: what raises a benefit of 80 or 95 % to 100 % (miễn cùng chi trả).

1.  The facility is a commune health station or another listed facility of the initial level.
2.  Five years of insurance without a break are reached, and the co-payments of this calendar year
    are above six months of the base salary.
3.  The whole visit costs less than 15 % of one month of the base salary.

No exemption applies to a visit that is not in order (Luật BHYT 2014 Điều 22 khoản 1).

Sources: NĐ 188/2025 Điều 18; until 14 August 2025 the older decree NĐ 146/2018 Điều 14
khoản 1 c, d, đ.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from verify.entitlement.rules.law import Law
from verify.entitlement.rules.phrases import LocalizedText
from verify.entitlement.situation import Situation

COPAYMENT_LIMIT_SALARIES = 6  # months of the base salary, in a calendar year
SMALL_VISIT_PERCENT = 15  # of one month of the base salary
DECREE_188_BEGAN = date(2025, 8, 15)
# The older decree holds until 14 August 2025.
OLD_BASIS, NEW_BASIS = "NĐ 146/2018 Đ14 k1", "NĐ 188/2025 Đ18"


class Exemption(NamedTuple):
    """Why a visit in order is paid in full, and the notes to show beside the answer.

    `reason` is the key of a phrase; it is empty if no exemption applies.
    """

    reason: str = ""
    law: str = ""
    notes: tuple[LocalizedText, ...] = ()


def find_exemption(situation: Situation, law: Law) -> Exemption:
    """Return the exemption that applies to a visit; the visit is assumed to be in order."""
    basis = NEW_BASIS if situation.visit_date >= DECREE_188_BEGAN else OLD_BASIS
    if situation.facility.level == "ban_dau" and situation.facility.is_listed == "yes":
        return Exemption("and_station", basis)
    salary = law.salary_on(situation.visit_date)
    limit = copayment_limit(situation.visit_date, law)
    if salary is None or limit is None:
        return Exemption()
    is_exempt, notes = _exemption_by_five_years(situation, law, limit)
    if is_exempt:
        return Exemption("and_five_years", basis, notes)
    small_visit_limit = salary.amount_vnd * SMALL_VISIT_PERCENT // 100
    if situation.cost_vnd is None:
        note = law.phrases.text("note.small_visit_ask", limit=small_visit_limit)
        return Exemption(notes=(*notes, note))
    if situation.cost_vnd < small_visit_limit:
        note = law.phrases.text("note.small_visit", limit=small_visit_limit)
        return Exemption("and_small_visit", basis, (*notes, note))
    return Exemption(notes=notes)


def copayment_limit(day: date, law: Law) -> int | None:
    """Return above what sum of co-payments in a year (dong) all is paid, as of a day.

    None if the base salary of that day is not known.
    """
    salary = law.salary_on(day)
    return None if salary is None else COPAYMENT_LIMIT_SALARIES * salary.amount_vnd


def has_five_years(situation: Situation) -> bool:
    """Return whether five years without a break are reached on the day of the visit."""
    since = situation.five_years_since
    return since is not None and since <= situation.visit_date


def _exemption_by_five_years(
    situation: Situation, law: Law, limit: int
) -> tuple[bool, tuple[LocalizedText, ...]]:
    """Return whether the co-payments of this year are above the limit, and the notes on it."""
    if not has_five_years(situation):
        return False, ()
    text, copaid = law.phrases.text, situation.copaid_vnd
    if copaid is None:
        return False, (text("note.five_years_ask", limit=limit),)
    if copaid > limit:
        return True, (text("note.five_years", limit=limit),)
    below = text("note.five_years_below", paid=copaid, limit=limit)
    change = _salary_change_in_year(situation.visit_date, law)
    if change is None:
        return False, (below,)
    changed_on, old_amount = change
    if copaid <= COPAYMENT_LIMIT_SALARIES * old_amount:
        return False, (below,)
    # What was paid before the change counts in months of the old salary (CV 302/CSYT-CĐ), and the
    # date of each payment is not known: a person has to look.
    return False, (below, text("note.five_years_change", since=f"{changed_on:%d/%m/%Y}"))


def _salary_change_in_year(day: date, law: Law) -> tuple[date, int] | None:
    """Return when the base salary changed in the year of a day, and the amount before (dong).

    None if it did not change in that year before the day.
    """
    now, before = law.salary_on(day), law.salary_on(date(day.year, 1, 1))
    if now is None or before is None or now == before:
        return None
    return now.valid_from, before.amount_vnd
