"""The doctor of the running program: looks every two minutes, and when somebody asks."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from kiosk.doctor.check import BAD, NOT_DONE, UNKNOWN, Check, needing_a_person
from kiosk.doctor.doctor import Doctor
from kiosk.doctor.observations import Observations
from kiosk.doctor.words import words as _

log = logging.getLogger(__name__)

FIRST_LOOK_S = 5.0  # after the start, so that the desk is ready first
INTERVAL_S = 120.0
MOST_WAIT_S = 20.0  # that a page waits for the checks; a healthy site takes one or two
HUNG = "hung"


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
        most_s: float = MOST_WAIT_S,
    ) -> None:
        """`observe` returns what the program sees now, `now` the time (aware)."""
        self._most_s = most_s
        self._doctor, self._observe, self._now = doctor, observe, now
        self._interval_s, self._first_s = interval_s, first_s
        self._lock = threading.Lock()
        self._looking: threading.Thread | None = None
        self._began, self._failure = now(), ""
        self.newest: CheckUp | None = None
        self.url = ""  # where the pages are served; known when they are
        self.then: Callable[[Sequence[Check]], None] = lambda _checks: None

    def look(self, is_routine: bool = False) -> CheckUp:
        """Make all checks now; if somebody else has just begun to, wait for that report.

        In a routine look, slow answers of the system may be as old as an hour.  A check may hang,
        on a network drive that is gone: then this returns after `most_s` seconds with what was
        known before, and what hangs; no second look is begun beside it.
        """
        with self._lock:
            before = self.newest
            if self._looking is None or not self._looking.is_alive():
                self._failure, self._began = "", self._now()
                self._looking = threading.Thread(
                    target=self._examine, args=(is_routine,), name="checks", daemon=True
                )
                self._looking.start()
            looking = self._looking
        looking.join(self._most_s)
        with self._lock:
            hangs = looking.is_alive()
            if self.newest is not None and not hangs and not self._failure:
                return self.newest
            report = self._without_answer(before, hangs)
            if hangs and self.newest is before:
                self.newest = report  # the page shows at once what hangs
        return report

    def _examine(self, is_routine: bool) -> None:
        try:
            checks = tuple(self._doctor.examine(self._observe(), is_routine))
        except Exception as exc:  # noqa: BLE001  (a doctor that fails may not end the desk)
            self._failure = type(exc).__name__
            log.error("the doctor failed: %s", self._failure)
            return
        with self._lock:
            self.newest = CheckUp(self._began, checks)
        try:
            self.then(checks)
        except Exception as exc:  # noqa: BLE001  (as above)
            log.error("what follows the checks failed: %s", type(exc).__name__)

    def _without_answer(self, before: CheckUp | None, hangs: bool) -> CheckUp:
        """Return what was known before, and that there is no newer answer."""
        what = self._doctor.at
        seen = _("not known: the check failed (%(why)s)", why=self._failure)
        do = _("Look into the log, and send a support bundle to whoever looks after the program.")
        if hangs:
            seen = _("not known: it has not answered since %(at)s", at=self._began)
            do = _("Is a drive or a network that it needs gone? The other checks wait for it.")
        check = Check(NOT_DONE, what, UNKNOWN, seen, do, HUNG, self._began)
        known = [one for one in before.checks if one.subject != HUNG] if before else []
        return CheckUp(before.at if before else self._began, (check, *known))

    def run(self, stop: threading.Event) -> None:
        """Look until `stop` is set."""
        pause = self._first_s
        while not stop.wait(pause):
            pause = self._interval_s
            self.look(is_routine=True)
