"""Badges: a QR code that names an account. It opens nothing: the PIN is still needed.

    TDB1-K7QZ4M2XW5EJ3R6YB7TNC2DVQA
    kind, 16 random bytes in base32

The signs are digits, capitals and dashes, which readers that type like a keyboard send unchanged.
A badge that a stranger shows gives them the number to guess a PIN for, which anybody may type.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from kiosk.logbook import Database, LogbookUnavailable, from_utc_text, to_utc_text
from kiosk.staff.codes import code_sha256
from kiosk.staff.errors import NoSuchMember
from kiosk.staff.members import note_event

PREFIX = "TDB1-"
CODE_BYTES = 16
MAX_TEXT = 60  # characters, with what readers add
SHOWN_FOR_S = 30.0
_BADGE = re.compile(rf"{PREFIX}([A-Z2-7]{{26}})(?![0-9A-Z])", re.ASCII)


@dataclass(frozen=True, slots=True)
class StaffBadge:
    """A badge that is in use."""

    id: int
    member: int
    made_at: datetime


class Badges:
    """The table `badge`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def make(self, member: int, now: datetime, author: str) -> str:
        """Make the badge of a member, who is active; return its text, to be printed once.

        An earlier badge of the member is revoked.  Raises NoSuchMember.
        """
        text = PREFIX + base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode().rstrip("=")
        with self._database.transaction() as db:
            if not db.execute("select 1 from member where id = ? and active", [member]).fetchone():
                raise NoSuchMember(f"no active member has the number {member}")
            db.execute(
                "update badge set revoked_at = ? where member = ? and revoked_at is null",
                [to_utc_text(now), member],
            )
            db.execute(
                "insert into badge (code, member, made_at) values (?, ?, ?)",
                [code_sha256(text), member, to_utc_text(now)],
            )
            note_event(db, member, "badge_made", {}, now, author)
        return text

    def revoke(self, member: int, now: datetime, author: str) -> bool:
        """Revoke the badge of a member; return whether there was one."""
        with self._database.transaction() as db:
            is_new = (
                db.execute(
                    "update badge set revoked_at = ? where member = ? and revoked_at is null",
                    [to_utc_text(now), member],
                ).rowcount
                > 0
            )
            if is_new:
                note_event(db, member, "badge_revoked", {}, now, author)
        return is_new

    def in_use(self) -> list[StaffBadge]:
        """Return the badges that are not revoked."""
        rows = self._database.rows("select * from badge where revoked_at is null order by id")
        return [StaffBadge(row["id"], row["member"], from_utc_text(row["made_at"])) for row in rows]

    def member_of(self, text: str) -> int | None:
        """Return the number of the member whose badge was read; None if it is nobody's."""
        badge = badge_in(text)
        if badge is None:
            return None
        rows = self._database.rows(
            "select member from badge where code = ? and revoked_at is null", [code_sha256(badge)]
        )
        return int(rows[0][0]) if rows else None


class ShownBadges:
    """Which badge was shown at the readers of a desk just now. In memory, for half a minute.

    It fills in the number at the sign-in of a browser at that desk.  What is nobody's badge is
    forgotten at once.
    """

    def __init__(self, badges: Badges, seconds: Callable[[], float]) -> None:
        self._badges, self._seconds = badges, seconds
        self._shown: dict[str, tuple[int, float]] = {}  # by desk: the member, and when

    def show(self, desk: str, text: str) -> None:
        """Note that a badge was shown at a desk."""
        try:
            member = self._badges.member_of(text)
        except LogbookUnavailable:
            return
        if member is not None:
            self._shown[desk] = (member, self._seconds())

    def take(self, desk: str) -> int | None:
        """Return the number of the member whose badge was shown at a desk, once."""
        member, at = self._shown.pop(desk, (None, 0.0))
        return member if self._seconds() - at <= SHOWN_FOR_S else None


class HasPayload(Protocol):
    """What a reader delivers."""

    @property
    def payload(self) -> bytes: ...

    @property
    def reader(self) -> str: ...


ScanT = TypeVar("ScanT", bound=HasPayload)


def without_badges(
    receive: Callable[[ScanT], object], show: Callable[[str, str], object]
) -> Callable[[ScanT], None]:
    """Return what receives the scans of a reader but the badges: those are no patients.

    `show` gets the name of the reader, and the badge.
    """

    def received(scan: ScanT) -> None:
        badge = badge_in(scan.payload[: MAX_TEXT + 1].decode("latin-1"))
        if badge is None:
            receive(scan)
        else:
            show(scan.reader, badge)

    return received


def badge_in(text: str) -> str | None:
    """Return the badge in what a reader sent; None if that is something else."""
    if len(text) > MAX_TEXT:
        return None
    found = _BADGE.search(text.upper())
    return found.group(0) if found else None
