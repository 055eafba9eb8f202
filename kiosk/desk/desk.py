"""The desk: every scan passes through here, whichever way it came.

The order is a rule:

1.  receive: a scan comes in, and may be paired with the one before it.  Noise without any text is
    no scan: it gets no verdict, which would cover the one on screen.
2.  judge: `verify` decides, with one consistent version of the data.
3.  record: the verdict is written to the logbook.  What cannot be recorded is not shown.
4.  show: the pages are notified, and read the verdict from the logbook.

Afterwards the insurer may be asked.  An answer that changes something, a second card, or a name
typed by hand makes a newer verdict on the same reading, in the same order.  It is recorded beside
the older one only if nobody has recorded another one meanwhile.

If the order changes, docs/architecture.md changes with it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from kiosk.data import CurrentData
from kiosk.desk.card_pairing import LastCard, Pair
from kiosk.desk.cautions import AT_OTHER_DESK, HERE_TODAY, ElsewhereRecords
from kiosk.desk.confirmation import Confirmation, visit_from
from kiosk.desk.entitlements import Entitlements
from kiosk.desk.errors import BirthRequired, NothingRead
from kiosk.desk.notifier import Notifier
from kiosk.desk.visit_history import VisitHistory
from kiosk.insurer import NOT_REPORTED
from kiosk.logbook import (
    Attempt,
    Attempts,
    NoSuchAttempt,
    NotRecorded,
    QueuePlace,
    Visit,
    Visits,
)
from kiosk.settings import Settings
from scanner import Scan
from verify import (
    PAPER_LINE,
    TICKET,
    Birth,
    Card,
    Coverage,
    CoverageRecord,
    Law,
    Note,
    Outcome,
    Reason,
    Verdict,
    holds_text,
    judge,
    judge_again,
    judge_card,
    notes_of_reading,
)

log = logging.getLogger(__name__)

Ask = Callable[[Attempt, Verdict], None]
Follow = Callable[[Attempt], None]
Observe = Callable[[str, str, float], None]

# The notes of reading that say nothing of the holder: they stay when a person types the name.
NOTES_WITHOUT_HOLDER = frozenset(
    {
        Note.ISSUER_NOT_KNOWN,
        Note.REPAIRED_FROM_INPUT_METHOD,
        Note.TYPING_CORRECTED,
        Note.DATE_NOT_READ,
    }
)

# What a clerk scans about a patient who is served already, or about nobody who stands at the desk.
CODES_OF_OURS = frozenset({TICKET, PAPER_LINE})


def _note_nothing(_reading: int, _payload: bytes) -> None:
    """Take no note of codes that are not cards."""


def _leave_to_nightly_job(_attempt: Attempt, _verdict: Verdict) -> None:
    """Ask nothing: without a live look-up the nightly job asks later."""


def _observe_nothing(_outcome: str, _reason: str, _seconds: float) -> None:
    """Count no scans."""


def _follow_nobody(_attempt: Attempt) -> None:
    """Follow no patient: without a display nobody needs to know who stands at a desk."""


def _expect_nobody(_reader: str) -> None:
    """Fetch no queue number: this logbook counts them."""


class Desk:
    """Reception.  Any thread may call: threads share the logbook only, which queues writers.

    `not_recording_since` (aware) says since when verdicts cannot be recorded; None if they can.
    `ask` is called with each verdict that may need a question to the insurer; it must not wait.
    `follow` is called with each scan that is recorded, unless it is one of CODES_OF_OURS, and each
    visit that is confirmed, in the thread of the call, before the pages are notified.
    `note_ticket` is called with each reading of a ticket's code and its payload, before it is
    shown.
    `observe` is called with the outcome and the reason of each scan that was recorded, and with how
    many seconds that took.
    `expect_number` is called with the reader of each scan, before it is judged, and of each patient
    without a card: soon somebody may need a queue number.  It must not wait.
    """

    def __init__(
        self,
        data: Callable[[], CurrentData],
        attempts: Attempts,
        visits: Visits,
        notifier: Notifier,
        entitlements: Entitlements,
        visit_history: VisitHistory,
        settings: Settings,
        clock: Callable[[], datetime],
    ) -> None:
        """`data` returns one consistent version of the data, `clock` an aware time."""
        self._data = data
        self._entitlements = entitlements
        self._visit_history = visit_history
        self._attempts = attempts
        self._visits = visits
        self._notifier = notifier
        self._settings = settings
        self._clock = clock
        self._last_card = LastCard()
        self.not_recording_since: datetime | None = None
        self.ask: Ask = _leave_to_nightly_job
        self.follow: Follow = _follow_nobody
        self.note_ticket: Callable[[int, bytes], None] = _note_nothing
        self.observe: Observe = _observe_nothing
        self.expect_number: Callable[[str], None] = _expect_nobody

    def receive(self, scan: Scan) -> Attempt:
        """Judge a scan, record the attempt and show it; return the attempt.

        Raises NothingRead if the scan holds no text, and NotRecorded if it cannot be recorded: then
        nothing is shown either.
        """
        began = time.perf_counter()
        if not holds_text(scan.payload):
            raise NothingRead(f"a scan of reader {scan.reader} holds no text")
        self.expect_number(scan.reader)
        data = self._data()
        verdict = judge(scan.payload, scan.read_at, data.knowledge)
        pair = self._last_card.pair_with(verdict, scan.reader, scan.read_at)
        if pair and pair.card is None:
            verdict = pair.beside(verdict)
        attempt = self._record(verdict, scan, data.law)
        self.observe(attempt.outcome, attempt.reason, time.perf_counter() - began)
        if pair and pair.card:
            self._join(attempt, pair, pair.card)
        else:
            self.ask(attempt, verdict)
        return attempt

    def record_no_card(self, reader: str) -> Attempt:
        """Record that a patient shows no card, so that a visit can follow; return the attempt.

        Raises NotRecorded if it cannot be recorded.
        """
        self.expect_number(reader)
        now = self._clock()
        data = self._data().knowledge.data_state(None)
        attempt = self._attempts.record(Verdict(Reason.NO_CARD_SHOWN, data=data), reader, now)
        self.follow(attempt)
        self._notifier.notify()
        return attempt

    def _join(self, attempt: Attempt, pair: Pair, card: Card) -> None:
        """Judge two scans of one person together, as a newer verdict on the second scan."""
        now, data = self._clock(), self._data()
        notes = tuple(
            note for note in notes_of_reading(pair.cover) if note is not Note.NAME_GARBLED
        )
        notes += (Note.JOINED_WITH_ID_CARD,)
        verdict = judge_card(card, pair.cover.format, notes, now, data.knowledge)
        verdict = verdict._replace(identity=pair.identity.card)
        joined = self._with_clinic_details(verdict, data.law, attempt.reading)
        newer = self._attempts.refine(joined, attempt, now)
        if newer is None:
            return  # a name was typed meanwhile, which has a question of its own
        self._notifier.notify()
        self.ask(newer, joined)

    def refine(
        self,
        attempt: Attempt,
        verdict: Verdict,
        coverage: Coverage,
        records: ElsewhereRecords | None = None,
    ) -> tuple[Attempt, Verdict] | None:
        """Judge a card again with what the insurer has just answered; None if nothing changes.

        `verdict` is the one of `attempt`, `records` are what the answer says of other facilities.
        Nothing changes either if there is a newer verdict on the reading than `attempt`: it has a
        question of its own, which the answer to an older one does not settle.
        """
        if records is not None:
            self._visit_history.note(verdict, coverage, records, self._clock())
        now, data = self._clock(), self._data()
        record = CoverageRecord(coverage, coverage.as_of)
        knowledge = replace(data.knowledge, recall=lambda _card: record)
        judged = judge_again(verdict, now, knowledge)
        newer = self._with_clinic_details(judged, data.law, attempt.reading)
        if _says_the_same(newer, verdict):
            return None
        try:
            refined = self._attempts.refine(newer, attempt, now)
        except NotRecorded as exc:
            log.error("a newer verdict on attempt %d is lost: %s", attempt.id, exc)
            return None
        if refined is None:
            return None
        self._notifier.notify()
        return refined, newer

    def add_holder(self, attempt_id: int, holder: str, born: Birth | None = None) -> Attempt:
        """Judge a card again with a name and birth typed by hand, and ask the insurer.

        It is not asked about a state secret.
        Without `born` the birth on the card counts, else the one that the insurer gave.  The name
        was not signed, so a signed card then counts as much as an unsigned one.

        Returns the newer attempt.  Raises NoSuchAttempt if there is no such reading, or its card
        is not certain, and BirthRequired if no birth is known.  Raises NotRecorded if the verdict
        cannot be recorded.
        """
        while True:  # again if another verdict was recorded meanwhile
            newest = self._newest(attempt_id)
            known = newest.verdict.card
            if known is None or newest.reason is Reason.LEADING_ZERO_LOST:
                raise NoSuchAttempt(f"attempt {attempt_id} holds no card that is certain")
            coverage = newest.verdict.coverage
            birth = born or known.born or (coverage.born if coverage else None)
            if birth is None:
                raise BirthRequired("no birth is known")
            self._last_card.forget(newest.reader)
            now, data = self._clock(), self._data()
            card = known.unvouched._replace(holder=holder, born=birth, repaired_holder=None)
            notes = tuple(
                note for note in notes_of_reading(newest.verdict) if note in NOTES_WITHOUT_HOLDER
            )
            judged = judge_card(card, newest.verdict.format, notes, now, data.knowledge)
            verdict = self._with_clinic_details(judged, data.law, newest.reading)
            newer = self._attempts.refine(verdict, newest, now)
            if newer is not None:
                break
        self._notifier.notify()
        if not self._visits.is_secret(newer.reading):
            self.ask(newer, verdict)
        return newer

    def card_of(self, attempt_id: int) -> Card | None:
        """Return the card of a reading, as its newest verdict has it; None if it holds no card.

        Raises NoSuchAttempt.
        """
        return self._newest(attempt_id).verdict.card

    def _newest(self, attempt_id: int) -> Attempt:
        attempt = self._attempts.get(attempt_id)
        newest = attempt and self._attempts.newest_verdict_on(attempt.reading)
        if newest is None:
            raise NoSuchAttempt(f"no attempt {attempt_id}")
        return newest

    def confirm(
        self,
        attempt_id: int,
        confirmation: Confirmation,
        key: str,
        approve: Callable[[Any], object] | None = None,
    ) -> tuple[Visit, bool]:
        """Record a visit on the newest verdict on a reading; return it, and whether it is new.

        `approve` is called in the transaction of a new visit against the program's advice.

        `key` is an idempotency key: the same key, or the same reading, returns the same visit.
        Raises NoSuchAttempt if there is no such reading, NothingToConfirm or ReasonRequired if the
        confirmation lacks something (`visit_from`), KeyUsedBefore if the key belongs to another
        reading, KeyClosed or AlreadyHere as `Visits.confirm` does, and NotRecorded if the visit
        cannot be recorded.
        """
        newest = self._newest(attempt_id)
        reading = self._attempts.get(newest.reading)
        read_at = reading.at if reading else None
        existing = self._visits.by_reading_or_key(newest.reading, key)
        if existing is not None:
            return existing, False
        new = visit_from(newest, confirmation, self._clock(), self._settings, read_at)
        is_against = new.outcome is Outcome.DESK and new.arrival.kind not in NOT_REPORTED
        visit, is_new = self._visits.confirm(
            new,
            key,
            QueuePlace(priority=confirmation.priority),
            approve if is_against else None,
        )
        self._last_card.forget(newest.reader)
        self.follow(newest)
        self._notifier.notify()
        return visit, is_new

    def recorded(self, attempt_id: int, key: str) -> Visit | None:
        """Return the visit recorded under an idempotency key, or on the reading of an attempt.

        None if nothing was recorded.  Raises NoSuchAttempt if there is no such reading, and
        KeyUsedBefore and ReadingUsedBefore as `confirm` does.
        """
        return self._visits.by_reading_or_key(self._newest(attempt_id).reading, key)

    def outcome(self, key: str, attempt_id: int | None) -> Visit | None:
        """Return what was recorded under an idempotency key, or else on the reading of an attempt.

        None if nothing was, and nothing will be under this key: it is closed.  Raises NoSuchAttempt
        if there is no such reading, and NotRecorded if the key cannot be closed.
        """
        reading = 0 if attempt_id is None else self._newest(attempt_id).reading
        return self._visits.close_key(key, self._clock(), reading)

    def forget_card(self, reader: str) -> None:
        """Join no card of this reader with the next one: another patient stands there."""
        self._last_card.forget(reader)

    def _record(self, verdict: Verdict, scan: Scan, law: Law) -> Attempt:
        try:
            complete = self._with_clinic_details(verdict, law)
            attempt = self._attempts.record(complete, scan.reader, scan.read_at)
            if verdict.format not in CODES_OF_OURS:
                self.follow(attempt)
            if verdict.format == TICKET:
                self.note_ticket(attempt.id, scan.payload)
        except NotRecorded:
            self.not_recording_since = self.not_recording_since or self._clock()
            raise
        finally:
            self._notifier.notify()
        self.not_recording_since = None
        return attempt

    def _with_clinic_details(
        self, verdict: Verdict, law: Law, reading: int | None = None
    ) -> Verdict:
        """Return a verdict with what this clinic adds: entitlement, cautions and notes."""
        if verdict.card is None:
            return verdict
        verdict = self._entitlements.with_entitlement(verdict, self._clock(), law)
        cautions = self._visit_history.cautions(verdict, self._clock(), reading)
        is_here = any(caution.code in (HERE_TODAY, AT_OTHER_DESK) for caution in cautions)
        notes = (*verdict.notes, Note.ALREADY_HERE_TODAY) if is_here else verdict.notes
        return verdict._replace(notes=notes, cautions=tuple(cautions))


def _says_the_same(newer: Verdict, older: Verdict) -> bool:
    """Return whether two verdicts differ in nothing but the time of the insurer's answer."""
    new, old = newer.coverage, older.coverage
    same_coverage = new == old or (new and old and new._replace(as_of=old.as_of) == old)
    same_cautions = [text.vi for text in newer.cautions] == [text.vi for text in older.cautions]
    same_decision = (newer.reason, newer.proof) == (older.reason, older.proof)
    return bool(same_coverage) and same_cautions and same_decision
