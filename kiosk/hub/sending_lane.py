"""The lane of sending: asks the hub who sends what, and notes what other desks have sent.

In each round, in this order:

1.  This desk says who sends its messages, as its settings have it, and who is signed in at it.
2.  What other desks have sent for it is noted in its logbook, and marked as noted at the hub.
3.  If another desk sends for this one, the messages that wait are handed over to it.
4.  If visits of this logbook belong to a retired desk that another one took over, the takeover
    ends: the machine is back under a new number, and sends what it has not sent.
5.  The gate learns whether another desk is sending messages of this one now.
6.  This desk learns for which other desks it sends.
7.  The shared lists are compared.

The steps 2 to 5 take messages that wait in pages, the oldest first.  The first round takes all, so
that nothing is sent before the hub was asked about it; the others take one page.

What fails is tried again in the next round.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from kiosk.errors import KioskError
from kiosk.hub.connection import HubConnection
from kiosk.hub.door import HubDoor
from kiosk.hub.errors import HubError, HubLoginRefused, HubUnreachable
from kiosk.hub.sending_gate import SendingGate, SendingState
from kiosk.hub.shared_lists import SharedListLane
from kiosk.logbook import LogbookUnavailable, NotRecorded, RelayedMessages, RelayedResult

log = logging.getLogger(__name__)

ROUND_S = 30.0
QUICK_ROUND_S = 2.0  # while another desk sends for this one
MAX_RESULTS = 100  # in one answer
MAX_ASKED = 500  # visits whose messages wait, in one question
MAX_PEOPLE, MAX_NAME = 20, 200  # who are said to be here; characters
VISIT_ID = re.compile(r"[0-9A-Z]{5}-\d{8}-", re.ASCII)
UNSEEN_AFTER = timedelta(minutes=10)  # a sending desk that has not asked for so long
SAY_WHO_SENDS = """
insert into hub.sends (facility, desk, sender, people)
values (%(facility)s, %(desk)s, %(sender)s, %(people)s::text[])
on conflict (facility, desk) do update
set sender = excluded.sender, people = excluded.people, seen_at = clock_timestamp()
"""
# What the hub knows already; of the rest the lane up has to bring the visit first.
HAND_OVER = """
insert into hub.sending (facility, day, visit, version, state_seq, desk, sender)
select v.facility, v.day, v.id, v.version, v.state_seq, %(desk)s, %(sender)s
from unnest(%(days)s::date[], %(visits)s::text[]) k (day, visit)
join hub.visit v on v.facility = %(facility)s and v.day = k.day and v.id = k.visit
where v.insurer_state in ('queued', 'in_flight') and v.cancelled_at is null
on conflict do nothing
"""
# By the desk's number, and by the visits: a machine that was retired comes back as another desk.
SELECT_RESULTS = """
select o.* from hub.own_sending o
where o.facility = %(facility)s and o.taken_at is null
    and o.state in ('accepted', 'refused', 'parked')
    and (o.desk = %(desk)s or exists (
        select 1 from unnest(%(days)s::date[], %(visits)s::text[]) k (day, visit)
        where k.day = o.day and k.visit = o.visit))
order by o.settled_at limit %(limit)s
"""
MARK_TAKEN = """
update hub.sending set taken_at = clock_timestamp(), document = null, answer = null
where facility = %(facility)s and day = %(day)s and visit = %(visit)s
    and state_seq = %(state_seq)s and claim = %(claim)s
"""
END_TAKEOVERS = """
update hub.takeover t set ended_at = clock_timestamp()
where t.facility = %(facility)s and t.ended_at is null and t.by_desk <> %(desk)s
    and (t.desk = %(desk)s or exists (
        select 1 from unnest(%(days)s::date[], %(visits)s::text[]) k (day, visit)
        join hub.visit v on v.facility = %(facility)s and v.day = k.day and v.id = k.visit
        where v.desk = t.desk))
