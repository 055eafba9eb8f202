"""What became of the report of each visit: the facts that deadlines and the coverage page rest on.

A visit's messages are its versions in their order.  The first that the insurer judges is the report
of the visit; each later one is a correction.
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from kiosk.logbook.database import Database
from kiosk.logbook.times import DAY_OF_ARRIVAL, day_begins, day_ends, from_utc_text, to_utc_text

OPEN_STATES = ("queued", "in_flight", "refused", "parked")
MAX_VISITS_READ = 100_000  # of an outage: those of a large hospital in a month

STATE_SECRET = "state_secret"  # in place of the arrival of a visit that is one

# Reads indexes and no table.  Only for a visit without a message it reads the visit's own row.
SELECT_REPORTED = """
select v.row, {day} as day, v.id, v.arrived_at, v.cancelled_at, o.id as message,
    o.version, o.state, o.answered_at,
    exists (select 1 from sent_message s
        join sent_file f indexed by sent_file_signed on f.id = s.file
        where s.message = o.id and f.certificate_serial is not null) as signed,
    case when o.id is null then (
        select case when json_extract(r.record, '$.secret') then '{state_secret}'
            else json_extract(r.record, '$.arrival') end
        from visit r where r.row = v.row) end as arrival
from visit v left join outbox o on o.visit = v.id
where {condition} order by v.arrived_at, v.id
"""
SELECT_OF_DAYS = SELECT_REPORTED.format(
    day=DAY_OF_ARRIVAL,
    state_secret=STATE_SECRET,
    condition="v.arrived_at >= :begin and v.arrived_at < :end",
)
SELECT_ARRIVED = SELECT_REPORTED.format(
    day=DAY_OF_ARRIVAL,
    state_secret=STATE_SECRET,
    condition="v.row in (select row from visit where arrived_at between :begin and :end"
    f" order by arrived_at desc limit {MAX_VISITS_READ})",
)
# The messages that are not settled, by the partial indexes on them, with all of their visit's.
SELECT_OPEN = SELECT_REPORTED.format(
    day=DAY_OF_ARRIVAL,
    state_secret=STATE_SECRET,
    condition="v.id in ("
    " select visit from (select visit from outbox where state in ('queued', 'in_flight')"
    " order by next_try_at limit :limit)"
    " union select visit from (select visit from outbox where state in ('refused', 'parked')"
    " order by changed_at limit :limit))",
)


class ReportedMessage(NamedTuple):
    """One version of a visit's message. A tuple, because a month has many thousands."""

    state: str
    answered_at: datetime | None  # when the insurer first judged it; aware
    is_correction: bool  # the insurer has judged an earlier version
    is_signed: bool  # it was sent in a file with a signature

    @property
    def due_as(self) -> str:
        """Which deadline counts: of what is still to be sent, or of what was sent.

        If the insurer has refused a message, its correction is what is due.
        """
        is_refused = self.answered_at is not None and self.state in OPEN_STATES
        return "correction" if self.is_correction or is_refused else "check_in"

    @property
    def was_due_as(self) -> str:
        """Which deadline counted for the sending that the insurer judged."""
        return "correction" if self.is_correction else "check_in"

    @property
    def is_open(self) -> bool:
        """Whether it is still to be accepted."""
        return self.state in OPEN_STATES


class ReportedVisit(NamedTuple):
    """A visit with all of its messages, oldest first. A tuple for the same reason."""

    row: int
    id: str
    day: date  # of the arrival, at the clinic
    arrived_at: datetime  # aware
    is_cancelled: bool
    arrival: str | None  # how the patient came, or STATE_SECRET; only if there is no message
    messages: tuple[ReportedMessage, ...]


class ReportedVisits:
    """Reads visits and their messages, and writes nothing.

    All times are aware.  Methods raise LogbookUnavailable if the logbook cannot be read.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_days(self, first: date, last: date) -> list[ReportedVisit]:
        """Return the visits of the clinic's days from `first` to `last`, both included.

        The day of a visit is that of its arrival: not the ticket's if the time was corrected.
        """
        values: dict[str, object] = {"begin": day_begins(first), "end": day_ends(last)}
        return list(_visits(self._database.rows(SELECT_OF_DAYS, values)))

    def arrived_between(self, begin: datetime, end: datetime) -> list[ReportedVisit]:
        """Return the visits that arrived between two moments, at most MAX_VISITS_READ."""
        values: dict[str, object] = {"begin": to_utc_text(begin), "end": to_utc_text(end)}
        return list(_visits(self._database.rows(SELECT_ARRIVED, values)))

    def open(self, limit: int) -> list[ReportedVisit]:
        """Return visits with a message that the insurer has not accepted, and no person closed.

        At most `limit` of those that wait to be sent, and as many of those that need a person.
        """
        return list(_visits(self._database.rows(SELECT_OPEN, {"limit": limit})))


def _visits(rows: Iterable[Any]) -> Iterator[ReportedVisit]:
    """Return the visits of rows in which each visit's rows follow each other."""
    day_of = functools.cache(date.fromisoformat)
    for _, group in itertools.groupby(rows, key=operator.itemgetter(0)):
        of_visit = list(group)
        if len(of_visit) > 1:
            of_visit.sort(key=lambda row: row["version"])
        row_id, day, visit_id, arrived_at, cancelled_at, message, *_, arrival = of_visit[0]
        yield ReportedVisit(
            row_id,
            visit_id,
            day_of(day),
            from_utc_text(arrived_at),
            cancelled_at is not None,
            arrival,
            () if message is None else tuple(_messages(of_visit)),
        )


def _messages(rows: Sequence[Any]) -> Iterator[ReportedMessage]:
    was_judged = False
    for row in rows:
        answered = row["answered_at"]
        yield ReportedMessage(
            row["state"],
            from_utc_text(answered) if answered else None,
            was_judged,
            bool(row["signed"]),
        )
        was_judged = was_judged or answered is not None
