"""Relayed messages: those of this desk's visits that another desk has sent.

What came of one is noted here as if this desk had sent it: the file with its answer, the state of
the message, and its event.  So the evidence of a visit lies in one logbook, that of its own desk.

- A message that waits gets the state that the other desk saw.
- One that a person has closed or corrected meanwhile, or that was refused or parked, becomes
  accepted if the insurer has accepted it: that is a fact.  Otherwise it stays as it is.
- The same result twice changes nothing.
- After the event of an earlier message comes one of the newest, with the state that it has: whoever
  takes a visit's state from its newest event goes on seeing that of its newest message.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlite_utils

from kiosk.logbook.author import desk_author
from kiosk.logbook.database import Database
from kiosk.logbook.message_history import add_event
from kiosk.logbook.outbox import JUDGED_STATES
from kiosk.logbook.times import to_utc_text

WAITING = ("queued", "in_flight")


@dataclass(frozen=True, slots=True)
class RelayedResult:
    """What came of a message that another desk sent."""

    visit: str
    version: int  # of the visit as it was sent
    state: str  # accepted, refused or parked
    at: datetime  # when it got this state; aware
    sender: str  # the number of the desk that sent it
    code: str
    message: str | None  # the insurer's words, or the program's
    transaction: str  # maGiaoDich; empty: none
    answer: str | None = field(repr=False)  # the whole answer; None: none was read
    document: bytes | None = field(default=None, repr=False)  # as sent; None: it was not sent
    sent_at: datetime | None = None  # aware
    certificate_serial: str | None = None
    account: str = ""
    call: str = ""


class RelayedMessages:
    """Notes in the tables of the outbox what other desks have sent for this one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def settle(self, result: RelayedResult) -> None:
        """Note what came of a message.

        The message is the newest of the visit that is not newer than `result.version`: a
        correction that changes nothing for the insurer has no message of its own.  Without one
        nothing is noted.  Raises NotRecorded if the logbook cannot be written.
        """
        with self._database.transaction() as db:
            row = db.execute(
                "select id, state from outbox where visit = ? and version <= ?"
                " order by version desc limit 1",
                [result.visit, result.version],
            ).fetchone()
            if row is None:
                return
            _keep_file(db, row["id"], result)
            is_fact = result.state == "accepted" and row["state"] != "accepted"
            if row["state"] in WAITING or is_fact:
                _settle(db, row["id"], result)
                _repeat_newest(db, row["id"], result)

    def unsettled(self, limit: int, after: int = 0) -> list[tuple[int, str]]:
        """Return the messages that wait, oldest first, at most `limit`: their ids and visits.

        Those with an id above `after`.  Raises LogbookUnavailable if the logbook cannot be read.
        """
        rows = self._database.rows(
            "select id, visit from outbox where state in ('queued', 'in_flight') and id > ?"
            " order by id limit ?",
            [after, limit],
        )
        return [(row["id"], row["visit"]) for row in rows]


def _keep_file(db: sqlite_utils.Database, message: int, result: RelayedResult) -> None:
    """Keep the file in which a message was sent, once."""
    if result.document is None or result.sent_at is None:
        return
    sha256 = hashlib.sha256(result.document).hexdigest()
    known = db.execute(
        "select 1 from sent_file f join sent_message m on m.file = f.id"
        " where m.message = ? and f.sha256 = ? and f.at = ?",
        [message, sha256, to_utc_text(result.sent_at)],
    ).fetchone()
    if known is not None:
        return
    file = db.execute(
        "insert into sent_file (at, sha256, certificate_serial, document, answer, account, call)"
        " values (?, ?, ?, ?, ?, ?, ?)",
        [
            to_utc_text(result.sent_at),
            sha256,
            result.certificate_serial,
            result.document,
            result.answer,
            result.account,
            result.call,
        ],
    ).lastrowid
    db.execute(
        "insert into sent_message (file, message, position) values (?, ?, 1)", [file, message]
    )


def _settle(db: sqlite_utils.Database, message: int, result: RelayedResult) -> None:
    """Give a message the state of a result."""
    at = to_utc_text(result.at)
    values: dict[str, Any] = {
        "code": result.code or None,
        "message": result.message,
        "transaction_code": result.transaction or None,
    }
    judged_at = at if result.state in JUDGED_STATES else None
    db.execute(
        "update outbox set state = :state, changed_at = :at, lease_until = null, code = :code,"
        " message = :message, transaction_code = :transaction_code, answer = :answer,"
        " answered_at = coalesce(answered_at, :judged_at) where id = :id",
        values
        | {
            "state": result.state,
            "at": at,
            "answer": result.answer,
            "judged_at": judged_at,
            "id": message,
        },
    )
    add_event(db, message, result.at, result.state, values, desk_author(result.sender))


def _repeat_newest(db: sqlite_utils.Database, message: int, result: RelayedResult) -> None:
    """Add an event of the newest message of a visit, unless `message` is that one."""
    newest = db.execute(
        "select id, state, code, message, transaction_code from newest_message where visit = ?",
        [result.visit],
    ).fetchone()
    if newest["id"] != message:
        values = {key: newest[key] for key in ("code", "message", "transaction_code")}
        add_event(db, newest["id"], result.at, newest["state"], values, desk_author(result.sender))
