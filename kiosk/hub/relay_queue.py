"""The messages that this desk sends for other desks, as `Delivery` takes them.

They are those that desks hand over because their settings say so, and those of retired desks that
this one took over.  The hub holds them; nothing of them is written into this desk's logbook.

1.  A message is claimed by its visit and the state of its newest message (`state_seq`), for the
    time of a lease by the hub's clock.  Two desks never hold one message at a time.
2.  The message is made of the visit's record, by the same rules as at its own desk.
3.  The messages of one person go in the order in which the hub got their visits, those of one
    batch as their desk wrote them; an older one that waits holds the newer ones back.
4.  The document is in the hub before it is sent, and its answer is added to it, so that the desk
    of the visit gets the evidence.
5.  What came of a sending is kept until the hub has it.  If the program ends before that, the
    message is sent again under the same visit id when the lease is over.
"""

# ruff: noqa: ARG002  its methods are those of MessageQueue and SentFileStore

from __future__ import annotations

import json
import logging
import threading
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from kiosk.errors import KioskError
from kiosk.hub.connection import HubConnection
from kiosk.hub.door import HubDoor
from kiosk.hub.errors import HubError, HubRefused
from kiosk.logbook import (
    Compose,
    NotRecorded,
    OutboxItem,
    OverdueBefore,
    message_delay,
    visit_from_record,
)

log = logging.getLogger(__name__)

MAX_CANDIDATES = 200  # looked for at once
NOTHING_FOUND_S = 1.0  # until it is looked again

# Of each person the oldest message that waits, if it is due.
SELECT_CANDIDATES = """
select t.day, t.visit, t.version, t.state_seq
from (
    select w.*, row_number() over (
        partition by case when w.person = '' then w.visit else w.person end
        order by w.hub_at, w.desk, w.state_seq, w.visit) as place
    from hub.to_send w) t
where t.place = 1
    and ((t.state = 'queued' and (t.next_try_at <= clock_timestamp() or %(all_due)s))
        or (t.state = 'in_flight' and t.lease_until <= clock_timestamp()))
    and not exists (select 1 from hub.sending e where e.facility = t.facility and e.day = t.day
        and e.visit = t.visit and e.state = 'in_flight' and e.lease_until > clock_timestamp())
order by t.hub_at, t.desk, t.state_seq, t.visit limit %(limit)s
"""
SELECT_RECORD = """
select record from hub.to_send_record
where day = %(day)s and visit = %(visit)s and version = %(version)s and state_seq = %(state_seq)s
"""
CLAIM = """
update hub.sending set state = 'in_flight', version = %(version)s, sender = %(sender)s,
    claim = %(claim)s, lease_until = clock_timestamp() + %(lease)s, tries = tries + 1
where facility = %(facility)s and day = %(day)s and visit = %(visit)s
    and state_seq = %(state_seq)s
    and (state = 'queued' or (state = 'in_flight' and lease_until <= clock_timestamp()))
returning tries
"""
KEEP_DOCUMENT = """
update hub.sending set document = %(document)s, certificate_serial = %(serial)s,
    account = %(account)s, call = %(call)s, sent_at = clock_timestamp(), answer = null
where facility = %(facility)s and day = %(day)s and visit = %(visit)s
    and state_seq = %(state_seq)s and claim = %(claim)s and state = 'in_flight'
"""
KEEP_ANSWER = """
update hub.sending set answer = %(answer)s
where facility = %(facility)s and day = %(day)s and visit = %(visit)s
    and state_seq = %(state_seq)s and claim = %(claim)s
"""
PUT_BACK = """
update hub.sending set state = 'queued', next_try_at = clock_timestamp() + %(delay)s,
    lease_until = null, message = %(message)s
where facility = %(facility)s and day = %(day)s and visit = %(visit)s
    and state_seq = %(state_seq)s and claim = %(claim)s and state = 'in_flight'
"""
SETTLE = """
update hub.sending set state = %(state)s, code = %(code)s, message = %(message)s,
    insurer_transaction = %(transaction)s, lease_until = null,
    settled_at = clock_timestamp()
where facility = %(facility)s and day = %(day)s and visit = %(visit)s
    and state_seq = %(state_seq)s and claim = %(claim)s and state = 'in_flight'
"""
# So that all desks see it at once; the desk of the visit says the same later, if it is there.
SHOW_STATE = """
update hub.visit set insurer_state = %(state)s, insurer_code = %(code)s,
    insurer_transaction = %(transaction)s
where facility = %(facility)s and day = %(day)s and id = %(visit)s
    and state_seq = %(state_seq)s and insurer_state in ('queued', 'in_flight')
    and exists (select 1 from hub.sending s
        where s.facility = %(facility)s and s.day = %(day)s and s.visit = %(visit)s
            and s.state_seq = %(state_seq)s and s.claim = %(claim)s and s.state = %(state)s)
"""
# Of a message that its desk has replaced since: nothing comes of it any more.
DROP_OLDER = """
update hub.sending set state = 'replaced', lease_until = null, taken_at = clock_timestamp()
where facility = %(facility)s and day = %(day)s and visit = %(visit)s
    and state_seq < %(state_seq)s and state in ('queued', 'in_flight')
"""


