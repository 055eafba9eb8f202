"""The outbox: visits the insurer has not taken yet.

Nothing is deleted. What the insurer accepts keeps its answer as evidence; what it refuses,
and what nobody can classify, stays with its words until a person has seen to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlite_utils

from kiosk.logbook.database import Database, guarded
from kiosk.logbook.times import restored, stored

FIRST_DELAY = timedelta(seconds=5)
LONGEST_DELAY = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Item:
    """One message that is to be sent now; `lease_until` proves whose it is."""

    id: int
    visit: str
    body: str = field(repr=False)
    tries: int
    lease_until: datetime


class Outbox:
    """The table. Each step is one transaction; sending happens between two of them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, now: datetime, lease: timedelta, due: datetime | None = None) -> Item | None:
        """Take the oldest message that is due (by `due`, or now) for no longer than `lease`.

        None: nothing is due.  A message whose lease ran out was lost on the way, perhaps after
        it arrived: it is sent again under the same visit id.  A time further ahead than any
        delay or lease was written by a clock that stood wrong: it counts as due.
        """
        until = now + lease
        if not self._due(self._database.reading(), now, until, due or now):
            return None  # seen without the lock that a writer would wait for
        with self._database.transaction() as db:
            row = self._due(db, now, until, due or now)
            if row is None:
                return None
            db.execute(
                "update outbox set state = 'in_flight', tries = tries + 1, lease_until = ?,"
                " changed_at = ? where id = ?",
                [stored(until), stored(now), row["id"]],
            )
        return Item(row["id"], row["visit"], row["body"], row["tries"] + 1, until)

    @staticmethod
    def _due(db: sqlite_utils.Database, now: datetime, until: datetime, due: datetime) -> Any:
        with guarded():
            return db.execute(
                "select id, visit, body, tries from outbox where"
                " (state = 'queued' and (next_try_at <= ? or next_try_at > ?))"
                " or (state = 'in_flight' and (lease_until <= ? or lease_until > ?))"
                " order by next_try_at, id limit 1",
                [stored(due), stored(now + LONGEST_DELAY), stored(due), stored(until)],
            ).fetchone()

    def accept(self, item: Item, now: datetime, transaction: str, code: str, answer: str) -> None:
        """Note that the insurer has it, with its transaction code and whole answer."""
        self._settle(
            item, "accepted", now, code=code, transaction_code=transaction, answer=answer,
            message=None,
        )  # fmt: skip

    def refuse(self, item: Item, now: datetime, code: str, message: str, answer: str) -> None:
        """Note that the insurer will not take it as it is."""
        self._settle(item, "refused", now, code=code, message=message, answer=answer)

    def park(self, item: Item, now: datetime, code: str, message: str, answer: str = "") -> None:
        """Set it aside for a person: nobody here can tell what the answer means."""
        self._settle(item, "parked", now, code=code, message=message, answer=answer)

    def try_again(self, item: Item, now: datetime, message: str) -> None:
        """Put it back, later each time; those behind it do not wait for it."""
        delay = min(FIRST_DELAY * 2 ** min(item.tries - 1, 16), LONGEST_DELAY)
        self._settle(item, "queued", now, message=message, next_try_at=stored(now + delay))

    def counts(self) -> dict[str, int]:
        """Return how many messages stand in each state."""
        rows = self._database.reading().execute("select state, count(*) from outbox group by state")
        counts = dict.fromkeys(("queued", "in_flight", "accepted", "refused", "parked"), 0)
        return counts | {row[0]: row[1] for row in rows.fetchall()}

    def next_due(self) -> datetime | None:
        """Return when the next message is due; None: nothing waits."""
        row = self._database.reading().execute(
            "select min(case state when 'queued' then next_try_at else lease_until end) from outbox"
            " where state in ('queued', 'in_flight')"
        )
        due = row.fetchone()[0]
        return None if due is None else restored(due)

    def hurry(self, now: datetime) -> None:
        """Make all that waits due now: the nightly job does not wait for a delay to pass."""
        with self._database.transaction() as db:
            db.execute("update outbox set next_try_at = min(next_try_at, ?) where state = 'queued'",
                       [stored(now)])  # fmt: skip

    def _settle(self, item: Item, state: str, now: datetime, **columns: str | None) -> None:
        """Write an outcome down, unless the lease has gone to someone else meanwhile."""
        values = {"state": state, "changed_at": stored(now), **columns}
        names = ", ".join(f"{name} = ?" for name in values)
        with self._database.transaction() as db:
            db.execute(
                f"update outbox set {names}, lease_until = null"
                " where id = ? and state = 'in_flight' and lease_until = ?",
                [*values.values(), item.id, stored(item.lease_until)],
            )
