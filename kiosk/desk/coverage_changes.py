"""What changed between two answers of the insurer about one patient's card.  Pure.

- An answer that says nothing of the card, such as one about a wrong name, only has its standing.
- What an earlier answer did not say has not changed: the synced registry says less than the
  gateway.  A new card and a last day are exceptions: they are news.
- A new level counts from the day of the new card (NĐ 188/2025/NĐ-CP Điều 21).
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from verify import Coverage, Standing

LEVEL_INDEX = 2  # the place of the benefit digit in a card number
VALID_UNTIL = "valid_until"
NEWS = frozenset({VALID_UNTIL, "new_card_number"})


# The standings that count until the last day: if it cannot be read, they are not certain.
UNTIL_LAST_DAY = frozenset({Standing.IN_FORCE, Standing.REPLACED_OLD_GOOD})


class CoverageChange(NamedTuple):
    """One field whose value differs. Days are in ISO 8601; None: there is no value.

    `before_not_read` and `after_not_read` say that the insurer gave a last day that cannot be read:
    then `valid_until` is not "without end", and a standing that depends on it is not certain.
    """

    field: str
    before: str | None
    after: str | None
    since: date | None = None  # the day from which a new level counts
    before_not_read: bool = False
    after_not_read: bool = False

    @property
    def differs(self) -> bool:
        """Whether the value after is another one, as far as it could be read."""
        before, after = (self.before, self.before_not_read), (self.after, self.after_not_read)
        return self.before != self.after or (self.field == VALID_UNTIL and before != after)


def coverage_changes(before: Coverage, after: Coverage) -> list[CoverageChange]:
    """Return what differs in the later of two answers, in the order of importance."""
    standing = CoverageChange("standing", before.standing, after.standing)
    changes = [
        standing._replace(
            before_not_read=before.end_not_read and before.standing in UNTIL_LAST_DAY,
            after_not_read=after.end_not_read and after.standing in UNTIL_LAST_DAY,
        )
    ]
    if after.valid_from is not None or after.card_number is not None:
        earlier, later = _values(before), _values(after)
        changes += [
            CoverageChange(name, earlier[name], later[name])
            if name != VALID_UNTIL
            else CoverageChange(
                name,
                earlier[name],
                later[name],
                before_not_read=before.end_not_read,
                after_not_read=after.end_not_read,
            )
            for name in later
        ]
        changes.append(_level_change(before, after))
    return [
        change
        for change in changes
        if change.differs and (change.before is not None or _is_news(change))
    ]


def _is_news(change: CoverageChange) -> bool:
    return change.field in NEWS


def _values(coverage: Coverage) -> dict[str, str | None]:
    new_card = coverage.new_card if coverage.has_new_card else None
    return {
        "valid_from": _day(coverage.valid_from),
        VALID_UNTIL: _day(coverage.valid_until),
        "facility": coverage.facility,
        "card_number": coverage.card_number,
        "living_area": coverage.living_area,
        "five_years_on": _day(coverage.five_years_on),
        "new_card_number": new_card.number if new_card else None,
        "new_card_from": _day(new_card.valid_from) if new_card else None,
    }


def _level_change(before: Coverage, after: Coverage) -> CoverageChange:
    """Return the change of the level: to that of a new card, else of the card itself."""
    earlier = _level(before.card_number or before.number)
    new_card = after.new_card
    if after.has_new_card and new_card is not None:
        earlier = earlier or _level(after.card_number)
        return CoverageChange("level", earlier, _level(new_card.number), new_card.valid_from)
    return CoverageChange("level", earlier, _level(after.card_number), after.valid_from)


def _level(number: str | None) -> str | None:
    return number[LEVEL_INDEX] if number is not None and len(number) == 15 else None


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
