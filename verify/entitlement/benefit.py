"""Benefit: the share that a card gives in order, by its group, its digit and the visit's date.

NĐ 146/2018 Điều 14 and the tables that follow it; NĐ 188/2025 Điều 18 and 21; for 2026
NQ 261/2025/QH15 Điều 2.  A digit that does not fit its group is a warning, never a refusal.
"""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from typing import NamedTuple

from verify.birth import Birth, age_on
from verify.entitlement.rules.law import Law
from verify.entitlement.rules.phrases import LocalizedText
from verify.entitlement.rules.rows import ObjectCode
from verify.entitlement.situation import Situation

CHILD, DONOR = "TE", "HG"  # groups of people who may come before their card does
SIX_YEARS = 6
SCHOOL_BEGINS = (9, 30)
LIFTED = (3, 4)  # digits that some visits lift to 100 % (NĐ 146/2018 Đ14 k1 c, d, đ)


class Benefit(NamedTuple):
    """The share in order, None where it is not known; the digit that it comes from."""

    percent: int | None
    digit: int | None
    law: str = ""
    confidence: str = "high"
    notes: tuple[LocalizedText, ...] = ()


def find_benefit(at: Situation, law: Law) -> Benefit:
    """Return the card's benefit on the visit's date; of several groups the best."""
    codes, notes = at.object_codes, []
    if not codes and at.digit is None:
        assumed = _without_card(at)
        if assumed is None:
            return Benefit(None, None)
        codes = (assumed,)
        key = "note.child_without_card" if assumed == CHILD else "note.donor_without_card"
        notes.append(law.phrases.text(key))
    found = [_of_group(code, at, law) for code in codes] or [_of_digit(at.digit, law, at)]
    known = [one for one in found if one.percent is not None]
    best = max(known, key=lambda one: (one.percent, one.digit != 2), default=found[0])
    if notes:  # what was assumed is told instead of where the digit came from
        return Benefit(best.percent, best.digit, best.law, best.confidence, tuple(notes))
    return best


def _without_card(at: Situation) -> str | None:
    """Return the group of those who are treated before they have a card (NĐ 188/2025 Đ37)."""
    if at.born is not None:
        if age_on(at.born, at.visit_date) < SIX_YEARS:
            return CHILD
    elif at.arrival == "newborn":
        return CHILD
    return DONOR if at.arrival == "donor" else None


def _of_group(code: str, at: Situation, law: Law) -> Benefit:
    tell, rows = law.phrases.text, law.group_on(code, at.visit_date)
    printed = at.digit if len(at.object_codes) == 1 else None  # of several groups it is one's
    if not rows:
        bare = _of_digit(printed, law, at)
        kind = "code_not_known" if bare.percent is not None else "neither_known"
        note = tell(f"note.{kind}", code=code)
        return Benefit(bare.percent, bare.digit, bare.law, "low", (*bare.notes, note))
    row, is_sure = _row_for(rows, at)
    notes = []
    if not is_sure:
        notes.append(tell("note.age_not_known", code=code, age=max(one.from_age for one in rows)))
    digit, told = _read(printed, row, at, law)
    notes += told
    paid = _of_digit(digit, law, at)
    level = law.level_on(digit, at.visit_date)
    if level is not None and level.beyond_scope:
        notes.append(tell("note.beyond_scope", code=code))
    if over := _child_card_over(code, at, law):
        return Benefit(None, None, row.legal_basis, row.confidence, (*notes, *over))
    return Benefit(
        paid.percent, paid.digit, row.legal_basis or paid.law, row.confidence,
        (*notes, *paid.notes),
    )  # fmt: skip


def _read(
    printed: int | None, row: ObjectCode, at: Situation, law: Law
) -> tuple[int, tuple[LocalizedText, ...]]:
    """Return the digit that counts, and what to say of the one on the card."""
    tell = law.phrases.text
    if printed is None:
        return row.digit, (tell("note.digit_from_code", code=row.code),)
    if str(printed) == row.reads_printed:
        since = f"{row.valid_from:%d/%m/%Y}"
        return row.digit, (
            tell("note.printed_digit", printed=printed, digit=row.digit, since=since,
                 law=row.legal_basis),
        )  # fmt: skip
    is_of_now = law.level_on(printed, at.visit_date) is not None
    if printed == row.digit or not is_of_now:
        return printed, ()
    unlike = tell("note.digit_unlike_code", printed=printed, code=row.code, digit=row.digit)
    return printed, (unlike,)


def _row_for(rows: list[ObjectCode], at: Situation) -> tuple[ObjectCode, bool]:
    """Return a group's row for the age of its holder, and whether the age decides for sure.

    Where no birth is known the better one is told, with a note; where a year is known and may go
    either way, the lesser.
    """
    by_age = sorted(rows, key=lambda one: one.from_age)
    if len(by_age) == 1:
        return by_age[0], True
    if at.born is None:
        return by_age[-1], False
    late, early = age_on(at.born, at.visit_date), at.visit_date.year - at.born.year
    fitting = [one for one in by_age if one.from_age <= max(late, 0)]
    is_exact = at.born.day is not None
    return fitting[-1], is_exact or not any(late < one.from_age <= early for one in by_age)


def _of_digit(digit: int | None, law: Law, at: Situation) -> Benefit:
    if digit is None:
        return Benefit(None, None)
    level = law.level_on(digit, at.visit_date)
    if level is not None:
        return Benefit(level.percent, digit, level.legal_basis)
    note = law.phrases.text("note.old_digit", printed=digit)
    return Benefit(None, None, confidence="low", notes=(note,))


def _child_card_over(code: str, at: Situation, law: Law) -> tuple[LocalizedText, ...]:
    if code != CHILD or at.born is None:
        return ()
    last = last_day_of_child_card(at.born)
    if at.visit_date <= last:
        return ()
    return (law.phrases.text("note.child_card_over", day=f"{last:%d/%m/%Y}"),)


def last_day_of_child_card(born: Birth) -> date:
    """Return the last day of a TE card: 72 months, or 30 September where school has not begun.

    NĐ 146/2018 Điều 13 khoản 2.  A birth that is not known to the day counts late.
    """
    year, month = born.year + SIX_YEARS, born.month or 12
    turns = date(year, month, min(born.day or 31, calendar.monthrange(year, month)[1]))
    before_school = (turns.month, turns.day) <= SCHOOL_BEGINS
    return date(turns.year, *SCHOOL_BEGINS) if before_school else turns - timedelta(days=1)
