"""Sent files: each document as it was sent to the insurer, with its hash and its signature.

- The file as sent is the facility's proof of what it reported, and when (NĐ 188/2025 Điều 69 khoản
  9, TT 12/2026/TT-BTC Điều 2).  The portal itself answers only for sixty days.
- A row is written before the document is sent, so that a file whose answer never came is kept too.
  The answer is added to it once; nothing else changes, and nothing is deleted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from kiosk.logbook.database import Database
from kiosk.logbook.times import from_utc_text, to_utc_text


@dataclass(frozen=True, slots=True)
class SentFile:
    """A document that was sent, or was about to be, and the insurer's answer to it."""

    id: int
    at: datetime  # aware
    sha256: str  # of `document`, in hexadecimal
    certificate_serial: str | None  # in hexadecimal; None: the document is not signed
    document: bytes = field(repr=False)
    answer: str | None = field(repr=False)  # the whole answer; None: none was read
    account: str = ""  # our name at the gateway; empty: not written down
    call: str = ""  # the gateway's call, such as Qd3176; empty: not written down


class SentFiles:
    """The tables `sent_file` and `sent_message`.

    All times are aware.  Methods that read raise LogbookUnavailable if the logbook cannot be
    read, methods that write raise NotRecorded if it cannot be written.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(
        self,
        messages: Sequence[int],
        document: bytes,
        certificate_serial: str | None,
        at: datetime,
        account: str = "",
        call: str = "",
    ) -> int:
        """Record a document that is about to be sent, with the ids of its messages in their order.

        `account` and `call` say how it goes (TT 12/2026/TT-BTC Điều 3: each call can be traced).
        Returns the id of the file.
        """
        with self._database.transaction() as db:
            row = db.execute(
                "insert into sent_file (at, sha256, certificate_serial, document, account, call)"
                " values (?, ?, ?, ?, ?, ?)",
                [
                    to_utc_text(at),
                    hashlib.sha256(document).hexdigest(),
                    certificate_serial,
                    document,
                    account,
                    call,
                ],
            ).lastrowid
            file_id = int(row or 0)
            for position, message in enumerate(messages, 1):
                db.execute(
                    "insert into sent_message (file, message, position) values (?, ?, ?)",
                    [file_id, message, position],
                )
        return file_id

    def add_answer(self, file_id: int, answer: str) -> None:
        """Add the insurer's whole answer to a file that has none yet."""
        with self._database.transaction() as db:
            db.execute(
                "update sent_file set answer = ? where id = ? and answer is null",
                [answer, file_id],
            )

    def of_visit(self, visit: str) -> list[SentFile]:
        """Return the files in which a visit was sent, oldest first."""
        rows = self._database.rows(
            "select f.* from sent_file f where f.id in ("
            " select s.file from sent_message s join outbox o on o.id = s.message"
            " where o.visit = ?) order by f.id",
            [visit],
        )
        return [
            SentFile(
                id=row["id"],
                at=from_utc_text(row["at"]),
                sha256=row["sha256"],
                certificate_serial=row["certificate_serial"],
                document=bytes(row["document"]),
                answer=row["answer"],
                account=row["account"],
                call=row["call"],
            )
            for row in rows
        ]

    def unproven_rows(self, since: datetime) -> int:
        """Return how many accepted visits were only sent behind another one in the same file.

        Files from before `since` (aware) do not count.  A portal that reads only the first row of
        a file answers as if it had read all, and no public call tells which it has.
        """
        [row] = self._database.rows(
            "select count(distinct m.message) from sent_message m"
            " join sent_file f on f.id = m.file join outbox o on o.id = m.message"
            " where m.position > 1 and f.at >= ? and f.answer is not null"
            " and o.state = 'accepted' and not exists ("
            "  select 1 from sent_message p join sent_file q on q.id = p.file"
            "  where p.message = m.message and p.position = 1 and q.answer is not null)",
            [to_utc_text(since)],
        )
        return int(row[0])
