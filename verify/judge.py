"""The one way from a payload to a Verdict.

The steps, each marked in the code by its number:

1. Normalise the payload: text without what readers add to it (`formats.classify.normalise`).
2. Name its shape (`formats.classify.classify`).
3. Read the card:
   a. a plain card or a number is read as it is, and proves nothing (`formats.plain`);
   b. a signed card is opened only by a good signature of a trusted key that is not withdrawn, and
      only if its issuer has not revoked it (`signed.signature.open_envelope`);
   c. a card that lives in a phone must be presented by the phone itself
      (`signed.presentation`);
   d. a card whose issuer is not known counts as an unsigned card.
   A line that cannot be read may have been damaged by an input method: it is repaired if the
   repair proves itself (`formats.plain.repair_line`).
4. Recall the newest coverage that the insurer has stated about the card.
5. Decide (`decision.decide`, which states the order of evidence).

Everything that is wrong in steps 1 to 3 is raised below this module and becomes a verdict here, so
that the caller always gets an answer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from verify.card import Card, CardReading
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
from verify.formats.plain import read_plain, repair_line
from verify.reason import Note, Reason
from verify.signed.issuers import Issuers
from verify.signed.presentation import check_first_presentation
from verify.signed.revocation import Revocations, card_id
from verify.signed.signature import open_envelope, presentation_time
from verify.signed.wrappings import WRAPPINGS, SignedFormat
from verify.verdict import NO_DATA, DataState, Proof, Verdict

# Notes on how the card was read. They stay when it is judged again.
READING_NOTES = frozenset(
    {
        Note.ISSUER_NOT_KNOWN,
        Note.REPAIRED_FROM_INPUT_METHOD,
        Note.TYPING_CORRECTED,
        Note.NAME_GARBLED,
        Note.DATE_NOT_READ,
        Note.JOINED_WITH_ID_CARD,
        Note.OTHER_CARD_DIFFERS,
        Note.ID_CARD_BEFORE,
    }
)

log = logging.getLogger(__name__)


def _recall_nothing(_card: Card) -> CoverageRecord:
    return CoverageRecord()


def _no_answer_yet() -> datetime | None:
    return None


# Called with a card's id, the time at which its phone signed, the time now (both aware), and
# whether our clock is sure. Raises NotLive if what was read is a picture of the phone.
PresentationCheck = Callable[[bytes, datetime, datetime, bool], None]


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What the kiosk knows when it judges, and how to look up what it holds about a card.

    `recall` returns what is held about a card, `newest_answer` when the insurer last stated
    anything (aware; None: never). Both raise CoverageUnreadable if that cannot be read. `floor`
    (aware) is a moment that has certainly passed. `demo` trusts keys that are only for
    demonstration.
    """

    issuers: Issuers = field(default_factory=Issuers)
    revocations: Revocations = field(default_factory=Revocations)
    recall: Callable[[Card], CoverageRecord] = _recall_nothing
    newest_answer: Callable[[], datetime | None] = _no_answer_yet
    freshness: Freshness = field(default_factory=Freshness)
    floor: datetime = BUILD_TIME
    check_presentation: PresentationCheck = field(default=check_first_presentation, repr=False)
    demo: bool = False
    rules: datetime | None = None  # when the law's tables were made (aware)

    def data_state(self, newest_answer: datetime | None) -> DataState:
        """Return when each set of data was made."""
        return DataState(newest_answer, self.revocations.issued, self.issuers.issued, self.rules)


def judge(payload: bytes, now: datetime, knowledge: Knowledge) -> Verdict:
    """Return the verdict on a payload at `now` (aware). No payload makes it raise."""
    shape: Format | None = None
    try:
        text = normalise(payload)  # (1)
        try:
            shape = classify(text)  # (2)
            card, notes = _read_card(text, shape, now, knowledge)  # (3)
        except BadCard:
            repaired = None if shape is Format.CCCD else repair_line(text)
            if repaired is None:
                raise
            (card, notes), shape = repaired
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
    """Return the verdict on the same card at `now` (aware), with what is known now.

    A verdict without a card comes back unchanged.
    """
    if verdict.card is None:
        return verdict
    newer = judge_card(verdict.card, verdict.format, notes_of_reading(verdict), now, knowledge)
    return newer._replace(identity=verdict.identity, beside=verdict.beside)


def notes_of_reading(verdict: Verdict) -> tuple[Note, ...]:
    """Return the notes on how a card was read. They do not depend on what is known of it."""
    return tuple(note for note in verdict.notes if note in READING_NOTES)


def judge_card(
    card: Card, shape: str | None, notes: tuple[Note, ...], now: datetime, knowledge: Knowledge
) -> Verdict:
    """Return the verdict on a card that has been read, at `now` (aware): steps 4 and 5.

    `shape` is the format it was read from, `notes` say how it was read.
    """
    coverage, data = None, NO_DATA
    try:
        coverage, newest, damaged = knowledge.recall(card)  # (4)
        data = knowledge.data_state(newest)
        notes += (Note.CACHE_UNREADABLE,) if damaged else ()
    except CoverageUnreadable as exc:
        log.error("the stored coverage cannot be read: %s", exc)
        notes += (Note.CACHE_UNREADABLE,)
    trust = TrustAges(knowledge.issuers.issued, knowledge.revocations.issued)
    decision = decide(card, coverage, now, knowledge.floor, knowledge.freshness, trust)  # (5)
    return Verdict(
        decision.reason,
        shape,
        decision.proof,
        notes + _unless_garbled(decision.notes, notes) if notes else decision.notes,
        card,
        decision.coverage,
        data=data,
    )


def _unless_garbled(decided: tuple[Note, ...], of_reading: tuple[Note, ...]) -> tuple[Note, ...]:
    """Leave out that the name is not given, if it is given but garbled."""
    if Note.NAME_GARBLED not in of_reading:
        return decided
    return tuple(note for note in decided if note is not Note.HOLDER_NOT_GIVEN)


def _read_card(text: str, shape: Format, now: datetime, knowledge: Knowledge) -> CardReading:
    wrapping = WRAPPINGS.get(shape)
    if wrapping is None:
        return read_plain(text, shape)  # (3a)
    return _read_signed_card(text, wrapping, now, knowledge)


def _read_signed_card(
    text: str, wrapping: SignedFormat, now: datetime, knowledge: Knowledge
) -> CardReading:
    envelope = wrapping.parse_envelope(text)
    try:
        reading = open_envelope(  # (3b)
            envelope,
            wrapping.read_claims,
            wrapping.use,
            knowledge.issuers,
            knowledge.revocations,
            knowledge.demo,
            now,
        )
    except UnknownIssuer:
        # (3d) Such a card counts as much as an unsigned one, no more and no less.
        claims = wrapping.read_claims(envelope.claims, now)
        # A picture of a phone is refused, whichever issuer signed the card.
        presentation_time(envelope.presentation, claims.holder_key)
        return CardReading(claims.card, (*claims.notes, Note.ISSUER_NOT_KNOWN))
    vouch = reading.card.vouched_by  # (3c)
    if vouch is not None and vouch.shown_at is not None:
        is_sure = not is_clock_in_doubt(now, max(knowledge.floor, vouch.signed_at))
        knowledge.check_presentation(card_id(envelope.payload), vouch.shown_at, now, is_sure)
    return reading


def _without_card(reason: Reason, shape: str | None, knowledge: Knowledge) -> Verdict:
    try:
        data = knowledge.data_state(knowledge.newest_answer())
    except CoverageUnreadable:
        data = NO_DATA
    return Verdict(reason, shape, data=data)
