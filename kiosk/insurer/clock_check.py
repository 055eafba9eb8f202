"""Whether this machine's clock is right, by the clocks of others.  A wrong clock sends nothing.

The witnesses are the gateway (the Date of its answers), the feed (the Date of its server) and what
was signed (it says only that a moment has passed).  Our own clock counts as one too:

1. If the gateway or the feed agrees with our clock within MAX_CLOCK_DRIFT, our clock is right: two
   independent clocks agree.  A third one that differs is reported (`disputed_by`) and holds
   nothing.  The gateway may refuse a visit that lies in its future; that visit is then in the tray.
2. If all that are known differ from ours, our clock counts as wrong.  Of two that differ from each
   other too, the gateway's time is used, because it judges the visits.
3. If neither is known, our clock is wrong if it shows a moment before the floor.
4. If nothing is known, nothing is held: a gateway whose answers have no Date would get no visit.

Before a sending, a time of the gateway that is old, or that calls our clock wrong for the first
time, is read again: the machine may have slept, or a proxy may have given an old answer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from kiosk.insurer.gateway import Gateway
from kiosk.logbook import ClockReadings
from kiosk.runtime.steady_clock import steady_s
from verify import MAX_CLOCK_DRIFT

log = logging.getLogger(__name__)

GATEWAY, FEED, SIGNED = "gateway", "feed", "signed"
MAX_READING_AGE_S = 300.0  # an older time of the gateway is read again before a sending
RECHECK_S = 60.0  # between two readings while our clock is wrong


@dataclass(frozen=True, slots=True)
class ClockState:
    """What is known of our clock."""

    is_wrong: bool = False
    ahead: timedelta | None = None  # of the witness; below zero: behind; None: not known
    witness: str = ""  # gateway, feed or signed; empty: none is known
    disputed_by: str = ""  # the witness that differs from ours although another agrees


def judge_clock(
    now: datetime, gateway: datetime | None, feed: datetime | None, floor: datetime
) -> ClockState:
    """Return what is known of our clock, by the rules at the top of this module.

    `now` is what our clock shows, `gateway` and `feed` what theirs show at this moment (None: not
    known), and `floor` a moment that has passed.  All are aware.
    """
    known = [(GATEWAY, gateway), (FEED, feed)]
    aheads = {name: now - moment for name, moment in known if moment is not None}
    agreeing = [name for name, ahead in aheads.items() if abs(ahead) <= MAX_CLOCK_DRIFT]
    if agreeing:
        disputing = [name for name in aheads if name not in agreeing]
        return ClockState(False, aheads[agreeing[0]], agreeing[0], "".join(disputing))
    if aheads:
        witness = next(iter(aheads))
        return ClockState(True, aheads[witness], witness)
    if now < floor - MAX_CLOCK_DRIFT:
        return ClockState(True, now - floor, SIGNED)
    return ClockState()


class ClockCheck:
    """Our clock beside the others.  Any thread may ask for the state; one sends."""

    def __init__(
        self,
        gateway: Gateway | None,
        now: Callable[[], datetime],
        feed_time: Callable[[], datetime | None],
        floor: Callable[[], datetime],
        readings: ClockReadings,
        steady: Callable[[], float] = steady_s,
    ) -> None:
        """Set up the check; nothing is asked yet.

        `feed_time` returns what the feed's clock shows now (aware; None: not known), `floor` a
        moment that has passed.  `readings` keeps what was found.
        """
        self._gateway = gateway
        self._now = now
        self._feed_time = feed_time
        self._floor = floor
        self._readings = readings
        self._steady = steady
        self._read_at: float | None = None  # when we last asked for the gateway's time
        self._was_wrong = False
        self._has_noted_start = False

    def start(self) -> None:
        """Write down what our clock shows at the start of the program, once.

        Raises NotRecorded or LogbookUnavailable if the logbook cannot be used.
        """
        if not self._has_noted_start:
            self._readings.note_start(self._now())
            self._has_noted_start = True

    def state(self) -> ClockState:
        """Return what is known now.  Asks nobody."""
        gateway = self._gateway.clock() if self._gateway else None
        return judge_clock(self._now(), gateway, self._feed_time(), self._floor())

    def trusted_now(self) -> datetime | None:
        """Return the time (aware) by the witness that is believed. None if none is known."""
        state = self.state()
        return None if state.ahead is None or state.witness == SIGNED else self._now() - state.ahead

    def right_now(self) -> datetime:
        """Return the time (aware): ours, or that of a witness while ours is wrong."""
        trusted = self.trusted_now() if self.state().is_wrong else None
        return self._now() if trusted is None else trusted

    def before_sending(self) -> ClockState:
        """Return what is known, after reading the gateway's time if it must be read; keep it.

        Raises InsurerUnreachable or NotSignedIn if the gateway does not tell its time, and
        NotRecorded or LogbookUnavailable if the logbook cannot be used.
        """
        self.start()
        state = self.state()
        if self._gateway is not None and self._must_read(state):
            self._gateway.read_clock()
            self._read_at = self._steady()
            state = self.state()
        if state.is_wrong and not self._was_wrong:
            log.error("this machine's clock is wrong (%s): no visit is sent", _seen(state))
        self._was_wrong = state.is_wrong
        if state.ahead is not None and state.witness != SIGNED:
            now = self._now()
            self._readings.record(now, now - state.ahead, state.witness)
        return state

    def wrong_visits(self, visits: list[str]) -> dict[str, str]:
        """Return those of `visits` (ids) that a wrong clock recorded, each with what is known."""
        return self._readings.wrong_visits(visits)

    def _must_read(self, state: ClockState) -> bool:
        """Return whether the gateway must be asked for its time."""
        assert self._gateway is not None
        asked_s = None if self._read_at is None else self._steady() - self._read_at
        ages = [age for age in (self._gateway.clock_age_s(), asked_s) if age is not None]
        age = min(ages, default=None)
        if age is None or age > MAX_READING_AGE_S:
            return True
        if state.is_wrong and not self._was_wrong:
            return True
        return (state.is_wrong or state.disputed_by == GATEWAY) and age > RECHECK_S


def _seen(state: ClockState) -> str:
    if state.ahead is None:
        return "not known by how much"
    way = "ahead of" if state.ahead > timedelta(0) else "behind"
    return f"{abs(state.ahead.total_seconds()):.0f} s {way} {state.witness}"
