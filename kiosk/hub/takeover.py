"""Taking over what a retired desk has not sent.

1.  Only the messages of a retired desk are taken over: one that works sends its own.
2.  It is a person's act, with a reason.  The hub and this desk's logbook keep both.
3.  One desk at a time sends for a retired desk.  Another one may take over from it if it was
    retired too.
4.  What never reached the hub cannot be sent by anybody else.
5.  What other desks have changed in its visits and it did not take over is sent too, and so is what
    they change from now on (`kiosk.hub.lane_up`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kiosk.errors import KioskError
from kiosk.hub.connection import HubConnection
from kiosk.hub.door import HubDoor
from kiosk.hub.errors import HubRefused
from kiosk.hub.sending_lane import UNSEEN_AFTER
from kiosk.logbook import SendingDecision, SendingDecisionKind, SendingDecisions

MAX_REASON = 300  # characters
DAYS_COUNTED = 60  # in which messages that wait are counted; all are taken over
TAKE_LIMIT_S = 120.0  # the visits of all months are looked through
UNIQUE_VIOLATION = "23505"
SELECT_DESKS = """
select d.id, d.name, d.retired_at, s.sender, s.people,
    clock_timestamp() - s.seen_at < %(unseen)s as is_here,
    t.by_desk, t.at as taken_at, t.author, t.reason,
    (select max(m.seen_at) from hub.stream m
        where m.facility = d.facility and m.desk = d.id) as seen_at,
    (select count(*) from hub.visit v where v.facility = d.facility and v.desk = d.id
        and v.day >= current_date - %(days)s
        and v.insurer_state in ('queued', 'in_flight') and v.cancelled_at is null) as waiting
from hub.desk d
left join hub.sends s on s.facility = d.facility and s.desk = d.id
left join hub.takeover t on t.facility = d.facility and t.desk = d.id and t.ended_at is null
where d.facility = %(facility)s order by d.id
"""
SELECT_DESK = """
select d.retired_at, t.by_desk, b.retired_at as taker_retired_at
from hub.desk d
left join hub.takeover t on t.facility = d.facility and t.desk = d.id and t.ended_at is null
left join hub.desk b on b.facility = t.facility and b.id = t.by_desk
where d.facility = %(facility)s and d.id = %(desk)s
"""
END = """
update hub.takeover set ended_at = clock_timestamp()
where facility = %(facility)s and desk = %(desk)s and ended_at is null
"""
TAKE = """
insert into hub.takeover (facility, desk, by_desk, author, reason)
values (%(facility)s, %(desk)s, %(by_desk)s, %(author)s, %(reason)s)
"""


# What another desk had changed in a visit while its desk still worked, and that desk did not take
# over any more: nobody has sent it.
QUEUE_CHANGES = """
update hub.visit v set state_seq = v.state_seq + 1, insurer_state = 'queued', insurer_code = null,
    insurer_transaction = null
where v.facility = %(facility)s and v.desk = %(desk)s and v.cancelled_at is null
    and v.insurer_state in ('accepted', 'refused', 'parked', 'closed')
    and exists (select 1 from hub.stream s where s.facility = v.facility and s.id = v.stream
        and s.desk <> v.desk)
    and exists (select 1 from hub.visit_version w where w.facility = v.facility and w.day = v.day
        and w.visit = v.id and w.version = v.version and w.desk <> v.desk)
    and not exists (select 1 from hub.sending s where s.facility = v.facility and s.day = v.day
        and s.visit = v.id and s.version >= v.version)
"""
TAKE_MESSAGES = """
insert into hub.sending (facility, day, visit, version, state_seq, desk, sender)
select v.facility, v.day, v.id, v.version, v.state_seq, v.desk, %(by_desk)s
from hub.visit v where v.facility = %(facility)s and v.desk = %(desk)s
    and v.insurer_state in ('queued', 'in_flight') and v.cancelled_at is null
