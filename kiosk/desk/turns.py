"""The turns of patients at the screens for self-service, kept in memory."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from kiosk.desk.errors import OpenElsewhere, TurnOver
from scanner import BrowserCamera
from verify import may_hold_card

ANSWER_FOR = timedelta(seconds=30)  # a page shows it for half as long
TURN_BYTES = 18
PUBLIC_DIGITS = 16


class Intent(StrEnum):
    """What a patient has chosen; the values are part of the interface of the page."""

    CARD = "card"
    CHILD = "child"  # the child's card, on a phone of the parents
    PAPERS = "papers"  # a referral or an appointment slip, which a person has to see
    NOTHING = "nothing"  # no card


class TurnState(StrEnum):
    """How far a turn is; the values are part of the interface of the page."""

    WAITING = "waiting"
    LOOKING = "looking"
    NUMBER = "number"
    SLIP = "slip"


class TurnAnswer(NamedTuple):
    """What the page of a turn may know.

    `again` asks to show the card's code, and not another; `printed` says that a slip comes out.
    """

    state: TurnState
    label: str = ""  # of the number or the slip
    room: str = ""
    place: str = ""  # how to get to the room
    initials: str = ""
    again: bool = False
    printed: bool = False


@dataclass(slots=True)
class Turn:
    """One patient before the screen; `lock` guards all that follows it."""

    intent: Intent
    name: str = field(default_factory=lambda: secrets.token_urlsafe(TURN_BYTES), repr=False)
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    camera: BrowserCamera = field(default_factory=lambda: BrowserCamera(may_hold_card), repr=False)
    reading: int | None = None
    digest: bytes = field(default=b"", repr=False)  # of the payload of the reading
    looking_since: datetime | None = None
    misses: int = 0
    answer: TurnAnswer | None = field(default=None, repr=False)
    answered_at: datetime | None = None
    is_replaced: bool = False  # it takes and records nothing more


def digest_of(payload: bytes) -> bytes:
    """Return what tells one payload from another without holding either.

    Readers, cameras and keyboards end the same code with different white space.
    """
    return hashlib.sha256(b"".join(payload.split())).digest()


class Choice(NamedTuple):
    """What begins a turn: the page that asks for it, and how many it has asked for by then.

    `takes_over` makes it the page of its screen, whichever was that before.
    """

    page: str = ""
    order: int = 0
    takes_over: bool = False


class Turns:
    """The turn of each screen. Any thread may call."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        """`clock` returns the time now, aware."""
        self._clock = clock
        self._lock = threading.Lock()
        self._turns: dict[str, Turn] = {}  # by the name of the screen
        self._choices: dict[str, Choice] = {}  # likewise, the newest

    def begin(self, kiosk: str, intent: Intent, choice: Choice) -> Turn:
        """Begin a turn at a screen; the one before accepts nothing from then on.

        Raises OpenElsewhere if another page has taken the screen over, and TurnOver if the page
        has asked for another turn since.
        """
        turn = Turn(intent)
        with self._lock:
            newest = self._choices.get(kiosk, choice)
            if choice.page != newest.page and not choice.takes_over:
                raise OpenElsewhere("another page has the screen")
            if choice.page == newest.page and choice.order < newest.order:
                raise TurnOver("another turn was chosen since")
            self._choices[kiosk] = choice
            before = self._turns.get(kiosk)
            self._turns[kiosk] = turn
        _close(before)
        return turn

    def end(self, kiosk: str, name: str) -> bool:
        """Wipe a turn, if it is still the turn of its screen; return whether it was."""
        with self._lock:
            turn = self._turns.get(kiosk)
            if turn is None or turn.name != name:
                return False
            del self._turns[kiosk]
        _close(turn)
        return True

    def current(self, kiosk: str) -> Turn | None:
        """Return the turn at a screen; None if nobody has one."""
        with self._lock:
            turn = self._turns.get(kiosk)
            if turn is not None and self._is_over(turn):
                del self._turns[kiosk]
                turn = None
        return turn

    @contextmanager
    def held(self, kiosk: str, name: str) -> Iterator[Turn]:
        """Hold the lock of the turn of this name: until then, no other turn begins.

        Raises TurnOver if it is not the turn at its screen.
        """
        turn = self.named(kiosk, name)
        with turn.lock:
            if turn.is_replaced:
                raise TurnOver("the turn was replaced")
            yield turn

    def named(self, kiosk: str, name: str) -> Turn:
        """Return the turn of this name. Raises TurnOver if it is not the turn at its screen."""
        turn = self.current(kiosk)
        if turn is None or not secrets.compare_digest(turn.name.encode(), name.encode()):
            raise TurnOver("the turn has ended")
        return turn

    def _is_over(self, turn: Turn) -> bool:
        if turn.answered_at is None:
            return False
        return not timedelta(0) <= self._clock() - turn.answered_at < ANSWER_FOR


def public_name(name: str) -> str:
    """Return the public name of a turn."""
    return hashlib.sha256(name.encode()).hexdigest()[:PUBLIC_DIGITS]


def _close(turn: Turn | None) -> None:
    """Let a turn accept nothing more; what it is just taking is taken."""
    if turn is not None:
        with turn.lock:
            turn.is_replaced = True
