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
from kiosk.logbook.times import restored, stored
from verify import Outcome, Reason, Verdict, verdict_json


@dataclass(frozen=True, slots=True)
class Attempt:
    """One row. `verdict` is the contract's JSON; `reading` is the first row of its chain."""

    id: int
    at: datetime
    reader: str
    outcome: Outcome
    reason: Reason
    refines: int | None
    verdict: dict[str, Any] = field(repr=False)

    @property
    def reading(self) -> int:
        """The id of the reading itself."""
        return self.refines or self.id


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
            "at": stored(at), "reader": reader, "outcome": verdict.outcome,
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
            int(cursor.lastrowid or 0), at, reader, verdict.outcome, verdict.reason, refines, record
        )

    def get(self, attempt_id: int) -> Attempt | None:
        """Return one attempt."""
        return self._first("where id = ?", attempt_id)

    def newest_verdict_on(self, reading: int) -> Attempt | None:
        """Return the newest verdict on a reading: itself, or what refines it."""
        return self._first("where id = ? or refines = ? order by id desc", reading, reading)

    def since(self, last_id: int, limit: int = 50) -> Iterator[Attempt]:
        """Return the attempts after an id, oldest first."""
        return self._rows("where id > ? order by id limit ?", last_id, limit)

    def last_id(self) -> int:
        """Return the newest id, 0 where there is none."""
        return int(self._database.rows("select coalesce(max(id), 0) from attempt")[0][0])

    def _first(self, where: str, *values: object) -> Attempt | None:
        return next(self._rows(where + " limit 1", *values), None)

    def _rows(self, where: str, *values: object) -> Iterator[Attempt]:
        sql = f"select id, at, reader, outcome, reason, refines, verdict from attempt {where}"
        for row in self._database.rows(sql, values):
            yield Attempt(
                row["id"], restored(row["at"]), row["reader"], Outcome(row["outcome"]),
                Reason(row["reason"]), row["refines"], json.loads(row["verdict"]),
            )  # fmt: skip
