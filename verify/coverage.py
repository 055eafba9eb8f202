"""Coverage: what the insurer states about one card, and when it stated it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from verify.birth import Birth
from verify.card import Sex

REGISTRY = "registry"  # the code of coverage that does not come from an answer of the gateway


class Standing(StrEnum):
    """How a card stands, according to the insurer.

    An answer that says nothing about the card has no Standing.
    """

    IN_FORCE = "in_force"
    REPLACED_OLD_OVER = "replaced_old_over"  # 003
    REPLACED_OLD_GOOD = "replaced_old_good"  # 004
    ENDED = "ended"
    WITHDRAWN = "withdrawn"
    REPORTED_DOWN = "reported_down"
    KEPT_ELSEWHERE = "kept_elsewhere"
    NAME_DIFFERS = "name_differs"
    BIRTH_DIFFERS = "birth_differs"
    SEX_DIFFERS = "sex_differs"
    FACILITY_DIFFERS = "facility_differs"
    NO_RECORD = "no_record"
    NUMBER_WRONG = "number_wrong"
    CHILD_WITHOUT_CARD = "child_without_card"


# Standings that describe a mistake in our question, not the card.
MISMATCH_STANDINGS = frozenset(
    {
        Standing.NAME_DIFFERS,
        Standing.BIRTH_DIFFERS,
        Standing.SEX_DIFFERS,
        Standing.FACILITY_DIFFERS,
    }
)


@dataclass(frozen=True, slots=True)
class NewCard:
    """The card that replaces, or will replace, the card that was asked about."""

    number: str = field(repr=False)
    valid_from: date | None = None
    valid_until: date | None = None
    facility: str | None = None

    def in_force_on(self, day: date) -> bool:
        """Return whether the card is valid on a day. Without a first day it never is."""
        has_begun = self.valid_from is not None and self.valid_from <= day
        return has_begun and (self.valid_until is None or day <= self.valid_until)


class Coverage(NamedTuple):
    """What the insurer states about a card.

    `as_of` (aware) is when the insurer stated it, never when this program tried to ask.
    """

    number: str  # the number that was asked about
    standing: Standing
    code: str  # the insurer's own code, as text
    as_of: datetime
    card_number: str | None = None  # 15 characters, in their records
    insurance_number: str | None = None
    holder: str | None = None
    born: Birth | None = None
    sex: Sex | None = None
    facility: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    living_area: str | None = None
    five_years_on: date | None = None
    new_card: NewCard | None = None
    end_not_read: bool = False  # the insurer gives a last day that cannot be read

    def __repr__(self) -> str:
        """Leave out everything that says who the holder is."""
        return f"Coverage({self.standing}, code={self.code!r}, as_of={self.as_of})"

    @property
    def source(self) -> str:
        """Where it comes from: `gateway`, or `registry`, the copy of the insurer's records."""
        return "registry" if self.code == REGISTRY else "gateway"

    @property
    def has_new_card(self) -> bool:
        """Whether the new card is another card. The insurer may repeat the old one as new."""
        return self.new_card is not None and self.new_card.number not in {
            self.number,
            self.card_number,
        }


class CoverageRecord(NamedTuple):
    """The newest coverage of one card that is held here. None: nothing is held.

    `newest` (aware) is when the insurer last stated anything about any card. `damaged` means that
    a part of what is held could not be read.
    """

    coverage: Coverage | None = None
    newest: datetime | None = None
    damaged: bool = False
