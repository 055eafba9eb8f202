"""What needs a person at any desk of the facility: the tray of all desks, and two versions of one.

1. A message that the insurer refused, or that is held, is put right at the desk that owns its
   visit.  Here it is named, with its desk.
2. Two desks may have written the same version of a visit, for instance one that was restored from a
   backup.  The first one at the hub has the number; the other one is kept until a person has looked
   at both, where the logbook holds the visit.
3. A desk's own login sees names of the last days only: an older entry has its desk, its day and its
   ticket, by which it is found there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from kiosk.hub.desk_states import Rows
from kiosk.hub.search import record_of
from kiosk.logbook import NewVisit

MAX_OPEN = 500  # entries that are listed

# The names of the last days are in the view for desks; older entries have none.
SELECT_OPEN = """
select v.id, v.day, v.desk, v.version, v.arrived_at, v.ticket, v.room, v.insurer_state,
    v.insurer_code, r.record::text as record
from hub.visit v left join hub.lately r
    on r.facility = v.facility and r.day = v.day and r.id = v.id
where v.facility = %(facility)s and v.insurer_state in ('refused', 'parked')
    and v.cancelled_at is null
order by v.arrived_at, v.id limit %(limit)s
"""


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A message that needs a person, at the desk that owns its visit. `arrived_at` is aware."""

    visit: str
    day: date
    desk: int
    version: int
    arrived_at: datetime
    ticket: str
    room: str
    state: str  # refused or parked
    code: str | None
    confirmed: NewVisit | None = field(repr=False)  # None: too old to be named, or not readable


@dataclass(frozen=True, slots=True)
class DivergentVersion:
    """A version of a visit that another desk had written before; `found_at` is the hub's clock."""

    visit: str
    day: date
    version: int
    stream: UUID
    desk: int  # that wrote it
    found_at: datetime
    confirmed: NewVisit | None = field(repr=False)
    is_cancelled: bool  # the visit, by that version


@dataclass(frozen=True, slots=True)
class OpenCases:
    """What needs a person, the oldest first; `is_cut`: there are more than are listed."""

    messages: Sequence[OpenCase]
    divergent: Sequence[DivergentVersion]
    is_cut: bool


def read_open_cases(rows: Rows, facility: str) -> OpenCases:
    """Return what needs a person at any desk of a facility."""
    found = list(rows(SELECT_OPEN, {"facility": facility, "limit": MAX_OPEN + 1}))
    return OpenCases(
        [_open_case(row) for row in found[:MAX_OPEN]],
        read_divergent(rows, facility),
        len(found) > MAX_OPEN,
    )


def read_divergent(rows: Rows, facility: str, visit: str = "") -> list[DivergentVersion]:
    """Return the versions that wait for a person, the oldest first; with `visit`, only that one's.

    At most MAX_OPEN.
    """
    of_visit = "and visit = %(visit)s" if visit else ""
    found = rows(
        "select visit, day, version, stream, desk, found_at, record::text as record,"
        " record ->> 'cancelled_at' is not null as is_cancelled"
        f" from hub.divergent_waiting where facility = %(facility)s {of_visit}"
        " order by found_at, visit, version limit %(limit)s",
        {"facility": facility, "visit": visit, "limit": MAX_OPEN},
    )
    return [
        DivergentVersion(
            row["visit"],
            row["day"],
            row["version"],
            row["stream"],
            row["desk"],
            row["found_at"],
            record_of(row["record"]),
            bool(row["is_cancelled"]),
        )
        for row in found
    ]


def settle(rows: Rows, facility: str, which: DivergentVersion) -> bool:
    """Write down that a person has looked at a version that was set aside.

    Return whether it was still waiting: somebody else may have been faster.
    """
    changed = rows(
        "update hub.divergent set settled_at = clock_timestamp() where facility = %(facility)s"
        " and visit = %(visit)s and version = %(version)s and stream = %(stream)s"
        " and settled_at is null returning visit",
        {
            "facility": facility,
            "visit": which.visit,
            "version": which.version,
            "stream": which.stream,
        },
    )
    return bool(list(changed))


def _open_case(row: Mapping[str, Any]) -> OpenCase:
    return OpenCase(
        visit=row["id"],
        day=row["day"],
        desk=row["desk"],
        version=row["version"],
        arrived_at=row["arrived_at"],
        ticket=row["ticket"],
        room=row["room"],
        state=row["insurer_state"],
        code=row["insurer_code"],
        confirmed=record_of(row["record"]),
    )
