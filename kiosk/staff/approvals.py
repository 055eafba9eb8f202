"""A supervisor's approval: one action on one object in one session, within two minutes.

The token is used up in the transaction of the change that it allows, so that it allows exactly one.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime

import sqlite_utils

from kiosk.logbook import Database, to_utc_text
from kiosk.runtime.steady_clock import SteadyClock
from kiosk.staff.codes import code_sha256
from kiosk.staff.errors import NotApproved

GOOD_FOR_S = 120.0
MAX_REASON = 200  # characters


class Approvals:
    """The table `approval`. `steady` counts the two minutes."""

    def __init__(self, database: Database, steady: SteadyClock) -> None:
        self._database, self._steady = database, steady

    def give(
        self, action: str, what: str, session: int, approver: int, reason: str, now: datetime
    ) -> str:
        """Approve an action on an object in a session; return the token that allows it once.

        The caller has checked the PIN of the approver, and that they may approve.
        """
        token = secrets.token_urlsafe(24)
        with self._database.transaction() as db:
            db.execute(
                "insert into approval (token, action, object, session, approver, reason, at, boot,"
                " until_s) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    code_sha256(token),
                    action,
                    what,
                    session,
                    approver,
                    reason[:MAX_REASON],
                    to_utc_text(now),
                    self._steady.boot,
                    self._steady() + GOOD_FOR_S,
                ],
            )
        return token

    def alone(self, use: Callable[[sqlite_utils.Database], object]) -> None:
        """Call what uses an approval up in a transaction of its own."""
        with self._database.transaction() as db:
            use(db)

    def use(
        self,
        db: sqlite_utils.Database,
        token: str,
        action: str,
        what: str,
        session: int,
        now: datetime,
    ) -> int:
        """Use an approval up in the caller's transaction; return the number of who approved.

        Raises NotApproved if the token is not known, was used, is too old, or is for another
        action, object or session.
        """
        values = [code_sha256(token), action, what, session, self._steady.boot, self._steady()]
        row = db.execute(
            "update approval set used_at = ? where token = ? and action = ? and object = ?"
            " and session = ? and boot = ? and until_s > ? and used_at is null"
            " returning approver",
            [to_utc_text(now), *values],
        ).fetchone()
        if row is None:
            raise NotApproved(f"{action} needs an approval for this object in this session")
        return int(row[0])
