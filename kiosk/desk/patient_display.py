"""The patient's own display at a desk: which of its pictures it shows.

1.  Show your card: as long as there is nothing else to show.
2.  Your number: for `NUMBER_FOR` after a visit is recorded or its number is shown again, or until
    the next scan of the desk.
    A ticket or a line of a paper sheet that the clerk scans is no such scan: it changes nothing.
3.  Talk to the staff: while the newest verdict on the last scan is `desk`, for at most `STAFF_FOR`.
    The picture is the same for every reason.
4.  A guide for VssID or VNeID: from the clerk's press until the next scan of the desk, until the
    clerk takes it off, and for at most `GUIDE_FOR`.

A picture holds a number, a room and, if the settings say so, initials: nothing else of a patient
leaves this module.  A card as a picture, which a clerk shows to its holder, never passes through
the program: it goes from the clerk's page to the display in the same browser (docs/enquiry.md).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from kiosk.desk.open_surface import initials_of
from kiosk.logbook import Attempts, Visit, Visits
from verify import Outcome

NUMBER_FOR = timedelta(seconds=15)
STAFF_FOR = timedelta(minutes=2)  # a clerk who sets a patient aside tells nobody
GUIDE_FOR = timedelta(minutes=10)
MAX_DESKS = 64  # that are followed, the last used ones


class Picture(StrEnum):
    """The pictures; the values are part of the display's own interface."""

    READY = "ready"
    NUMBER = "number"
    STAFF = "staff"
    GUIDE = "guide"


class PatientPicture(NamedTuple):
    """What the display of a desk shows. Fields that are not of the picture are empty."""

    picture: Picture
    label: str = ""  # the number, as it is called
    room: str = ""
    initials: str = ""
    guide: str = ""  # its key
    language: str = ""  # of the guide


class PatientDisplays:
    """The display of each desk, kept in memory. Any thread may call."""

    def __init__(
        self,
        attempts: Attempts,
        visits: Visits,
        shows_initials: bool,
        clock: Callable[[], datetime],
    ) -> None:
        """`clock` returns the time now, aware."""
        self._attempts = attempts
        self._visits = visits
        self._shows_initials = shows_initials
        self._clock = clock
        self._lock = threading.Lock()
        self._followed: dict[str, tuple[int, datetime]] = {}  # the last reading of each desk
        self._turns: dict[str, int] = {}  # how many readings each desk has had
        self._guides: dict[str, tuple[str, str, datetime]] = {}  # by desk: key, language, since

    def follow(self, desk: str, reading: int) -> None:
        """Show from now on what becomes of a reading at a desk; "" is the desk without a name."""
        with self._lock:
            self._guides.pop(desk, None)
            self._followed.pop(desk, None)
            self._followed[desk] = (reading, self._clock())
            self._turns[desk] = self._turns.get(desk, 0) + 1
            while len(self._followed) > MAX_DESKS:
                oldest = next(iter(self._followed))
                del self._followed[oldest], self._turns[oldest]

    def turn(self, desk: str) -> int:
        """Return a number that changes with each reading at a desk; it says nothing of anybody.

        A display that shows more than its three pictures wipes that when the number changes.
        """
        with self._lock:
            return self._turns.get(desk, 0)

    def show_guide(self, desk: str, key: str, language: str) -> None:
        """Show a guide, or a question by its id, at a desk; an empty key takes it off."""
        with self._lock:
            self._guides.pop(desk, None)
            if key:
                self._guides[desk] = (key, language, self._clock())
            while len(self._guides) > MAX_DESKS:
                del self._guides[next(iter(self._guides))]

    def picture(self, desk: str) -> PatientPicture:
        """Return what the display of a desk shows now.

        Raises LogbookUnavailable if the logbook cannot be read.
        """
        with self._lock:
            reading, since = self._followed.get(desk, (None, None))
            guide, language, shown_at = self._guides.get(desk, ("", "", self._clock()))
        if guide and timedelta(0) <= self._clock() - shown_at < GUIDE_FOR:
            return PatientPicture(Picture.GUIDE, guide=guide, language=language)
        if reading is None or since is None:
            return PatientPicture(Picture.READY)
        age = self._clock() - since
        visit = self._visits.by_reading(reading)
        if visit is not None:
            is_shown = timedelta(0) <= age < NUMBER_FOR and visit.cancelled_at is None
            return self._number(visit) if is_shown else PatientPicture(Picture.READY)
        newest = self._attempts.newest_verdict_on(reading)
        is_for_staff = newest is not None and newest.outcome is Outcome.DESK
        is_shown = is_for_staff and timedelta(0) <= age < STAFF_FOR
        return PatientPicture(Picture.STAFF if is_shown else Picture.READY)

    def _number(self, visit: Visit) -> PatientPicture:
        initials = initials_of(visit.card.holder) if self._shows_initials else ""
        return PatientPicture(Picture.NUMBER, visit.ticket_label, visit.service.room, initials)
