"""Attempts: every reading of a card, admitted or not, and every newer verdict on it.

- A verdict is never rewritten.  It stays as it was decided, on what was known at the time.
- A newer verdict is a row of its own that names the reading it refines.
- The payload of a code is never stored.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kiosk.logbook.damaged_text import whole_text
from kiosk.logbook.database import Database
from kiosk.logbook.errors import LogbookDamaged
from kiosk.logbook.group_commit import GroupCommit
from kiosk.logbook.times import from_utc_text, to_utc_text
from verify import Outcome, Reason, Verdict, verdict_from_json, verdict_json

SUMMARY_COLUMNS = "id, at, reader, outcome, reason, refines"


@dataclass(frozen=True, slots=True)
class AttemptSummary:
    """An attempt as an event needs it: all of its row except the verdict, which is long."""

    id: int
    at: datetime  # aware
    reader: str
    outcome: Outcome
    reason: Reason
    refines: int | None  # the id of the reading; None: this row is the reading itself

    @property
    def reading(self) -> int:
        """The id of the reading: the first row of its chain of verdicts."""
        return self.refines or self.id


@dataclass(frozen=True, slots=True)
class Attempt(AttemptSummary):
    """An attempt with its verdict, and the JSON text of the verdict as it is in the logbook."""

    verdict: Verdict = field(repr=False)
    verdict_text: str = field(repr=False)


class Attempts:
    """The table `attempt`.

    All times that come in and go out are aware.  Methods that read raise LogbookUnavailable if
    the logbook cannot be read, methods that write raise NotRecorded if it cannot be written.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows = GroupCommit(database)

    def record(
        self, verdict: Verdict, reader: str, at: datetime, refines: int | None = None
    ) -> Attempt:
        """Record a verdict. It is on disk when this returns."""
        attempt = self._insert(verdict, reader, at, refines, condition="true")
        assert attempt is not None  # the condition always holds
        return attempt

    def refine(self, verdict: Verdict, newest: Attempt, at: datetime) -> Attempt | None:
        """Record a newer verdict on a reading, if `newest` is still the newest one on it.

        Returns None, and writes nothing, if another thread has recorded a newer one.  One
        statement checks and writes, so that an answer never replaces a verdict that
        it did not take into account.
        """
        is_newest = "not exists (select 1 from attempt where refines = :refines and id > :newest)"
        return self._insert(verdict, newest.reader, at, newest.reading, is_newest, newest.id)

    def _insert(
        self,
        verdict: Verdict,
        reader: str,
        at: datetime,
        refines: int | None,
        condition: str,
        newest: int = 0,
    ) -> Attempt | None:
        text = json.dumps(verdict_json(verdict), ensure_ascii=False, separators=(",", ":"))
        values = {
            "at": to_utc_text(at),
            "reader": reader,
            "outcome": verdict.outcome,
            "reason": verdict.reason,
            "verdict": text,
            "number": verdict.card.number if verdict.card else None,
            "refines": refines,
            "newest": newest,
        }
        row_id = self._rows.insert(
            "insert into attempt (at, reader, outcome, reason, verdict, number, refines)"
            " select :at, :reader, :outcome, :reason, :verdict, :number, :refines"
            f" where {condition}",
            values,
        )
        if row_id is None:
            return None
        return Attempt(
            id=row_id,
            at=at,
            reader=reader,
            outcome=verdict.outcome,
            reason=verdict.reason,
            refines=refines,
            verdict=verdict,
            verdict_text=text,
        )

    def get(self, attempt_id: int) -> Attempt | None:
        """Return the attempt with this id. None if no attempt has it."""
        return self._first("where id = ?", attempt_id)

    def readable(self, attempt_id: int) -> Attempt | None:
        """Return the attempt with this id. None if no attempt has it, or it cannot be read.

        One that cannot be read is noted: every page names it.
        """
        try:
            return self.get(attempt_id)
        except LogbookDamaged:
            self._database.note_unreadable("attempt", attempt_id)
            return None

    def newest_verdict_on(self, reading: int) -> Attempt | None:
        """Return the newest verdict on a reading, which may be the reading's own.

        None if no reading has this id.
        """
        return self._first("where id = ? or refines = ? order by id desc", reading, reading)

    def cards_since(self, moment: datetime, limit: int) -> list[Attempt]:
        """Return the newest verdicts with a card from `moment` on, at most `limit`, newest first.

        Each reading counts once.  Those that cannot be read are left out, and noted.
        """
        rows = self._select(
            f"{SUMMARY_COLUMNS}, verdict",
            "where id in (select max(id) from attempt where at >= ? and number is not null"
            " group by coalesce(refines, id)) order by id desc limit ?",
            to_utc_text(moment),
            limit,
        )
        found = [self._noted(row) for row in rows]
        return [attempt for attempt in found if attempt is not None]

    def since(self, last_id: int, limit: int = 50) -> Iterator[AttemptSummary]:
        """Return at most `limit` attempts with ids above `last_id`, oldest first."""
        rows = self._select(SUMMARY_COLUMNS, "where id > ? order by id limit ?", last_id, limit)
        return (AttemptSummary(*_summary_values(row)) for row in rows)

    def last_id(self) -> int:
        """Return the newest attempt's id. 0 if the logbook has no attempt."""
        return int(self._database.rows("select coalesce(max(id), 0) from attempt")[0][0])

    def _noted(self, row: Any) -> Attempt | None:
        try:
            return _attempt(row)
        except LogbookDamaged:
            self._database.note_unreadable("attempt", row["id"])
            return None

    def _first(self, where: str, *values: object) -> Attempt | None:
        rows = self._select(f"{SUMMARY_COLUMNS}, verdict", where + " limit 1", *values)
        return _attempt(rows[0]) if rows else None

    def _select(self, columns: str, where: str, *values: object) -> list[Any]:
        return self._database.rows(f"select {columns} from attempt {where}", values)


def _attempt(row: Any) -> Attempt:
    """Return the attempt of a row. Raises LogbookDamaged if its verdict cannot be read.

    A newer version of the program, from which this one was restored, may have written it.
    """
    try:
        text = whole_text(row["verdict"])
        return Attempt(*_summary_values(row), verdict_from_json(json.loads(text)), text)
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        message = f"the verdict of attempt {row['id']} cannot be read ({type(exc).__name__})"
        raise LogbookDamaged(message, ["attempt"]) from exc


def _summary_values(row: Any) -> tuple[int, datetime, str, Outcome, Reason, int | None]:
    """Return the values of an AttemptSummary, in the order of its fields."""
    return (
        row["id"],
        from_utc_text(row["at"]),
        row["reader"],
        Outcome(row["outcome"]),
        Reason(row["reason"]),
        row["refines"],
    )
