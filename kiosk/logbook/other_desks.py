"""What other desks of the facility have recorded today: a second source beside the logbook.

- Each desk has a logbook of its own.  Where several desks share a hub, a part outside this room
  keeps what the others recorded in a local file, and answers from there: never over the network.
- "Nobody was here" is only an answer while the others are known.  So the source also says until
  when each desk is known.  Without a hub there is no such source: all visits are in the logbook.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from kiosk.logbook.database import Database
from kiosk.logbook.errors import AlreadyHere
from kiosk.logbook.person_numbers import limited
from kiosk.logbook.same_persons import PersonRecord, joined_record


@dataclass(frozen=True, slots=True)
class VisitAtOtherDesk:
    """A visit in the logbook of another desk, as far as this desk may know it: no name."""

    id: str
    desk: str  # its name
    arrived_at: datetime  # aware, by the clock of that desk: as on the patient's ticket
    room: str
    ticket_label: str


@dataclass(frozen=True, slots=True)
class DeskAsOf:
    """Until when it is known what another desk has recorded."""

    desk: str  # its name
    known_until: datetime | None  # aware, by our clock; None: nothing is known of it
    is_current: bool  # what it records is known within seconds
    was_seen_today: bool  # a desk that was not may be switched off


@dataclass(frozen=True, slots=True)
class OtherDesksState:
    """How much is known of the other desks."""

    asked_at: datetime | None  # when the hub last answered; aware, by our clock; None: never
    is_reached: bool  # the hub has answered within seconds
    desks: tuple[DeskAsOf, ...]

    @property
    def behind(self) -> tuple[DeskAsOf, ...]:
        """The desks that were seen today, and whose newest visits may be missing here."""
        return tuple(desk for desk in self.desks if desk.was_seen_today and not desk.is_current)

    @property
    def is_complete(self) -> bool:
        """Whether a patient who is not found has not been at another desk, as far as one knows.

        A desk that was not seen today is taken for switched off.
        """
        return self.is_reached and not self.behind

    @property
    def known_until(self) -> datetime | None:
        """Until when all desks of today are known; None if nothing is known, or all is."""
        moments = [desk.known_until for desk in self.behind]
        if not self.is_reached:
            moments.append(self.asked_at)
        known = [moment for moment in moments if moment is not None]
        return min(known) if known and len(known) == len(moments) else None


class OtherDesks(Protocol):
    """What answers about other desks.  Any thread may call; nothing here raises or waits."""

    def here_today(self, numbers: Collection[str], now: datetime) -> VisitAtOtherDesk | None:
        """Return a person's last visit on the clinic's day of `now` (aware) at another desk.

        `numbers` are all numbers of the person.  Cancelled visits do not count.
        """

    def state(self, now: datetime) -> OtherDesksState:
        """Return how much is known of the other desks."""


class VisitsElsewhere:
    """Finds the visits of a person at other desks, by all numbers that the logbook knows."""

    def __init__(self, database: Database, others: OtherDesks | None) -> None:
        """`others` is None where all visits of the site are in one logbook."""
        self._database = database
        self._others = others

    def here_today(
        self, person: str, now: datetime, others: Collection[str] = ()
    ) -> VisitAtOtherDesk | None:
        """Return a person's last visit on the clinic's day of `now` at another desk.

        `others` are further numbers of the person.  Raises LogbookUnavailable if the logbook
        cannot be read.
        """
        if self._others is None:
            return None
        record = joined_record(self._database, {person, *others} - {""})
        return self._others.here_today(limited(record.numbers), now)

    def require_none(self, record: PersonRecord, now: datetime) -> None:
        """Raise AlreadyHere if a person has a visit at another desk on the clinic's day of `now`.

        What another desk has recorded in the last seconds, or while it is not reached, may be
        missing.
        """
        if self._others is None:
            return
        earlier = self._others.here_today(limited(record.numbers), now)
        if earlier is not None:
            raise AlreadyHere(earlier.id, earlier.desk)

    def state(self, now: datetime) -> OtherDesksState | None:
        """Return how much is known of the other desks.  None without other desks."""
        return None if self._others is None else self._others.state(now)
