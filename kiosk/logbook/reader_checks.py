"""What the reader check found, the newest of each reader and code."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kiosk.logbook.database import Database
from kiosk.logbook.times import from_utc_text, to_utc_text


@dataclass(frozen=True, slots=True)
class ReaderCheck:
    """One code as one reader sent it: pairs of a finding and its detail."""

    reader: str
    code: str
    at: datetime
    found: tuple[tuple[str, str], ...]


MOST_READERS = 64  # those checked last; each browser has a name of its own


class ReaderChecks:
    """The table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, reader: str, code: str, at: datetime, found: Sequence[Sequence[str]]) -> None:
        """Write down what was found; NotRecorded where it cannot be."""
        with self._database.transaction() as db:
            db.execute(
                "insert or replace into reader_check (reader, code, at, found) values (?, ?, ?, ?)",
                [reader, code, to_utc_text(at), json.dumps([list(one) for one in found])],
            )
            db.execute(
                "delete from reader_check where reader not in (select reader from reader_check"
                " group by reader order by max(at) desc limit ?)",
                [MOST_READERS],
            )

    def by_reader(self, reader: str) -> list[ReaderCheck]:
        """Return what was found of one reader."""
        rows = self._database.rows(
            "select reader, code, at, found from reader_check where reader = ?", [reader]
        )
        return [
            ReaderCheck(
                row["reader"],
                row["code"],
                from_utc_text(row["at"]),
                tuple((finding, detail) for finding, detail in json.loads(row["found"])),
            )
            for row in rows
        ]

    def readers(self) -> list[str]:
        """Return the readers that were ever checked, by name."""
        rows = self._database.rows("select distinct reader from reader_check order by reader")
        return [row["reader"] for row in rows]
