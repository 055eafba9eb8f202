"""A Verdict: our decision on one payload, with the evidence for it."""

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
    """Whose statement the decision rests on."""

    INSURER = "insurer"
    ISSUER = "issuer"
    NONE = "none"


class DataState(NamedTuple):
    """When each set of data behind a verdict was made (aware). None: there never was one."""

    registry: datetime | None = None
    revocations: datetime | None = None
    keys: datetime | None = None
    rules: datetime | None = None


NO_DATA = DataState()


class Verdict(NamedTuple):
    """The decision on one payload.

    `format` names the shape of the payload, as in `formats.classify.Format`. None if it has no
    known shape.
    """

    reason: Reason
    format: str | None = None
    proof: Proof = Proof.NONE
    notes: tuple[Note, ...] = ()
    card: Card | None = None
    coverage: Coverage | None = None
    identity: Card | None = None  # the ID card that was scanned beside it and joined with it
    beside: Card | None = None  # a card scanned beside it that may belong to the same person
    entitlement: Entitlement | None = None  # None: not asked for, or nothing to state
    # What is worth a look, with what was seen and when. Never a reason to refuse.
    cautions: tuple[LocalizedText, ...] = ()
    data: DataState = NO_DATA

    @property
    def outcome(self) -> Outcome:
        """What happens now. It follows from the reason alone."""
        return outcome_of(self.reason)
