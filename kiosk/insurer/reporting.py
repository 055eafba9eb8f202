"""Whether visits were reported to the insurer, and in time: the figures of each day.

The figures of a visit, which `figures_of` decides in one place; a visit counts once in each:

- `visits`: every visit.  `cancelled`: those that were cancelled.
- `not_reported`: without a message, as the law asks (emergency, without insurance); `missing`:
  without a message otherwise.
- By its newest message: `accepted`, `refused`, `parked` (held for a person), `waiting`, `closed` (a
  person left it).
- `sent`: the insurer has judged a message of it.  `signed`: one was sent with a signature.
- `overdue`: what is still to be sent is past its deadline.
- `late`: it is overdue, or the insurer judged a message of it after its deadline; `in_time`: the
  insurer judged a message of it, and it is not late.
- `draft_in_time`, `draft_late`: the same of its first report, by a draft that is not in force.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from kiosk.insurer.arrival import NOT_REPORTED
from kiosk.insurer.deadlines import Deadlines, DeadlinesNow
from kiosk.logbook import (
    MAX_VISITS_READ,
    STATE_SECRET,
    DayCoverage,
    Outage,
    ProgramRuns,
    ReportedMessage,
    ReportedVisit,
    ReportedVisits,
)
from kiosk.runtime.steady_clock import steady_s

MAX_OPEN_COUNTED = 1_000  # of each kind; more are shown as "at least"
MANY_OPEN = 200  # from here on counting takes several milliseconds
COUNT_LIFETIME_S = 5.0  # of a count of many
LONGEST_DEADLINE = timedelta(days=30)  # of a correction over the longest holidays
FIGURES = (
    *("visits", "cancelled", "not_reported", "missing"),
    *("accepted", "refused", "parked", "waiting", "closed"),
    *("sent", "signed", "overdue", "in_time", "late", "draft_in_time", "draft_late"),
)
STATE_FIGURES = {"queued": "waiting", "in_flight": "waiting"}


@dataclass(frozen=True, slots=True)
class ReportingDay:
    """The figures of one day of the clinic."""

    day: date
    figures: Counter[str]
    coverage: DayCoverage  # whether the program ran, for a day without visits

    @property
    def has_data(self) -> bool:
        """Whether a count of zero is known to be one."""
        return bool(self.figures["visits"]) or self.coverage is DayCoverage.RAN


@dataclass(frozen=True, slots=True)
class TiedMessage:
    """A message whose time to be sent ran during an outage. All times are aware."""

    visit: str
    arrived_at: datetime
    answered_at: datetime | None
    due_at: datetime  # without downtime
    extended_to: datetime  # with the downtime that counts


class Reporting:
    """Counts visits by what became of their reports. Writes nothing.

    Methods raise LogbookUnavailable if the logbook cannot be read.
    """

    def __init__(
        self,
        visits: ReportedVisits,
        runs: ProgramRuns,
        deadlines: Deadlines,
        steady: Callable[[], float] = steady_s,
    ) -> None:
        """`steady` returns seconds that no change of our clock moves."""
        self._steady = steady
        self._counted: tuple[float, int] | None = None  # overdue visits, of many, and when
        self._visits = visits
        self._runs = runs
        self._deadlines = deadlines

    def days(self, first: date, last: date, now: datetime) -> list[ReportingDay]:
        """Return the figures of each day of the clinic from `first` to `last`, newest first.

        Days after the one of `now` (aware) are included: a clock may have been ahead.
        """
        deadlines = self._deadlines.at(now)
        counts: dict[date, Counter[str]] = {}
        for visit in self._visits.of_days(first, last):
            counts.setdefault(visit.day, Counter()).update(figures_of(visit, deadlines))
        days = [last - timedelta(days=back) for back in range((last - first).days + 1)]
        without = [day for day in days if day not in counts]
        coverage = self._runs.coverage(without)
        return [
            ReportingDay(day, counts.get(day, Counter()), coverage.get(day, DayCoverage.RAN))
            for day in days
        ]

    def rows_of(self, figure: str, first: date, last: date, now: datetime) -> list[int]:
        """Return the row ids of the visits that a figure counts on some days, in their order."""
        deadlines = self._deadlines.at(now)
        return sorted(
            visit.row
            for visit in self._visits.of_days(first, last)
            if figure in figures_of(visit, deadlines)
        )

    def overdue_rows(self, first: date, last: date, now: datetime) -> list[int]:
        """Return the row ids of the visits of some days that are overdue, in their order.

        Cancelled visits are not among them.  Only messages that are open are read.
        """
        deadlines = self._deadlines.at(now)
        return sorted(
            visit.row
            for visit in self._visits.open(MAX_VISITS_READ)
            if first <= visit.day <= last and not visit.is_cancelled
            if _is_overdue(visit, deadlines)
        )

    def count_overdue(self, now: datetime) -> int:
        """Return how many visits are overdue; of more than MAX_OPEN_COUNTED, a part of them."""
        return self._count(now)[0]

    def recent_overdue(self, now: datetime) -> int:
        """Return `count_overdue`, for the status: of many, the count may be COUNT_LIFETIME_S old.

        After an outage each of thousands of sendings changes the status.
        """
        counted = self._counted
        if counted is not None and 0 <= self._steady() - counted[0] < COUNT_LIFETIME_S:
            return counted[1]
        overdue, of = self._count(now)
        self._counted = (self._steady(), overdue) if of >= MANY_OPEN else None
        return overdue

    def _count(self, now: datetime) -> tuple[int, int]:
        """Return how many visits are overdue, and of how many that was counted."""
        deadlines, visits = self._deadlines.at(now), self._visits.open(MAX_OPEN_COUNTED)
        return sum(_is_overdue(visit, deadlines) for visit in visits), len(visits)

    def tied_to(self, outage: Outage, now: datetime) -> list[TiedMessage]:
        """Return the messages that were to be sent during an outage, in the order of arrival.

        Their deadline had not passed when the outage began, and the insurer had not judged them.
        """
        deadlines, end = self._deadlines.at(now), outage.ends_at or now
        arrived = self._visits.arrived_between(outage.begins_at - LONGEST_DEADLINE, end)
        tied = [
            found
            for visit in arrived
            for message in visit.messages
            if (found := _tied(visit, message, outage.begins_at, deadlines)) is not None
        ]
        return sorted(tied, key=lambda message: (message.arrived_at, message.visit))


def overdue_text(overdue: int, outbox: Mapping[str, int]) -> str:
    """Return a number from `Reporting.count_overdue` for people: with ≥ if there may be more.

    `outbox` says how many messages are in each state.
    """
    waiting = outbox["queued"] + outbox["in_flight"]
    held = outbox["refused"] + outbox["parked"]
    return f"≥ {overdue}" if max(waiting, held) > MAX_OPEN_COUNTED else str(overdue)


def figures_of(visit: ReportedVisit, deadlines: DeadlinesNow) -> set[str]:
    """Return in which figures a visit counts, by the list at the top of this module."""
    figures = {"visits"}
    if visit.is_cancelled:
        figures.add("cancelled")
    if not visit.messages:
        is_left_out = visit.arrival in (*NOT_REPORTED, STATE_SECRET)
        figures.add("not_reported" if is_left_out else "missing")
        return figures
    newest = visit.messages[-1]
    figures.add(STATE_FIGURES.get(newest.state, newest.state))
    judged = [message for message in visit.messages if message.answered_at is not None]
    if any(message.is_signed for message in visit.messages):
        figures.add("signed")
    is_overdue = _is_overdue(visit, deadlines)
    if is_overdue:
        figures.add("overdue")
    if judged:
        figures.add("sent")
    if is_overdue or any(_was_late(visit, message, deadlines) for message in judged):
        figures.add("late")
    elif judged:
        figures.add("in_time")
    return figures | _draft_figures(visit, deadlines)


def _draft_figures(visit: ReportedVisit, deadlines: DeadlinesNow) -> set[str]:
    """Return whether the first report kept the deadline of a draft; empty without a draft."""
    due_at = deadlines.due_at("check_in", visit.arrived_at, "draft")
    if due_at is None:
        return set()
    first = min((m.answered_at for m in visit.messages if m.answered_at is not None), default=None)
    if first is not None and first <= due_at:
        return {"draft_in_time"}
    is_late = first is not None or (visit.messages[-1].is_open and due_at < deadlines.now)
    return {"draft_late"} if is_late else set()


def _is_overdue(visit: ReportedVisit, deadlines: DeadlinesNow) -> bool:
    newest = visit.messages[-1]
    if not newest.is_open:
        return False
    due_at = deadlines.due_at(newest.due_as, visit.arrived_at)
    return due_at is not None and due_at < deadlines.now


def _was_late(visit: ReportedVisit, message: ReportedMessage, deadlines: DeadlinesNow) -> bool:
    due_at = deadlines.due_at(message.was_due_as, visit.arrived_at)
    return due_at is not None and message.answered_at is not None and message.answered_at > due_at


def _tied(
    visit: ReportedVisit, message: ReportedMessage, begin: datetime, deadlines: DeadlinesNow
) -> TiedMessage | None:
    answered_at = message.answered_at
    if message.state == "closed" or (answered_at is not None and answered_at <= begin):
        return None
    kind = message.due_as if answered_at is None else message.was_due_as
    plain, later = deadlines.plain(kind, visit.arrived_at), deadlines.of(kind, visit.arrived_at)
    if plain is None or later is None or plain.due_at <= begin:
        return None
    return TiedMessage(visit.id, visit.arrived_at, answered_at, plain.due_at, later.due_at)
