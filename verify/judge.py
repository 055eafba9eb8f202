"""The one way from a payload to a Verdict.

Below this everything that is wrong is raised; above it everything is an answer.

1. read the payload as text, and name its shape;
2. read the card, or open its envelope;
3. fetch the insurer's word on it, if there is one;
4. decide.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from verify.card import Card
from verify.clock import BUILD_TIME, is_clock_in_doubt
from verify.coverage import CoverageRecord
from verify.decision import Freshness, TrustAges, decide
from verify.errors import (
    BadCard,
    BadSignature,
    CardRevoked,
    CoverageUnreadable,
    KeyWithdrawn,
    NotLive,
    UnknownIssuer,
)
from verify.formats.classify import Format, classify, normalise
from verify.formats.plain import read_plain, repaired
from verify.reason import Note, Reason
from verify.signed.issuers import Issuers
from verify.signed.presentation import check_first_presentation
from verify.signed.revocation import Revocations, card_id
from verify.signed.signature import open_envelope, shown_at
from verify.signed.wrappings import WRAPPINGS, SignedFormat
from verify.verdict import NO_DATA, DataState, Proof, Verdict

# Notes on how the card was read, which stay when it is judged again.
OF_THE_READING = frozenset(
    {
        Note.ISSUER_NOT_KNOWN,
        Note.REPAIRED_FROM_INPUT_METHOD,
        Note.TYPING_CORRECTED,
        Note.JOINED_WITH_ID_CARD,
        Note.OTHER_CARD_DIFFERS,
        Note.ID_CARD_BEFORE,
    }
)

log = logging.getLogger(__name__)


def _nothing(_card: Card) -> CoverageRecord:
    return CoverageRecord()


def _never() -> datetime | None:
    return None


# Note that a card (its id) whose phone signed at a moment is read now, on a clock that is sure.
PresentationCheck = Callable[[bytes, datetime, datetime, bool], None]


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What this kiosk knows when it judges, and how to ask its own memory for more."""

    issuers: Issuers = field(default_factory=Issuers)
    revocations: Revocations = field(default_factory=Revocations)
    recall: Callable[[Card], CoverageRecord] = _nothing  # may raise CoverageUnreadable
    newest_answer: Callable[[], datetime | None] = _never  # may raise CoverageUnreadable
    freshness: Freshness = field(default_factory=Freshness)
    floor: datetime = BUILD_TIME  # a moment known to have passed
    check_presentation: PresentationCheck = field(default=check_first_presentation, repr=False)
    demo: bool = False  # believe keys that are only for demonstration
    rules: datetime | None = None  # when the law's tables were made (aware)

    def data_state(self, newest_word: datetime | None) -> DataState:
        """Return how new each set of data is."""
        return DataState(
            registry=newest_word,
            revocations=self.revocations.issued,
            keys=self.issuers.issued,
            rules=self.rules,
        )


def judge(payload: bytes, now: datetime, knowledge: Knowledge) -> Verdict:
    """Return the verdict on a payload at `now` (aware). Raises nothing for bad input."""
    shape: Format | None = None
    try:
        text = normalise(payload)  # (1)
        try:
            shape = classify(text)
            card, notes = _card_in(text, shape, now, knowledge)  # (2)
        except BadCard:
            spoilt = None if shape is Format.CCCD else repaired(text)
            if spoilt is None:
                raise
            card, shape = spoilt
            notes = (Note.REPAIRED_FROM_INPUT_METHOD,)
    except BadCard as exc:
        if exc.offer is not None:
            offered = judge_card(exc.offer, shape, (), now, knowledge)
            return offered._replace(reason=exc.reason, proof=Proof.NONE)
        return _without_card(exc.reason, exc.found or shape, knowledge)
    except NotLive as exc:
        return _without_card(exc.reason, shape, knowledge)
    except BadSignature:
        return _without_card(Reason.FORGED, shape, knowledge)
    except (KeyWithdrawn, CardRevoked):
        return _without_card(Reason.REVOKED, shape, knowledge)
    return judge_card(card, shape, notes, now, knowledge)


def judge_again(verdict: Verdict, now: datetime, knowledge: Knowledge) -> Verdict:
    """Return the verdict on the same card with what is known by now."""
    if verdict.card is None:
        return verdict
    newer = judge_card(verdict.card, verdict.format, notes_of_reading(verdict), now, knowledge)
    return newer._replace(identity=verdict.identity, beside=verdict.beside)


def notes_of_reading(verdict: Verdict) -> tuple[Note, ...]:
    """Return the notes on how a card was read, which stay whatever is known of it."""
    return tuple(note for note in verdict.notes if note in OF_THE_READING)


def judge_card(
    card: Card, shape: str | None, notes: tuple[Note, ...], now: datetime, knowledge: Knowledge
) -> Verdict:
    """Return the verdict on a card that has been read: steps 3 and 4."""
    word, data = None, NO_DATA
    try:
        word, newest, damaged = knowledge.recall(card)  # (3)
        data = knowledge.data_state(newest)
        notes += (Note.CACHE_UNREADABLE,) if damaged else ()
    except CoverageUnreadable as exc:
        log.error("the remembered coverage cannot be read: %s", exc)
        notes += (Note.CACHE_UNREADABLE,)
    trust = TrustAges(knowledge.issuers.issued, knowledge.revocations.issued)
    decision = decide(card, word, now, knowledge.floor, knowledge.freshness, trust)  # (4)
    return Verdict(
        reason=decision.reason,
        format=shape,
        proof=decision.proof,
        notes=notes + decision.notes,
        card=card,
        coverage=decision.word,
        data=data,
    )


def _card_in(
    text: str, shape: Format, now: datetime, knowledge: Knowledge
) -> tuple[Card, tuple[Note, ...]]:
    wrapping = WRAPPINGS.get(shape)
    if wrapping is None:
        return read_plain(text, shape)
    return _signed_card(text, wrapping, now, knowledge)


def _signed_card(
    text: str, wrapping: SignedFormat, now: datetime, knowledge: Knowledge
) -> tuple[Card, tuple[Note, ...]]:
    envelope = wrapping.parse_envelope(text)
    try:
        card = open_envelope(
            envelope,
            wrapping.read_claims,
            wrapping.use,
            knowledge.issuers,
            knowledge.revocations,
            knowledge.demo,
        )
    except UnknownIssuer:
        # Its word counts no more than an unsigned card's, and no less.
        claims = wrapping.read_claims(envelope.claims)
        shown_at(envelope.showing, claims.holder_key)  # a picture of a phone is one all the same
        return claims.card, (Note.ISSUER_NOT_KNOWN,)
    vouch = card.vouched_by
    if vouch is not None and vouch.shown_at is not None:
        is_sure = not is_clock_in_doubt(now, max(knowledge.floor, vouch.signed_at))
        knowledge.check_presentation(card_id(envelope.payload), vouch.shown_at, now, is_sure)
    return card, ()


def _without_card(reason: Reason, shape: str | None, knowledge: Knowledge) -> Verdict:
    try:
        data = knowledge.data_state(knowledge.newest_answer())
    except CoverageUnreadable:
        data = NO_DATA
    return Verdict(reason, shape, data=data)
