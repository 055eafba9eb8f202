"""Every six months somebody looks through who may do what, and signs it off.

NĐ 356/2025 Điều 4 khoản 2, NĐ 330/2026 Điều 62, TCVN 14423:2026 4.6: access by role, reviewed every
six months, accounts without use for 45 days locked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from kiosk.logbook import Database, from_utc_text, to_utc_text
from kiosk.privacy.errors import NotTheSame
from kiosk.staff import Member, Members, Role

EVERY = timedelta(days=183)


@dataclass(frozen=True, slots=True)
class ReviewedAccount:
    """One account as it is now. All times are aware."""

    member: Member
    is_locked: bool
    has_factor: bool

    @property
    def can_sign_in(self) -> bool:
        """Whether anybody can sign in with it."""
        return self.member.is_active and not self.is_locked

    @property
    def remark(self) -> str:
        """What a reviewer should look at first: a code for the page; empty: nothing."""
        if not self.can_sign_in or self.member.role is Role.KIOSK:
            return ""
        if self.member.role is Role.ADMINISTRATOR and not self.has_factor:
            return "no_factor"
        if self.member.last_sign_in_at is None:
            return "never_signed_in"
        return "temporary_pin" if self.member.has_temporary_pin else ""


@dataclass(frozen=True, slots=True)
class AccessReview:
    """One review that was signed off."""

    at: datetime
    author: str  # see `kiosk.logbook.author`
    accounts: int  # that could sign in then
    sha256: str  # of the list that was looked at
    note: str


class AccessReviews:
    """The table `access_review`, and the list that is looked at.

    Methods that read raise LogbookUnavailable if the logbook cannot be read, methods that write
    raise NotRecorded if it cannot be written.
    """

    def __init__(
        self, database: Database, members: Members, has_factor: Callable[[int], bool]
    ) -> None:
        """`has_factor` returns whether a member has a second factor."""
        self._database = database
        self._members = members
        self._has_factor = has_factor

    def accounts(self, now: datetime) -> list[ReviewedAccount]:
        """Return all accounts as they are at `now` (aware), by their numbers."""
        return [
            ReviewedAccount(
                member,
                member.is_locked(now),
                member.role is not Role.KIOSK and self._has_factor(member.id),
            )
            for member in self._members.all()
        ]

    def sign_off(self, seen: str, note: str, now: datetime, author: str) -> None:
        """Record that somebody has looked at the list whose hash is `seen`.

        Raises NotTheSame if the list is another one by now.
        """
        accounts = self.accounts(now)
        sha256 = list_sha256(accounts)
        if seen != sha256:
            raise NotTheSame("the accounts were changed: look at them again")
        with self._database.transaction() as db:
            db.execute(
                "insert into access_review (at, author, accounts, sha256, note)"
                " values (?, ?, ?, ?, ?)",
                [
                    to_utc_text(now),
                    author,
                    sum(account.can_sign_in for account in accounts),
                    sha256,
                    note,
                ],
            )

    def newest(self, limit: int = 20) -> list[AccessReview]:
        """Return the reviews, newest first."""
        rows = self._database.rows("select * from access_review order by id desc limit ?", [limit])
        return [_review(row) for row in rows]

    def due_at(self) -> datetime | None:
        """Return when the next review is due (aware); None while nobody signs in here."""
        last = self.newest(1)
        if last:
            return last[0].at + EVERY
        people = [member.created_at for member in self._members.all()]
        return min(people) + EVERY if people else None

    def is_due(self, now: datetime) -> bool:
        """Return whether the next review is due at `now` (aware)."""
        due_at = self.due_at()
        return due_at is not None and now >= due_at


def list_sha256(accounts: Iterable[ReviewedAccount]) -> str:
    """Return the SHA-256 of who may do what, in hexadecimal; when they signed in has no part."""
    rows = [
        [
            account.member.id,
            account.member.name,
            account.member.role,
            account.member.is_active,
            account.is_locked,
            account.has_factor,
        ]
        for account in accounts
    ]
    return hashlib.sha256(json.dumps(rows, ensure_ascii=False).encode()).hexdigest()


def _review(row: Any) -> AccessReview:
    return AccessReview(
        from_utc_text(row["at"]), row["author"], row["accounts"], row["sha256"], row["note"]
    )
