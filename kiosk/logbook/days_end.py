"""A day at its end: its visits and tickets, and how long patients waited from scan to recording.

- A day is the clinic's; a visit belongs to the day of its arrival.
- The time of a visit begins with the first scan of the same number in the half hour before the
  reading that was recorded, and ends when the visit was recorded.  Both are times of our
  clock, also if the arrival was corrected later.
- Visits from paper, and those whose clock was changed in between, have no such time.  They are
  counted, and never as zero.
- A cause is what the logbook shows to have happened in that time.  It need not be the whole reason.
- A ticket is printed afterwards: how long that took stands beside, for the printers that say so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from statistics import median
from typing import Any

from kiosk.logbook.database import Database
from kiosk.logbook.ticket_states import OPEN_STATES
from kiosk.logbook.times import day_begins, day_ends, from_utc_text

LONGEST = timedelta(hours=12)  # more shows that a clock was changed
MAX_SLOW = 5  # visits that are listed
MAX_LABELS = 60  # open numbers of a room that are listed
ACCEPTED = "accepted"

SELECT_VISITS = """
select v.id, v.outcome, v.cancelled_at, m.state, t.label, a.at as read_at, a.reader, a.reason,
    coalesce(c.recorded_at, v.arrived_at) as recorded_at,
    json_extract(v.record, '$.paper') is not null as is_paper,
    json_extract(v.record, '$.arrival') as arrival,
    coalesce(json_extract(v.record, '$.phone'), '') <> ''
        or coalesce(json_extract(v.record, '$.papers'), '') <> ''
        or coalesce(json_extract(v.record, '$.clerk_reason'), '') <> ''
        or json_extract(v.record, '$.referral') is not null
        or json_extract(v.record, '$.guardian') is not null as has_typed,
    (select min(b.at) from attempt b where b.number = a.number and b.refines is null
        and b.at <= a.at and b.at > strftime('%Y-%m-%dT%H:%M:%S', a.at, '-30 minutes')) as first_at,
    (select sum(l.duration_ms) from lookup_reading r join lookup l on l.id = r.lookup
        where r.reading = a.id and l.at >= a.at
        and l.at <= coalesce(c.recorded_at, v.arrived_at)) as asked_ms,
    (select count(*) from attempt o where o.reader = a.reader and o.refines is null
        and o.at > a.at and o.at < coalesce(c.recorded_at, v.arrived_at)
        and coalesce(o.number, '') <> coalesce(a.number, '')) as others
from visit v indexed by visit_arrived join attempt a on a.id = v.attempt
left join newest_message m on m.visit = v.id
left join visit_clock c on c.visit = v.id
left join ticket t on t.visit = v.id and t.state <> 'moved'
where v.arrived_at >= :begin and v.arrived_at < :end order by v.row
"""
SELECT_TICKETS = """
select room, room_key, prefix, state, count(*) as tickets, max(number) as highest
from ticket where day = :day group by room_key, prefix, state
"""
SELECT_OPEN_TICKETS = (
    "select room_key, label from ticket where day = :day and state in ({}) order by id"
)
SELECT_GAPS = """
select seen_at, next_at from (
    select seen_at, lead(started_at) over (order by id) as next_at from program_run)
