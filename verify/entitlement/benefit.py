"""Benefit: the percentage that a card pays for a visit in order.

It follows from the card's group (two letters), its benefit digit and the date of the visit:

1.  The row of the group for the holder's age gives the digit of the group.
2.  A digit that is printed on the card counts before the digit of the group.  If the two differ,
    a note says so; this is never a reason to refuse.
3.  A printed digit that the table translates (`reads_printed`) counts as the digit of the group.
4.  A printed digit that no card has today does not count either.
5.  A group that is not in the table is judged by the printed digit alone.
6.  Of several groups the best one counts.
7.  A child under six and a donor are covered before they have a card (NĐ 188/2025 Điều 37).
8.  A child's card (TE) pays until its last day.

Sources: NĐ 188/2025 Điều 18 and 21; for 2026 NQ 261/2025/QH15 Điều 2.  Of groups, digits and the
last day of a child's card only the older decree is known (NĐ 146/2018 Điều 13 and 14, repealed):
the articles of NĐ 188/2025 were not checked.
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

CHILD, DONOR = "TE", "HG"  # the groups of people who are covered before they have a card
CHILD_AGE_LIMIT = 6  # years: a child's card ends at this age
SCHOOL_START = (9, 30)  # month and day
EXEMPTIBLE_DIGITS = (3, 4)  # some visits are paid in full with these


class Benefit(NamedTuple):
    """The percentage that is paid for a visit in order, and the digit that it follows from.

    `percent` is None if the percentage is not known; `digit` is None if no digit is known.
    """

    percent: int | None
    digit: int | None
    law: str = ""
    confidence: str = "high"
    notes: tuple[LocalizedText, ...] = ()


def find_benefit(situation: Situation, law: Law) -> Benefit:
    """Return the benefit of the card on the date of the visit; of several groups the best one."""
    codes = situation.object_codes
    assumption: LocalizedText | None = None
    if not codes and situation.digit is None:
        assumed = _group_without_card(situation)
        if assumed is None:
            return Benefit(None, None)
        codes = (assumed,)
        key = "note.child_without_card" if assumed == CHILD else "note.donor_without_card"
        assumption = law.phrases.text(key)
    benefits = [_benefit_of_group(code, situation, law) for code in codes]
    if not benefits:
        benefits = [_benefit_of_digit(situation.digit, law, situation)]
    known = [benefit for benefit in benefits if benefit.percent is not None]
    best = max(
        known, key=lambda benefit: (benefit.percent, benefit.digit != 2), default=benefits[0]
    )
    best = best._replace(notes=(*best.notes, *_notes_on_groups(codes, situation, law)))
    if assumption is not None:  # it replaces the notes on where the digit came from
        return best._replace(notes=(assumption,))
    return best


def _notes_on_groups(codes: tuple[str, ...], situation: Situation, law: Law) -> list[LocalizedText]:
    return [note for code in codes for note in law.notes_on_group(code, situation.visit_date)]


def _group_without_card(situation: Situation) -> str | None:
    """Return the group of a patient who is covered before having a card (NĐ 188/2025 Đ37)."""
    if situation.born is not None:
        if age_on(situation.born, situation.visit_date) < CHILD_AGE_LIMIT:
            return CHILD
    elif situation.arrival == "newborn":
        return CHILD
    return DONOR if situation.arrival == "donor" else None


def _benefit_of_group(code: str, situation: Situation, law: Law) -> Benefit:
    text, rows = law.phrases.text, law.group_on(code, situation.visit_date)
    # With several groups, nothing says to which of them the printed digit belongs.
    printed = situation.digit if len(situation.object_codes) == 1 else None
    if not rows:
        by_digit = _benefit_of_digit(printed, law, situation)
        key = "note.code_not_known" if by_digit.percent is not None else "note.neither_known"
        return by_digit._replace(confidence="low", notes=(*by_digit.notes, text(key, code=code)))
    row, is_certain = _row_for_age(rows, situation)
    notes: tuple[LocalizedText, ...] = ()
    if not is_certain:
        oldest = max(row.from_age for row in rows)
        notes += (text("note.age_not_known", code=code, age=oldest),)
    digit, digit_notes = _digit_that_counts(printed, row, situation, law)
    notes += digit_notes
    by_digit = _benefit_of_digit(digit, law, situation)
    level = law.level_on(digit, situation.visit_date)
    if level is not None and level.beyond_scope:
        notes += (text("note.beyond_scope", code=code),)
    if expiry := _expiry_of_child_card(code, situation, law):
        return Benefit(None, None, row.legal_basis, row.confidence, (*notes, *expiry))
    basis = row.legal_basis or by_digit.law
    return Benefit(
        by_digit.percent, by_digit.digit, basis, row.confidence, (*notes, *by_digit.notes)
    )


def _digit_that_counts(
    printed: int | None, row: ObjectCode, situation: Situation, law: Law
) -> tuple[int, tuple[LocalizedText, ...]]:
    """Return the digit that counts, and the notes about the digit that is printed on the card."""
    text = law.phrases.text
    if printed is None:
        return row.digit, (text("note.digit_from_code", code=row.code),)
    if str(printed) == row.reads_printed:
        note = text(
            "note.printed_digit",
            printed=printed,
            digit=row.digit,
            since=f"{row.valid_from:%d/%m/%Y}",
            law=law.cite(row.legal_basis, situation.visit_date).text,
        )
        return row.digit, (note,)
    is_in_use = law.level_on(printed, situation.visit_date) is not None
    if printed == row.digit or not is_in_use:
        return printed, ()
    note = text("note.digit_unlike_code", printed=printed, code=row.code, digit=row.digit)
    return printed, (note,)


def _row_for_age(rows: list[ObjectCode], situation: Situation) -> tuple[ObjectCode, bool]:
    """Return the row of a group for the holder's age, and whether the age is certain.

    If the birth is not known, the row of the oldest (the better one) is returned.  If only the
    year of birth is known and two rows are possible, the row of the younger is returned.
    """
    by_age = sorted(rows, key=lambda row: row.from_age)
    if len(by_age) == 1:
        return by_age[0], True
    born, visit_date = situation.born, situation.visit_date
    if born is None:
        return by_age[-1], False
    least_age, greatest_age = age_on(born, visit_date), visit_date.year - born.year
    fitting = [row for row in by_age if row.from_age <= max(least_age, 0)]
    is_open = any(least_age < row.from_age <= greatest_age for row in by_age)
    return fitting[-1], born.day is not None or not is_open


def _benefit_of_digit(digit: int | None, law: Law, situation: Situation) -> Benefit:
    if digit is None:
        return Benefit(None, None)
    level = law.level_on(digit, situation.visit_date)
    if level is not None:
        return Benefit(level.percent, digit, level.legal_basis)
    note = law.phrases.text("note.old_digit", printed=digit)
    return Benefit(None, None, confidence="low", notes=(note,))


def _expiry_of_child_card(code: str, situation: Situation, law: Law) -> tuple[LocalizedText, ...]:
    """Return the note that a child's card has expired; an empty tuple if it has not."""
    if code != CHILD or situation.born is None:
        return ()
    last_day = last_day_of_child_card(situation.born)
    if situation.visit_date <= last_day:
        return ()
    return (law.phrases.text("note.child_card_over", day=f"{last_day:%d/%m/%Y}"),)


def last_day_of_child_card(born: Birth) -> date:
    """Return the last day of a TE card: the last of 72 months, or 30 September before school.

    A child who turns six before school starts keeps the card until 30 September of that year.
    A birth that is not known to the day is taken as the latest day that is possible.

    Source: the older decree NĐ 146/2018 Điều 13 khoản 2, repealed; NĐ 188/2025 was not checked.
    """
    year, month = born.year + CHILD_AGE_LIMIT, born.month or 12
    last_of_month = calendar.monthrange(year, month)[1]
    birthday = date(year, month, min(born.day or 31, last_of_month))
    if (birthday.month, birthday.day) <= SCHOOL_START:
        return date(birthday.year, *SCHOOL_START)
    return birthday - timedelta(days=1)
