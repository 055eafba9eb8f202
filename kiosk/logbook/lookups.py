"""Look-ups: every question to the insurer about a person, answered or not.

- The facility keeps each answer whole, and each failed question with its time and error, as
  evidence for the insurer (TT 12/2026/TT-BTC Điều 4, TT 48/2017 Điều 13 khoản 2, NĐ 188/2025 Điều
  38 khoản 2).
- Rows are only added; nothing but the purge of old data (`kiosk.privacy`) removes them.
- An answer is kept as data.  No page shows it as the gateway sent it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from kiosk.logbook.damaged_text import whole_text
from kiosk.logbook.database import Database
from kiosk.logbook.errors import LogbookDamaged
from kiosk.logbook.times import from_utc_text, to_utc_text

NOT_ASKED = "not asked: "  # the beginning of the error of a question that could not be asked


class LookupKind(StrEnum):
    """What was asked; the values are stored."""

    CARD = "card"
    HISTORY = "history"
    COPAYMENTS = "copayments"


class LookupPurpose(StrEnum):
    """When in a visit the question was asked; the values are stored."""

    ARRIVAL = "arrival"
    TREATMENT = "treatment"  # a person asked again, between arrival and end
    ADMISSION = "admission"  # to inpatient, day or outpatient treatment
    END = "end"  # before the visit ends
    LOOK_BACK = "look_back"  # the nightly job, about a visit that went in unconfirmed
    LOOK_AHEAD = "look_ahead"  # the nightly job, about a patient who is expected
    ENQUIRY = "enquiry"  # a person asked about a card, without a visit


class LookupResult(StrEnum):
    """How a question ended; the values are stored."""

    ANSWERED = "answered"
    NO_ANSWER = "no_answer"  # not reached, no answer in time, or an answer that cannot be read
    REFUSED = "refused"  # our account, or the member of staff who asks


@dataclass(frozen=True, slots=True)
class NewLookup:
    """One question and how it ended. `asked`, `answer` and the repr hide personal data."""

    kind: LookupKind
    purpose: LookupPurpose
    at: datetime  # aware; when the question was sent
    duration_ms: int
    author: str  # see `kiosk.logbook.author`
    asked: Mapping[str, str] = field(repr=False)  # the fields of the question; no credentials
    result: LookupResult
    code: str | None = None  # the insurer's
    http_status: int | None = None
    error: str | None = None  # what failed, in words without personal data
    answer: str | None = field(default=None, repr=False)  # the whole answer, as it was received

    @property
    def was_asked(self) -> bool:
        """Whether the question was sent; else it could not be asked, and `error` says why."""
        return not (self.error or "").startswith(NOT_ASKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLookup(NewLookup):
    """A look-up in the logbook, with the readings and the visit it belongs to."""

    id: int
    visit: str | None


class Lookups:
    """The tables `lookup` and `lookup_reading`.

    All times are aware.  Methods that read raise LogbookUnavailable if the logbook cannot be
    read, methods that write raise NotRecorded if it cannot be written.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(
        self, lookup: NewLookup, readings: Sequence[int] = (), visit: str | None = None
    ) -> int:
        """Record a look-up with the ids of its readings and its visit; return its id."""
        values = {
            "kind": lookup.kind,
            "purpose": lookup.purpose,
            "at": to_utc_text(lookup.at),
            "duration_ms": lookup.duration_ms,
            "author": lookup.author,
            "asked": json.dumps(dict(lookup.asked), ensure_ascii=False),
            "result": lookup.result,
            "code": lookup.code,
            "http_status": lookup.http_status,
            "error": lookup.error,
            "answer": lookup.answer,
            "visit": visit,
        }
        with self._database.transaction() as db:
            row = db.execute(
                f"insert into lookup ({', '.join(values)})"
                f" values ({', '.join(f':{name}' for name in values)})",
                values,
            ).lastrowid
            lookup_id = int(row or 0)
            for reading in readings:
                db.execute(
                    "insert into lookup_reading (lookup, reading) values (?, ?)",
                    [lookup_id, reading],
                )
        return lookup_id

    def of_visit(self, visit: str) -> list[StoredLookup]:
        """Return the look-ups of a visit and of the reading it was confirmed on, oldest first."""
        rows = self._database.rows(
            "select * from lookup where visit = :visit or id in ("
            " select l.lookup from lookup_reading l join visit v on v.attempt = l.reading"
            " where v.id = :visit) order by id",
            {"visit": visit},
        )
        return [_lookup(row) for row in rows]

    def enquiries(self, since: datetime, most: int) -> list[StoredLookup]:
        """Return the enquiries since a moment (aware), newest first; at most `most` of them."""
        rows = self._database.rows(
            "select * from lookup where at >= ? and purpose = ? order by id desc limit ?",
            [to_utc_text(since), LookupPurpose.ENQUIRY, most],
        )
        return [_lookup(row) for row in rows]


def _lookup(row: Any) -> StoredLookup:
    """Return the look-up of a row. Raises LogbookDamaged if it cannot be read."""
    try:
        return _whole_lookup(row)
    except (ValueError, TypeError) as exc:
        message = f"look-up {row['id']} cannot be read ({type(exc).__name__})"
        raise LogbookDamaged(message, ["lookup"]) from exc


def _whole_lookup(row: Any) -> StoredLookup:
    return StoredLookup(
        id=row["id"],
        visit=row["visit"],
        kind=LookupKind(row["kind"]),
        purpose=LookupPurpose(row["purpose"]),
        at=from_utc_text(row["at"]),
        duration_ms=row["duration_ms"],
        author=row["author"],
        asked=json.loads(whole_text(row["asked"])),
        result=LookupResult(row["result"]),
        code=row["code"],
        http_status=row["http_status"],
        error=row["error"],
        answer=row["answer"] and whole_text(row["answer"]),
    )
