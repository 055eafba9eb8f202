"""The outbox: messages about visits that the insurer has not accepted yet.

- Nothing is deleted.  An accepted message keeps the insurer's answer as evidence.  A refused or
  parked one stays, with the reason, until a person has dealt with it.
- The messages of one patient are sent in their order.  Those of other patients do not wait.
- A message is claimed for the time of a lease.  If the program is killed while it sends, the lease
  runs out and the message is sent again under the same visit id, which the insurer recognises.

Where a retry is decided:

- *Whether* a message is sent again: `kiosk.insurer.delivery`, `Delivery._send_and_record`, from
  the insurer's code (the table `SEND_RESULTS` in `kiosk.insurer.codes`).
- *When* it is sent again: `Outbox.try_again`, here.  The delay begins at FIRST_RETRY_DELAY and
  doubles with each try up to MAX_RETRY_DELAY.
- *Which* messages are due: SELECT_DUE, here.  Those of visits that should have been reported by now
  go first, unless an older message of their patient waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlite_utils

from kiosk.logbook.author import SYSTEM
from kiosk.logbook.database import Database
from kiosk.logbook.message_history import MessageEvent, add_event, read_history
from kiosk.logbook.times import from_utc_text, to_utc_text
from kiosk.runtime.back_off import retry_delay

FIRST_RETRY_DELAY = timedelta(seconds=5)
MAX_RETRY_DELAY = timedelta(minutes=15)
NO_ANSWER = "no answer"  # begins the message of a try that the insurer did not answer
JUDGED_STATES = ("accepted", "refused")  # the insurer has judged the message
MESSAGE_STATES = ("queued", "in_flight", "accepted", "refused", "parked", "closed")

# A message is due if it waits and its time has come, or if its lease has run out.  A time further
# ahead than any delay or lease was written by a clock that was wrong: the message is due as well.
# An older message of the same person that is not settled holds it back.
SELECT_DUE = """
select o.id, o.visit, o.body, o.tries, o.alone, v.arrived_at
from outbox o join visit v on v.id = o.visit
where o.state in ('queued', 'in_flight')
  and ((o.state = 'queued' and (o.next_try_at <= :due or o.next_try_at > :latest_try))
    or (o.state = 'in_flight' and (o.lease_until <= :due or o.lease_until > :latest_lease)))
  and (o.person = '' or not exists (
    select 1 from outbox older where older.person = o.person and older.id < o.id
    and older.state in ('queued', 'in_flight')))
  {condition}
