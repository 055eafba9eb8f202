"""Exports: who took which data out of the program, and when. Rows are only added."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlite_utils

from kiosk.logbook.database import Database
from kiosk.logbook.times import from_utc_text, to_utc_text


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A file that was exported; its contents are not stored."""

    kind: str  # what it is: "evidence.json", "evidence.pdf"
    visit: str | None  # whose data it holds; None: not of a single visit
    at: datetime  # aware
    author: str  # see `kiosk.logbook.author`
    sha256: str  # in hexadecimal; of the data in it, which is the same in each form of the file


class Exports:
    """The table `export`.

    All times are aware.  Methods that read raise LogbookUnavailable if the logbook cannot be
    read, methods that write raise NotRecorded if it cannot be written.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(
        self,
        export: ExportedFile,
        within: Callable[[sqlite_utils.Database], object] | None = None,
    ) -> None:
        """Record an export. Call it before the data leave the program."""
        with self._database.transaction() as db:
            if within is not None:
                within(db)
            db.execute(
                "insert into export (kind, visit, at, author, sha256) values (?, ?, ?, ?, ?)",
                [
                    export.kind,
                    export.visit,
                    to_utc_text(export.at),
                    export.author,
                    export.sha256,
                ],
            )

    def of_visit(self, visit: str) -> list[ExportedFile]:
        """Return the exports of a visit's data, newest first."""
        rows = self._database.rows("select * from export where visit = ? order by id desc", [visit])
        return [
            ExportedFile(
                row["kind"],
                row["visit"],
                from_utc_text(row["at"]),
                row["author"],
                row["sha256"],
            )
            for row in rows
        ]
