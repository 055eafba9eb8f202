"""Deliver visits: one step takes one message from the outbox to the gateway and notes its fate."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from kiosk.errors import InsurerUnreachable, NotRecorded, NotSignedIn
from kiosk.insurer.codes import Fate, fate_of
from kiosk.insurer.gateway import Gateway
from kiosk.logbook import Item, Outbox

log = logging.getLogger(__name__)

# A lease outlasts a message sent twice with a login before each.
EXCHANGES = 2
LOOK_EVERY_S = 0.5
LONGEST_PAUSE_S = 30.0
PATIENCE = 3  # failures in a row after which the nightly job gives up for now
LEASE_MARGIN = timedelta(seconds=5)


class Delivery:
    """The way from the outbox to the gateway."""

    def __init__(
        self,
        outbox: Outbox,
        gateway: Gateway,
        clock: Callable[[], datetime],
        exchange_s: float,
        changed: Callable[[], None],
    ) -> None:
        """`exchange_s` is the longest that one login and one sending may take, in seconds.

        `changed` is called after each message, whatever its fate.
        """
        self._outbox = outbox
        self._gateway = gateway
        self._clock = clock
        self._changed = changed
        self._lease = EXCHANGES * timedelta(seconds=exchange_s) + LEASE_MARGIN

    def deliver_all(self) -> None:
        """Send all that waits, once each; stop where the gateway has given up answering."""
        begun = self._clock()
        self._outbox.hurry(begun)
        while self._gateway.session.failures_in_a_row < PATIENCE and self.deliver_one(begun):
            pass

    def run(self, stop: threading.Event) -> None:
        """Send what is due, until `stop` is set; slower while the gateway does not answer."""
        while not stop.is_set():
            try:
                delivered = self.deliver_one()
            except NotRecorded as exc:
                log.error("the outbox waits: %s", exc)
                delivered = False
            failures = self._gateway.session.failures_in_a_row
            if failures or not delivered:
                stop.wait(min(LOOK_EVERY_S * 2**failures, LONGEST_PAUSE_S))

    def deliver_one(self, due: datetime | None = None) -> bool:
        """Send the message that is due (by `due`, or now); return False where none is."""
        item = self._outbox.claim(self._clock(), self._lease, due)
        if item is None:
            return False
        self._deliver(item)
        self._changed()
        return True

    def _deliver(self, item: Item) -> None:
        try:
            receipt = self._gateway.check_in(item.body)
        except InsurerUnreachable as exc:
            log.info("visit %s waits: the insurer gave no answer (%s)", item.visit, exc)
            self._outbox.try_again(item, self._clock(), f"no answer: {exc}")
            return
        except NotSignedIn as exc:
            log.error("visit %s waits: %s", item.visit, exc)
            self._outbox.try_again(item, self._clock(), str(exc))
            return
        now = self._clock()
        match fate_of(receipt.code):
            case Fate.ACCEPTED:
                self._outbox.accept(item, now, receipt.transaction, receipt.code, receipt.answer)
            case Fate.TRY_AGAIN:
                self._outbox.try_again(item, now, f"code {receipt.code}: {receipt.message}")
            case Fate.REFUSED:
                log.warning("visit %s was refused with code %s", item.visit, receipt.code)
                self._outbox.refuse(item, now, receipt.code, receipt.message, receipt.answer)
            case Fate.PARKED:
                log.warning("visit %s is parked on code %s", item.visit, receipt.code)
                self._outbox.park(item, now, receipt.code, receipt.message, receipt.answer)
