"""Visits that are fetched back: a logbook that was restored lacks what was recorded since.

1.  A visit gets its id again, by which the insurer knows it, and all its versions.
2.  Its reading is lost: a row stands in for it, of the reader FETCHED, with the outcome and the
    reason that the visit was recorded with.  The numbers of lost readings are given again, so that
    a record keeps none of them.
3.  Its ticket gets the number that was printed, unless the restored logbook has given that number
    again meanwhile; then it gets another one of the room.
4.  Its message waits to be sent if nobody has sent it, and otherwise has the state that was known
    elsewhere; if the visit was cancelled, it is closed.  The insurer's whole answer is lost.
5.  Each visit is one transaction, so that fetching may end anywhere and begin again.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlite_utils

from kiosk.logbook.author import SYSTEM
from kiosk.logbook.database import Database
from kiosk.logbook.errors import NumberTaken, StillSending
from kiosk.logbook.hub_journal import MessageState, raise_event_numbers
from kiosk.logbook.message_history import add_event
from kiosk.logbook.number_series import QueuePlace, issue_ticket
from kiosk.logbook.outbox import JUDGED_STATES, enqueue
from kiosk.logbook.person_numbers import add_numbers, further_numbers
from kiosk.logbook.tickets import cancel_ticket
from kiosk.logbook.times import to_utc_text
from kiosk.logbook.visit import Compose, NewVisit, visit_from_record
from kiosk.logbook.visit_index import index_visit
from verify import Reason, Verdict, verdict_json

OWN_ROWS = ("attempt", "verdict_of", "joined_by")  # numbers of rows in a record; also how.reading
FETCHED = "hub"  # the reader of a reading that stands in for a lost one
KNOWN_ELSEWHERE = "known from the hub: it was sent before this logbook was restored"
CORRECTED = "corrected elsewhere"
CANCELLED = "cancelled before it was sent"
SETTLED = ("accepted", "refused", "parked", "closed")
UNSENT = ("queued", "in_flight")
CLOSED = MessageState(0, "closed", None, None)


@dataclass(frozen=True, slots=True)
class FetchedVersion:
    """A version of a visit as another place has it. Times are as the logbook stores them."""

    version: int
    record: str = field(repr=False)  # JSON
    written_at: str
    why: str = field(repr=False)
    author: str
    cancelled_at: str | None = None


@dataclass(frozen=True, slots=True)
class KnownVersion:
    """The newest version of a visit in this logbook."""

    version: int
    record: str = field(repr=False)
    cancelled_at: str | None
    state: str  # of its newest message; not_sent: it has none


class FetchedVisits:
    """Writes visits, versions and states back into the tables of the logbook.

    Methods that read raise LogbookUnavailable, methods that write NotRecorded.  Records that cannot
    be read raise KeyError or ValueError, and nothing of their visit is written.
    """

    def __init__(self, database: Database, compose: Compose, prefix: str = "") -> None:
        """`prefix` stands before numbers that this desk counts by itself (`desk_prefix`)."""
        self._database, self._compose, self._own = database, compose, QueuePlace(prefix)

    def known(self, visits: Sequence[str]) -> dict[str, KnownVersion]:
        """Return the newest versions of those of some visits that this logbook has, by id."""
        rows = self._database.rows(
            "select v.id, v.version, v.record, v.cancelled_at, m.state from visit v"
            " left join newest_message m on m.visit = v.id"
            " where v.id in (select value from json_each(?))",
            [json.dumps(list(visits))],
        )
        return {
            row["id"]: KnownVersion(
                row["version"], row["record"], row["cancelled_at"], row["state"] or "not_sent"
            )
            for row in rows
        }

    def deleted(self, entries: Sequence[int]) -> set[int]:
        """Return which entries of the journal are about a visit that was deleted since."""
        rows = self._database.rows(
            "select j.seq from hub_journal j where j.seq in (select value from json_each(?))"
            " and j.elsewhere is null"
            " and not exists (select 1 from visit v where v.row = j.visit)",
            [json.dumps(list(entries))],
        )
        return {row["seq"] for row in rows}

    def record_of(self, visit_id: str, version: int) -> str | None:
        """Return the record of an earlier version of a visit. None if there is no such version."""
        rows = self._database.rows(
            "select record from visit_version where visit = ? and version = ?", [visit_id, version]
        )
        return str(rows[0][0]) if rows else None

    def reason_of(self, visit_id: str, version: int) -> str:
        """Return why the version before `version` was replaced; empty without one."""
        rows = self._database.rows(
            "select why from visit_version where visit = ? and version < ? order by version desc"
            " limit 1",
            [visit_id, version],
        )
        return str(rows[0][0]) if rows else ""

    def add(
        self,
        visit_id: str,
        day: str,
        ticket: str,
        versions: Sequence[FetchedVersion],
        message: MessageState,
        now: datetime,
    ) -> None:
        """Write a visit that this logbook lacks, with all its versions, the first one first.

        `ticket` is what was printed.
        """
        with self._database.transaction() as db:
            if db.execute("select 1 from visit where id = ?", [visit_id]).fetchone():
                return
            reading = _stand_in(db, visit_from_record(versions[0].record))
            own: dict[str, Any] = {"attempt": reading, "verdict_of": reading}
            ours = [_with_own_rows(version, own) for version in versions]
            newest = ours[-1]
            visit = visit_from_record(newest.record)
            row = _insert(db, visit_id, day, visit_from_record(ours[0].record), ours[0])
            _follow(db, visit_id, ours)
            _give_ticket(db, visit_id, visit, reading, ticket, self._own)
            add_numbers(db, row, further_numbers(visit))
            self._queue(db, visit_id, newest.version, visit, now)
            _settle(db, visit_id, message, now)
            if newest.cancelled_at:
                _close_waiting(db, visit_id, CANCELLED, now)
                cancel_ticket(db, visit_id, now, SYSTEM)
            index_visit(db, visit_id)

    def follow(
        self,
        visit_id: str,
        known: int,
        versions: Sequence[FetchedVersion],
        message: MessageState,
        now: datetime,
        may_be_sending: bool = False,
    ) -> bool:
        """Write the versions after `known` of a visit that this logbook has in that version.

        Returns False, and writes nothing, if it has another version by now.  With `may_be_sending`
        messages are sent meanwhile: raises StillSending if that of the visit is being sent.
        """
        with self._database.transaction() as db:
            row = db.execute(
                "select row, version, record from visit where id = ?", [visit_id]
            ).fetchone()
            if row is None or row["version"] != known:
                return False
            message_row = _newest(db, visit_id)
            if may_be_sending and message_row and message_row["state"] == "in_flight":
                raise StillSending("the visit is being sent; try again in a minute")
            own = json.loads(row["record"])
            newer = [_with_own_rows(each, own) for each in versions if each.version > known]
            newest = newer[-1]
            visit = visit_from_record(newest.record)
            _follow(db, visit_id, [FetchedVersion(known, row["record"], "", "", ""), *newer])
            add_numbers(db, row["row"], further_numbers(visit))
            _close_waiting(db, visit_id, CORRECTED, now)
            if newest.cancelled_at is None:
                self._queue(db, visit_id, newest.version, visit, now)
            _settle(db, visit_id, message, now)
            if newest.cancelled_at:
                cancel_ticket(db, visit_id, now, SYSTEM)
            index_visit(db, visit_id)
            return True

    def settle(self, visit_id: str, message: MessageState, now: datetime) -> None:
        """Give the newest message of a visit the state that is known elsewhere, if it waits."""
        with self._database.transaction() as db:
            _settle(db, visit_id, message, now)

    def raise_event_numbers(self, at_least: int) -> None:
        """Let the next events of messages have numbers above those that were given and lost."""
        with self._database.transaction() as db:
            raise_event_numbers(db, at_least)

    def _queue(
        self,
        db: sqlite_utils.Database,
        visit_id: str,
        version: int,
        visit: NewVisit,
        now: datetime,
    ) -> None:
        """Queue the message of a visit, unless it has none."""
        message = self._compose(visit_id, visit)
        if message is not None:
            enqueue(
                db, visit_id, version, visit.person, message.body, message.why_parked, now, SYSTEM
            )


def _with_own_rows(version: FetchedVersion, own: dict[str, Any]) -> FetchedVersion:
    """Return a version with the numbers that rows have in this logbook, by its own record."""
    fields = json.loads(version.record)
    for name in (*OWN_ROWS, "cancelled_at"):
        fields.pop(name, None)
    fields |= {name: own[name] for name in OWN_ROWS if own.get(name) is not None}
    how = fields.get("how")
    if isinstance(how, dict):
        how.pop("reading", None)
        reading = (own.get("how") or {}).get("reading")
        fields["how"] = how | ({} if reading is None else {"reading": reading})
    record = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return replace(version, record=record)


def _stand_in(db: sqlite_utils.Database, visit: NewVisit) -> int:
    """Add a reading in the place of the one that a visit was recorded on; return its id."""
    verdict = json.dumps(verdict_json(Verdict(Reason(visit.reason))), separators=(",", ":"))
    row = db.execute(
        "insert into attempt (at, reader, outcome, reason, verdict, number)"
        " values (?, ?, ?, ?, ?, ?)",
        [
            to_utc_text(visit.arrived_at),
            FETCHED,
            visit.outcome,
            visit.reason,
            verdict,
            visit.card.number or None,
        ],
    ).lastrowid
    return int(row or 0)


def _insert(
    db: sqlite_utils.Database,
    visit_id: str,
    day: str,
    visit: NewVisit,
    first: FetchedVersion,
) -> int:
    """Insert the row of a visit in its first version; return its number."""
    count = db.execute(
        "select coalesce(max(ticket), 0) + 1 from visit where day = ?", [day]
    ).fetchone()[0]
    row = db.execute(
        "insert into visit (id, attempt, verdict_of, idempotency_key, arrived_at, day, ticket,"
        " outcome, reason, number, person, record, version, cancelled_at)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            visit_id,
            visit.attempt,
            visit.verdict_of,
            f"{FETCHED} {visit_id}",
            to_utc_text(visit.arrived_at),
            day,
            count,
            visit.outcome,
            visit.reason,
            visit.card.number,
            visit.person,
            first.record,
            first.version,
            first.cancelled_at,
        ],
    ).lastrowid
    return int(row or 0)


def _follow(db: sqlite_utils.Database, visit_id: str, versions: Sequence[FetchedVersion]) -> None:
    """Let a visit in the first of some versions have each of the others in its turn.

    Each turn is an entry of the journal, so that a hub that loses all gets all of them again.
    """
    for version, following in itertools.pairwise(versions):
        db.execute(
            "insert into visit_version (visit, version, record, replaced_at, why, author)"
            " values (?, ?, ?, ?, ?, ?)",
            [
                visit_id,
                version.version,
                version.record,
                following.written_at,
                following.why,
                following.author,
            ],
        )
        visit = visit_from_record(following.record)
        db.execute(
            "update visit set record = ?, version = ?, number = ?, person = ?, arrived_at = ?,"
            " cancelled_at = ? where id = ?",
            [
                following.record,
                following.version,
                visit.card.number,
                visit.person,
                to_utc_text(visit.arrived_at),
                following.cancelled_at,
                visit_id,
            ],
        )


def _give_ticket(
    db: sqlite_utils.Database,
    visit_id: str,
    visit: NewVisit,
    reading: int,
    label: str,
    own: QueuePlace,
) -> None:
    """Give a visit the ticket that was printed, or one of `own` if its number is taken."""
    prefix, _, number = label.rpartition(" ")
    room, at = visit.service.room, visit.arrived_at
    place = QueuePlace(prefix, int(number)) if number.isdecimal() else own
    try:
        issue_ticket(db, room, at, visit_id, reading, place)
    except NumberTaken:
        issue_ticket(db, room, at, visit_id, reading, own)


def _close_waiting(db: sqlite_utils.Database, visit_id: str, why: str, now: datetime) -> None:
    """Close the message of a visit that was not accepted: it is not sent any more."""
    row = _newest(db, visit_id)
    if row is not None and row["state"] not in ("accepted", "closed"):
        _change(db, row["id"], CLOSED, why, now)


def _settle(db: sqlite_utils.Database, visit_id: str, message: MessageState, now: datetime) -> None:
    """Give the newest message of a visit a state that is known elsewhere, if it waits."""
    row = _newest(db, visit_id)
    if row is None or row["state"] not in UNSENT:
        return
    if message.state in SETTLED:
        _change(db, row["id"], message, KNOWN_ELSEWHERE, now)
    elif row["state"] == "in_flight":  # its sender is lost
        db.execute(
            "update outbox set state = 'queued', lease_until = null, next_try_at = ? where id = ?",
            [to_utc_text(now), row["id"]],
        )


def _newest(db: sqlite_utils.Database, visit_id: str) -> Any:
    return db.execute("select id, state from newest_message where visit = ?", [visit_id]).fetchone()


def _change(
    db: sqlite_utils.Database, outbox: int, message: MessageState, words: str, now: datetime
) -> None:
    at = to_utc_text(now)
    db.execute(
        "update outbox set state = ?, code = ?, transaction_code = ?, message = ?, changed_at = ?,"
        " lease_until = null, answered_at = coalesce(answered_at, ?) where id = ?",
        [
            message.state,
            message.code,
            message.transaction,
            words,
            at,
            at if message.state in JUDGED_STATES else None,
            outbox,
        ],
    )
    values = {
        "code": message.code,
        "message": words,
        "transaction_code": message.transaction,
    }
    add_event(db, outbox, now, message.state, values, SYSTEM)