on conflict do nothing
"""


class TakeoverRefused(KioskError):
    """The messages of a desk cannot be taken over. `why` is one of the reasons of this module."""

    def __init__(self, why: str, message: str) -> None:
        super().__init__(message)
        self.why = why


NO_DESK, OWN, WORKS, TAKEN, NO_REASON = "no_desk", "own", "works", "taken", "no_reason"


@dataclass(frozen=True, slots=True)
class DeskSending:
    """A desk of the facility, and what it has to send. Times are aware, by the hub's clock."""

    number: int
    name: str
    waiting: int  # messages of the last DAYS_COUNTED days that the hub knows of and that wait
    seen_at: datetime | None  # when it last brought something; None: never
    retired_at: datetime | None
    people: tuple[str, ...] | None  # who is signed in there, by name; None: not known
    sends_by: int  # the desk that sends for it, by its settings; 0: itself
    taken_by: int  # the desk that took over; 0: none
    taken_at: datetime | None = None
    author: str = ""
    reason: str = ""

    @property
    def can_be_taken(self) -> bool:
        """Whether somebody should take over what it has not sent."""
        return self.retired_at is not None and bool(self.waiting) and not self.taken_by


class Takeovers:
    """Shows what the desks have to send, and takes it over. Any thread may call.

    Methods raise a HubError if the hub cannot be used.
    """

    def __init__(
        self,
        door: HubDoor,
        decisions: SendingDecisions,
        clock: Callable[[], datetime],
    ) -> None:
        """`clock` returns the time, aware."""
        self._door, self._decisions, self._clock = door, decisions, clock
        self.then: Callable[[], None] = lambda: None  # called after each takeover

    def desks(self) -> list[DeskSending]:
        """Return all desks of the facility by their numbers, as the hub knows them now."""
        hub = self._door.open()
        try:
            values = {"facility": hub.facility, "days": DAYS_COUNTED, "unseen": UNSEEN_AFTER}
            rows = hub.rows(SELECT_DESKS, values)
        finally:
            self._door.release(hub)
        return [_desk(row) for row in rows]

    def take(self, desk: int, author: str, reason: str) -> None:
        """Let this desk send what a retired desk has not sent.

        Raises TakeoverRefused if that cannot be, and NotRecorded if this desk's logbook cannot be
        written: the hub has it then all the same.
        """
        reason = reason.strip()[:MAX_REASON]
        if not reason:
            raise TakeoverRefused(NO_REASON, "a reason is missing")
        hub = self._door.open()
        try:
            is_new = _take(hub, desk, author, reason)
        finally:
            self._door.release(hub)
        if is_new:
            kind = SendingDecisionKind.TOOK_OVER
            self._decisions.record(SendingDecision(self._clock(), author, kind, str(desk), reason))
        self.then()


def _take(hub: HubConnection, desk: int, author: str, reason: str) -> bool:
    """Take over in one transaction; return False if this desk had done so before."""
    if desk == hub.desk:
        raise TakeoverRefused(OWN, "this desk sends its own messages")
    values = {
        "facility": hub.facility,
        "desk": desk,
        "by_desk": hub.desk,
        "author": author,
        "reason": reason,
    }
    try:
        with hub.transaction():
            found = hub.rows(SELECT_DESK, values)
            if not found:
                raise TakeoverRefused(NO_DESK, f"there is no desk {desk} at this hub")
            [row] = found
            if row["retired_at"] is None:
                raise TakeoverRefused(
                    WORKS, f"desk {desk} is not retired; retire it first: hub desk retire"
                )
            if row["by_desk"] == hub.desk:
                return False
            if row["by_desk"] is not None:
                if row["taker_retired_at"] is None:
                    raise TakeoverRefused(TAKEN, f"desk {row['by_desk']} has taken it over")
                hub.execute(END, values)
            hub.execute(TAKE, values)
            hub.execute(f"set local statement_timeout = '{TAKE_LIMIT_S:.0f}s'")
            hub.execute(QUEUE_CHANGES, values, TAKE_LIMIT_S)
            hub.execute(TAKE_MESSAGES, values, TAKE_LIMIT_S)
    except HubRefused as exc:
        if exc.sqlstate == UNIQUE_VIOLATION:
            raise TakeoverRefused(TAKEN, "another desk has just taken it over") from exc
        raise
    return True


def _desk(row: dict[str, Any]) -> DeskSending:
    return DeskSending(
        number=row["id"],
        name=row["name"],
        waiting=row["waiting"],
        seen_at=row["seen_at"],
        retired_at=row["retired_at"],
        people=tuple(row["people"]) if row["is_here"] and not row["retired_at"] else None,
        sends_by=row["sender"] or 0,
        taken_by=row["by_desk"] or 0,
        taken_at=row["taken_at"],
        author=row["author"] or "",
        reason=row["reason"] or "",
    )