"""
SELECT_LEASE = """
select extract(epoch from max(s.lease_until) - clock_timestamp())::float8 as seconds
from unnest(%(days)s::date[], %(visits)s::text[]) k (day, visit)
join hub.sending s on s.facility = %(facility)s and s.day = k.day and s.visit = k.visit
where s.sender <> %(desk)s and s.state = 'in_flight' and s.lease_until > clock_timestamp()
"""
SELECT_RELAYED = "select desk from hub.relayed_desk where facility = %(facility)s order by desk"
SELECT_SENDER = """
select sender, clock_timestamp() - seen_at as age from hub.sends
where facility = %(facility)s and desk = %(sender)s
"""


@dataclass(frozen=True, slots=True)
class SendingOverview:
    """Who sends what, as far as this desk knows."""

    state: SendingState
    relays: tuple[int, ...] = ()  # the desks for which this one sends
    is_reached: bool = False  # the hub has answered in the last round
    is_sender_ready: bool = True  # the desk that sends for this one does so, and was seen lately


class SendingLane:
    """Runs the rounds. One thread calls `run`; any may ask for the overview."""

    def __init__(
        self,
        door: HubDoor,
        gate: SendingGate,
        relayed: RelayedMessages,
        lists: Sequence[SharedListLane],
        sender: int,
        people: Callable[[], Sequence[str]],
    ) -> None:
        """`sender` is the desk that sends for this one, by its settings; 0: this desk itself.

        `people` returns the names of those who are signed in here.
        """
        self._door, self._gate, self._relayed = door, gate, relayed
        self._lists, self._sender, self._people = lists, sender, people
        self._hub: HubConnection | None = None
        self._overview = SendingOverview(gate.state())
        self._has_answer = False  # since the start
        self._wake = threading.Event()

    def overview(self) -> SendingOverview:
        """Return who sends what, as of the last round."""
        return replace(self._overview, state=self._gate.state())

    def sends_for_others(self) -> bool:
        """Return whether this desk sends messages of other desks."""
        return bool(self._overview.relays)

    def wake(self) -> None:
        """Begin the next round now."""
        self._wake.set()

    def run(self, stop: threading.Event) -> None:
        """Run rounds until `stop` is set."""
        while not stop.is_set():
            self.round()
            is_quick = self._sender and self._overview.is_reached
            self._wait(stop, QUICK_ROUND_S if is_quick else ROUND_S)
        self.close()

    def round(self) -> None:
        """Run one round. What fails is logged."""
        was_open = self._hub is not None
        try:
            try:
                self._round()
            except HubUnreachable:
                if not was_open:
                    raise
                self.close()  # it was ended: by a restart, or because this desk was retired
                self._round()
        except HubLoginRefused as exc:
            self._gate.refused()
            self._failed(exc)
        except HubError as exc:
            self._gate.unanswered()
            self._failed(exc)
        except (NotRecorded, LogbookUnavailable) as exc:
            log.error("who sends what could not be noted: %s", exc)
        except (KioskError, OSError) as exc:  # the password's file, or that of the stream
            self._gate.unanswered()
            self._failed(exc)

    def _round(self) -> None:
        if self._hub is None or not self._hub.is_open:
            self._hub = self._door.open()
        hub = self._hub
        own = {"facility": hub.facility, "desk": hub.desk, "sender": self._sender or None}
        people = [name[:MAX_NAME] for name in self._people()[:MAX_PEOPLE]]
        hub.execute(SAY_WHO_SENDS, own | {"people": people})
        lease = max(self._work_through(hub, keys) for keys in self._pages(own))
        relays = tuple(row["desk"] for row in hub.rows(SELECT_RELAYED, own))
        is_ready = not self._sender or self._is_sender_ready(hub)
        self._gate.answered(lease)
        self._has_answer = True
        self._overview = SendingOverview(self._gate.state(), relays, True, is_ready)
        for each in self._lists:
            each.compare(hub)

    def _pages(self, own: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the values of the statements: this desk, and a page of its visits that wait."""
        after = 0
        while True:
            waiting = self._relayed.unsettled(MAX_ASKED, after)
            visits = [visit for _, visit in waiting if VISIT_ID.match(visit)]
            days = [_day_of(visit) for visit in visits]
            yield own | {"visits": visits, "days": days, "limit": MAX_RESULTS}
            if self._has_answer or len(waiting) < MAX_ASKED:
                return
            after = waiting[-1][0]

    def _work_through(self, hub: HubConnection, keys: dict[str, Any]) -> float:
        """Do the steps 2 to 5 for a page; return how many seconds a lease of another desk lasts."""
        while self._note_results(hub, keys) == MAX_RESULTS:
            pass
        if self._sender:
            hub.execute(HAND_OVER, keys)
        if hub.execute(END_TAKEOVERS, keys):
            log.warning("another desk had taken over what this one sends again now")
        return float(hub.rows(SELECT_LEASE, keys)[0]["seconds"] or 0)

    def _note_results(self, hub: HubConnection, keys: dict[str, Any]) -> int:
        """Note what other desks have sent, here and at the hub; return how much that was."""
        rows = hub.rows(SELECT_RESULTS, keys)
        for row in rows:
            self._relayed.settle(_result(row))
            hub.execute(MARK_TAKEN, row)
        return len(rows)

    def _is_sender_ready(self, hub: HubConnection) -> bool:
        """Return whether the desk that sends for this one sends for others, and was seen lately."""
        rows = hub.rows(SELECT_SENDER, {"facility": hub.facility, "sender": self._sender})
        return bool(rows) and rows[0]["sender"] is None and rows[0]["age"] < UNSEEN_AFTER

    def _failed(self, exc: Exception) -> None:
        self._overview = replace(self._overview, is_reached=False, state=self._gate.state())
        log.info("who sends what could not be asked: %s", exc)
        self.close()

    def close(self) -> None:
        """Close the connection; a round opens another one."""
        if self._hub is not None:
            self._door.release(self._hub)
            self._hub = None

    def _wait(self, stop: threading.Event, seconds: float) -> None:
        """Wait for the next round, for `wake`, or for the end of the program."""
        step_s = 0.5
        while seconds > 0 and not stop.is_set() and not self._wake.is_set():
            stop.wait(min(step_s, seconds))
            seconds -= step_s
        self._wake.clear()


def _day_of(visit: str) -> str:
    """Return the day in a visit's id (`facility-yyyymmdd-…`), as ISO 8601."""
    digits = visit.split("-")[1]
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}"


def _result(row: dict[str, Any]) -> RelayedResult:
    at: datetime = row["settled_at"]
    document = row["document"]
    return RelayedResult(
        visit=row["visit"],
        version=row["version"],
        state=row["state"],
        at=at,
        sender=str(row["sender"]),
        code=row["code"] or "",
        message=row["message"],
        transaction=row["insurer_transaction"] or "",
        answer=row["answer"],
        document=None if document is None else bytes(document),
        sent_at=row["sent_at"],
        certificate_serial=row["certificate_serial"],
        account=row["account"],
        call=row["call"],
    )
