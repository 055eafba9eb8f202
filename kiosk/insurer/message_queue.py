"""What `Delivery` sends from, and where it keeps the files as they were sent.

Each has two sides.  The messages of this desk's own visits are in the logbook (`Outbox`,
`SentFiles`).  Those that this desk sends for other desks are in the hub (`kiosk.hub`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from kiosk.logbook import OutboxItem, OverdueBefore


class MessageQueue(Protocol):
    """Messages that wait to be sent.  All times are aware.

    Every method raises NotRecorded or LogbookUnavailable if what holds the messages cannot be used
    now; then nothing has changed, or the lease of what was claimed runs out.
    """

    def claim(
        self,
        now: datetime,
        lease: timedelta,
        due: datetime | None = None,
        limit: int = 1,
        overdue: OverdueBefore | None = None,
    ) -> list[OutboxItem]:
        """Take at most `limit` messages that are due, each of another person, for a `lease`."""

    def has_due(self, now: datetime, lease: timedelta, due: datetime | None = None) -> bool:
        """Return whether `claim` would return a message; takes none."""

    def accept(
        self, items: Sequence[OutboxItem], now: datetime, transaction: str, code: str, answer: str
    ) -> None:
        """Record that the insurer has the messages."""

    def refuse(self, item: OutboxItem, now: datetime, code: str, message: str, answer: str) -> None:
        """Record that the insurer refuses the data of a message."""

    def park(
        self, item: OutboxItem, now: datetime, code: str, message: str, answer: str = ""
    ) -> None:
        """Set a message aside for a person."""

    def try_again(self, items: Sequence[OutboxItem], now: datetime, message: str) -> None:
        """Put messages back, each with a delay."""

    def send_alone(self, items: Sequence[OutboxItem], now: datetime, message: str) -> None:
        """Put messages back, to be sent one by one."""

    def make_all_due(self, now: datetime) -> None:
        """Make all messages that wait due now."""


class SentFileStore(Protocol):
    """Keeps each document as it is sent.  Raises what `MessageQueue` raises."""

    def record(
        self,
        messages: Sequence[int],
        document: bytes,
        certificate_serial: str | None,
        at: datetime,
        account: str = "",
        call: str = "",
    ) -> int:
        """Keep a document that is about to be sent, with its messages; return its id."""

    def add_answer(self, file_id: int, answer: str) -> None:
        """Add the insurer's whole answer to a file."""
