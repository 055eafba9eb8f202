"""The desk: one scan goes through here, whichever way it came.

receive → judge → write down → show; a newer word of the insurer is judged anew, written down
as a newer verdict and shown.  Written down before it is shown: change the order, and
docs/one-scan.md changes with it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from kiosk.data import CurrentData
from kiosk.desk.card_pairing import LastCard, Pair
from kiosk.desk.cautions import HERE_TODAY, ElsewhereRecords
from kiosk.desk.confirmation import Confirmation, visit_from
from kiosk.desk.entitlements import Entitlements
from kiosk.desk.notifier import Notifier
from kiosk.desk.visit_history import VisitHistory
from kiosk.logbook import Attempt, Attempts, NoSuchAttempt, NotRecorded, Visit, Visits
from kiosk.settings import Settings
from scanner import Scan
from verify import (
    Birth,
    Card,
    Coverage,
    CoverageRecord,
    Law,
    Note,
    Reason,
    Verdict,
    judge,
    judge_again,
    judge_card,
    notes_of_reading,
)

log = logging.getLogger(__name__)

Ask = Callable[[Attempt, Verdict], None]


def _ask_nobody(_attempt: Attempt, _verdict: Verdict) -> None:
    """Leave the question to the nightly job."""


class Desk:
    """Reception. Any thread may call: what it shares is the logbook, which queues writers."""

    def __init__(
        self,
        data: Callable[[], CurrentData],
        attempts: Attempts,
        visits: Visits,
        screen: Notifier,
        entitlements: Entitlements,
        whereabouts: VisitHistory,
        settings: Settings,
        clock: Callable[[], datetime],
    ) -> None:
        self._data = data
        self._entitlements = entitlements
        self._whereabouts = whereabouts
        self._attempts = attempts
        self._visits = visits
        self._screen = screen
        self._settings = settings
        self._clock = clock
        self._last_card = LastCard()
        self.not_recording_since: datetime | None = None
        self.ask: Ask = _ask_nobody  # the live look-up, where there is one

    def receive(self, scan: Scan) -> Attempt:
        """Judge a scan, write the attempt down and show it; return it.

        NotRecorded where it cannot be written down: then it is not shown either.
        """
        data = self._data()
        verdict = judge(scan.payload, scan.read_at, data.knowledge)
        pair = self._last_card.pair_with(verdict, scan.reader, scan.read_at)
        if pair and pair.card is None:
            verdict = pair.beside(verdict)
        attempt = self._recorded(verdict, scan, data.law)
        if pair and pair.card:
            self._join(attempt, pair, pair.card)
        else:
            self.ask(attempt, verdict)
        return attempt

    def record_no_card(self, reader: str) -> Attempt:
        """Write down that a patient shows no card, so that a visit can follow; return it."""
        now = self._clock()
        data = self._data().knowledge.data_state(None)
        attempt = self._attempts.record(Verdict(Reason.NO_CARD_SHOWN, data=data), reader, now)
        self._screen.notify()
        return attempt

    def _join(self, attempt: Attempt, pair: Pair, card: Card) -> None:
        """Judge two scans of one person together, as a newer verdict on the second."""
        now, data = self._clock(), self._data()
        notes = (*notes_of_reading(pair.cover), Note.JOINED_WITH_ID_CARD)
        verdict = judge_card(card, pair.cover.format, notes, now, data.knowledge)
        verdict = verdict._replace(identity=pair.identity.card)
        both = self._as_seen_here(verdict, data.law, attempt.reading)
        newer = self._attempts.refine(both, attempt, now)
        if newer is None:
            return  # the name was typed meanwhile: that has its own question
        self._screen.notify()
        self.ask(newer, both)

    def refine(
        self,
        attempt: Attempt,
        verdict: Verdict,
        word: Coverage,
        elsewhere: ElsewhereRecords | None = None,
    ) -> tuple[Attempt, Verdict] | None:
        """Judge a card again on what the insurer has just said; None where nothing changes.

        Nothing changes either if there is a newer verdict on the reading than `attempt`: it has a
        question of its own, which the answer to an older one does not settle.
        """
        if elsewhere is not None:
            self._whereabouts.note(verdict, word, elsewhere, self._clock())
        now, data = self._clock(), self._data()
        heard = replace(data.knowledge, recall=lambda _card: CoverageRecord(word, word.as_of))
        newer = self._as_seen_here(judge_again(verdict, now, heard), data.law, attempt.reading)
        if _says_the_same(newer, verdict):
            return None
        try:
            refined = self._attempts.refine(newer, attempt, now)
        except NotRecorded as exc:
            log.error("a newer verdict on attempt %d is lost: %s", attempt.id, exc)
            return None
        if refined is None:
            return None
        self._screen.notify()
        return refined, newer

    def complete(self, attempt_id: int, holder: str, born: Birth) -> Attempt:
        """Give a card that names nobody the name and birth that were typed; ask the insurer.

        NoSuchAttempt where the reading is not there or holds no card.
        """
        while True:  # again if another verdict was written down meanwhile
            newest = self._newest(attempt_id)
            known = newest.verdict.card
            if known is None or newest.reason is Reason.LEADING_ZERO_LOST:
                raise NoSuchAttempt(f"attempt {attempt_id} holds no card that is sure")
            self._last_card.forget(newest.reader)
            now, data = self._clock(), self._data()
            card = known.unvouched._replace(holder=holder, born=born)
            judged = judge_card(card, newest.verdict.format, (), now, data.knowledge)
            verdict = self._as_seen_here(judged, data.law, newest.reading)
            completed = self._attempts.refine(verdict, newest, now)
            if completed is not None:
                break
        self._screen.notify()
        self.ask(completed, verdict)
        return completed

    def _newest(self, attempt_id: int) -> Attempt:
        attempt = self._attempts.get(attempt_id)
        newest = attempt and self._attempts.newest_verdict_on(attempt.reading)
        if newest is None:
            raise NoSuchAttempt(f"no attempt {attempt_id}")
        return newest

    def confirm(self, attempt_id: int, said: Confirmation, key: str) -> tuple[Visit, bool]:
        """Write a visit down on the newest verdict on a reading; return it, and whether it is new.

        NoSuchAttempt, NothingToConfirm, ReasonRequired or KeyUsedBefore where there is none.
        """
        newest = self._newest(attempt_id)
        already = self._visits.by_reading_or_key(newest.reading, key)
        if already is not None:
            return already, False
        visit, is_new = self._visits.confirm(
            visit_from(newest, said, self._clock(), self._settings), key
        )
        self._last_card.forget(newest.reader)
        self._screen.notify()
        return visit, is_new

    def _recorded(self, verdict: Verdict, scan: Scan, law: Law) -> Attempt:
        try:
            noted = self._as_seen_here(verdict, law)
            attempt = self._attempts.record(noted, scan.reader, scan.read_at)
        except NotRecorded:
            self.not_recording_since = self.not_recording_since or self._clock()
            raise
        finally:
            self._screen.notify()
        self.not_recording_since = None
        return attempt

    def _as_seen_here(self, verdict: Verdict, law: Law, reading: int | None = None) -> Verdict:
        """Return a verdict with what this clinic adds: what the card entitles to, and notes."""
        if verdict.card is None:
            return verdict
        verdict = self._entitlements.seen(verdict, self._clock(), law)
        found = self._whereabouts.cautions(verdict, self._clock(), reading)
        is_here = any(one.code == HERE_TODAY for one in found)
        notes = (*verdict.notes, Note.ALREADY_HERE_TODAY) if is_here else verdict.notes
        return verdict._replace(notes=notes, cautions=tuple(found))


def _says_the_same(newer: Verdict, older: Verdict) -> bool:
    """Tell whether a newer verdict tells nothing new but when the insurer was heard."""
    new, old = newer.coverage, older.coverage
    heard = new == old or (new and old and replace(new, as_of=old.as_of) == old)
    seen = [one.vi for one in newer.cautions] == [one.vi for one in older.cautions]
    return bool(heard) and seen and (newer.reason, newer.proof) == (older.reason, older.proof)
