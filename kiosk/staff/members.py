"""The members of staff: who may sign in, and as what.

1.  A member is never deleted, because visits name them: they are deactivated.
2.  The last active administrator stays one.
3.  Whoever has not signed in for 45 days is locked until an administrator unlocks them (TCVN
    14423:2026 4.6).  That is computed from stored moments: once a wrong clock is right again, so is
    the lock.
4.  A session ends in the same transaction in which its member is deactivated or changes the role.
5.  Every change is an event with its author.  Events are only added.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlite_utils

from kiosk.logbook import Database, from_utc_text, to_utc_text
from kiosk.staff.errors import LastAdministrator, NoSuchMember, WrongMember

IDLE_LIMIT = timedelta(days=45)
MAX_NAME = 80  # characters
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # control, direction, private use, line ends
COLUMNS = (
    "id, name, citizen_number, role, active, created_at, unlocked_at, last_sign_in_at,"
    " pin_hash is not null as has_pin, pin_is_temporary"
)


class Role(StrEnum):
    """What a member may do; the values are stored."""

    CLERK = "clerk"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"
    KIOSK = "kiosk"  # no person: a screen for patients


@dataclass(frozen=True, slots=True)
class Member:
    """One member of staff. All times are aware. The repr hides the citizen number."""

    id: int  # the number that they type
    name: str
    citizen_number: str = field(repr=False)  # 12 digits, or empty if it is not known
    role: Role
    is_active: bool
    created_at: datetime
    unlocked_at: datetime | None
    last_sign_in_at: datetime | None
    has_pin: bool
    has_temporary_pin: bool  # to be replaced at the next sign-in

    def is_locked(self, now: datetime) -> bool:
        """Return whether they have not signed in for too long. A screen is never locked."""
        moments = (self.created_at, self.unlocked_at, self.last_sign_in_at)
        newest = max(moment for moment in moments if moment is not None)
        return self.role is not Role.KIOSK and now - newest > IDLE_LIMIT


@dataclass(frozen=True, slots=True)
class MemberEvent:
    """One thing that happened to a member's account."""

    at: datetime
    member: int | None
    what: str
    detail: Mapping[str, Any] = field(repr=False)
    author: str


