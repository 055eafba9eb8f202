"""Entering what was written on paper while the program was away.

1.  A line is named by its code, and is entered once (`kiosk.logbook.paper_sheets`).
2.  The time on the paper is the time of arrival.  It is not in the future, not before the sheet was
    printed, and at most MAX_AGE ago.  What is entered from later lines is not much earlier: a sheet
    that goes on after midnight needs the next day.
3.  A typed number is judged as of the time on the paper, with what is known now
    (`kiosk.desk.past_coverage`).  The insurer is not asked while somebody enters: the nightly job
    asks about what was left open, and judges that as of the same day.
4.  A number that cannot be read is not entered, so that the paper is looked at again.
5.  Otherwise the rules are those of every visit (`kiosk.desk.confirmation`).
6.  Verdict, line, visit, ticket and message: what is found wrong is found before anything is
    written.  The verdict is recorded first; the rest is one transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from kiosk.data import CurrentData
from kiosk.desk.confirmation import Confirmation, visit_from
from kiosk.desk.entitlements import Entitlements
from kiosk.desk.errors import NumberNotRead, PaperTimeFault, PaperTimeWrong
from kiosk.desk.notifier import Notifier
from kiosk.desk.past_coverage import knowledge_as_of
from kiosk.logbook import (
    PAPER_READER,
    AlreadyHere,
    Attempt,
    Attempts,
    KeyUsedBefore,
    LineUsed,
    NewVisit,
    PaperLine,
    PaperSheet,
    PaperSheets,
    PaperSource,
    QueuePlace,
    Visit,
    Visits,
    known_numbers,
)
from kiosk.settings import Settings
from verify import Reason, Verdict, judge, judge_card, notes_of_reading

MAX_AGE = timedelta(days=14)  # the nightly job asks about the cards of visits of this time
PRINTED_TOLERANCE = timedelta(minutes=5)  # of a watch, behind the program's clock
CLOCK_TOLERANCE = timedelta(minutes=5)  # of a watch, ahead of it
OVER_MIDNIGHT = timedelta(hours=12)  # by which a time is before that of the lines above


@dataclass(frozen=True, slots=True)
class PaperEntry:
    """What a person types from one line."""

    code: str
    arrived_at: datetime  # aware
    number: str = field(default="", repr=False)  # of the card or the ID card; empty: none
    day_is_sure: bool = False  # the day was typed with the time
    confirmation: Confirmation = field(default_factory=Confirmation)


class PaperEntries:
    """Records visits from paper.  Any thread may call."""

    def __init__(
        self,
        data: Callable[[], CurrentData],
        attempts: Attempts,
        visits: Visits,
        sheets: PaperSheets,
        notifier: Notifier,
        entitlements: Entitlements,
        settings: Settings,
        clock: Callable[[], datetime],
        right_now: Callable[[], datetime],
    ) -> None:
        """`clock` is ours and `right_now` the right time, as far as it is known; both aware."""
        self._data = data
        self._attempts = attempts
        self._visits = visits
        self._sheets = sheets
        self._notifier = notifier
        self._entitlements = entitlements
        self._settings = settings
        self._clock = clock
        self._right_now = right_now

    def enter(self, entry: PaperEntry) -> Visit:
        """Record the visit of a line; return it.

        Raises:
        - WrongLineCode or NoSuchSheet if the code names no line;
        - LineUsed if the line was entered before, or is void;
        - PaperTimeWrong if the time breaks rule 2;
        - NumberTaken if the number on paper was given in the same room on that day;
        - NumberNotRead if the number is not one of a card or a person;
        - AlreadyHere if the person has a visit on that day, and no reason is given;
        - what `visit_from` raises, and NotRecorded if the logbook cannot be written.
        """
        sheet, line = self._open_line(entry)
        self._check_time(entry, sheet, line)
        verdict = self._verdict(entry)
        visit = visit_from(
            self._not_recorded_yet(verdict), entry.confirmation, entry.arrived_at, self._settings
        )
        try:
            self._check_second_visit(visit)
        except AlreadyHere:
            self._open_line(entry)  # another desk was quicker, and its visit is the one seen
            raise
        attempt = self._attempts.record(verdict, PAPER_READER, self._clock())
        source = PaperSource(sheet.id, line.place.line, line.number, self._clock())
        visit = replace(visit, attempt=attempt.id, verdict_of=attempt.id, paper=source)
        place = QueuePlace(sheet.prefix, line.number)
        try:
            # With a line break, which no header has: no call over HTTP can use this key.
            key = f"paper\n{sheet.id}\n{line.place.line}"
            recorded, _ = self._visits.confirm(visit, key, place)
        except KeyUsedBefore:  # another desk was quicker
            raise LineUsed(self._sheets.line(entry.code)[1].visit) from None
        except AlreadyHere:
            self._open_line(entry)
            raise
        self._notifier.notify()
        return recorded

    def _open_line(self, entry: PaperEntry) -> tuple[PaperSheet, PaperLine]:
        """Return the sheet and the line.  Raises LineUsed if it was entered or made void."""
        sheet, line = self._sheets.line(entry.code)
        if not line.is_open:
            raise LineUsed(line.visit)
        return sheet, line

    def _check_time(self, entry: PaperEntry, sheet: PaperSheet, line: PaperLine) -> None:
        """Raise PaperTimeWrong if the time on the paper breaks rule 2."""
        at, now = entry.arrived_at, self._right_now()
        if now < sheet.printed_at - PRINTED_TOLERANCE:
            raise PaperTimeWrong(PaperTimeFault.CLOCK)
        if at > now + CLOCK_TOLERANCE:
            raise PaperTimeWrong(PaperTimeFault.FUTURE)
        if at < sheet.printed_at - PRINTED_TOLERANCE:
            raise PaperTimeWrong(PaperTimeFault.BEFORE_PRINTED)
        if at < now - MAX_AGE:
            raise PaperTimeWrong(PaperTimeFault.TOO_OLD)
        above = [
            other.arrived_at
            for other in self._sheets.lines(sheet)
            if other.arrived_at is not None and other.place.line < line.place.line
        ]
        if above and not entry.day_is_sure and at < max(above) - OVER_MIDNIGHT:
            raise PaperTimeWrong(PaperTimeFault.OVER_MIDNIGHT)

    def _verdict(self, entry: PaperEntry) -> Verdict:
        """Return the verdict on a typed number as of the time on the paper.

        A name or a birth from the paper counts as the card's: the insurer's is compared with it.
        """
        data, at = self._data(), entry.arrived_at
        knowledge = knowledge_as_of(at, data.knowledge)
        if not entry.number:
            return Verdict(Reason.NO_CARD_SHOWN, data=knowledge.data_state(None))
        verdict = judge(entry.number.encode(), at, knowledge)
        card = verdict.card
        if card is None or verdict.reason is Reason.LEADING_ZERO_LOST:
            raise NumberNotRead(verdict.reason)
        holder, born = entry.confirmation.holder or None, entry.confirmation.born
        if (holder and not card.holder) or (born and not card.born):
            card = card.unvouched._replace(holder=card.holder or holder, born=card.born or born)
            verdict = judge_card(card, verdict.format, notes_of_reading(verdict), at, knowledge)
        return self._entitlements.with_entitlement(verdict, at, data.law)

    def _not_recorded_yet(self, verdict: Verdict) -> Attempt:
        """Return an attempt for the check of a confirmation, before anything is written."""
        return Attempt(
            id=0,
            at=self._clock(),
            reader=PAPER_READER,
            outcome=verdict.outcome,
            reason=verdict.reason,
            refines=None,
            verdict=verdict,
            verdict_text="",
        )

    def _check_second_visit(self, visit: NewVisit) -> None:
        """Raise AlreadyHere before anything is written; `Visits.confirm` checks it for certain."""
        if visit.unknown or visit.repeat_reason:
            return
        numbers = known_numbers(visit)
        earlier = self._visits.here_today(visit.person, visit.arrived_at, numbers)
        if earlier is not None:
            raise AlreadyHere(earlier.id)
        away = self._visits.elsewhere.here_today(visit.person, visit.arrived_at, numbers)
        if away is not None:
            raise AlreadyHere(away.id, away.desk)
