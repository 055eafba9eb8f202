"""Desks with a logbook each on one hub, without threads: for tests of sending."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kiosk.assembly import Sending
from kiosk.desk import Confirmation
from kiosk.insurer import Delivery
from kiosk.insurer.gateway import Gateway
from kiosk.sandbox import remember_people, trust_settings
from tests.cast import Clock, payload, settings_for
from tests.conftest import Kiosk
from tests.hub.cluster import FACILITY, HubDatabase


@dataclass
class SendingDesk:
    """A desk: its kiosk, and its part of sending."""

    number: int
    kiosk: Kiosk
    sending: Sending

    def confirm(self, key: str, name: str = "", **fields: Any) -> str:
        """Confirm a visit of one of the sandbox's people; return its id."""
        attempt = self.kiosk.scan(payload(key))
        return self.kiosk.desk.confirm(attempt, Confirmation(**fields), name or key)[0].id

    def put_up(self) -> None:
        """Bring all changes to the hub, and heal if that is needed, as the lane up does."""
        own = self.kiosk.hub
        assert own is not None
        with own.connected() as hub:
            own.lane.begin(hub)
            if own.streams.read().hold is not None:
                own._heal(hub, threading.Event())
            while own.lane.send_some(hub):
                pass
            own.lane.note_end()

    def hand_over(self) -> None:
        """Bring all changes to the hub, and hand over what another desk sends."""
        self.put_up()
        self.round()

    def round(self) -> None:
        """Ask the hub who sends what, as the lane of sending does."""
        self.sending.lane.round()

    def delivery(self, gateway: Gateway) -> Delivery:
        """Return what sends this desk's own messages."""
        return Delivery(
            self.kiosk.outbox,
            gateway,
            self.kiosk.clock,
            10,
            lambda: None,
            may_send=self.sending.may_send,
            sent_files=self.kiosk.sent_files,
        )

    def relaying(self, gateway: Gateway) -> Delivery:
        """Return what sends the messages of other desks."""
        relay = self.sending.relay
        return Delivery(relay, gateway, self.kiosk.clock, 10, lambda: None, sent_files=relay)

    def state_of(self, visit: str) -> str:
        """Return what this desk's logbook says of a visit's message."""
        found = self.kiosk.visits.by_id(visit)
        assert found is not None
        return found.insurer_state

    def close(self) -> None:
        """End the program; the logbook stays."""
        self.sending.close()
        assert self.kiosk.hub is not None
        self.kiosk.hub.watchdog.close()
        self.kiosk.database.close()


def make_desk(
    hub: HubDatabase, folder: Path, clock: Clock, number: int, sender: int = 0
) -> SendingDesk:
    """Make a desk on a data directory; `sender` is the desk that sends for it, 0: itself."""
    folder.mkdir(exist_ok=True)
    remember_people(folder, clock())
    own = settings_for(folder, "", **trust_settings(folder, clock()))
    account = replace(hub.add_desk(number, FACILITY), sends=str(sender) if sender else "each")
    kiosk = Kiosk(replace(own, hub=account), folder, demo=True, now=clock)
    assert kiosk.hub is not None
    assert kiosk.sending is not None
    kiosk.hub._ready()
    kiosk.hub.journal.begin(clock())
    ticks = iter(range(10**9))  # the relay looks for messages each time that it is asked
    kiosk.sending.relay._steady = lambda: float(2 * next(ticks))
    return SendingDesk(number, kiosk, kiosk.sending)
