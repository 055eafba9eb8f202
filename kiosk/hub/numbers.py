"""Queue numbers of rooms that several desks share, as one desk fetches and gives them.

1. `take` and `expect` answer from memory (`NumberHand`).  The lock is never held while the hub is
   asked: a hub that hangs holds nobody.
2. Whenever it connects, the desk first puts back what it has given today: a hub that was promoted
   or restored may have forgotten it.
3. On a timeline that is new to this run of the program, the desk asks for nothing in the first 15
   seconds, so that the others can put theirs back; then it puts back its own again, and asks.
4. What two desks gave all the same is kept for the pages: it is on paper.
5. Numbers in hand are in no file: a desk that is cloned or restored would give them again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from kiosk.errors import SettingsError
from kiosk.hub.connection import HubConnection
from kiosk.hub.errors import HubBusy, HubError, HubLoginRefused, HubRefused, HubUnfit
from kiosk.hub.number_hand import NumberHand, NumberQuestion, RoomDay, RoomNumber
from kiosk.hub.number_rows import ask_for_number, given_twice, put_back
from kiosk.logbook import LogbookUnavailable, desk_prefix, room_key
from verify import clinic_day

log = logging.getLogger(__name__)

LIMIT_S = 3.0  # of one statement: later nobody needs the number
SETTLING_S = 15.0  # on a timeline that this run of the program has not seen
LOOK_EVERY_S = 5.0  # whether the hub is still there
LOOK_FOR_DOUBLES_EVERY_S = 60.0
STOP_CHECK_INTERVAL_S = 0.5
MAX_TRIES = 8  # of one question while others are in the way
FIRST_PAUSE_S = 0.01  # between two of them; doubled each time
PAUSES_S = (1.0, 2.0, 5.0)  # between tries to connect; the last one again and again
PAUSE_FOR_PERSON_S = 60.0  # where a person has to act first
UNIQUE_VIOLATION = "23505"  # the SQLSTATE


@dataclass(frozen=True, slots=True)
class NumbersState:
    """How this desk stands with the shared numbers, for pages and the doctor."""

    is_ready: bool  # a number that is expected is asked for
    since: datetime | None  # aware; since when that is so; None: it was not tried yet
    trouble: str  # why it is not ready; holds no data
    given_twice: int  # numbers of today that another desk gave too


class HouseNumbers:
    """The shared numbers as one desk has them: a `kiosk.logbook.NumberSource`.

    `run` is for one thread; any thread may call the others.
    """

    def __init__(
        self,
        desk: int,
        connect: Callable[[float], HubConnection],
        release: Callable[[HubConnection], None],
        given: Callable[[date], Collection[tuple[str, int]]],
        clock: Callable[[], datetime],
        *,
        settling_s: float = SETTLING_S,
        steady_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """`connect` opens a connection whose statements take so many seconds at most.

        `release` closes it.  `given` returns the numbers that this logbook has given on a day of
        the clinic, each with its `room_key`.  `clock` returns an aware time.  Raises ValueError if
        there is no prefix for the number of the desk.
        """
        self.prefix = desk_prefix(desk)
        self._connect, self._release = connect, release
        self._given, self._clock = given, clock
        self._steady_s = steady_s
        self.settling_s = settling_s  # on a timeline that is new to this run of the program
        self._timeline: int | None = None  # None: this run of the program has seen none
        self._settled_at: float | None = None  # None: it has settled
        self._doubles_at = 0.0  # when doubles are looked for next
        self._connection: HubConnection | None = None
        self._changed = threading.Condition()  # guards all below
        self._hand = NumberHand()
        self._twice: dict[RoomNumber, int] = {}
        self._state = NumbersState(is_ready=False, since=None, trouble="", given_twice=0)

    def take(self, day: date, room: str) -> int | None:
        """Return a number of a room, once, from memory; None if the hand is empty."""
        with self._changed:
            return self._hand.take(RoomDay(day, room), self._steady_s())

    def expect(self, room: str, place: str = "", wait_s: float = 0.0) -> None:
        """Have a number of the room of this name fetched, for the patient at a place.

        Waits `wait_s` for it at most, and not at all while the hub is out of reach.
        """
        series = RoomDay(clinic_day(self._clock()), room_key(room))
        with self._changed:
            self._hand.expect(series, place, self._steady_s())
            self._changed.notify_all()
            if wait_s:
                self._changed.wait_for(
                    lambda: not self._state.is_ready or self._hand.has(series), wait_s
                )

    def holds(self, room: str) -> bool:
        """Return whether a number of the room of this name is in hand for today."""
        with self._changed:
            return self._hand.has(RoomDay(clinic_day(self._clock()), room_key(room)))

    def also_given_by(self, day: date, room: str, number: int) -> int | None:
        """Return which other desk gave a number too; None: none is known."""
        with self._changed:
            return self._twice.get(RoomNumber(RoomDay(day, room), number))

    def state(self) -> NumbersState:
        """Return how this desk stands with the shared numbers."""
        with self._changed:
            return self._state

    def run(self, stop: threading.Event) -> None:
        """Fetch numbers until `stop` is set."""
        tries = 0
        while not stop.is_set():
            pause = PAUSES_S[min(tries, len(PAUSES_S) - 1)]
            tries += 1
            try:
                self.open()
                while not stop.is_set():
                    self.step()
                    tries = 0
                    self._wait(stop)
            except (HubLoginRefused, HubUnfit, SettingsError) as exc:
                self._note(str(exc))
                pause = PAUSE_FOR_PERSON_S
            except (HubError, LogbookUnavailable) as exc:
                self._note(str(exc))
            finally:
                self.close()
            stop.wait(pause)

    def open(self) -> None:
        """Connect, and put back what this desk holds. Raises HubError and LogbookUnavailable."""
        connection = self._connection = self._connect(LIMIT_S)
        timeline = int(connection.timeline or "0", 16)  # an engine without timelines says none
        if timeline != self._timeline:
            self._timeline, self._settled_at = timeline, self._steady_s() + self.settling_s
        self._put_back(connection)
        self._doubles_at = self._steady_s()  # at once
        if self._settled_at is not None:
            self._note("the hub has a new timeline: the desks put back their numbers first")

    def close(self) -> None:
        """Close the connection, if there is one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._release(connection)

    def step(self) -> None:
        """Ask for what is expected now, and look for doubles when it is time.

        Raises HubError and LogbookUnavailable; then `close` and `open` again.
        """
        connection, now = self._connection, self._steady_s()
        assert connection is not None, "open it first"
        if self._settled_at is not None and now >= self._settled_at:
            self._put_back(connection)
            self._settled_at = None
        if self._settled_at is None:
            self._note("")
            while (question := self._question()) is not None:
                number = self._ask(connection, question)
                with self._changed:
                    self._hand.answer(question, number, self._steady_s())
                    self._changed.notify_all()
        if now >= self._doubles_at:
            self._note_twice(given_twice(connection, clinic_day(self._clock())))
            self._doubles_at = now + LOOK_FOR_DOUBLES_EVERY_S
        else:
            connection.rows("select 1")

    def _question(self) -> NumberQuestion | None:
        with self._changed:
            return self._hand.question(clinic_day(self._clock()), self._steady_s())

    def _ask(self, connection: HubConnection, question: NumberQuestion) -> int:
        """Ask until nobody is in the way. Raises HubError if it lasts, or is something else."""
        pause = FIRST_PAUSE_S
        for left in reversed(range(MAX_TRIES)):
            try:
                return ask_for_number(connection, question)
            except (HubBusy, HubRefused) as exc:
                # A unique violation: an earlier try of this question was committed meanwhile.
                is_passing = isinstance(exc, HubBusy) or exc.sqlstate == UNIQUE_VIOLATION
                if not left or not is_passing:
                    raise
            time.sleep(pause)
            pause *= 2
        raise AssertionError("unreachable: the last try returns or raises")

    def _put_back(self, connection: HubConnection) -> None:
        day = clinic_day(self._clock())
        with self._changed:
            held = self._hand.held(day)
        given = [RoomNumber(RoomDay(day, room), number) for room, number in self._given(day)]
        found = put_back(connection, day, {*given, *held})
        with self._changed:
            in_hand = self._hand.discard(found)
        self._note_twice({number: desk for number, desk in found.items() if number not in in_hand})

    def _note_twice(self, found: Mapping[RoomNumber, int]) -> None:
        """Remember which numbers of today another desk gave too, and write how many are new."""
        day = clinic_day(self._clock())
        with self._changed:
            before = {
                number: desk for number, desk in self._twice.items() if number.series.day == day
            }
            self._twice = before | dict(found)
            self._state = replace(self._state, given_twice=len(self._twice))
            new = len(self._twice) - len(before)
        if new:
            log.error("%d queue numbers of today were given by another desk too", new)

    def _note(self, trouble: str) -> None:
        """Note whether numbers can be asked for; `trouble` says what keeps them from it."""
        with self._changed:
            before = self._state
            if before.since is not None and before.trouble == trouble:
                return
            is_new = before.since is None or before.is_ready == bool(trouble)
            since = self._clock() if is_new else before.since
            self._state = replace(before, is_ready=not trouble, since=since, trouble=trouble)
            self._changed.notify_all()  # nobody waits for a number that does not come
        if trouble:
            log.warning("numbers are counted by this desk alone: %s", trouble)
        else:
            log.info("numbers are shared with the other desks")

    def _wait(self, stop: threading.Event) -> None:
        """Wait until a number is expected, or for LOOK_EVERY_S at most."""
        until = self._steady_s() + LOOK_EVERY_S
        with self._changed:
            while not stop.is_set() and self._steady_s() < until:
                if self._settled_at is not None:
                    until = min(until, self._settled_at)
                elif self._hand.question(clinic_day(self._clock()), self._steady_s()) is not None:
                    return
                self._changed.wait(STOP_CHECK_INTERVAL_S)
