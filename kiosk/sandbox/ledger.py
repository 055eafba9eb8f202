"""What the pretend insurer has received and been asked, and the sessions that are open there."""

from __future__ import annotations

import base64
import secrets
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

SESSION_LIFETIME = timedelta(minutes=10)
MAX_VISITS = 10_000  # a demonstration may run for weeks
MAX_QUESTIONS = 200


@dataclass(slots=True)
class ReceivedVisit:
    """The newest record of a visit. `times` counts how often its MA_LK was sent."""

    fields: dict[str, str] = field(repr=False)
    transaction: str
    received_at: datetime
    times: int = 1


@dataclass(frozen=True, slots=True)
class CardQuestion:
    """One question about a card, and the code of the answer."""

    number: str = field(repr=False)
    code: str
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class SandboxSession:
    """A token. It is valid for one account and one IP address only."""

    username: str
    address: str
    access: str = field(repr=False)
    expires_at: datetime


class Ledger:
    """The memory of the pretend insurer; it is lost when the sandbox stops.

    `clock` returns the time (aware). The ledger may be used by several threads.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.max_visits = MAX_VISITS  # the oldest are forgotten
        self._clock = clock
        self._lock = threading.Lock()
        self._visits: dict[str, ReceivedVisit] = {}
        self._questions: list[CardQuestion] = []
        self.unread_rows = 0  # of files of which only the first row was read
        self._sessions: dict[str, SandboxSession] = {}

    def sign_in(self, username: str, address: str) -> tuple[str, SandboxSession]:
        """Open a session; return its id and the session."""
        stamp = f"{secrets.token_urlsafe(32)}:{username}:{self._clock().timestamp():.0f}"
        access = base64.b64encode(stamp.encode()).decode()
        session = SandboxSession(username, address, access, self._clock() + SESSION_LIFETIME)
        session_id = str(uuid.uuid4())
        with self._lock:
            self._sessions[session_id] = session
        return session_id, session

    def session(self, session_id: str, access: str, address: str) -> SandboxSession | None:
        """Return the session of this id; None if it expired or the token or address is another."""
        with self._lock:
            session = self._sessions.get(session_id)
        if session is None or session.access != access or session.address != address:
            return None
        return session if self._clock() < session.expires_at else None

    def revoke_all(self) -> None:
        """End all sessions before they expire."""
        with self._lock:
            self._sessions.clear()

    def receive(self, fields: dict[str, str]) -> ReceivedVisit:
        """Keep a record. It replaces an earlier one with the same MA_LK."""
        with self._lock:
            before = self._visits.pop(fields["MA_LK"], None)
            visit = ReceivedVisit(
                fields,
                str(uuid.uuid4()),
                self._clock().astimezone(UTC),
                before.times + 1 if before else 1,
            )
            self._visits[fields["MA_LK"]] = visit
            while len(self._visits) > self.max_visits:
                del self._visits[next(iter(self._visits))]
        return visit

    def note_unread(self, rows: int) -> None:
        """Count rows that were answered with success and not read."""
        with self._lock:
            self.unread_rows += rows

    def note_question(self, number: str, code: str) -> None:
        """Keep that a client asked about a card."""
        with self._lock:
            self._questions.append(CardQuestion(number, code, self._clock()))
            del self._questions[:-MAX_QUESTIONS]

    def visits(self) -> list[ReceivedVisit]:
        """Return the received visits, newest first."""
        with self._lock:
            return list(reversed(self._visits.values()))

    def questions(self) -> list[CardQuestion]:
        """Return the questions, newest first."""
        with self._lock:
            return list(reversed(self._questions))
