"""A Verdict: our decision on one payload, with what it rests on."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from verify.card import Card
from verify.coverage import Coverage
from verify.entitlement.entitlement import Entitlement
from verify.entitlement.rules.phrases import LocalizedText
from verify.reason import Note, Outcome, Reason, outcome_of


class Proof(StrEnum):
    """Whose word the decision rests on."""

    INSURER = "insurer"
    ISSUER = "issuer"
    NONE = "none"


class DataState(NamedTuple):
    """How new each set of data is that the verdict rests on (aware); None: never had."""

    registry: datetime | None = None
    revocations: datetime | None = None
    keys: datetime | None = None
    rules: datetime | None = None


NO_DATA = DataState()


class Verdict(NamedTuple):
    """The decision. `format` names the shape that was read, None where none was."""

    reason: Reason
    format: str | None = None
    proof: Proof = Proof.NONE
    notes: tuple[Note, ...] = ()
    card: Card | None = None
    coverage: Coverage | None = None
    identity: Card | None = None  # the ID card that was scanned beside it, and joined
    beside: Card | None = None  # a card scanned beside it that may be the same person's
    entitlement: Entitlement | None = None  # None: not asked, or nothing to say
    cautions: tuple[
        LocalizedText, ...
    ] = ()  # what was seen and when: worth a look, never a refusal
    data: DataState = NO_DATA

    @property
    def outcome(self) -> Outcome:
        """What happens now: it follows from the reason alone."""
        return outcome_of(self.reason)
