"""A visit's values: what is confirmed at the desk, and how it stands in the logbook."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kiosk.logbook.times import restored
from verify import Outcome, Reason


@dataclass(frozen=True, slots=True)
class NewVisit:
    """What was confirmed at the desk. Personal fields stay out of any repr."""

    attempt: int  # the reading
    verdict_of: int  # the verdict it was confirmed on
    facility: str
    arrived_at: datetime
    outcome: Outcome
    reason: Reason
    number: str = field(repr=False)  # the card's, as shown
    person: str = field(repr=False)
    card_number: str | None = field(repr=False)  # the 15 characters, where known
    holder: str | None = field(repr=False)
    born: str | None = field(repr=False)  # ISO 8601, to the day, month or year
    sex: str | None
    registered_at: str | None  # the facility on the card
    valid_from: str | None
    valid_until: str | None
    service_code: str
    service_name: str
    room: str
    arrival: str
    care: str
    papers: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    clerk_reason: str = field(default="", repr=False)
    citizen_number: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit as it stands in the logbook, with how its message stands."""

    row: int
    id: str
    attempt: int
    arrived_at: datetime
    ticket: int
    outcome: Outcome
    reason: Reason
    record: dict[str, Any] = field(repr=False)
    insurer_state: str  # queued, in_flight, accepted, refused, parked, closed, not_sent
    transaction_code: str | None
    message: str | None
    version: int = 1  # one more for each correction
    cancelled_at: datetime | None = None


Compose = Callable[[str, NewVisit], "Message | None"]


@dataclass(frozen=True, slots=True)
class Message:
    """What goes into the outbox with a visit: ready to be sent, or parked with why it is not."""

    body: str | None = field(repr=False)
    why_parked: str | None = None


def visit_of_record(record: dict[str, Any]) -> NewVisit:
    """Return what was confirmed, from the record that was kept of it."""
    return NewVisit(
        **record
        | {
            "arrived_at": restored(record["arrived_at"]),
            "outcome": Outcome(record["outcome"]),
            "reason": Reason(record["reason"]),
        }
    )
