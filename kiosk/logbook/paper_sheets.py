"""Paper sheets: printed in advance, filled in while the program is away, entered afterwards.

- A sheet has lines; each line has a code and the number that the patient gets on paper.
- The numbers go on from sheet to sheet, up to MAX_NUMBER.  So two sheets that are used on one day
  never give the same number.  Where several desks share the rooms, the letter of the desk that
  printed the sheet stands in each number.
- A line is used once: a visit is entered from it, or it is void, with a reason.  The row of
  `paper_line` is written in the transaction that records the visit, and the primary key refuses a
  second one: two desks that enter the same line record one visit.
- A sheet of which some lines are used and some are open is unfinished.  A sheet without a used line
  is in stock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlite_utils

from kiosk.logbook.database import Database
from kiosk.logbook.errors import LineUsed, NoSuchSheet, NothingToChange
from kiosk.logbook.number_series import NumberSource
from kiosk.logbook.paper_source import LinePlace, PaperSource, line_code, read_line_code
from kiosk.logbook.ticket_states import Prefix
from kiosk.logbook.times import from_utc_text, to_utc_text

LINES = 12  # of a sheet: what fits on a page
MAX_NUMBER = 999  # on paper; then the numbers begin again
MAX_SHEETS_AT_ONCE = 50
MAX_LISTED = 200

SELECT_SHEETS = """
select s.*, count(l.visit) as entered, count(l.line) - count(l.visit) as void,
    min(l.arrived_at) as first_at, max(l.arrived_at) as last_at
