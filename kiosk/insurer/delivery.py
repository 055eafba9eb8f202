"""Deliver visits: one step takes messages from the outbox to the gateway and notes their fate.

What has piled up goes many to a sending; where one of them is at fault, each goes by itself.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from kiosk.insurer.codes import ACCOUNT_CODES, CLOCK_CODE, TOO_LARGE, SendResult, send_result_of
from kiosk.insurer.errors import InsurerUnreachable, NotSignedIn
from kiosk.insurer.gateway import Gateway
from kiosk.insurer.xml0 import joined
from kiosk.logbook import LogbookUnavailable, NotRecorded, Outbox, OutboxItem

log = logging.getLogger(__name__)

# A lease outlasts a message sent twice with a login before each.
EXCHANGES = 2
MOST_AT_ONCE = 50  # visits in one sending; no official limit is known
LOOK_EVERY_S = 0.5
LONGEST_PAUSE_S = 30.0
MOST_DOUBLINGS = 6
ACCOUNT_TRIES = 3  # of one visit, before a refusal of our account is a person's matter
PATIENCE = 3  # failures in a row after which the nightly job gives up for now
AHEAD = timedelta(minutes=5)  # that our clock may stand before the insurer's
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
        self._at_once = MOST_AT_ONCE
        self._failures = 0  # sendings in a row that brought nothing further
        self._lease = EXCHANGES * timedelta(seconds=exchange_s) + LEASE_MARGIN

    def deliver_all(self) -> None:
        """Send all that waits, once each; stop where the gateway has given up answering."""
        begun = self._clock()
        self._outbox.make_all_due(begun)
        self._failures = 0
        while self._failures < PATIENCE and self.deliver_some(begun):
            pass

    def run(self, stop: threading.Event) -> None:
        """Send what is due, until `stop` is set; slower while the gateway does not answer."""
        while not stop.is_set():
            try:
                delivered = self.deliver_some()
            except (NotRecorded, LogbookUnavailable) as exc:
                log.error("the outbox waits: %s", exc)
                delivered = False
            if self._failures or not delivered:
                pause_s = LOOK_EVERY_S * 2 ** min(self._failures, MOST_DOUBLINGS)
                stop.wait(min(pause_s, LONGEST_PAUSE_S))

    def deliver_some(self, due: datetime | None = None) -> bool:
        """Send what is due (by `due`, or now), in one sending; return False where nothing is."""
        items = self._outbox.claim(self._clock(), self._lease, due, self._at_once)
        if not items:
            return False
        now = self._clock()
        for item in items:
            if item.arrived_at > now + AHEAD:  # the insurer judges by its own clock
                self._outbox.park(item, now, CLOCK_CODE, "NGAY_VAO lies in the future")
        sound = [item for item in items if item.arrived_at <= now + AHEAD]
        if sound:
            self._deliver(sound)
        self._changed()
        return True

    def _deliver(self, items: list[OutboxItem]) -> None:
        """Send messages together and note their fate.

        After a failure the next goes by itself, and with each success twice as many: a message
        that makes the gateway fail is found, and then holds nobody up.
        """
        self._failures += 1
        at_once, self._at_once = self._at_once, 1
        if self._settle(items):
            self._failures = 0
            self._at_once = min(2 * at_once, MOST_AT_ONCE)

    def _settle(self, items: list[OutboxItem]) -> bool:
        """Send, and write down what came of it; return whether that was an answer to them."""
        visits = ", ".join(item.visit for item in items[:3]) + (" …" if len(items) > 3 else "")
        try:
            receipt = self._gateway.check_in(joined([item.body for item in items]))
        except InsurerUnreachable as exc:
            log.info("%s: the insurer gave no answer (%s)", visits, exc)
            self._outbox.try_again(items, self._clock(), f"no answer: {exc}")
            return False
        except NotSignedIn as exc:
            log.error("%s: %s", visits, exc)
            self._outbox.try_again(items, self._clock(), str(exc))
            return False
        now = self._clock()
        code, message = receipt.code, receipt.message
        fate = send_result_of(code)
        if fate is SendResult.ACCEPTED:
            self._outbox.accept(items, now, receipt.transaction, code, receipt.answer)
        elif len(items) > 1 and (fate is not SendResult.TRY_AGAIN or code == TOO_LARGE):
            log.info("%s: code %s; each goes by itself", visits, code)
            self._outbox.send_alone(items, now, f"code {code}: {message}")
        elif fate is SendResult.TRY_AGAIN or (
            code in ACCOUNT_CODES and items[0].tries < ACCOUNT_TRIES
        ):
            self._outbox.try_again(items, now, f"code {code}: {message}")
            return False
        elif fate is SendResult.REFUSED:
            log.warning("visit %s was refused with code %s", visits, code)
            self._outbox.refuse(items[0], now, code, message, receipt.answer)
        else:
            log.warning("visit %s is parked on code %s", visits, code)
            self._outbox.park(items[0], now, code, message, receipt.answer)
            return code not in ACCOUNT_CODES
        return True
