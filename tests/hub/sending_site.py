"""Desks with a logbook each, and what the lane up would bring of them: for tests of sending."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kiosk.desk import Confirmation
from kiosk.hub import HubAccess, HubConnection
from kiosk.hub.relay_queue import RelayQueue
from kiosk.hub.sending_gate import SendingGate
from kiosk.hub.sending_lane import SendingLane
from kiosk.hub.takeover import Takeovers
from kiosk.insurer import Delivery
from kiosk.insurer.gateway import Gateway
from kiosk.logbook import RelayedMessages, SendingDecisions
from kiosk.sandbox import remember_people, trust_settings
from tests.cast import Clock, payload, settings_for
from tests.conftest import Kiosk
from tests.hub.cluster import HubDatabase

FACILITY = "01999"


@dataclass
class SendingDesk:
    """A desk on a hub: its kiosk, and the parts that sending needs."""

    number: int
    kiosk: Kiosk
    hub: HubDatabase
    gate: SendingGate
    lane: SendingLane
    takeovers: Takeovers
    relay: RelayQueue
    stream: str

    def confirm(self, key: str, name: str = "", **fields: Any) -> str:
        """Confirm a visit of one of the sandbox's people; return its id."""
        attempt = self.kiosk.scan(payload(key))
        return self.kiosk.desk.confirm(attempt, Confirmation(**fields), name or key)[0].id

    def put_up(self) -> None:
        """Bring all visits to the hub as they stand, as the lane up does."""
        rows = self.kiosk.database.rows(
            "select v.id, v.day, v.version, v.arrived_at, v.record, v.cancelled_at,"
            " coalesce((select max(e.id) from outbox o join outbox_event e on e.outbox = o.id"
            "  where o.visit = v.id), 0) as state_seq,"
            " coalesce((select n.state from newest_message n where n.visit = v.id), 'not_sent')"
            "  as state from visit v order by v.row"
        )
        for row in rows:
            self._put_up(dict(row))

    def _put_up(self, row: dict[str, Any]) -> None:
        record = json.loads(row["record"])
        state = "queued" if row["state"] == "in_flight" else row["state"]
        self.hub.sql(
            "insert into hub.visit_version (facility, day, visit, version, desk, stream, seq,"
            " digest, written_at, record) values (%s, %s, %s, %s, %s, %s, 1, '', %s, %s)"
            " on conflict do nothing",
            [
                *(FACILITY, row["day"], row["id"], row["version"], self.number, self.stream),
                *(row["arrived_at"], json.dumps(record)),
            ],
        )
        self.hub.sql(
            "insert into hub.visit (facility, day, id, version, stream, seq, desk, arrived_at,"
            " person, room, ticket, outcome, reason, cancelled_at, state_seq, insurer_state)"
            " values (%s, %s, %s, %s, %s, 1, %s, %s, %s, %s, '1', %s, %s, %s, %s, %s)"
            " on conflict (facility, day, id) do update set version = excluded.version,"
            " person = excluded.person, cancelled_at = excluded.cancelled_at",
            [
                *(FACILITY, row["day"], row["id"], row["version"], self.stream, self.number),
                *(row["arrived_at"], record["person"], record["room"], record["outcome"]),
                *(record["reason"], row["cancelled_at"], row["state_seq"], state),
            ],
        )
        self.hub.sql(
            "update hub.visit set state_seq = %s, insurer_state = %s where facility = %s"
            " and day = %s and id = %s and state_seq < %s",
            [row["state_seq"], state, FACILITY, row["day"], row["id"], row["state_seq"]],
        )

    def delivery(self, gateway: Gateway) -> Delivery:
        """Return what sends this desk's own messages."""
        return Delivery(
            self.kiosk.outbox,
            gateway,
            self.kiosk.clock,
            10,
            lambda: None,
            may_send=self.gate.may_send,
            sent_files=self.kiosk.sent_files,
        )

    def relaying(self, gateway: Gateway) -> Delivery:
        """Return what sends the messages of other desks."""
        return Delivery(
            self.relay, gateway, self.kiosk.clock, 10, lambda: None, sent_files=self.relay
        )

    def state_of(self, visit: str) -> str:
        """Return what this desk's logbook says of a visit's message."""
        found = self.kiosk.visits.by_id(visit)
        assert found is not None
        return found.insurer_state


@dataclass
class Door:
    """Opens connections of a desk; the hub of the test closes what is left."""

    hub: HubDatabase
    access: HubAccess

    def open(self) -> HubConnection:
        return self.hub._open(self.access)

    def release(self, hub: HubConnection) -> None:
        hub.close()


def make_desk(
    hub: HubDatabase, folder: Path, clock: Clock, number: int, sender: int = 0
) -> SendingDesk:
    """Make a desk with a logbook of its own; `sender` is the desk that sends for it."""
    folder.mkdir(exist_ok=True)
    remember_people(folder, clock())
    kiosk = Kiosk(
        settings_for(folder, "", **trust_settings(folder, clock())), folder, demo=True, now=clock
    )
    account = hub.add_desk(number, FACILITY)

    door = Door(hub, hub.access(account, FACILITY))
    gate = SendingGate(folder / "hub-sending.json", sender, clock)
    relayed = RelayedMessages(kiosk.database)
    lane = SendingLane(door, gate, relayed, [], sender)
    relay = RelayQueue(door, composer(kiosk), lane.sends_for_others, lambda: 0.0)
    relay_seconds(relay)
    takeovers = Takeovers(door, SendingDecisions(kiosk.database), clock)
    stream = str(uuid.uuid4())
    return SendingDesk(number, kiosk, hub, gate, lane, takeovers, relay, stream)


def composer(kiosk: Kiosk) -> Any:
    """Return what makes the messages of a kiosk."""
    return kiosk.visits._compose


def relay_seconds(relay: RelayQueue) -> None:
    """Let a queue look for messages each time that it is asked."""
    ticks = iter(range(10**9))
    relay._steady = lambda: float(2 * next(ticks))


MakeDesk = Callable[..., SendingDesk]
