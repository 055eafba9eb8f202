"""Delivery: send the messages of the outbox to the gateway and record what became of each.

What becomes of messages that were sent (`Delivery._send_and_record`):

- They cannot be signed, although a certificate is set: they are not sent, and tried again.
- Signing took longer than they were claimed for: they are not sent, and claimed again.
- The gateway gives no answer, or refuses our sign-in: they are tried again.
- It accepts them: they are accepted.
- It refuses several that were sent together, or finds them too large: each is sent alone, so that
  the one at fault is found.
- It gives a code that means "later", or refuses our account for the first MAX_ACCOUNT_TRIES - 1
  times: they are tried again.
- It refuses the data of a single message: it is refused, for a person to correct.
- Anything else, such as an unknown code: the message is parked, for a person to look at.

Before anything is sent, our clock is compared with others (`kiosk.insurer.clock_check`):

- While it is wrong, nothing is sent; the messages wait as they are.
- A visit that a wrong clock recorded is parked, for a person to settle its time; and so is one
  whose admission lies in the future.

The meaning of each code is in `kiosk.insurer.codes` (SEND_RESULTS).  How long a message waits
before it is tried again is decided in `kiosk.logbook.outbox` (`Outbox.try_again`).

Several files may be on their way at the same time, never two with visits of one patient: an older
message of a person holds the newer ones back until it is settled.  After a failure one message is
sent by itself.

While the signer knows that it cannot sign, no message is taken from the outbox at all: they wait
unchanged, and go on as soon as it can.

Each document is kept as it is sent, in this order, so that a kill at any point leaves a true
record: signed and checked; kept, without an answer; sent; its answer kept; its messages settled.
A file without an answer was sent, or was about to be.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime, timedelta

from kiosk.insurer.clock_check import ClockCheck
from kiosk.insurer.codes import ACCOUNT_CODES, TOO_LARGE, SendResult, send_result_of
from kiosk.insurer.errors import CannotSign, InsurerError, InsurerUnreachable, NotSignedIn
from kiosk.insurer.gateway import Gateway, Receipt
from kiosk.insurer.message_queue import MessageQueue, SentFileStore
from kiosk.insurer.signer import SignedDocument, Signer
from kiosk.insurer.xml0 import admitted_at, facility_of, joined
from kiosk.logbook import (
    CLOCK_CODE,
    NO_ANSWER,
    LogbookUnavailable,
    NotRecorded,
    OutboxItem,
    OverdueBefore,
)

log = logging.getLogger(__name__)

EXCHANGES_PER_LEASE = 2  # a message may be sent twice, with a sign-in before each
LEASE_MARGIN = timedelta(seconds=5)
IDLE_PAUSE_S = 0.5  # between two looks at an empty outbox
MAX_IDLE_PAUSE_S = 30.0  # while the gateway does not answer
MAX_PAUSE_DOUBLINGS = 6
MAX_ACCOUNT_TRIES = 3  # of one visit, before a refusal of our account needs a person
MAX_FAILURES_IN_A_ROW = 3  # after which the nightly job stops for this time
MAX_CLOCK_LEAD = timedelta(minutes=5)  # how far our clock may be ahead of the insurer's
MAX_LOGGED_VISITS = 3  # of one sending


class Delivery:
    """Sends what is in the outbox. One thread may use it at a time."""

    def __init__(
        self,
        outbox: MessageQueue,
        gateway: Gateway,
        clock: Callable[[], datetime],
        max_exchange_s: float,
        on_change: Callable[[], None],
        visits_per_sending: int = 1,
        clock_check: ClockCheck | None = None,
        *,
        signer: Signer | None = None,
        sent_files: SentFileStore | None = None,
        overdue_before: Callable[[datetime], OverdueBefore] | None = None,
        files_at_once: int = 1,
        may_send: Callable[[], bool] = lambda: True,
    ) -> None:
        """Set up the delivery; nothing is sent yet.

        `max_exchange_s` is the longest that one sign-in and one sending may take, in seconds.
        `on_change` is called after each sending, whatever its result.  `visits_per_sending` is the
        most in one file: the portal's guide (January 2026, 3.2) speaks of one, although Thông tư
        48/2017 allows many.  `files_at_once` is how many files may be on their way.  Without
        `clock_check` our clock is trusted.  Without a `signer` visits are sent unsigned, and
        without `sent_files` the documents are not kept as sent.  `overdue_before` returns which
        visits are overdue at a moment; their messages go first.  While `may_send` returns False,
        nothing is taken from the outbox: another desk may be sending the messages.
        """
        self._outbox = outbox
        self._gateway = gateway
        self._clock = clock
        self._on_change = on_change
        self._signer, self._sent_files = signer, sent_files
        self._clock_check = clock_check
        self._visits_per_file = visits_per_sending
        self._max_batch = self._batch_size = visits_per_sending * files_at_once
        self._failures = 0  # sendings in a row after which no message was settled
        self._overdue_before, self._may_send = overdue_before, may_send
        self._lease = EXCHANGES_PER_LEASE * timedelta(seconds=max_exchange_s) + LEASE_MARGIN

    def deliver_all(self) -> None:
        """Send every waiting message once. Stops after MAX_FAILURES_IN_A_ROW.

        Raises NotRecorded or LogbookUnavailable if the logbook cannot be written or read.
        """
        begun = self._clock()
        self._outbox.make_all_due(begun)
        self._failures = 0
        while self._failures < MAX_FAILURES_IN_A_ROW and self.deliver_some(begun):
            pass

    def run(self, stop: threading.Event) -> None:
        """Send what is due until `stop` is set, less often while the gateway does not answer."""
        if self._clock_check is not None:
            with contextlib.suppress(NotRecorded, LogbookUnavailable):  # the next sending tries it
                self._clock_check.start()
        while not stop.is_set():
            try:
                delivered = self.deliver_some()
            except (NotRecorded, LogbookUnavailable) as exc:
                log.error("the outbox cannot be used now: %s", exc)
                delivered = False
            if self._failures or not delivered:
                pause_s = IDLE_PAUSE_S * 2 ** min(self._failures, MAX_PAUSE_DOUBLINGS)
                stop.wait(min(pause_s, MAX_IDLE_PAUSE_S))

    def deliver_some(self, due: datetime | None = None) -> bool:
        """Send the messages that are due (by `due`, or now), as many as may be sent at once.

        Returns False if no message is due, if nothing may be sent, if our clock is wrong, or if
        nothing can be signed now.
        Parks messages of visits that lie in the future (the insurer judges by its own clock and
        would refuse them) or that a wrong clock recorded.

        Raises NotRecorded or LogbookUnavailable if the logbook cannot be written or read.
        """
        if not self._may_send():
            return False
        if not self._can_sign():
            self._failures += 1
            return False
        try:
            if self._is_held(due):
                return False
        except InsurerError as exc:  # its time is not known: nothing may be sent
            return self._put_off(due, exc)
        now = self._clock()
        overdue = self._overdue_before(now) if self._overdue_before else None
        items = self._outbox.claim(now, self._lease, due, self._batch_size, overdue)
        if not items:
            return False
        sendable = self._with_right_time(items)
        if sendable:
            self._deliver(self._files(sendable))
        self._on_change()
        return True

    def _files(self, items: list[OutboxItem]) -> list[list[OutboxItem]]:
        """Return the messages of each file."""
        size = self._visits_per_file
        files = [items[start : start + size] for start in range(0, len(items), size)]
        return [self._with_one_facility(file) for file in files]

    def _with_one_facility(self, items: list[OutboxItem]) -> list[OutboxItem]:
        """Return the messages with the facility's code of the first; the others go by themselves.

        A sending names one code, and the code of a visit is that of its day.  A damaged message
        names none and goes by itself.
        """
        if len(items) == 1:
            return items
        first = facility_of(items[0].body)
        others = [item for item in items[1:] if not first or facility_of(item.body) != first]
        if others:
            self._outbox.send_alone(others, self._clock(), "sent apart: another facility code")
        return [item for item in items if item not in others]

    def _can_sign(self) -> bool:
        """Return whether a document can be signed now, or is sent unsigned."""
        if self._signer is None:
            return True
        before = self._signer.state()
        is_ready = self._signer.is_ready()
        if self._signer.state() != before:
            self._on_change()
        return is_ready

    def _is_held(self, due: datetime | None) -> bool:
        """Return whether a message is due, but our clock is wrong.

        The gateway shows its time when we sign in, before it gets any visit.  Raises
        InsurerUnreachable or NotSignedIn if that fails.
        """
        if self._clock_check is None:
            return False
        is_due = self._outbox.has_due(self._clock(), self._lease, due)
        return is_due and self._clock_check.before_sending().is_wrong

    def _put_off(self, due: datetime | None, why: InsurerError) -> bool:
        """Delay the messages that are due; return whether there were any."""
        items = self._outbox.claim(self._clock(), self._lease, due, self._batch_size)
        if not items:
            return False
        log.log(logging.ERROR if isinstance(why, NotSignedIn) else logging.INFO, "%s", why)
        self._failures += 1
        self._batch_size = 1
        self._outbox.try_again(items, self._clock(), str(why))
        self._on_change()
        return True

    def _with_right_time(self, items: list[OutboxItem]) -> list[OutboxItem]:
        """Park the messages whose time of arrival is wrong; return the others."""
        now = self._clock()
        wrong = {
            item.visit: "NGAY_VAO lies in the future"
            for item in items
            if item.arrived_at > now + MAX_CLOCK_LEAD
        }
        for item in items:
            admitted = admitted_at(item.body)
            if admitted is not None and admitted > now + MAX_CLOCK_LEAD:
                wrong[item.visit] = (
                    "NGAY_VAO_NOI_TRU lies in the future: record the admission again"
                )
        if self._clock_check is not None:
            wrong |= self._clock_check.wrong_visits([item.visit for item in items])
        for item in items:
            if item.visit in wrong:
                self._outbox.park(item, now, CLOCK_CODE, wrong[item.visit])
        return [item for item in items if item.visit not in wrong]

    def _deliver(self, files: list[list[OutboxItem]]) -> None:
        """Send files, record the results, and choose how many messages are sent next.

        After a failure the next message is sent alone; each success doubles the number.  So a
        message that makes the gateway fail is found, and then delays no others.
        """
        self._failures += 1
        batch_size, self._batch_size = self._batch_size, 1
        are_judged = self._send_side_by_side(files)
        if any(are_judged):
            self._failures = 0
        if all(are_judged):
            self._batch_size = min(2 * batch_size, self._max_batch)

    def _send_side_by_side(self, files: list[list[OutboxItem]]) -> list[bool]:
        """Send files at the same time; return of each whether the gateway judged its messages.

        Raises what the sending of one raised, after all have ended.
        """
        results: list[Future[bool]] = [Future() for _ in files]

        def send(items: list[OutboxItem], result: Future[bool]) -> None:
            try:
                result.set_result(self._send_and_record(items))
            except (NotRecorded, LogbookUnavailable) as exc:  # raised below, where it is waited for
                result.set_exception(exc)
            finally:
                result.cancel()  # after any other error, so that nobody waits for ever

        # Daemons, unlike those of an executor: the program may end while an exchange lasts.
        threads = [
            threading.Thread(target=send, args=pair, name="sending", daemon=True)
            for pair in zip(files[1:], results[1:], strict=True)
        ]
        for thread in threads:
            thread.start()
        send(files[0], results[0])
        for thread in threads:
            thread.join()
        return [result.result() for result in results]

    def _send_and_record(self, items: list[OutboxItem]) -> bool:
        """Send messages and record the result, by the rules at the top of this module.

        Returns whether the gateway judged the messages: then it works, whatever it answered.
        """
        visits = ", ".join(item.visit for item in items[:MAX_LOGGED_VISITS])
        visits += " …" if len(items) > MAX_LOGGED_VISITS else ""
        try:
            receipt = self._send(items)
            if receipt is None:
                log.warning("%s: not sent, because signing took too long", visits)
                return False
        except CannotSign as exc:
            self._outbox.try_again(items, self._clock(), str(exc))
            return False
        except InsurerUnreachable as exc:
            log.info("%s: the insurer gave no answer (%s)", visits, exc)
            self._outbox.try_again(items, self._clock(), f"{NO_ANSWER}: {exc}")
            return False
        except NotSignedIn as exc:
            log.error("%s: %s", visits, exc)
            self._outbox.try_again(items, self._clock(), str(exc))
            return False
        now = self._clock()
        code, message = receipt.code, receipt.message
        result = send_result_of(code)
        is_our_account = code in ACCOUNT_CODES
        if result is SendResult.ACCEPTED:
            self._outbox.accept(items, now, receipt.transaction, code, receipt.answer)
        elif len(items) > 1 and (result is not SendResult.TRY_AGAIN or code == TOO_LARGE):
            log.info("%s: code %s; each is sent alone", visits, code)
            self._outbox.send_alone(items, now, f"code {code}: {message}")
        elif result is SendResult.TRY_AGAIN or (
            is_our_account and items[0].tries < MAX_ACCOUNT_TRIES
        ):
            self._outbox.try_again(items, now, f"code {code}: {message}")
            return False
        elif result is SendResult.REFUSED:
            log.warning("visit %s was refused with code %s", visits, code)
            self._outbox.refuse(items[0], now, code, message, receipt.answer)
        else:
            log.warning("visit %s is parked on code %s", visits, code)
            self._outbox.park(items[0], now, code, message, receipt.answer)
            return not is_our_account
        return True

    def _send(self, items: list[OutboxItem]) -> Receipt | None:
        """Sign messages as one document, keep it, send it, and keep the answer.

        None, and nothing is sent, if the lease ran out while a token signed: another process may
        have sent the messages since, and newer versions of them.

        Raises CannotSign, NotSignedIn, InsurerUnreachable, or NotRecorded if it cannot be kept.
        """
        text = joined([item.body for item in items])
        signed = self._signer.sign(text) if self._signer else SignedDocument(text.encode(), None)
        if self._clock() >= items[0].lease_until:
            return None
        if self._sent_files is None:
            return self._gateway.check_in(signed.document)
        messages = [item.id for item in items]
        file = self._sent_files.record(
            messages,
            signed.document,
            signed.serial,
            self._clock(),
            self._gateway.account,
            self._gateway.check_in_call,
        )
        receipt = self._gateway.check_in(signed.document)
        self._sent_files.add_answer(file, receipt.answer)
        return receipt