class Members:
    """The table `member` and its events.

    Methods that read raise LogbookUnavailable if the logbook cannot be read, methods that write
    raise NotRecorded if it cannot be written.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def exist(self) -> bool:
        """Return whether there is any member, active or not. Takes some microseconds."""
        return bool(self._database.rows("select exists (select 1 from member)")[0][0])

    def all(self) -> list[Member]:
        """Return all members by their numbers, those who are not active too."""
        return [_member(row) for row in self._database.rows(f"select {COLUMNS} from member")]

    def find(self, number: int) -> Member:
        """Return the member with a number. Raises NoSuchMember if nobody has it."""
        rows = self._database.rows(f"select {COLUMNS} from member where id = ?", [number])
        if not rows:
            raise NoSuchMember(f"nobody has the number {number}")
        return _member(rows[0])

    def add(self, name: str, role: Role, citizen_number: str, now: datetime, author: str) -> Member:
        """Add a member, who has no PIN yet; return them.

        Raises WrongMember if a field cannot be right.
        """
        name, citizen_number = clean_name(name), clean_citizen_number(citizen_number)
        with self._database.transaction() as db:
            number = add_member(db, name, role, citizen_number, now, author)
        return self.find(number)

    def change(
        self,
        number: int,
        now: datetime,
        author: str,
        *,
        name: str | None = None,
        role: Role | None = None,
        citizen_number: str | None = None,
    ) -> Member:
        """Change the given fields of a member; return the member as it is then.

        Raises NoSuchMember, WrongMember, and LastAdministrator if nobody would administer.
        """
        new: dict[str, object] = {}
        if name is not None:
            new["name"] = clean_name(name)
        if role is not None:
            new["role"] = role.value
        if citizen_number is not None:
            new["citizen_number"] = clean_citizen_number(citizen_number)
        with self._database.transaction() as db:
            row = _row(db, number)
            changed = {key: value for key, value in new.items() if row[key] != value}
            if changed.get("role", row["role"]) != row["role"]:
                _require_another_administrator(db, row)
                _end_sessions(db, number, "role_changed", now)
            if changed:
                places = ", ".join(f"{key} = :{key}" for key in changed)
                db.execute(f"update member set {places} where id = :id", changed | {"id": number})
                detail = {key: [row[key], value] for key, value in changed.items()}
                note_event(db, number, "changed", detail, now, author)
        return self.find(number)

    def deactivate(self, number: int, now: datetime, author: str) -> Member:
        """Take away a member's right to sign in, and end their sessions; return the member.

        Raises NoSuchMember, and LastAdministrator if nobody would administer.
        """
        with self._database.transaction() as db:
            row = _row(db, number)
            if row["active"]:
                _require_another_administrator(db, row)
                db.execute("update member set active = 0 where id = ?", [number])
                db.execute(
                    "update badge set revoked_at = ? where member = ? and revoked_at is null",
                    [to_utc_text(now), number],
                )
                _end_sessions(db, number, "deactivated", now)
                note_event(db, number, "deactivated", {}, now, author)
        return self.find(number)

    def activate(self, number: int, now: datetime, author: str) -> Member:
        """Let a member sign in again who was deactivated, or was idle for too long.

        Raises NoSuchMember.
        """
        with self._database.transaction() as db:
            activate_member(db, number, now, author)
        return self.find(number)

    def events(self, number: int | None = None, limit: int = 200) -> list[MemberEvent]:
        """Return the newest events of a member, or of all, newest first."""
        where = "" if number is None else "where member = :number"
        rows = self._database.rows(
            f"select * from member_event {where} order by id desc limit :limit",
            {"number": number, "limit": limit},
        )
        return [
            MemberEvent(
                from_utc_text(row["at"]),
                row["member"],
                row["what"],
                json.loads(row["detail"]),
                row["author"],
            )
            for row in rows
        ]


def clean_name(text: str) -> str:
    """Return a name in one spelling (NFC) without blanks around it.

    Raises WrongMember if it is empty or long, or holds signs that do not show: line ends, control
    characters, signs that turn the direction of writing.
    """
    name = re.sub(" +", " ", unicodedata.normalize("NFC", text)).strip()
    if not name or len(name) > MAX_NAME:
        raise WrongMember("name", f"expected 1 to {MAX_NAME} characters, got {len(name)}")
    if any(unicodedata.category(sign) in HIDDEN for sign in name):
        raise WrongMember("name", "it holds a sign that does not show")
    return name


def clean_citizen_number(text: str) -> str:
    """Return a citizen number without blanks; an empty one is allowed.

    Raises WrongMember if it does not have twelve digits.
    """
    number = "".join(text.split())
    if number and not re.fullmatch(r"[0-9]{12}", number):
        raise WrongMember("citizen_number", "expected 12 digits")
    return number


def add_member(
    db: sqlite_utils.Database,
    name: str,
    role: Role,
    citizen: str,
    now: datetime,
    author: str,
    number: int | None = None,
) -> int:
    """Add a member within a transaction; return the number. The fields were cleaned before.

    `number` is one that nobody has; None: the next one.
    """
    number = db.execute(
        "insert into member (id, name, citizen_number, role, created_at) values (?, ?, ?, ?, ?)",
        [number, name, citizen, role.value, to_utc_text(now)],
    ).lastrowid
    assert number is not None
    note_event(db, number, "added", {"name": name, "role": role.value}, now, author)
    return number


def activate_member(db: sqlite_utils.Database, number: int, now: datetime, author: str) -> None:
    """Activate and unlock a member within a transaction. Raises NoSuchMember."""
    row = _row(db, number)
    db.execute(
        "update member set active = 1, unlocked_at = ? where id = ?", [to_utc_text(now), number]
    )
    note_event(db, number, "unlocked" if row["active"] else "activated", {}, now, author)


def note_event(
    db: sqlite_utils.Database,
    number: int | None,
    what: str,
    detail: Mapping[str, Any],
    now: datetime,
    author: str,
) -> None:
    """Record an event within the transaction of what it tells. `detail` holds no secret."""
    db.execute(
        "insert into member_event (at, member, what, detail, author) values (?, ?, ?, ?, ?)",
        [to_utc_text(now), number, what, json.dumps(dict(detail), ensure_ascii=False), author],
    )


def _row(db: sqlite_utils.Database, number: int) -> Any:
    row = db.execute("select * from member where id = ?", [number]).fetchone()
    if row is None:
        raise NoSuchMember(f"nobody has the number {number}")
    return row


def _require_another_administrator(db: sqlite_utils.Database, row: Any) -> None:
    if row["role"] != Role.ADMINISTRATOR or not row["active"]:
        return
    others = db.execute(
        "select count(*) from member where role = 'administrator' and active = 1"
        " and pin_hash is not null and id <> ?",
        [row["id"]],
    ).fetchone()
    if not others[0]:
        raise LastAdministrator("the only administrator: make another one first")


def _end_sessions(db: sqlite_utils.Database, number: int, why: str, now: datetime) -> None:
    db.execute(
        "update staff_session set ended_at = ?, ended_why = ? where member = ?"
        " and ended_at is null",
        [to_utc_text(now), why, number],
    )


def _member(row: Any) -> Member:
    def moment(name: str) -> datetime | None:
        return from_utc_text(row[name]) if row[name] else None

    return Member(
        id=row["id"],
        name=row["name"],
        citizen_number=row["citizen_number"],
        role=Role(row["role"]),
        is_active=bool(row["active"]),
        created_at=from_utc_text(row["created_at"]),
        unlocked_at=moment("unlocked_at"),
        last_sign_in_at=moment("last_sign_in_at"),
        has_pin=bool(row["has_pin"]),
        has_temporary_pin=bool(row["pin_is_temporary"]),
    )
