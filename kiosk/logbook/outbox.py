"""The outbox: messages about visits that the insurer has not taken yet.

Nothing is deleted. What the insurer accepts keeps its answer as evidence; what it refuses,
and what nobody can classify, stays with its words until a person has seen to it.  One patient's
messages go in their order; nobody else's wait for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlite_utils

from kiosk.logbook.database import Database, guarded
from kiosk.logbook.message_history import MessageEvent, add_event, read_history
from kiosk.logbook.times import from_utc_text, to_utc_text

FIRST_DELAY = timedelta(seconds=5)
LONGEST_DELAY = timedelta(minutes=15)
MESSAGE_STATES = ("queued", "in_flight", "accepted", "refused", "parked", "closed")

# Due, and nothing older of the same person is on its way.
DUE = """
select o.id, o.visit, o.body, o.tries, o.alone, v.arrived_at
from outbox o join visit v on v.id = o.visit
where o.state in ('queued', 'in_flight')
  and ((o.state = 'queued' and (o.next_try_at <= :due or o.next_try_at > :never))
    or (o.state = 'in_flight' and (o.lease_until <= :due or o.lease_until > :until)))
  and (o.person = '' or not exists (
    select 1 from outbox older where older.person = o.person and older.id < o.id
    and older.state in ('queued', 'in_flight')))
order by o.next_try_at, o.id limit :most
"""


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """One message that is to be sent now; `lease_until` proves whose it is."""

    id: int
    visit: str
    body: str = field(repr=False)
    tries: int
    lease_until: datetime
    arrived_at: datetime


class Outbox:
    """The table. Each step is one transaction; sending happens between two of them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(
        self, now: datetime, lease: timedelta, due: datetime | None = None, most: int = 1
    ) -> list[OutboxItem]:
        """Take the oldest messages that are due (by `due`, or now) for no longer than `lease`.

        At most `most`, of as many persons; one that is to go alone comes alone.  A message whose
        lease ran out was lost on the way, perhaps after it arrived: it is sent again under the
        same visit id.  A time further ahead than any delay or lease was written by a clock that
        stood wrong: it counts as due.
        """
        until = now + lease
        asked = {
            "due": to_utc_text(due or now),
            "never": to_utc_text(now + LONGEST_DELAY),
            "until": to_utc_text(
                until + LONGEST_DELAY
            ),  # a clock that steps a little takes no lease
            "most": most,
        }
        if not self._due(self._database.reading(), asked):
            return []  # seen without the lock that a writer would wait for
        with self._database.transaction() as db:
            rows = self._due(db, asked)
            if rows and rows[0]["alone"]:
                rows = rows[:1]
            rows = [row for row in rows if len(rows) == 1 or not row["alone"]]
            for row in rows:
                db.execute(
                    "update outbox set state = 'in_flight', tries = tries + 1, lease_until = ?,"
                    " changed_at = ? where id = ?",
                    [to_utc_text(until), to_utc_text(now), row["id"]],
                )
        return [
            OutboxItem(row["id"], row["visit"], row["body"], row["tries"] + 1, until,
                 from_utc_text(row["arrived_at"]))
            for row in rows
        ]  # fmt: skip

    @staticmethod
    def _due(db: sqlite_utils.Database, asked: dict[str, Any]) -> list[Any]:
        with guarded():
            return list(db.execute(DUE, asked).fetchall())

    def accept(
        self, items: Sequence[OutboxItem], now: datetime, transaction: str, code: str, answer: str
    ) -> None:
        """Note that the insurer has them, with its transaction code and whole answer."""
        for_all = {"code": code, "transaction_code": transaction, "answer": answer, "message": None}
        self._settle(items, "accepted", now, for_all)

    def refuse(self, item: OutboxItem, now: datetime, code: str, message: str, answer: str) -> None:
        """Note that the insurer will not take it as it is."""
        values = {"code": code, "message": message, "answer": answer}
        self._settle([item], "refused", now, values)

    def park(
        self, item: OutboxItem, now: datetime, code: str, message: str, answer: str = ""
    ) -> None:
        """Set it aside for a person: nobody here can tell what the answer means."""
        values = {"code": code, "message": message, "answer": answer}
        self._settle([item], "parked", now, values)

    def try_again(self, items: Sequence[OutboxItem], now: datetime, message: str) -> None:
        """Put them back, each later each time; those behind do not wait for them."""
        for item in items:
            delay = min(FIRST_DELAY * 2 ** min(item.tries - 1, 16), LONGEST_DELAY)
            values: dict[str, Any] = {"message": message, "next_try_at": to_utc_text(now + delay)}
            if len(items) == 1:
                values["alone"] = 1  # what fails by itself never holds others up again
            self._settle([item], "queued", now, values)

    def send_alone(self, items: Sequence[OutboxItem], now: datetime, message: str) -> None:
        """Put them back to be sent one by one: of several sent together one is at fault."""
        values = {"message": message, "alone": 1}
        self._settle(items, "queued", now, values)

    def counts(self) -> dict[str, int]:
        """Return how many messages stand in each state, without reading the messages."""
        rows = self._database.rows("select state, messages from outbox_count")
        return dict.fromkeys(MESSAGE_STATES, 0) | {row["state"]: row["messages"] for row in rows}

    def next_due(self) -> datetime | None:
        """Return when the next message is due; None: nothing waits."""
        due = self._database.rows(
            "select min(case state when 'queued' then next_try_at else lease_until end) from outbox"
            " where state in ('queued', 'in_flight')"
        )[0][0]
        return None if due is None else from_utc_text(due)

    def make_all_due(self, now: datetime) -> None:
        """Make all that waits due now: the nightly job does not wait for a delay to pass."""
        with self._database.transaction() as db:
            db.execute("update outbox set next_try_at = ? where state = 'queued'"
                       " and next_try_at > ?", [to_utc_text(now), to_utc_text(now)])  # fmt: skip

    def history(self, visit: str) -> list[MessageEvent]:
        """Return what befell a visit's messages, oldest first."""
        return read_history(self._database, visit)

    def _settle(
        self, items: Sequence[OutboxItem], state: str, now: datetime, values: dict[str, Any]
    ) -> None:
        """Write an outcome down, unless the lease has gone to someone else meanwhile."""
        columns = {"state": state, "changed_at": to_utc_text(now), **values}
        names = ", ".join(f"{name} = ?" for name in columns)
        with self._database.transaction() as db:
            for item in items:
                settled = db.execute(
                    f"update outbox set {names}, lease_until = null"
                    " where id = ? and state = 'in_flight' and lease_until = ?",
                    [*columns.values(), item.id, to_utc_text(item.lease_until)],
                )
                if settled.rowcount:
                    add_event(db, item.id, now, state, values)


def enqueue(
    db: sqlite_utils.Database, visit_id: str, version: int, person: str, body: str | None,
    why_parked: str | None, now: datetime,
) -> None:  # fmt: skip
    """Put a message into the outbox, within the transaction that writes its visit."""
    state = "parked" if why_parked else "queued"
    cursor = db.execute(
        "insert into outbox (visit, version, person, state, body, next_try_at, message, changed_at)"
        " values (?, ?, ?, ?, ?, ?, ?, ?)",
        [visit_id, version, person, state, body, to_utc_text(now), why_parked, to_utc_text(now)],
    )
    add_event(db, int(cursor.lastrowid or 0), now, state, {"message": why_parked})
