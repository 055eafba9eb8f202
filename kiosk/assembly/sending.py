"""Who sends to the insurer where several desks share a hub, and the lists that they share.

Nothing of the hub is imported without one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from kiosk.errors import KioskError
from kiosk.insurer import Delivery, Gateway
from kiosk.logbook import (
    RelayedMessages,
    SendingDecision,
    SendingDecisionKind,
    SendingDecisions,
    SharedListStates,
)
from kiosk.queue import SharedRooms
from kiosk.runtime.service import Service
from kiosk.runtime.steady_clock import steady_s
from kiosk.staff import SharedMembers

if TYPE_CHECKING:
    from kiosk.assembly.parts import Parts
    from kiosk.hub import (
        DeskSending,
        Hub,
        RelayQueue,
        SendingGate,
        SendingLane,
        Takeovers,
    )

STATE_FILE = "hub-sending.json"
ROOMS, STAFF = "rooms", "staff"  # the lists, as the hub names them


@dataclass(frozen=True, slots=True)
class Sending:
    """The parts by which the desks of a hub send."""

    hub: Hub
    gate: SendingGate
    lane: SendingLane
    takeovers: Takeovers
    decisions: SendingDecisions
    lists: SharedListStates
    relay: RelayQueue
    relaying: Delivery | None  # sends for other desks; None without a gateway

    def let_go(self, desk: int, author: str, reason: str, now: datetime) -> None:
        """Let this desk send until the hub answers: a person has decided it, with a reason.

        `desk` is its own number; `now` is aware.  Raises NotRecorded if that cannot be written
        down; then nothing changes, and OSError if the file of the stream cannot be written.
        """
        kind = SendingDecisionKind.SENDS_AGAIN
        self.decisions.record(SendingDecision(now, author, kind, str(desk), reason))
        self.hub.free_outbox()
        self.gate.let_go(author)

    def may_send(self) -> bool:
        """Return whether this desk's own messages may go to the insurer."""
        return self.gate.may_send() and self.hub.may_send()

    def hold(self) -> str:
        """Return why messages wait until the hub has said what was sent; empty: they do not."""
        return self.hub.hold() or ""

    def waits_for_person(self) -> bool:
        """Return whether the outbox waits until a person lets it go, or the hub answers."""
        return bool(self.hold()) or self.gate.state().why in ("retired", "back")

    def desks(self) -> list[DeskSending] | None:
        """Return what all desks have to send; None if the hub does not answer now."""
        try:
            return self.takeovers.desks()
        except (KioskError, OSError):
            return None

    def take(self, desk: int, author: str, reason: str) -> str:
        """Let this desk send what a retired one has not sent; return why not, or an empty text.

        Raises HubError if the hub does not answer, and NotRecorded if the logbook cannot be
        written; what was asked may have been done in both cases.
        """
        from kiosk.hub import TakeoverRefused

        try:
            self.takeovers.take(desk, author, reason)
        except TakeoverRefused as exc:
            return exc.why
        return ""

    def close(self) -> None:
        """Close the connections to the hub."""
        self.lane.close()
        self.relay.close()

    def start(self, service: Service) -> None:
        """Start the threads: the rounds, and what sends for other desks."""
        service.add("hub sending", self.lane.run)
        if self.relaying is not None:
            service.add("relay", self.relaying.run)


def open_sending(parts: Parts, hub: Hub) -> Sending:
    """Return the parts of sending over a hub. Nothing runs before `start`."""
    settings = parts.settings.hub
    from kiosk.hub import RelayQueue, SendingGate, SendingLane, SharedListLane, Takeovers

    gate = SendingGate(parts.folder / STATE_FILE, settings.desk, settings.sender, parts.clock)
    states = SharedListStates(parts.database)
    decisions = SendingDecisions(parts.database)
    members = SharedMembers(parts.database, parts.staff.members)
    lists = [
        SharedListLane(ROOMS, SharedRooms(parts.rooms), states, parts.clock),
        SharedListLane(STAFF, members, states, parts.clock),
    ]
    messages, people = RelayedMessages(parts.database), parts.staff.sessions.people
    lane = SendingLane(hub, gate, messages, lists, settings.sender, people)
    relay = RelayQueue(hub, parts.compose, lane.sends_for_others, steady_s)
    takeovers = Takeovers(hub, decisions, parts.clock)
    takeovers.then = lane.wake
    relaying = _relaying(parts, parts.gateway, relay) if parts.gateway else None
    return Sending(hub, gate, lane, takeovers, decisions, states, relay, relaying)


def _relaying(parts: Parts, gateway: Gateway, relay: RelayQueue) -> Delivery:
    """Return what sends for other desks: one visit in a file, so that each has its own evidence."""
    settings = parts.settings.insurer
    return Delivery(
        relay,
        gateway,
        parts.clock,
        settings.ask_timeout_s + settings.send_timeout_s,
        parts.notifier.notify,
        visits_per_sending=1,
        clock_check=parts.clock_check,
        signer=parts.signer,
        sent_files=relay,
        files_at_once=settings.files_at_once,
    )
