"""The doctor of the running program: looks every two minutes, and when somebody asks."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from kiosk.doctor.check import BAD, Check, needing_a_person
from kiosk.doctor.doctor import Doctor
from kiosk.doctor.observations import Observations

log = logging.getLogger(__name__)

FIRST_LOOK_S = 5.0  # after the start, so that the desk is ready first
INTERVAL_S = 120.0


@dataclass(frozen=True, slots=True)
class CheckUp:
    """What the doctor found at `at` (aware)."""

    at: datetime
    checks: tuple[Check, ...]

    @property
    def bad(self) -> int:
        """How many things are bad."""
        return sum(check.state is BAD for check in self.checks)

    @property
    def to_do(self) -> int:
        """For how many things a person has to do something."""
        return len(needing_a_person(self.checks))


class DoctorWatch:
    """Keeps the newest report. Any thread may ask for it, or for a new one."""

    def __init__(
        self,
        doctor: Doctor,
        observe: Callable[[], Observations],
        now: Callable[[], datetime],
        interval_s: float = INTERVAL_S,
        first_s: float = FIRST_LOOK_S,
    ) -> None:
        """`observe` returns what the program sees now, `now` the time (aware)."""
        self._doctor, self._observe, self._now = doctor, observe, now
        self._interval_s, self._first_s = interval_s, first_s
        self._lock = threading.Lock()
        self.newest: CheckUp | None = None
        self.url = ""  # where the pages are served; known when they are
        self.then: Callable[[Sequence[Check]], None] = lambda _checks: None

    def look(self, is_routine: bool = False) -> CheckUp:
        """Make all checks now; if somebody else has just begun to, wait for that report.

        In a routine look, slow answers of the system may be as old as an hour.
        """
        before = self.newest
        with self._lock:
            if self.newest is not None and self.newest is not before:
                return self.newest
            now = self._now()
            self.newest = report = CheckUp(
                now, tuple(self._doctor.examine(self._observe(), is_routine))
            )
        self.then(report.checks)
        return report

    def run(self, stop: threading.Event) -> None:
        """Look until `stop` is set."""
        pause = self._first_s
        while not stop.wait(pause):
            pause = self._interval_s
            try:
                self.look(is_routine=True)
            except Exception as exc:  # noqa: BLE001  (a doctor that fails may not end the desk)
                log.error("the doctor failed: %s", type(exc).__name__)
