"""Attempts: every reading, admitted or not, and every newer verdict on it.

A verdict is never rewritten: what was decided on what was known stays as it was, and a
newer verdict is a row of its own that names the reading it refines.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kiosk.logbook.database import Database
from kiosk.logbook.times import from_utc_text, to_utc_text
from verify import Outcome, Reason, Verdict, verdict_from_json, verdict_json

NEWS = "id, at, reader, outcome, reason, refines"


@dataclass(frozen=True, slots=True)
class AttemptSummary:
    """What an event says of an attempt: all of its row but the verdict, which is not read."""

    id: int
    at: datetime
    reader: str
    outcome: Outcome
    reason: Reason
    refines: int | None

    @property
    def reading(self) -> int:
        """The id of the reading itself: the first row of the chain."""
        return self.refines or self.id


@dataclass(frozen=True, slots=True)
class Attempt(AttemptSummary):
    """One row, with its verdict."""

    verdict: Verdict = field(repr=False)


class Attempts:
    """The table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(
        self, verdict: Verdict, reader: str, at: datetime, refines: int | None = None
    ) -> Attempt:
        """Write a verdict down, on disk when this returns."""
        attempt = self._insert(verdict, reader, at, refines, "true")
        assert attempt is not None  # nothing was asked
        return attempt

    def refine(self, verdict: Verdict, newest: Attempt, at: datetime) -> Attempt | None:
        """Write a newer verdict on a reading down, if `newest` is still the newest one on it.

        Checked and written by one statement, so that what others write meanwhile is never covered
        by what was found out before it.  Returns None, and writes nothing, if there is a newer one.
        """
        is_newest = "not exists (select 1 from attempt where refines = :refines and id > :newest)"
        return self._insert(verdict, newest.reader, at, newest.reading, is_newest, newest.id)

    def _insert(
        self, verdict: Verdict, reader: str, at: datetime, refines: int | None, when: str,
        newest: int = 0,
    ) -> Attempt | None:  # fmt: skip
        record = verdict_json(verdict)
        values = {
            "at": to_utc_text(at), "reader": reader, "outcome": verdict.outcome,
            "reason": verdict.reason, "verdict": json.dumps(record, ensure_ascii=False),
            "number": verdict.card.number if verdict.card else None, "refines": refines,
            "newest": newest,
        }  # fmt: skip
        with self._database.transaction() as db:
            cursor = db.execute(
                "insert into attempt (at, reader, outcome, reason, verdict, number, refines)"
                " select :at, :reader, :outcome, :reason, :verdict, :number, :refines"
                f" where {when}",
                values,
            )
        if not cursor.rowcount:
            return None
        return Attempt(
            int(cursor.lastrowid or 0), at, reader, verdict.outcome, verdict.reason, refines,
            verdict,
        )  # fmt: skip

    def get(self, attempt_id: int) -> Attempt | None:
        """Return one attempt."""
        return self._first("where id = ?", attempt_id)

    def newest_verdict_on(self, reading: int) -> Attempt | None:
        """Return the newest verdict on a reading: itself, or what refines it."""
        return self._first("where id = ? or refines = ? order by id desc", reading, reading)

    def since(self, last_id: int, limit: int = 50) -> Iterator[AttemptSummary]:
        """Return the attempts after an id, oldest first, without their verdicts."""
        rows = self._select(NEWS, "where id > ? order by id limit ?", last_id, limit)
        return (AttemptSummary(*_news(row)) for row in rows)

    def last_id(self) -> int:
        """Return the newest id, 0 where there is none."""
        return int(self._database.rows("select coalesce(max(id), 0) from attempt")[0][0])

    def _first(self, where: str, *values: object) -> Attempt | None:
        rows = self._select(f"{NEWS}, verdict", where + " limit 1", *values)
        return next(
            (Attempt(*_news(row), verdict_from_json(json.loads(row["verdict"]))) for row in rows),
            None,
        )

    def _select(self, columns: str, where: str, *values: object) -> list[Any]:
        return self._database.rows(f"select {columns} from attempt {where}", values)


def _news(row: Any) -> tuple[int, datetime, str, Outcome, Reason, int | None]:
    return (row["id"], from_utc_text(row["at"]), row["reader"], Outcome(row["outcome"]),
            Reason(row["reason"]), row["refines"])  # fmt: skip