@dataclass(frozen=True, slots=True)
class _Claim:
    """A message that is held: the values of its statements."""

    values: dict[str, Any] = field(repr=False)
    tries: int


class RelayQueue:
    """A `MessageQueue` and a `SentFileStore` over the hub. Any thread may call.

    Methods raise NotRecorded if the hub cannot be used now.
    """

    def __init__(
        self,
        door: HubDoor,
        compose: Compose,
        is_wanted: Callable[[], bool],
        steady: Callable[[], float],
    ) -> None:
        """`is_wanted` returns whether this desk sends for others; otherwise the hub is not asked.

        `steady` returns seconds that no change of a clock moves.
        """
        self._door, self._compose, self._is_wanted = door, compose, is_wanted
        self._steady = steady
        self._lock = threading.RLock()
        self._connection: HubConnection | None = None
        self._candidates: deque[dict[str, Any]] = deque()
        self._looked_at: float | None = None
        self._claims: dict[int, _Claim] = {}
        self._next_id = 1
        self._unsaved: deque[tuple[str, dict[str, Any]]] = deque()
        self._all_due = False

    def has_due(self, now: datetime, lease: timedelta, due: datetime | None = None) -> bool:
        """Return whether `claim` would return a message."""
        with self._lock:
            if not self._is_wanted():
                self.close()
                return False
            self._save()
            if not self._candidates:
                self._look()
            return bool(self._candidates)

    def claim(
        self,
        now: datetime,
        lease: timedelta,
        due: datetime | None = None,
        limit: int = 1,
        overdue: OverdueBefore | None = None,
    ) -> list[OutboxItem]:
        """Take the oldest messages that are due; messages that cannot be made are parked."""
        items: list[OutboxItem] = []
        with self._lock:
            while len(items) < limit and self.has_due(now, lease, due):
                item = self._take(self._candidates.popleft(), now, lease)
                if item is not None:
                    items.append(item)
        return items

    def make_all_due(self, now: datetime) -> None:
        """Take messages regardless of their delays in the next look."""
        with self._lock:
            self._all_due, self._looked_at = True, None
            self._candidates.clear()

    def accept(
        self, items: Sequence[OutboxItem], now: datetime, transaction: str, code: str, answer: str
    ) -> None:
        """Record that the insurer has the messages."""
        for item in items:
            self._settle(item.id, "accepted", code, None, transaction)

    def refuse(self, item: OutboxItem, now: datetime, code: str, message: str, answer: str) -> None:
        """Record that the insurer refuses the data of a message."""
        self._settle(item.id, "refused", code, message)

    def park(
        self, item: OutboxItem, now: datetime, code: str, message: str, answer: str = ""
    ) -> None:
        """Set a message aside for a person, at the desk of the visit."""
        self._settle(item.id, "parked", code, message)

    def try_again(self, items: Sequence[OutboxItem], now: datetime, message: str) -> None:
        """Put messages back, each with a delay that doubles with its tries."""
        for item in items:
            self._put_back(item, message_delay(item.tries), message)

    def send_alone(self, items: Sequence[OutboxItem], now: datetime, message: str) -> None:
        """Put messages back; each is sent alone in any case."""
        for item in items:
            self._put_back(item, timedelta(), message)

    def record(
        self,
        messages: Sequence[int],
        document: bytes,
        certificate_serial: str | None,
        at: datetime,
        account: str = "",
        call: str = "",
    ) -> int:
        """Keep a document that is about to be sent. Its messages must still be held."""
        kept = {
            "document": document,
            "serial": certificate_serial,
            "account": account,
            "call": call,
        }
        with self._lock:
            self._save()
            for message in messages:
                if not self._run("execute", KEEP_DOCUMENT, self._claims[message].values | kept):
                    raise NotRecorded("another desk sends this message now")
        return messages[0]

    def add_answer(self, file_id: int, answer: str) -> None:
        """Add the insurer's answer to a file: at once, or as soon as the hub can be reached."""
        self._later(KEEP_ANSWER, self._claims[file_id].values | {"answer": answer})

    def _look(self) -> None:
        """Look for messages that are due, unless there were none a moment ago."""
        moment = self._steady()
        if self._looked_at is not None and moment - self._looked_at < NOTHING_FOUND_S:
            return
        self._looked_at = moment
        values = {"limit": MAX_CANDIDATES, "all_due": self._all_due}
        self._candidates.extend(self._run("rows", SELECT_CANDIDATES, values))
        self._all_due = False

    def _take(
        self, candidate: dict[str, Any], now: datetime, lease: timedelta
    ) -> OutboxItem | None:
        """Claim a message; None if another desk has it, or if it cannot be made."""
        connection = self._connected()
        values = {
            "facility": connection.facility,
            "sender": connection.desk,
            **candidate,
            "claim": str(uuid.uuid4()),
        }
        claimed = self._run("rows", CLAIM, values | {"lease": lease})
        if not claimed:
            return None
        self._run("execute", DROP_OLDER, values)
        found = self._run("rows", SELECT_RECORD, values)
        if not found:  # it was corrected in this moment: the next look finds it again
            self._later(PUT_BACK, values | {"delay": timedelta(), "message": ""})
            return None
        number, self._next_id = self._next_id, self._next_id + 1
        self._claims[number] = _Claim(values, claimed[0]["tries"])
        return self._made(number, candidate, found[0]["record"], now, lease)

    def _made(
        self,
        number: int,
        candidate: dict[str, Any],
        record: object,
        now: datetime,
        lease: timedelta,
    ) -> OutboxItem | None:
        """Make the message of a record; park it if that cannot be done."""
        try:
            visit = visit_from_record(json.dumps(record))
        except (KeyError, ValueError, TypeError, AttributeError):
            why = "the hub has no whole record of the visit"
            self._settle(number, "parked", "", why)
            return None
        message = self._compose(candidate["visit"], visit)
        if message is None or message.body is None:
            why = (message and message.why_parked) or "the visit is not reported"
            self._settle(number, "parked", "", why)
            return None
        return OutboxItem(
            id=number,
            visit=candidate["visit"],
            body=message.body,
            tries=self._claims[number].tries,
            lease_until=now + lease,
            arrived_at=visit.arrived_at,
        )

    def _settle(
        self,
        number: int,
        state: str,
        code: str,
        message: str | None,
        transaction: str = "",
    ) -> None:
        values = self._claims.pop(number).values | {
            "state": state,
            "code": code or None,
            "message": message,
            "transaction": transaction or None,
        }
        self._later(SETTLE, values)
        self._later(SHOW_STATE, values)

    def _put_back(self, item: OutboxItem, delay: timedelta, message: str) -> None:
        values = self._claims.pop(item.id).values | {"delay": delay, "message": message}
        self._later(PUT_BACK, values)

    def _later(self, sql: str, values: dict[str, Any]) -> None:
        """Run a statement now, or as soon as the hub can be reached; its order is kept."""
        with self._lock:
            self._unsaved.append((sql, values))
            try:
                self._save()
            except NotRecorded as exc:
                log.warning("what came of a message is kept until the hub has it: %s", exc)

    def _save(self) -> None:
        """Run the statements that wait."""
        while self._unsaved:
            sql, values = self._unsaved[0]
            try:
                self._run("execute", sql, values)
            except NotRecorded as exc:
                if not isinstance(exc.__cause__, HubRefused):
                    raise
                log.error("the hub does not take what came of a message: %s", exc)
            self._unsaved.popleft()

    def _run(self, method: str, sql: str, values: dict[str, Any]) -> Any:
        connection = self._connected()
        try:
            return getattr(connection, method)(sql, values)
        except HubError as exc:
            self.close()
            raise NotRecorded(str(exc)) from exc

    def _connected(self) -> HubConnection:
        if self._connection is None:
            try:
                self._connection = self._door.open()
            except (KioskError, OSError) as exc:  # also its password's file, or the stream's
                raise NotRecorded(str(exc)) from exc
        return self._connection

    def close(self) -> None:
        """Close the connection; whatever is asked next opens another one."""
        with self._lock:
            if self._connection is not None:
                self._door.release(self._connection)
                self._connection = None
