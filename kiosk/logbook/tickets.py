"""Tickets: the numbers by which patients are called, and where each patient is in the queue.

- Which number a ticket gets: `kiosk.logbook.number_series`.
- A ticket belongs to a visit.  A slip that only sends a patient to the desk, or one on paper, may
  have no visit.
- A ticket that was given keeps its number.  A patient who goes to another room gets a new ticket
  there; the earlier one stays, as moved.
- Prefixes, states and what may follow which are in `kiosk.logbook.ticket_states`.
- Each change is one transaction and a row of `ticket_event`: two desks that call the same patient
  call once.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlite_utils

from kiosk.logbook.database import Database
from kiosk.logbook.errors import ChangedMeanwhile, NoSuchTicket, NothingToChange
from kiosk.logbook.number_series import NumberSource, QueuePlace, issue_ticket
from kiosk.logbook.room_names import room_key
from kiosk.logbook.ticket_states import (
    ACTIONS,
    OPEN_STATES,
    Prefix,
    Priority,
    QueueAction,
    TicketState,
)
from kiosk.logbook.times import from_utc_text, to_utc_text
from verify import clinic_day

# A patient who came before midnight still waits after it.
WAITS_AT_MOST = timedelta(hours=16)
MAX_SHOWN = 500  # tickets in one list
RECEPTION = "Bàn tiếp đón"  # the queue of slips that name no desk, in every language


@dataclass(frozen=True, slots=True)
class Ticket:
    """A number of a day in a room.  It holds no data about a person."""

    id: int
    visit: str | None
    reading: int | None
    day: date  # at the clinic, as it was printed
    room: str
    prefix: str
    number: int
    label: str  # what is printed and called: "12", "Q 7"
    priority: Priority | None
    state: TicketState
    issued_at: datetime  # aware
    called_at: datetime | None  # the last call; aware
    version: int  # grows by one with each change


def follow_visit(
    db: sqlite_utils.Database,
    visit_id: str,
    room: str,
    at: datetime,
    author: str,
    numbers: NumberSource | None = None,
) -> None:
    """Give the patient of a visit a new ticket if the visit is in another room now.

    Within the transaction that changes the visit.  A patient who was done stays done.  `numbers`
    as for `issue_ticket`.
    """
    row = db.execute(
        "select * from ticket where visit = ? and state <> 'moved'", [visit_id]
    ).fetchone()
    if row is None or row["room_key"] == room_key(room) or row["state"] not in OPEN_STATES:
        return
    set_state(db, row, TicketState.MOVED, at, author)
    priority = Priority(row["priority"]) if row["priority"] else None
    place = QueuePlace(Prefix.ROOM, None, priority)
    issue_ticket(db, room, at, visit_id, row["reading"], place, numbers)


def cancel_ticket(db: sqlite_utils.Database, visit_id: str, at: datetime, author: str) -> None:
    """Take the patient of a cancelled visit out of the queue, within its transaction."""
    row = db.execute(
        "select * from ticket where visit = ? and state <> 'moved'", [visit_id]
    ).fetchone()
    if row is not None and row["state"] in OPEN_STATES:
        set_state(db, row, TicketState.CANCELLED, at, author)


class Tickets:
    """The table `ticket`.

    All times are aware.  Methods that read raise LogbookUnavailable if the logbook cannot be read,
    methods that write raise NotRecorded if it cannot be written.
    """

    def __init__(self, database: Database, numbers: NumberSource | None = None) -> None:
        self._database = database
        self._reception = f"{RECEPTION} {numbers.prefix}" if numbers else RECEPTION

    def issue_slip(self, reading: int | None, room: str, now: datetime) -> Ticket:
        """Give a number that sends a patient to the desk, where no visit was recorded.

        `room` names the desk; empty: RECEPTION, with the desk's letter if there are several.  The
        same reading gets the same slip.
        """
        with self._database.transaction() as db:
            if reading is not None:
                given = db.execute(
                    "select * from ticket where reading = ? and prefix = ? and visit is null",
                    [reading, Prefix.TO_DESK],
                ).fetchone()
                if given is not None:
                    return ticket_from(given)
            made = issue_ticket(
                db, room or self._reception, now, None, reading, QueuePlace(Prefix.TO_DESK)
            )
            return ticket_from(db.execute("select * from ticket where id = ?", [made]).fetchone())

    def get(self, ticket_id: int) -> Ticket | None:
        """Return a ticket by its id. None if there is no such ticket."""
        return self._first("id = ?", ticket_id)

    def of_visit(self, visit_id: str) -> Ticket | None:
        """Return the current ticket of a visit. None if it has none."""
        return self._first("visit = ? and state <> 'moved'", visit_id)

    def find(self, day: date, room: str, prefix: str, number: int) -> Ticket | None:
        """Return the ticket with a number. None if the number was not given."""
        return self._first(
            "day = ? and room_key = ? and prefix = ? and number = ?",
            day.isoformat(),
            room_key(room),
            prefix,
            number,
        )

    def open(self, now: datetime, room: str | None = None) -> list[Ticket]:
        """Return the tickets of patients who are not done, in the order of the next call.

        Patients with a priority come first, and then whoever came first.  `room` None: of all
        rooms.  Patients who came before midnight are among them for WAITS_AT_MOST.
        """
        of_room = "" if room is None else " and room_key = :room"
        states = ", ".join(f"'{state}'" for state in sorted(OPEN_STATES))
        rows = self._database.newest_rows(
            f"select * from ticket where day >= :day and issued_at >= :since"
            f" and state in ({states}){of_room} order by priority = '', id limit :limit",
            {
                "day": clinic_day(now - WAITS_AT_MOST).isoformat(),
                "since": to_utc_text(now - WAITS_AT_MOST),
                "room": None if room is None else room_key(room),
                "limit": MAX_SHOWN,
            },
        )
        return [ticket_from(row) for row in rows]

    def newest_calls(
        self, now: datetime, rooms: Collection[str] = (), limit: int = 12
    ) -> list[Ticket]:
        """Return the tickets that were called last, the newest call first.

        `rooms` are the rooms to look at; empty: all of them.  A ticket that was put back is not
        among them.
        """
        rows = self._database.newest_rows(
            "select * from ticket where called_at >= ? and state in"
            " ('called', 'called_again', 'in_room', 'absent', 'done')"
            " order by called_at desc, id desc limit ?",
            [to_utc_text(now - WAITS_AT_MOST), MAX_SHOWN],
        )
        keys = {room_key(room) for room in rooms}
        found = [ticket_from(row) for row in rows if not keys or row["room_key"] in keys]
        return found[:limit]

    def given_on(self, day: date) -> list[tuple[str, int]]:
        """Return the numbers of the rooms' own series of a day, each with its `room_key`."""
        rows = self._database.rows(
            "select room_key, number from ticket where day = ? and prefix = ''", [day.isoformat()]
        )
        return [(row["room_key"], row["number"]) for row in rows]

    def rooms_by_use(self, day: date) -> list[str]:
        """Return the rooms that have tickets of a day, the one that was used last first."""
        rows = self._database.newest_rows(
            "select room, max(id) from ticket where day = ? group by room_key order by 2 desc",
            [day.isoformat()],
        )
        return [str(row["room"]) for row in rows]

    def count_ahead(self, ticket: Ticket, now: datetime) -> int:
        """Return how many patients are called before `ticket` in its room."""
        since = now - WAITS_AT_MOST
        rows = self._database.newest_rows(
            "select count(*) as ahead from ticket"
            " where day >= ? and issued_at >= ? and room_key = ?"
            " and state in ('waiting', 'called', 'called_again')"
            " and (priority = '', id) < (? = '', ?)",
            [
                clinic_day(since).isoformat(),
                to_utc_text(since),
                room_key(ticket.room),
                ticket.priority or "",
                ticket.id,
            ],
        )
        return int(rows[0]["ahead"])

    def require(self, ticket_id: int, version: int) -> None:
        """Raise NoSuchTicket or ChangedMeanwhile if a ticket has not this version.

        A transaction on the same thread may call this, so that nobody changes it meanwhile.
        """
        rows = self._database.rows("select version from ticket where id = ?", [ticket_id])
        _require_version(rows[0] if rows else None, ticket_id, version)

    def act(
        self, ticket_id: int, action: QueueAction, version: int, now: datetime, author: str
    ) -> Ticket:
        """Do something with a ticket; return it as it is then.

        `version` is the one that the person looked at.  Raises NoSuchTicket if there is no such
        ticket, ChangedMeanwhile if it has another version by now, and NothingToChange if the
        action is not possible in its state.
        """
        with self._database.transaction() as db:
            row = self._row(db, ticket_id, version)
            state = ACTIONS.get((TicketState(row["state"]), action))
            if state is None:
                raise NothingToChange(f"{action} does not follow {row['state']}")
            if action is QueueAction.CALL:
                db.execute(
                    "update ticket set called_at = ? where id = ?", [to_utc_text(now), ticket_id]
                )
            return set_state(db, row, state, now, author)

    def set_priority(
        self, ticket_id: int, priority: Priority | None, version: int, now: datetime, author: str
    ) -> Ticket:
        """Give a ticket a priority, or take it away; return the ticket.

        Raises what `act` raises.
        """
        with self._database.transaction() as db:
            row = self._row(db, ticket_id, version)
            if row["state"] not in OPEN_STATES:
                raise NothingToChange("the patient does not wait any more")
            db.execute("update ticket set priority = ? where id = ?", [priority or "", ticket_id])
            return set_state(db, row, TicketState(row["state"]), now, author)

    @staticmethod
    def _row(db: sqlite_utils.Database, ticket_id: int, version: int) -> Any:
        row = db.execute("select * from ticket where id = ?", [ticket_id]).fetchone()
        _require_version(row, ticket_id, version)
        return row

    def _first(self, where: str, *values: object) -> Ticket | None:
        rows = self._database.rows(f"select * from ticket where {where} limit 1", values)
        return ticket_from(rows[0]) if rows else None


