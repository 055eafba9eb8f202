"""The lane of one receiver: send what waits for it, and record what became of each message.

1. A status of 200 to 299: it is delivered.
2. 410: the receiver wants no more.  Nothing is sent until a person resumes it; messages are kept.
3. Anything else, a redirect too, or no answer: it is tried again, later each time, and parked in
   the end (`kiosk.logbook.webhook_messages`).
4. The lane sends one message at a time, and waits longer after each failure in a row.  When the
   receiver answers again after some, all that waits is due at once.
5. Each receiver has a thread of its own: one that hangs delays no other.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import date, datetime, timedelta

from kiosk.errors import SettingsError
from kiosk.logbook import LogbookUnavailable, NotRecorded, VisitEvent, WebhookMessages
from kiosk.runtime.back_off import retry_delay
from kiosk.runtime.errors import NotPosted
from kiosk.webhooks.receiver import MAX_EXCHANGE_S, Receiver

log = logging.getLogger(__name__)

GONE = 410
LEASE = timedelta(seconds=MAX_EXCHANGE_S + 5)
IDLE_PAUSE = timedelta(seconds=0.5)  # between two looks at a lane without messages
MAX_PAUSE = timedelta(seconds=30)  # while the receiver fails
FAILURES_OF_AN_OUTAGE = 3  # in a row, after which one success makes all messages due


class WebhookDelivery:
    """Sends the messages of one receiver. One thread may use it at a time."""

    def __init__(
        self,
        messages: WebhookMessages,
        receiver: Receiver,
        clock: Callable[[], datetime],
        right_now: Callable[[], datetime],
        on_change: Callable[[], None],
    ) -> None:
        """`clock` returns the time by our clock; `right_now` that of a witness while ours is wrong.

        Both are aware.  `on_change` is called when a message is parked or the receiver stopped.
        """
        self.name = receiver.name
        self._messages, self._receiver = messages, receiver
        self._clock, self._right_now, self._on_change = clock, right_now, on_change
        self._failures = 0  # in a row
        self._pruned_on: date | None = None

    def run(self, stop: threading.Event) -> None:
        """Send what is due until `stop` is set, less often while the receiver fails."""
        while not stop.is_set():
            try:
                self._prune_daily()
                was_sent = self.deliver_next()
            except (NotRecorded, LogbookUnavailable) as exc:
                log.error("the messages of webhooks cannot be used now: %s", exc)
                was_sent = False
            if self._failures or not was_sent:
                pause = retry_delay(self._failures + 1, IDLE_PAUSE, MAX_PAUSE)
                stop.wait(pause.total_seconds())

    def deliver_next(self) -> bool:
        """Send the message that is due first; return False if no message is due.

        Raises NotRecorded or LogbookUnavailable if the logbook cannot be written or read.
        """
        name = self.name
        event = self._messages.claim(name, self._clock(), LEASE)
        if event is None:
            return False
        status: int | None = None
        try:
            status = self._receiver.send(event, self._right_now())
            why = f"HTTP {status}" + (" (no redirect is followed)" if 300 <= status < 400 else "")
        except NotPosted as exc:
            why = str(exc)
        except SettingsError as exc:  # the file of the secrets was damaged meanwhile
            log.error("webhook %s: %s", name, exc)
            why = "the secret cannot be read"
        if status is not None and 200 <= status < 300:
            self._note_success(event, status)
        elif status == GONE:
            log.warning("webhook %s: HTTP 410, it is sent nothing more until it is resumed", name)
            self._messages.stop(name, event, self._clock(), why, GONE)
            self._on_change()
        else:
            self._note_failure(event, why, status)
        return True

    def _note_success(self, event: VisitEvent, status: int) -> None:
        self._messages.note_delivered(event, self._clock(), status)
        if self._failures >= FAILURES_OF_AN_OUTAGE:
            self._messages.make_all_due(self.name, self._clock())
        self._failures = 0

    def _note_failure(self, event: VisitEvent, why: str, status: int | None) -> None:
        name = self.name
        level = logging.INFO if self._failures else logging.WARNING  # an outage is logged once
        log.log(level, "webhook %s: %s is not delivered: %s", name, event.id, why)
        self._failures += 1
        if self._messages.note_failed(event, self._clock(), why, status):
            log.warning("webhook %s: %s is parked for a person", name, event.id)
            self._on_change()

    def _prune_daily(self) -> None:
        today = self._clock().date()
        if today != self._pruned_on:
            self._messages.prune(self.name, self._clock())
            self._pruned_on = today
