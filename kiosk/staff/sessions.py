"""Sessions: who is signed in in which browser.

1.  The cookie holds 32 random bytes; the table holds their SHA-256.
2.  Only a person moves a session on; pages that ask by themselves do not.  A session that nobody
    has moved for `idle_s` seconds is locked: its person types the PIN, which begins a new session.
3.  Idle time is counted by a clock that nobody can set, in one boot of the machine.  A session
    from before the last boot is locked.  The time of day is for display only.
4.  When a session was last moved is kept in memory, and written at most once a minute, so that a
    restart of the program locks nobody out.
5.  A session ends when its member signs out, is deactivated or changes the role, when another
    person signs in in the same browser, or when somebody ends it from the list.
6.  A session of a screen (role `kiosk`) is not locked and lasts until somebody ends it.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlite_utils

from kiosk.logbook import Database, from_utc_text, to_utc_text
from kiosk.runtime.steady_clock import SteadyClock
from kiosk.staff.members import Role

TOKEN_BYTES = 32
WRITE_EVERY_S = 60.0  # how exactly the table knows when a session was moved
MAX_AGE_S = 16 * 3600.0  # after which the PIN is asked for although the session was used
FORGET_AFTER_S = 24 * 3600.0  # locked sessions end for good at a later sign-in
OPEN = "s.ended_at is null and m.active = 1 and m.role = s.role"


@dataclass(frozen=True, slots=True)
class StaffSession:
    """A session that has not ended. `began_at` is aware, and for display."""

    id: int
    member: int
    name: str
    role: Role
    address: str
    device: str
    desk: str
    began_at: datetime
    is_locked: bool
    has_factor: bool  # whether the member signs in with a second factor
    idle_s: float  # since a person last did something; infinite before this boot


class Sessions:
    """The table `staff_session`. `idle_s` is after how many seconds a session is locked.

    Methods that read raise LogbookUnavailable if the logbook cannot be read, methods that write
    raise NotRecorded if it cannot be written.
    """

    def __init__(self, database: Database, steady: SteadyClock, idle_s: float) -> None:
        self._database, self._steady, self.idle_s = database, steady, idle_s
        self._moved: dict[int, float] = {}  # by session: when a person last moved it
        self._written: dict[int, float] = {}
        self._lock = threading.Lock()

    def begin(
        self,
        member: int,
        now: datetime,
        address: str,
        device: str = "",
        desk: str = "",
        instead_of: str | None = None,
    ) -> str:
        """Begin a session of a member; return the token for the cookie.

        The session with the token `instead_of`, of the same browser, ends.
        """
        token = secrets.token_urlsafe(TOKEN_BYTES)
        seconds = self._steady()
        with self._database.transaction() as db:
            if instead_of:
                _end(db, "token = ?", [_stored(instead_of)], "replaced", now)
            _end(
                db,
                "role <> 'kiosk' and (boot <> ? or moved_s < ?)",
                [self._steady.boot, seconds - FORGET_AFTER_S],
                "idle",
                now,
            )
            row = db.execute(
                "insert into staff_session (token, member, role, address, device, desk, began_at,"
                " boot, began_s, moved_s) select ?, id, role, ?, ?, ?, ?, ?, ?, ?"
                " from member where id = ?",
                [
                    _stored(token),
                    address,
                    device,
                    desk,
                    to_utc_text(now),
                    self._steady.boot,
                    seconds,
                    seconds,
                    member,
                ],
            ).lastrowid
        with self._lock:
            self._moved[int(row or 0)] = self._written[int(row or 0)] = seconds
        return token

    def find(self, token: str) -> StaffSession | None:
        """Return the session of a cookie's token. None if it has ended or never was."""
        found = self._open("s.token = ?", [_stored(token)])
        return found[0] if found else None

    def open(self) -> list[StaffSession]:
        """Return all sessions that have not ended, the newest first."""
        return self._open("1", [])

    def people(self) -> list[str]:
        """Return who is signed in and has not been idle for long: names, without screens."""
        found = self.open()
        return sorted({s.name for s in found if not s.is_locked and s.role is not Role.KIOSK})

    def others(self, session: StaffSession) -> list[StaffSession]:
        """Return the other sessions of the same member that are not locked, the newest first."""
        found = self._open("s.member = ? and s.id <> ?", [session.member, session.id])
        return [other for other in found if not other.is_locked]

    def move(self, session: StaffSession) -> None:
        """Note that a person did something in a session, which is not locked."""
        seconds = self._steady()
        with self._lock:
            self._moved[session.id] = seconds
            is_due = seconds - self._written.get(session.id, float("-inf")) >= WRITE_EVERY_S
            if is_due:
                self._written[session.id] = seconds
        if is_due:
            with self._database.transaction() as db:
                db.execute(
                    "update staff_session set moved_s = ? where id = ?", [seconds, session.id]
                )

    def lock(self, session: StaffSession) -> None:
        """Lock a session now: its person goes away from the desk."""
        seconds = self._steady() - self.idle_s - 1
        with self._lock:
            self._moved[session.id] = self._written[session.id] = seconds
        with self._database.transaction() as db:
            db.execute("update staff_session set moved_s = ? where id = ?", [seconds, session.id])

    def end(self, session: int, why: str, now: datetime) -> bool:
        """End a session; return whether it had not ended before."""
        with self._database.transaction() as db:
            is_new = _end(db, "id = ?", [session], why, now) == 1
        with self._lock:
            self._moved.pop(session, None)
            self._written.pop(session, None)
        return is_new

    def _open(self, where: str, values: Sequence[object]) -> list[StaffSession]:
        rows = self._database.rows(
            f"select s.*, m.name, exists (select 1 from second_factor f where f.member = m.id"
            f" and f.confirmed_at is not null) as has_factor"
            f" from staff_session s join member m on m.id = s.member"
            f" where {OPEN} and {where} order by s.id desc",
            values,
        )
        seconds = self._steady()
        return [self._session(row, seconds) for row in rows]

    def _session(self, row: Any, seconds: float) -> StaffSession:
        role = Role(row["role"])
        is_here = row["boot"] == self._steady.boot
        moved = max(row["moved_s"], self._moved.get(row["id"], row["moved_s"]))
        # After `lock` the row is the older one, and memory agrees with it.
        idle = max(0.0, seconds - moved) if is_here else float("inf")
        age = seconds - row["began_s"] if is_here else float("inf")
        return StaffSession(
            id=row["id"],
            member=row["member"],
            name=row["name"],
            role=role,
            address=row["address"],
            device=row["device"],
            desk=row["desk"],
            began_at=from_utc_text(row["began_at"]),
            is_locked=role is not Role.KIOSK and (idle > self.idle_s or age > MAX_AGE_S),
            has_factor=bool(row["has_factor"]),
            idle_s=idle,
        )


def _stored(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _end(
    db: sqlite_utils.Database, where: str, values: Sequence[object], why: str, now: datetime
) -> int:
    return int(
        db.execute(
            f"update staff_session set ended_at = ?, ended_why = ?"
            f" where ended_at is null and {where}",
            [to_utc_text(now), why, *values],
        ).rowcount
    )