def _require_version(row: Any, ticket_id: int, version: int) -> None:
    if row is None:
        raise NoSuchTicket(f"no ticket {ticket_id}")
    if row["version"] != version:
        raise ChangedMeanwhile(f"the ticket has version {row['version']}, expected {version}")


def set_state(
    db: sqlite_utils.Database, row: Any, state: TicketState, now: datetime, author: str
) -> Ticket:
    """Change the state of a ticket within a transaction, and write down who did it."""
    moment = to_utc_text(now)
    db.execute(
        "update ticket set state = ?, version = version + 1 where id = ?", [state, row["id"]]
    )
    changed = db.execute("select * from ticket where id = ?", [row["id"]]).fetchone()
    db.execute(
        "insert into ticket_event (ticket, at, state, priority, author) values (?, ?, ?, ?, ?)",
        [row["id"], moment, state, changed["priority"], author],
    )
    return ticket_from(changed)


def ticket_from(row: Any) -> Ticket:
    """Return a row of the table as a ticket."""
    return Ticket(
        id=row["id"],
        visit=row["visit"],
        reading=row["reading"],
        day=date.fromisoformat(row["day"]),
        room=row["room"],
        prefix=row["prefix"],
        number=row["number"],
        label=row["label"],
        priority=Priority(row["priority"]) if row["priority"] else None,
        state=TicketState(row["state"]),
        issued_at=from_utc_text(row["issued_at"]),
        called_at=from_utc_text(row["called_at"]) if row["called_at"] else None,
        version=row["version"],
    )