where next_at >= :begin and seen_at < :end
"""


SELECT_PRINTS = """
select p.state, p.asked_at, p.ended_at from ticket_print p join ticket t on t.id = p.ticket
where t.day = :day and p.printer <> ''
"""


class SlowCause(StrEnum):
    """What happened between a scan and the recording of its visit."""

    INSURER = "insurer"  # the insurer was asked
    SCANS = "scans"  # the card was scanned more than once
    TYPED = "typed"  # a number was typed instead of a scan, or fields were filled in
    DESK = "desk"  # the verdict sent the patient to the desk's clerk
    OTHERS = "others"  # other patients were scanned in between
    SILENT = "silent"  # the program did not run


@dataclass(frozen=True, slots=True)
class TimedVisit:
    """How long the way of a visit was from the scan to the recording."""

    visit: str
    label: str  # of its ticket
    recorded_at: datetime  # aware
    took: timedelta
    causes: tuple[SlowCause, ...]
    asked: timedelta  # of the time, in which the insurer was asked


@dataclass(frozen=True, slots=True)
class RoomTickets:
    """The tickets of a room on a day."""

    room: str
    tickets: int  # without those that were moved to another room
    done: int
    cancelled: int
    open: int
    labels: tuple[str, ...]  # the open ones, at most MAX_LABELS
    highest: Mapping[str, int]  # number, by prefix


@dataclass(frozen=True, slots=True)
class DayEnd:
    """What the logbook holds of a day."""

    day: date
    visits: int  # that were not cancelled
    cancelled: int
    outcomes: Mapping[str, int]
    not_insured: int  # emergencies and patients without insurance
    from_paper: int
    messages: Mapping[str, int]  # by state, of the visits that were not cancelled
    rooms: Sequence[RoomTickets]
    timed: Sequence[TimedVisit]
    not_timed: int  # visits whose time cannot be known, without those from paper
    printed: int  # tickets
    printing: timedelta | None  # the median from the request to the end; None: nothing was printed
    not_printed: int  # tries that failed, or of which nobody knows

    @property
    def not_accepted(self) -> int:
        """How many visits the insurer has not accepted, although they are to be sent."""
        return sum(count for state, count in self.messages.items() if state not in _SETTLED)

    @property
    def median(self) -> timedelta | None:
        """The median time from scan to recording. None if no visit was timed."""
        return _median(self.timed)

    @property
    def slowest(self) -> list[TimedVisit]:
        """The visits that took longest, at most MAX_SLOW."""
        return sorted(self.timed, key=lambda visit: visit.took, reverse=True)[:MAX_SLOW]

    def by_cause(self) -> list[tuple[SlowCause | None, int, timedelta | None]]:
        """Return for each cause, and for visits without one, how many there are and their median.

        A visit with two causes counts for both.
        """
        groups: list[tuple[SlowCause | None, list[TimedVisit]]] = [
            (cause, [visit for visit in self.timed if cause in visit.causes]) for cause in SlowCause
        ]
        groups.append((None, [visit for visit in self.timed if not visit.causes]))
        return [(cause, len(found), _median(found)) for cause, found in groups if found]


_SETTLED = (ACCEPTED, "closed", "not_sent")


class DaysEnd:
    """Reads days.  Raises LogbookUnavailable if the logbook cannot be read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, day: date) -> DayEnd:
        """Return what the logbook holds of a day."""
        span: dict[str, object] = {"begin": day_begins(day), "end": day_ends(day)}
        rows = self._database.newest_rows(SELECT_VISITS, span, day_begins(day))
        gaps = [
            (from_utc_text(row["seen_at"]), from_utc_text(row["next_at"]))
            for row in self._database.rows(SELECT_GAPS, span)
        ]
        valid = [row for row in rows if row["cancelled_at"] is None]
        on_screen = [row for row in rows if not row["is_paper"]]
        timed = [found for row in on_screen if (found := _timed(row, gaps)) is not None]
        printing, not_printed = self._prints(day)
        return DayEnd(
            day=day,
            visits=len(valid),
            cancelled=len(rows) - len(valid),
            outcomes=Counter(row["outcome"] for row in valid),
            not_insured=sum(row["arrival"] in ("emergency", "uninsured") for row in valid),
            from_paper=sum(row["is_paper"] for row in valid),
            messages=Counter(row["state"] or "not_sent" for row in valid),
            rooms=self._rooms(day),
            timed=timed,
            not_timed=len(on_screen) - len(timed),
            printed=len(printing),
            printing=_median_of(printing),
            not_printed=not_printed,
        )

    def _prints(self, day: date) -> tuple[list[timedelta], int]:
        """Return how long each printed ticket took, and how many were not printed for certain."""
        values: dict[str, object] = {"day": day.isoformat()}
        rows = self._database.newest_rows(SELECT_PRINTS, values, day_begins(day))
        took = [
            max(from_utc_text(row["ended_at"]) - from_utc_text(row["asked_at"]), timedelta(0))
            for row in rows
            if row["state"] == "printed" and row["ended_at"]
        ]
        return took, sum(row["state"] in ("failed", "given_up", "unknown") for row in rows)

    def _rooms(self, day: date) -> list[RoomTickets]:
        states = ", ".join(f"'{state}'" for state in sorted(OPEN_STATES))
        values: dict[str, object] = {"day": day.isoformat()}
        labels: dict[str, list[str]] = {}
        for row in self._database.newest_rows(
            SELECT_OPEN_TICKETS.format(states), values, day_begins(day)
        ):
            labels.setdefault(row["room_key"], []).append(row["label"])
        groups: dict[str, list[Any]] = {}
        for row in self._database.newest_rows(SELECT_TICKETS, values, day_begins(day)):
            groups.setdefault(row["room_key"], []).append(row)
        return [_room(rows, labels.get(key, [])) for key, rows in sorted(groups.items())]


def _room(rows: Sequence[Any], labels: Sequence[str]) -> RoomTickets:
    states: Counter[str] = Counter()
    highest: dict[str, int] = {}
    for row in rows:
        states[row["state"]] += row["tickets"]
        highest[row["prefix"]] = max(highest.get(row["prefix"], 0), row["highest"])
    return RoomTickets(
        room=rows[0]["room"],
        tickets=states.total() - states["moved"],
        done=states["done"],
        cancelled=states["cancelled"],
        open=len(labels),
        labels=tuple(labels[:MAX_LABELS]),
        highest=highest,
    )


def _timed(row: Any, gaps: Sequence[tuple[datetime, datetime]]) -> TimedVisit | None:
    """Return how long a visit took. None if its clock was changed in between."""
    begin = from_utc_text(row["first_at"] or row["read_at"])
    end = from_utc_text(row["recorded_at"])
    if not timedelta(0) <= end - begin <= LONGEST:
        return None
    happened = {
        SlowCause.INSURER: bool(row["asked_ms"]),
        SlowCause.SCANS: row["first_at"] is not None and row["first_at"] < row["read_at"],
        SlowCause.TYPED: row["has_typed"]
        or row["reader"].startswith("typed")
        or row["reason"] == "no_card_shown",
        SlowCause.DESK: row["outcome"] == "desk",
        SlowCause.OTHERS: bool(row["others"]),
        SlowCause.SILENT: any(since < end and until > begin for since, until in gaps),
    }
    return TimedVisit(
        visit=row["id"],
        label=row["label"] or "",
        recorded_at=end,
        took=end - begin,
        causes=tuple(cause for cause, is_so in happened.items() if is_so),
        asked=min(timedelta(milliseconds=row["asked_ms"] or 0), end - begin),
    )


def _median(visits: Sequence[TimedVisit]) -> timedelta | None:
    return _median_of([visit.took for visit in visits])


def _median_of(times: Sequence[timedelta]) -> timedelta | None:
    if not times:
        return None
    return timedelta(seconds=median(took.total_seconds() for took in times))
