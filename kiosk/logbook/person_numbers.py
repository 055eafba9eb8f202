"""The further numbers of the people who visited: visits are found by any of them.

- The table `person_number` holds what a visit's own columns do not: earlier numbers from the ID
  card, passports and the like, and numbers that became known after the visit was recorded.
- Rows are only added.  `valid_from` and `valid_until` are null if they are not known.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

import sqlite_utils

from kiosk.logbook.visit import NewVisit
from verify import MISMATCH_STANDINGS, NumberKind, PersonNumber, Verdict

INSURANCE_NUMBER_LENGTH = 10
MAX_NUMBERS = 20  # of one person; more are not looked for

# The rows of the visits with one of the numbers, which stand in the parameter as a JSON array.
SELECT_ROWS_WITH = """
select row from visit where person in (select value from json_each(:numbers))
union
select row from visit where citizen_number in (select value from json_each(:numbers))
union
select visit from person_number where number in (select value from json_each(:numbers))
"""
_INSURANCE_TAIL = re.compile(r"\d{10}\Z", re.ASCII)


def spellings_of(number: str) -> tuple[str, ...]:
    """Return the numbers by which the person of a number may be in the logbook.

    A card number ends with the insurance number of its holder.
    """
    tail = number[-INSURANCE_NUMBER_LENGTH:]
    is_card = len(number) == 15 and _INSURANCE_TAIL.match(tail) is not None
    return (number, tail) if is_card else (number,)


def all_spellings(numbers: Iterable[str]) -> set[str]:
    """Return the numbers by which the person of some numbers may be in the logbook."""
    return {spelling for number in numbers for spelling in spellings_of(number)}


def numbers_of(verdict: Verdict) -> set[str]:
    """Return all numbers by which the holder of a card may be in the logbook.

    They are those of the card and those that the insurer gives, unless the insurer says that the
    holder is another person.  Empty without a card.
    """
    card, coverage = verdict.card, verdict.coverage
    if card is None:
        return set()
    numbers = {card.number, card.insurance_number, card.personal_id}
    numbers |= {number.number for number in card.other_numbers}
    if coverage is not None and coverage.standing not in MISMATCH_STANDINGS:
        numbers |= {coverage.insurance_number, coverage.card_number}
        numbers |= {coverage.new_card.number} if coverage.new_card else set()
    return {number for number in numbers if number}


def known_numbers(visit: NewVisit) -> set[str]:
    """Return all numbers by which a visit's person is known."""
    card = visit.card
    numbers = {visit.person, card.number, card.card_number, card.citizen_number}
    numbers |= {number.number for number in card.other_numbers}
    return {number for number in numbers if number}


def further_numbers(visit: NewVisit) -> list[PersonNumber]:
    """Return the numbers of a visit's person that the visit's own columns do not hold.

    The insurance number within a card number is one of them while the insurer has not given it.
    """
    card = visit.card
    within = all_spellings(filter(None, (card.number, card.card_number)))
    within -= {card.number, card.card_number, visit.person}
    return [
        *card.other_numbers,
        *(PersonNumber(NumberKind.INSURANCE, number) for number in sorted(within)),
    ]


def add_numbers(db: sqlite_utils.Database, visit_row: int, numbers: Iterable[PersonNumber]) -> None:
    """Add further numbers of a visit's person; those that are there already stay as they are."""
    for number in numbers:
        db.execute(
            "insert into person_number (visit, kind, number, valid_from, valid_until)"
            " values (?, ?, ?, ?, ?) on conflict do nothing",
            [
                visit_row,
                number.kind,
                number.number,
                number.valid_from and number.valid_from.isoformat(),
                number.valid_until and number.valid_until.isoformat(),
            ],
        )


def numbers_since(before: NewVisit, after: NewVisit) -> list[PersonNumber]:
    """Return the numbers of a visit's person that an earlier version of the visit did not have."""
    card = after.card
    candidates = [
        *further_numbers(after),
        *(
            PersonNumber(kind, number)
            for kind, number in (
                (NumberKind.PERSONAL, card.citizen_number),
                (NumberKind.INSURANCE, after.person),
                (NumberKind.CARD, card.card_number),
            )
            if number
        ),
    ]
    known = known_numbers(before)
    return [number for number in candidates if number.is_well_formed and number.number not in known]


def limited(numbers: Collection[str]) -> list[str]:
    """Return at most MAX_NUMBERS numbers by which the person of some numbers may be found.

    Empty ones are left out.
    """
    return sorted(all_spellings(filter(None, numbers)))[:MAX_NUMBERS]
