"""What the pretend insurer has been told and asked, and who is signed in there."""

from __future__ import annotations

import base64
import secrets
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

SESSION = timedelta(minutes=10)
MOST_KEPT = 10_000  # rows; a demonstration may run for weeks


@dataclass(slots=True)
class ReceivedVisit:
    """One visit by its MA_LK; a second sending replaces the first and is counted."""

    fields: dict[str, str] = field(repr=False)
    transaction: str
    received_at: datetime
    times: int = 1


@dataclass(frozen=True, slots=True)
class CardQuestion:
    """One look-up and the code that answered it."""

    number: str = field(repr=False)
    code: str
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class SandboxSession:
    """A token: bound to the account and the address that took it."""

    username: str
    address: str
    access: str = field(repr=False)
    expires_at: datetime


class Ledger:
    """Kept in memory: the sandbox forgets when it stops."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._visits: dict[str, ReceivedVisit] = {}
        self._questions: list[CardQuestion] = []
        self._sessions: dict[str, SandboxSession] = {}

    def sign_in(self, username: str, address: str) -> tuple[str, SandboxSession]:
        """Open a session; return its id and itself."""
        stamp = f"{secrets.token_urlsafe(32)}:{username}:{self._clock().timestamp():.0f}"
        access = base64.b64encode(stamp.encode()).decode()
        session = SandboxSession(username, address, access, self._clock() + SESSION)
        session_id = str(uuid.uuid4())
        with self._lock:
            self._sessions[session_id] = session
        return session_id, session

    def session(self, session_id: str, access: str, address: str) -> SandboxSession | None:
        """Return the session if all of it agrees and it is not over."""
        with self._lock:
            found = self._sessions.get(session_id)
        if found is None or found.access != access or found.address != address:
            return None
        return found if self._clock() < found.expires_at else None

    def revoke_all(self) -> None:
        """End all sessions before their time."""
        with self._lock:
            self._sessions.clear()

    def receive(self, fields: dict[str, str]) -> ReceivedVisit:
        """Keep a visit, over what was sent under the same MA_LK before."""
        with self._lock:
            before = self._visits.pop(fields["MA_LK"], None)
            visit = ReceivedVisit(
                fields,
                str(uuid.uuid4()),
                self._clock().astimezone(UTC),
                before.times + 1 if before else 1,
            )
            self._visits[fields["MA_LK"]] = visit
            while len(self._visits) > MOST_KEPT:
                del self._visits[next(iter(self._visits))]
        return visit

    def note_question(self, number: str, code: str) -> None:
        """Keep that a card was asked about."""
        with self._lock:
            self._questions = [*self._questions, CardQuestion(number, code, self._clock())][-200:]

    def visits(self) -> list[ReceivedVisit]:
        """Return what was received, newest first."""
        with self._lock:
            return list(reversed(self._visits.values()))

    def questions(self) -> list[CardQuestion]:
        """Return what was asked, newest first."""
        with self._lock:
            return list(reversed(self._questions))
