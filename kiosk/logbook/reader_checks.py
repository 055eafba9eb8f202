"""The results of the reader check: for each reader and code of the sheet the newest one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kiosk.logbook.database import Database
from kiosk.logbook.times import from_utc_text, to_utc_text

MAX_READERS = 64  # readers whose results are kept; each browser has a name of its own


@dataclass(frozen=True, slots=True)
class ReaderCheck:
    """The result for one code of the sheet as one reader sent it."""

    reader: str
    code: str
    at: datetime  # aware
    found: tuple[tuple[str, str], ...]  # pairs of a finding and its detail


class ReaderChecks:
    """The table `reader_check`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, reader: str, code: str, at: datetime, found: Sequence[Sequence[str]]) -> None:
        """Record the pairs of a finding and its detail for one code, in place of earlier ones.

        Only the MAX_READERS readers that were checked last are kept.

        Raises NotRecorded if the logbook cannot be written.
        """
        with self._database.transaction() as db:
            db.execute(
                "insert or replace into reader_check (reader, code, at, found) values (?, ?, ?, ?)",
                [reader, code, to_utc_text(at), json.dumps([list(pair) for pair in found])],
            )
            db.execute(
                "delete from reader_check where reader not in (select reader from reader_check"
                " group by reader order by max(at) desc limit ?)",
                [MAX_READERS],
            )

    def by_reader(self, reader: str) -> list[ReaderCheck]:
        """Return the newest result for each code that this reader has sent.

        Raises LogbookUnavailable if the logbook cannot be read.
        """
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
        """Return the names of all readers with a result, in alphabetical order.

        Raises LogbookUnavailable if the logbook cannot be read.
        """
        rows = self._database.rows("select distinct reader from reader_check order by reader")
        return [row["reader"] for row in rows]
