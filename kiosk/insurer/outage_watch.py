"""Watches for outages and suggests them; writes down that the program runs.

What is suggested, for a person to confirm, change or dismiss:

1. The insurer did not answer for SILENCE_WORTH_NOTING or longer.  Whether the portal or our line
   failed cannot be seen from here: the portal is suggested.
2. The program did not run for `program_runs.LONG_GAP` or longer, and either messages waited through
   it, or it was cut off and began again on the same day.  A machine that is switched off at night
   is no outage, and neither is a clock that was put forward while the program ran.

Another part of the program that notices one (a clock that was wrong) calls `Outages.suggest`.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from kiosk.logbook import (
    LONG_GAP,
    LogbookUnavailable,
    NewOutage,
    NotRecorded,
    Outages,
    OutageSource,
    ProgramGap,
    ProgramRuns,
    ReportedVisits,
    Silence,
    Silences,
)
from verify import clinic_day

log = logging.getLogger(__name__)

SILENCE_WORTH_NOTING = timedelta(minutes=15)
LOOK_INTERVAL_S = 60.0
MAX_WAITING_READ = 1_000
GATEWAY, PROGRAM = "gateway", "program"  # the kinds of `Outage.noticed`; stored


class OutageWatch:
    """Looks once a minute. One thread may use it at a time."""

    def __init__(
        self,
        runs: ProgramRuns,
        silences: Silences,
        outages: Outages,
        visits: ReportedVisits,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` returns the time (aware), `monotonic` seconds that no change of it affects."""
        self._runs = runs
        self._silences = silences
        self._outages = outages
        self._visits = visits
        self._clock = clock
        self._monotonic = monotonic
        self._run: int | None = None
        self._looked_at = -math.inf  # in seconds of `monotonic`

    def run(self, stop: threading.Event) -> None:
        """Look until `stop` is set. If the logbook fails, the next look tries again."""
        while not stop.is_set():
            self._guarded(self.look)
            stop.wait(LOOK_INTERVAL_S)
        self._guarded(self.end_run)

    def look(self) -> None:
        """Write down that the program runs, and suggest what was noticed.

        Raises NotRecorded or LogbookUnavailable if the logbook cannot be written or read.
        """
        now = self._clock()
        looked_before, self._looked_at = self._looked_at, self._monotonic()
        if self._run is None or not self._runs.seen(self._run, now):
            self._run, gap = self._runs.begin(now)
            was_here = self._looked_at - looked_before < LONG_GAP.total_seconds()
            if gap is not None and not was_here and self._is_worth_noting(gap):
                content = NewOutage(OutageSource.PROGRAM, gap.begin, gap.end)
                self._outages.suggest(content, _noticed(PROGRAM, gap.begin), now)
        for silence in self._silences.news():
            self._note(silence, now)

    def end_run(self) -> None:
        """Write down that the program ends by itself."""
        if self._run is not None:
            self._runs.stop(self._run, self._clock())

    def _note(self, silence: Silence, now: datetime) -> None:
        if silence.end is not None:
            for outage in self._outages.open_noticed(GATEWAY):
                self._outages.end_suggestion(outage.id, silence.end, now)
        if silence.last - silence.begin >= SILENCE_WORTH_NOTING:
            content = NewOutage(OutageSource.PORTAL, silence.begin, silence.end)
            self._outages.suggest(content, _noticed(GATEWAY, silence.begin), now)

    def _is_worth_noting(self, gap: ProgramGap) -> bool:
        was_cut_off = not gap.was_stopped and clinic_day(gap.begin) == clinic_day(gap.end)
        return was_cut_off or any(
            visit.arrived_at <= gap.begin and visit.messages[-1].answered_at is None
            for visit in self._visits.open(MAX_WAITING_READ)
        )

    @staticmethod
    def _guarded(step: Callable[[], None]) -> None:
        try:
            step()
        except (NotRecorded, LogbookUnavailable) as exc:
            log.error("outages cannot be noted now: %s", exc)


def _noticed(kind: str, begin: datetime) -> str:
    return f"{kind} {begin.isoformat(timespec='seconds')}"
