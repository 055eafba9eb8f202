"""Coverage: the insurer's word on one card, and the moment it was said."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from verify.birth import Birth
from verify.card import Sex

REGISTRY = "registry"  # the code of a word that no answer of the gateway was


class Standing(StrEnum):
    """How the insurer says a card stands. What says nothing about a card has no Standing."""

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


# Standings that are about what was asked, not about the card.
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
    """The card that replaces, or will replace, the one asked about."""

    number: str = field(repr=False)
    valid_from: date | None = None
    valid_until: date | None = None
    facility: str | None = None

    def in_force_on(self, day: date) -> bool:
        """Tell whether it has begun and is not over; without a first day it has not begun."""
        begun = self.valid_from is not None and self.valid_from <= day
        return begun and (self.valid_until is None or day <= self.valid_until)


@dataclass(frozen=True, slots=True)
class Coverage:
    """The insurer's word. `as_of` (aware) is when the insurer said it, never when we tried."""

    number: str = field(repr=False)  # the number that was asked about
    standing: Standing
    code: str  # the insurer's own code, as text
    as_of: datetime
    card_number: str | None = field(default=None, repr=False)  # 15 characters, as held there
    insurance_number: str | None = field(default=None, repr=False)
    holder: str | None = field(default=None, repr=False)
    born: Birth | None = field(default=None, repr=False)
    sex: Sex | None = field(default=None, repr=False)
    facility: str | None = field(default=None, repr=False)
    valid_from: date | None = None
    valid_until: date | None = None
    living_area: str | None = None
    five_years_on: date | None = None
    new_card: NewCard | None = None

    @property
    def source(self) -> str:
        """Where it was heard: `gateway`, or `registry`, the synced copy of the insurer's books."""
        return "registry" if self.code == REGISTRY else "gateway"

    @property
    def has_new_card(self) -> bool:
        """Tell a real new card from the insurer repeating the old one as new."""
        return self.new_card is not None and self.new_card.number not in {
            self.number,
            self.card_number,
        }


class CoverageRecord(NamedTuple):
    """What is remembered of one card, and when the insurer last said anything (aware).

    `damaged` tells that a part of the memory could not be read.
    """

    coverage: Coverage | None = None
    newest: datetime | None = None
    damaged: bool = False