order by o.next_try_at, o.id limit :limit
"""

# Whether a message corrects what the insurer has judged before: its deadline is another one.  A
# message that was corrected before it was ever sent is still the first report of its visit.
IS_CORRECTION = """exists (
    select 1 from outbox earlier where earlier.visit = o.visit and earlier.version < o.version
    and earlier.answered_at is not null)"""
SELECT_OVERDUE = SELECT_DUE.format(
    condition=f"""and v.arrived_at < :latest_arrival and v.arrived_at <
    case when {IS_CORRECTION} then :correction_before else :check_in_before end"""
)
SELECT_OTHERS = SELECT_DUE.format(condition="")


@dataclass(frozen=True, slots=True)
class OverdueBefore:
    """Messages are overdue if their visit arrived before a moment (aware), by kind of message."""

    check_in: datetime
    correction: datetime


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """One message that its holder is to send now. `lease_until` proves who holds it."""

    id: int
    visit: str
    body: str = field(repr=False)  # the XML0 document
    tries: int  # this one included
    lease_until: datetime  # aware
    arrived_at: datetime  # of the patient; aware


class Outbox:
    """The table `outbox`. Each step is one transaction; sending happens between two of them.

    All times that come in and go out are aware.  Methods that read raise LogbookUnavailable if
    the logbook cannot be read, methods that write raise NotRecorded if it cannot be written.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(
        self,
        now: datetime,
        lease: timedelta,
        due: datetime | None = None,
        limit: int = 1,
        overdue: OverdueBefore | None = None,
    ) -> list[OutboxItem]:
        """Take the oldest messages that are due, for no longer than `lease`.

        A message is due if its time has come by `due`, or by `now` if `due` is None.  Those that
        are overdue come first.  Returns at most `limit` messages, each of another person.  A
        message that must be sent alone is returned alone.
        """
        lease_until = now + lease
        values = _due_values(now, lease, due, limit)
        # The first look takes no lock, so that an idle outbox does not wait for another writer.
        if not self._database.rows(SELECT_OTHERS, values):
            return []
        with self._database.transaction() as db:
            rows = self._rows_to_send(values, limit, overdue)
            if rows and rows[0]["alone"]:
                rows = rows[:1]
            rows = [row for row in rows if len(rows) == 1 or not row["alone"]]
            for row in rows:
                db.execute(
                    "update outbox set state = 'in_flight', tries = tries + 1, lease_until = ?,"
                    " changed_at = ? where id = ?",
                    [to_utc_text(lease_until), to_utc_text(now), row["id"]],
                )
        return [
            OutboxItem(
                id=row["id"],
                visit=row["visit"],
                body=row["body"],
                tries=row["tries"] + 1,
                lease_until=lease_until,
                arrived_at=from_utc_text(row["arrived_at"]),
            )
            for row in rows
        ]

    def has_due(self, now: datetime, lease: timedelta, due: datetime | None = None) -> bool:
        """Return whether `claim` would return a message; takes none, and no lock."""
        return bool(self._database.rows(SELECT_OTHERS, _due_values(now, lease, due, 1)))

    def _rows_to_send(
        self, values: dict[str, object], limit: int, overdue: OverdueBefore | None
    ) -> list[Any]:
        """Return the messages to send now, the overdue ones first.

        The overdue ones are looked for by themselves: sorting all messages that are due would read
        all of them for each sending.
        """
        rows: list[Any] = []
        if overdue is not None:
            check_in, correction = to_utc_text(overdue.check_in), to_utc_text(overdue.correction)
            rows = self._database.rows(
                SELECT_OVERDUE,
                values
                | {
                    "check_in_before": check_in,
                    "correction_before": correction,
                    "latest_arrival": max(check_in, correction),
                },
            )
        if len(rows) < limit:
            taken = {row["id"] for row in rows}
            others = self._database.rows(SELECT_OTHERS, values)
            rows += [row for row in others if row["id"] not in taken]
        return rows[:limit]

    def accept(
        self, items: Sequence[OutboxItem], now: datetime, transaction: str, code: str, answer: str
    ) -> None:
        """Record that the insurer has the messages, with its transaction code and whole answer."""
        values = {"code": code, "transaction_code": transaction, "answer": answer, "message": None}
        self._settle(items, "accepted", now, values)

    def refuse(self, item: OutboxItem, now: datetime, code: str, message: str, answer: str) -> None:
        """Record that the insurer refuses the data of a message."""
        values = {"code": code, "message": message, "answer": answer}
        self._settle([item], "refused", now, values)

    def park(
        self, item: OutboxItem, now: datetime, code: str, message: str, answer: str = ""
    ) -> None:
        """Set a message aside for a person: the program cannot decide what to do with it."""
        values = {"code": code, "message": message, "answer": answer}
        self._settle([item], "parked", now, values)

    def try_again(self, items: Sequence[OutboxItem], now: datetime, message: str) -> None:
        """Put messages back into the queue, each with a delay that doubles with its tries.

        A message that failed alone is sent alone from now on, so that it delays no others again.
        """
        for item in items:
            next_try_at = to_utc_text(now + message_delay(item.tries))
            values: dict[str, Any] = {"message": message, "next_try_at": next_try_at}
            if len(items) == 1:
                values["alone"] = 1
            self._settle([item], "queued", now, values)

    def send_alone(self, items: Sequence[OutboxItem], now: datetime, message: str) -> None:
        """Put messages that were sent together back into the queue, to be sent one by one.

        The insurer objects to at least one of them; sent alone, that one is found.
        """
        values = {"message": message, "alone": 1}
        self._settle(items, "queued", now, values)

    def counts(self) -> dict[str, int]:
        """Return how many messages are in each of the MESSAGE_STATES, without reading them."""
        rows = self._database.rows("select state, messages from outbox_count")
        return dict.fromkeys(MESSAGE_STATES, 0) | {row["state"]: row["messages"] for row in rows}

    def oldest_waiting(self) -> datetime | None:
        """Return when the oldest message that waits was written (aware). None if none waits."""
        oldest = self._database.rows(
            "select min(id) from outbox where state in ('queued', 'in_flight')"
        )[0][0]
        if oldest is None:
            return None
        rows = self._database.rows(
            "select at from outbox_event where outbox = ? order by id limit 1", [oldest]
        )
        return from_utc_text(rows[0][0]) if rows else None

    def next_due(self) -> datetime | None:
        """Return when the next message is due. None if no message waits."""
        due = self._database.rows(
            "select min(case state when 'queued' then next_try_at else lease_until end) from outbox"
            " where state in ('queued', 'in_flight')"
        )[0][0]
        return None if due is None else from_utc_text(due)

    def make_all_due(self, now: datetime) -> None:
        """Make all queued messages due now: the nightly job does not wait for their delays."""
        with self._database.transaction() as db:
            db.execute(
                "update outbox set next_try_at = :now"
                " where state = 'queued' and next_try_at > :now",
                {"now": to_utc_text(now)},
            )

    def history(self, visit: str) -> list[MessageEvent]:
        """Return the events of all messages of a visit, oldest first."""
        return read_history(self._database, visit)

    def _settle(
        self, items: Sequence[OutboxItem], state: str, now: datetime, values: dict[str, Any]
    ) -> None:
        """Record the new state of messages whose lease is still the one of `items`.

        A message that another sender has claimed since stays as it is.
        """
        columns = {"state": state, "changed_at": to_utc_text(now), **values}
        assignments = ", ".join(f"{name} = ?" for name in columns)
        if state in JUDGED_STATES:
            assignments += ", answered_at = coalesce(answered_at, ?)"
            columns["answered_at"] = to_utc_text(now)  # the last value, as its mark is the last
        with self._database.transaction() as db:
            for item in items:
                settled = db.execute(
                    f"update outbox set {assignments}, lease_until = null"
                    " where id = ? and state = 'in_flight' and lease_until = ?",
                    [*columns.values(), item.id, to_utc_text(item.lease_until)],
                )
                if settled.rowcount:
                    add_event(db, item.id, now, state, values, SYSTEM)