from paper_sheet s left join paper_line l on l.sheet = s.id
"""


class SheetState(StrEnum):
    """How far a sheet is."""

    IN_STOCK = "in_stock"  # no line was used
    UNFINISHED = "unfinished"
    FINISHED = "finished"  # every line was entered, or is void
    VOID = "void"  # every line is void


@dataclass(frozen=True, slots=True)
class PaperSheet:
    """A sheet that was printed."""

    id: int
    printed_at: datetime  # aware
    author: str  # see `kiosk.logbook.author`
    lines: int
    first_number: int
    entered: int  # lines from which a visit was entered
    void: int
    first_at: datetime | None  # the earliest arrival that was entered from it; aware
    last_at: datetime | None
    prefix: str = Prefix.PAPER  # of its numbers

    @property
    def open(self) -> int:
        """How many lines are neither entered nor void."""
        return self.lines - self.entered - self.void

    @property
    def last_number(self) -> int:
        """The number of the last line."""
        return self.first_number + self.lines - 1

    @property
    def state(self) -> SheetState:
        """How far the sheet is."""
        if self.void == self.lines:
            return SheetState.VOID
        if not self.open:
            return SheetState.FINISHED
        return SheetState.UNFINISHED if self.entered or self.void else SheetState.IN_STOCK


@dataclass(frozen=True, slots=True)
class PaperLine:
    """A line of a sheet, and what became of it."""

    place: LinePlace
    number: int
    label: str  # the number as it is printed: "G 12"
    code: str
    at: datetime | None = None  # when it was entered or made void; aware; None: it is open
    author: str = ""
    visit: str | None = None  # None: it is open or void
    arrived_at: datetime | None = None  # of the visit; aware
    why_void: str = field(default="", repr=False)

    @property
    def is_open(self) -> bool:
        """Whether nothing was done with the line yet."""
        return self.at is None


class PaperSheets:
    """The tables `paper_sheet` and `paper_line`.

    All times are aware.  Methods that read raise LogbookUnavailable if the logbook cannot be read,
    methods that write raise NotRecorded if it cannot be written.
    """

    def __init__(self, database: Database, numbers: NumberSource | None = None) -> None:
        """`numbers` names the letter of this desk, if several desks share the rooms."""
        self._database = database
        self.instance = database.instance
        self._prefix = f"{Prefix.PAPER}{numbers.prefix}" if numbers else None

    def make(self, count: int, author: str, now: datetime) -> list[PaperSheet]:
        """Write down new sheets, to be printed; return them."""
        made = []
        with self._database.transaction() as db:
            for _ in range(count):
                newest = db.execute(
                    "select first_number + lines from paper_sheet order by id desc limit 1"
                ).fetchone()
                first = newest[0] if newest else 1
                first = first if first + LINES - 1 <= MAX_NUMBER else 1
                cursor = db.execute(
                    "insert into paper_sheet (printed_at, author, lines, first_number, prefix)"
                    " values (?, ?, ?, ?, ?)",
                    [to_utc_text(now), author, LINES, first, self._prefix],
                )
                made.append(int(cursor.lastrowid or 0))
        return self.between(made[0], made[-1]) if made else []

    def newest(self, limit: int = MAX_LISTED) -> list[PaperSheet]:
        """Return the newest sheets, newest first."""
        return self._sheets("group by s.id order by s.id desc limit ?", limit)

    def between(self, first: int, last: int) -> list[PaperSheet]:
        """Return the sheets with these numbers and all between them, in their order."""
        return self._sheets(
            "where s.id between ? and ? group by s.id order by s.id limit ?",
            first,
            last,
            MAX_SHEETS_AT_ONCE,
        )

    def unfinished(self) -> list[PaperSheet]:
        """Return the sheets of which lines were used and others are open, oldest first."""
        return self._sheets(
            "group by s.id having count(l.line) between 1 and s.lines - 1 order by s.id limit ?",
            MAX_LISTED,
        )

    def sheet(self, sheet_id: int) -> PaperSheet:
        """Return a sheet.  Raises NoSuchSheet if none has this number."""
        found = self.between(sheet_id, sheet_id)
        if not found:
            raise NoSuchSheet(f"no sheet {sheet_id}")
        return found[0]

    def lines(self, sheet: PaperSheet) -> list[PaperLine]:
        """Return all lines of a sheet."""
        rows = self._database.rows("select * from paper_line where sheet = ?", [sheet.id])
        used = {row["line"]: row for row in rows}
        return [self._line(sheet, number, used.get(number)) for number in range(1, sheet.lines + 1)]

    def line(self, code: str) -> tuple[PaperSheet, PaperLine]:
        """Return the line of a code, with its sheet.

        Raises WrongLineCode if the text is no code, and NoSuchSheet if no such line was printed.
        """
        place = read_line_code(code, self.instance)
        sheet = self.sheet(place.sheet)
        if not 1 <= place.line <= sheet.lines:
            raise NoSuchSheet(f"sheet {sheet.id} has {sheet.lines} lines")
        return sheet, self.lines(sheet)[place.line - 1]

    def make_void(self, place: LinePlace, why: str, author: str, now: datetime) -> None:
        """Write down that nothing is entered from a line, with the reason.

        Raises NoSuchSheet if there is no such line, and LineUsed if it is not open.
        """
        sheet = self.sheet(place.sheet)
        if not 1 <= place.line <= sheet.lines:
            raise NoSuchSheet(f"sheet {sheet.id} has {sheet.lines} lines")
        with self._database.transaction() as db:
            _write_line(db, place, None, None, why, author, now)

    def close(self, sheet_id: int, why: str, author: str, now: datetime) -> int:
        """Make all open lines of a sheet void, with a reason; return how many there were.

        Raises NoSuchSheet, and NothingToChange if no line is open.
        """
        sheet = self.sheet(sheet_id)
        closed = 0
        with self._database.transaction() as db:
            rows = db.execute("select line from paper_line where sheet = ?", [sheet_id]).fetchall()
            used = {row["line"] for row in rows}
            for line in range(1, sheet.lines + 1):
                if line not in used:
                    _write_line(db, LinePlace(sheet_id, line), None, None, why, author, now)
                    closed += 1
        if not closed:
            raise NothingToChange("no line of the sheet is open")
        return closed

    def _line(self, sheet: PaperSheet, line: int, row: Any) -> PaperLine:
        place = LinePlace(sheet.id, line)
        number, code = sheet.first_number + line - 1, line_code(place, self.instance)
        label = f"{sheet.prefix} {number}"
        if row is None:
            return PaperLine(place, number, label, code)
        return PaperLine(
            place,
            number,
            label,
            code,
            from_utc_text(row["at"]),
            row["author"],
            row["visit"],
            from_utc_text(row["arrived_at"]) if row["arrived_at"] else None,
            row["why_void"],
        )

    def _sheets(self, rest: str, *values: object) -> list[PaperSheet]:
        return [_sheet(row) for row in self._rows(f"{SELECT_SHEETS} {rest}", values)]

    def _rows(self, sql: str, values: Sequence[object]) -> list[Any]:
        return self._database.rows(sql, values)


def use_line(
    db: sqlite_utils.Database, paper: PaperSource, visit: str, arrived_at: datetime, author: str
) -> None:
    """Write down that a visit was entered from a line, within the transaction that records it.

    Raises LineUsed if the line is not open any more.
    """
    place = LinePlace(paper.sheet, paper.line)
    _write_line(db, place, visit, arrived_at, "", author, paper.entered_at)


def _write_line(
    db: sqlite_utils.Database,
    place: LinePlace,
    visit: str | None,
    arrived_at: datetime | None,
    why_void: str,
    author: str,
    at: datetime,
) -> None:
    """Write down what became of a line.  Raises LineUsed if it is not open any more."""
    written = db.execute(
        "insert into paper_line (sheet, line, at, author, visit, arrived_at, why_void)"
        " values (?, ?, ?, ?, ?, ?, ?) on conflict do nothing",
        [
            place.sheet,
            place.line,
            to_utc_text(at),
            author,
            visit,
            arrived_at and to_utc_text(arrived_at),
            why_void,
        ],
    )
    if not written.rowcount:
        used = db.execute(
            "select visit from paper_line where sheet = ? and line = ?", list(place)
        ).fetchone()
        raise LineUsed(used["visit"])


def _sheet(row: Any) -> PaperSheet:
    return PaperSheet(
        row["id"],
        from_utc_text(row["printed_at"]),
        row["author"],
        row["lines"],
        row["first_number"],
        row["entered"],
        row["void"],
        from_utc_text(row["first_at"]) if row["first_at"] else None,
        from_utc_text(row["last_at"]) if row["last_at"] else None,
        row["prefix"] or Prefix.PAPER,
    )
