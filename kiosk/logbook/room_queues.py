"""What the pages of the queue show of rooms: how many wait where, and who was done last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from kiosk.logbook.database import Database
from kiosk.logbook.room_names import room_key
from kiosk.logbook.ticket_states import OPEN_STATES, Prefix
from kiosk.logbook.tickets import WAITS_AT_MOST, Ticket, ticket_from
from kiosk.logbook.times import to_utc_text
from verify import clinic_day

IN_USE_FOR = timedelta(days=7)  # after a call; a clinic that calls nobody shows no place in a queue


@dataclass(frozen=True, slots=True)
class RoomQueue:
    """How many patients are in the queue of a room, or of a desk to which slips send them."""

    room: str
    is_desk: bool
    waiting: int  # not called yet
    open: int  # not done yet


class RoomQueues:
    """The queues of all rooms, from the table `ticket`.

    Methods raise LogbookUnavailable if the logbook cannot be read.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def not_empty(self, now: datetime) -> list[RoomQueue]:
        """Return the queues in which somebody is not done, by name. `now` is aware."""
        since = now - WAITS_AT_MOST
        states = ", ".join(f"'{state}'" for state in sorted(OPEN_STATES))
        rows = self._database.newest_rows(
            "select room, prefix = ? as is_desk, sum(state = 'waiting') as waiting,"
            " count(*) as open, max(id) from ticket where day >= ? and issued_at >= ?"
            f" and state in ({states}) group by room_key, is_desk order by room, is_desk",
            [Prefix.TO_DESK, clinic_day(since).isoformat(), to_utc_text(since)],
        )
        return [
            RoomQueue(row["room"], bool(row["is_desk"]), row["waiting"], row["open"])
            for row in rows
        ]

    def newest_done(self, room: str, now: datetime, limit: int) -> list[Ticket]:
        """Return the patients of a room who were done last, the newest first. `now` is aware."""
        day = clinic_day(now - WAITS_AT_MOST).isoformat()
        rows = self._database.newest_rows(
            "select ticket.* from ticket join ticket_event as event on event.ticket = ticket.id"
            " where ticket.day >= ? and room_key = ? and ticket.state = 'done'"
            " group by ticket.id order by max(event.id) desc limit ?",
            [day, room_key(room), limit],
        )
        return [ticket_from(row) for row in rows]

    def newest_change(self) -> str:
        """Return a text that is another one whenever any ticket has changed."""
        rows = self._database.newest_rows(
            "select (select max(id) from ticket) as ticket,"
            " (select max(id) from ticket_event) as event"
        )
        return f"{rows[0]['ticket']}-{rows[0]['event']}"

    def are_called(self, now: datetime) -> bool:
        """Return whether this clinic calls patients by their numbers. `now` is aware."""
        rows = self._database.newest_rows(
            "select 1 from ticket where called_at >= ? limit 1", [to_utc_text(now - IN_USE_FOR)]
        )
        return bool(rows)