def message_delay(tries: int) -> timedelta:
    """Return how long a message waits after it was tried in vain for so many times."""
    return retry_delay(tries, FIRST_RETRY_DELAY, MAX_RETRY_DELAY)


def _due_values(
    now: datetime, lease: timedelta, due: datetime | None, limit: int
) -> dict[str, object]:
    """Return the values of SELECT_DUE; the arguments are those of `Outbox.claim`."""
    return {
        "due": to_utc_text(due or now),
        "latest_try": to_utc_text(now + MAX_RETRY_DELAY),
        # The margin: a clock that was put back a little must not end a lease.
        "latest_lease": to_utc_text(now + lease + MAX_RETRY_DELAY),
        "limit": limit,
    }


def enqueue(
    db: sqlite_utils.Database,
    visit_id: str,
    version: int,
    person: str,
    body: str | None,
    why_parked: str | None,
    now: datetime,
    author: str,
) -> None:
    """Put a message into the outbox, within the transaction that writes its visit.

    A visit that is a state secret gets no message, whoever composed one.
    `person` is the number that names the patient, empty if it is not known.  `why_parked` is None
    for a message that can be sent.
    """
    is_secret = db.execute(
        "select json_extract(record, '$.secret') from visit where id = ?", [visit_id]
    ).fetchone()[0]
    if is_secret:
        return
    state = "parked" if why_parked else "queued"
    cursor = db.execute(
        "insert into outbox (visit, version, person, state, body, next_try_at, message, changed_at)"
        " values (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            visit_id,
            version,
            person,
            state,
            body,
            to_utc_text(now),
            why_parked,
            to_utc_text(now),
        ],
    )
    add_event(db, int(cursor.lastrowid or 0), now, state, {"message": why_parked}, author)
