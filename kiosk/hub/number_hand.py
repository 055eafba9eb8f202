"""The numbers that a desk has in hand, and those that it expects to need: memory only.

1. Each place (a reader) that expects a patient needs one number of the room, for two minutes.  What
   one place expects twice is one number.
2. A desk expects patients for the room that is named, and for those in which it gave a number
   within the hour.
3. A question keeps its id until it is answered: an answer that was lost is asked for again, and no
   number is left out.  After two minutes nobody needs the answer.
4. A number that is older than half an hour is given only if no newer one has come: others have
   given many since.
5. Days do not mix: at midnight the numbers of yesterday are given to nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from uuid import UUID, uuid4

EXPECTED_FOR_S = 120.0  # a patient who was scanned and not recorded
ROOM_USED_FOR_S = 3_600.0  # after which no number of the room is fetched at a scan any more
NEWER_AFTER_S = 1_800.0  # an older number in hand is replaced
MAX_IN_HAND = 4  # of one room
MAX_ROOMS = 300  # of which numbers are fetched at the same time


class RoomDay(NamedTuple):
    """A series: a room on a day of the clinic."""

    day: date
    room: str  # a `room_key`


class RoomNumber(NamedTuple):
    """A number of a series."""

    series: RoomDay
    number: int


class NumberQuestion(NamedTuple):
    """That a number of a series is asked for."""

    series: RoomDay
    asked: UUID  # the same question has the same id


@dataclass(frozen=True, slots=True)
class _Fetched:
    """A number in hand. Times are seconds of a steady clock, also below."""

    number: int
    at: float


class NumberHand:
    """What is in hand and what is expected.  One thread at a time: the caller holds a lock.

    `now` is always the time of one steady clock, in seconds.
    """

    def __init__(self) -> None:
        self._in_hand: dict[RoomDay, list[_Fetched]] = {}
        self._places: dict[RoomDay, dict[str, float]] = {}  # when each expected a patient
        self._asked: dict[RoomDay, tuple[UUID, float]] = {}
        self._used_at: dict[str, float] = {}  # when a number of the room was given

    def expect(self, series: RoomDay, place: str, now: float) -> None:
        """Note that a patient stands at a place who may be sent to a room."""
        self._forget(series.day, now)
        for room in {series.room, *self._used_at}:
            of_room = RoomDay(series.day, room)
            if of_room in self._places or len(self._places) < MAX_ROOMS:
                self._places.setdefault(of_room, {})[place] = now

    def take(self, series: RoomDay, now: float) -> int | None:
        """Return the number that was fetched first, and forget it; None if the hand is empty."""
        self._used_at[series.room] = now
        places = self._places.get(series)
        if places:
            del places[min(places, key=places.__getitem__)]
        in_hand = self._in_hand.get(series)
        return in_hand.pop(0).number if in_hand else None

    def has(self, series: RoomDay) -> bool:
        """Return whether a number of a series is in hand."""
        return bool(self._in_hand.get(series))

    def question(self, day: date, now: float) -> NumberQuestion | None:
        """Return what is to be asked now; None if nothing is. The same until it is answered."""
        self._forget(day, now)
        for series, places in self._places.items():
            fresh = [each for each in self._in_hand.get(series, []) if _is_fresh(each, now)]
            if len(fresh) < min(len(places), MAX_IN_HAND):
                asked, _since = self._asked.setdefault(series, (uuid4(), now))
                return NumberQuestion(series, asked)
        return None

    def answer(self, question: NumberQuestion, number: int, now: float) -> None:
        """Take the number that was given to a question in hand.  It replaces those that are old."""
        self._asked.pop(question.series, None)
        in_hand = self._in_hand.setdefault(question.series, [])
        in_hand[:] = [each for each in in_hand if _is_fresh(each, now)]
        in_hand.append(_Fetched(number, now))

    def held(self, day: date) -> list[RoomNumber]:
        """Return the numbers of a day that are in hand."""
        return [
            RoomNumber(series, each.number)
            for series, in_hand in self._in_hand.items()
            if series.day == day
            for each in in_hand
        ]

    def discard(self, numbers: Iterable[RoomNumber]) -> set[RoomNumber]:
        """Give numbers to nobody; return those that were in hand."""
        found = set()
        for number in numbers:
            in_hand = self._in_hand.get(number.series, [])
            kept = [each for each in in_hand if each.number != number.number]
            if len(kept) < len(in_hand):
                found.add(number)
                in_hand[:] = kept
        return found

    def _forget(self, day: date, now: float) -> None:
        """Forget other days, and what nobody expects any more."""
        for kept in (self._in_hand, self._places, self._asked):
            for series in [series for series in kept if series.day != day]:
                del kept[series]
        for series, places in list(self._places.items()):
            for place in [name for name, at in places.items() if now - at > EXPECTED_FOR_S]:
                del places[place]
            if not places:
                del self._places[series]
        for series, (_asked, at) in list(self._asked.items()):
            if now - at > EXPECTED_FOR_S:
                del self._asked[series]
        for room, at in list(self._used_at.items()):
            if now - at > ROOM_USED_FOR_S:
                del self._used_at[room]


def _is_fresh(fetched: _Fetched, now: float) -> bool:
    return now - fetched.at <= NEWER_AFTER_S
