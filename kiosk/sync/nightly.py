"""One run of the nightly job.

The steps, in this order (each leaves the logbook complete, so a run that was killed is simply
run again):

1. Send all messages that wait in the outbox.
2. Look back: ask the insurer again about visits that went in unconfirmed, and judge each card as
   of the day of its visit.  Ask too about visits that were sent without a card number.  What an
   answer adds to a visit is proposed, or added if the settings say so.
3. Look ahead: ask about the cards of the patients who are expected.
4. Check that the messages of each day add up to its visits.
5. Erase the data whose consent has ended, and delete what is older than its period.  The report
   says what went, and is recorded.
6. Compare the logbook with its hash chain, and sign the chain's end.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from kiosk.desk import QueryPolicy, QuestionLog, VisitLookup, card_of_visit, coverage_on_day_of
from kiosk.insurer import Delivery, SignatureState
from kiosk.logbook import (
    SYSTEM,
    Attempts,
    LookBackCounts,
    LookupPurpose,
    NightlyProof,
    NightlyReport,
    NightlyRuns,
    Outbox,
    PurgeCounts,
    Visit,
    Visits,
)
from kiosk.privacy import PurgeResult
from verify import (
    Card,
    Coverage,
    CoverageRecord,
    CoverageUnreadable,
    Knowledge,
    Outcome,
    clinic_day,
    judge_card,
)

log = logging.getLogger(__name__)

LOOK_BACK_PERIOD = timedelta(days=14)
REPORT_PERIOD = timedelta(days=31)  # the days whose totals the report holds


class NightlyJob:
    """The job with all that its steps use."""

    def __init__(
        self,
        runs: NightlyRuns,
        visits: Visits,
        attempts: Attempts,
        outbox: Outbox,
        delivery: Delivery,
        query_policy: QueryPolicy,
        look_up: Callable[[Card], Coverage],
        remember: Callable[[Coverage, datetime], None],
        current_knowledge: Callable[[], Knowledge],
        clock: Callable[[], datetime],
        question_log: QuestionLog | None = None,
        visit_lookup: VisitLookup | None = None,
        *,
        signature: Callable[[], SignatureState | None] = lambda: None,
        unproven_rows: Callable[[datetime], int] = lambda _since: 0,
        communes_to_inform: Callable[[], Sequence[str]] = tuple,
        unfinished_sheets: Callable[[], Sequence[int]] = tuple,
        count_overdue: Callable[[datetime], int] | None = None,
        count_suggested_outages: Callable[[], int] | None = None,
        erase_ended_consents: Callable[[datetime], int] = lambda _now: 0,
        purge: Callable[[datetime], PurgeResult] = lambda _now: PurgeResult(),
        prove: Callable[[datetime, NightlyProof | None], NightlyProof] | None = None,
    ) -> None:
        """`visit_lookup` takes what the insurer's answers add to visits; None: nothing does.

        `communes_to_inform` returns the visits of unknown patients that a commune should know, and
        `unfinished_sheets` the paper sheets that were not entered to the end.
        `count_overdue` returns how many visits are overdue at a moment (aware), and
        `erase_ended_consents` erases what may no longer be kept then.  `purge` deletes what is
        older than its period.  `prove` checks the logbook and signs its end; it gets what the last
        run found.  `clock` returns an aware time.
        """
        self._visit_lookup = visit_lookup
        self._question_log = question_log or QuestionLog()
        self._count_overdue = count_overdue
        self._count_suggested_outages = count_suggested_outages
        self._runs = runs
        self._visits = visits
        self._attempts = attempts
        self._outbox = outbox
        self._delivery = delivery
        self._query_policy = query_policy
        self._look_up = look_up
        self._remember = remember
        self._current_knowledge = current_knowledge
        self._clock = clock
        self._signature = signature
        self._unproven_rows = unproven_rows
        self._communes_to_inform = communes_to_inform
        self._unfinished_sheets = unfinished_sheets
        self._erase_ended_consents = erase_ended_consents
        self._purge = purge
        self._prove = prove

    def run(self, expected: Sequence[Card] = (), unread: Sequence[int] = ()) -> NightlyReport:
        """Take all steps; return the report, which is also recorded in the logbook.

        `expected` are the cards of the patients who come tomorrow, `unread` the lines of the
        appointments file that could not be read.

        Raises NotRecorded or LogbookUnavailable if the logbook cannot be written or read.
        """
        now = self._clock()
        run_id = self._runs.begin(now)
        accepted_before = self._outbox.counts()["accepted"]
        self._delivery.deliver_all()
        look_back = self._look_back(now)
        self._look_for_card_numbers(now)
        if self._visit_lookup is not None:
            self._visit_lookup.accept_all()
        known = self._look_ahead(expected)
        counts = self._outbox.counts()
        signature = self._signature() or SignatureState()
        report = NightlyReport(
            started_at=now,
            delivered=counts["accepted"] - accepted_before,
            outbox=counts,
            look_back=look_back,
            expected=len(expected),
            known=known,
            unread_appointments=tuple(unread),
            worklist=len(self._runs.worklist(now - LOOK_BACK_PERIOD)),
            days=tuple(self._runs.days(clinic_day(now - REPORT_PERIOD).isoformat())),
            not_asked=self._query_policy.why,
            signature=signature.trouble,
            certificate_ends=signature.ends.isoformat() if signature.ends else None,
            unproven_rows=self._unproven_rows(now - REPORT_PERIOD),
            communes_to_inform=tuple(self._communes_to_inform()),
            unfinished_sheets=tuple(self._unfinished_sheets()),
            overdue=self._count_overdue and self._count_overdue(self._clock()),
            suggested_outages=self._count_suggested_outages and self._count_suggested_outages(),
        )
        report = replace(report, purge=self._delete_old())
        report = replace(report, proof=self._prove_all())
        self._runs.finish(run_id, self._clock(), report)
        return report

    def _delete_old(self) -> PurgeCounts:
        """Delete what may not be kept any longer; return what went."""
        now = self._clock()
        consents = self._erase_ended_consents(now)
        result = self._purge(now)
        return PurgeCounts(
            result.deleted | ({"consent_data": consents} if consents else {}),
            result.waits,
            result.unfinished,
            result.trouble,
        )

    def _prove_all(self) -> NightlyProof | None:
        """Check the logbook's chain and sign its end; return what was found."""
        if self._prove is None:
            return None
        last = self._runs.last_report()
        return self._prove(self._clock(), last[1].proof if last else None)

    def _look_back(self, now: datetime) -> LookBackCounts:
        """Ask again about each visit that went in unconfirmed, and record the new verdict."""
        confirmed = changed = no_answer = 0
        for visit_id in self._runs.unconfirmed(now - LOOK_BACK_PERIOD):
            visit = self._visits.by_id(visit_id)
            card = self._card_of(visit_id)
            coverage = None
            if card is not None:
                coverage = self._ask_about(card, LookupPurpose.LOOK_BACK, visit_id)
            if visit is None or card is None or coverage is None:
                no_answer += 1
                continue
            on_that_day = coverage_on_day_of(visit.arrived_at, coverage)
            knowledge = replace(
                self._current_knowledge(),
                recall=lambda _card, found=on_that_day: CoverageRecord(found, found.as_of),  # type: ignore[misc]  # bound here
                floor=visit.arrived_at,
            )
            self._note_answer(visit, coverage)
            verdict = judge_card(card, None, (), visit.arrived_at, knowledge)
            self._runs.record_look_back(visit_id, verdict.outcome, verdict.reason, self._clock())
            if verdict.outcome is Outcome.DESK:
                changed += 1
            else:
                confirmed += 1
        return LookBackCounts(confirmed + changed, confirmed, changed, no_answer)

    def _look_for_card_numbers(self, now: datetime) -> None:
        """Ask about each visit that was sent with a number that is no card number.

        Visits that went in unconfirmed have been asked about in the look-back.
        """
        for visit_id in self._runs.without_card_number(now - LOOK_BACK_PERIOD):
            visit, card = self._visits.by_id(visit_id), self._card_of(visit_id)
            if visit is None or card is None:
                continue
            coverage = self._ask_about(card, LookupPurpose.LOOK_BACK, visit_id)
            if coverage is not None:
                self._note_answer(visit, coverage)

    def _note_answer(self, visit: Visit, coverage: Coverage) -> None:
        if self._visit_lookup is not None:
            self._visit_lookup.note_answer(visit, coverage)

    def _look_ahead(self, expected: Sequence[Card]) -> int:
        """Ask about cards before their holders come; return how many the insurer answered for."""
        purpose = LookupPurpose.LOOK_AHEAD
        return sum(self._ask_about(card, purpose) is not None for card in expected)

    def _card_of(self, visit_id: str) -> Card | None:
        """Return the card of a visit, with the holder's name and birth.

        Name and birth are those of the visit, where a person confirmed or corrected them, else
        those of the card.  None if the insurer cannot be asked because one of them is missing, or
        the verdict cannot be read.
        """
        visit = self._visits.by_id(visit_id)
        card = card_of_visit(visit, self._attempts) if visit is not None else None
        return card if card is not None and card.holder and card.born else None

    def _ask_about(
        self, card: Card, purpose: LookupPurpose, visit_id: str | None = None
    ) -> Coverage | None:
        """Return the insurer's answer about a card, and keep it. None if it does not answer now."""
        with self._question_log.asking(purpose, SYSTEM, visit=visit_id):
            coverage = self._query_policy.ask_about(card, self._look_up, self._clock())
        if coverage is None:
            return None
        try:
            self._remember(coverage, self._clock())
        except CoverageUnreadable as exc:
            log.error("the insurer's answer cannot be kept: %s", exc)
        return coverage
