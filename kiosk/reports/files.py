"""Tables as files to take away: CSV, and workbooks for Excel.

- Both are written to a file row by row, so that a million rows need no more memory than ten.
- A text that a spreadsheet would take for a formula gets an apostrophe before it; a workbook holds
  no formula at all.  Numbers are numbers.
- A CSV begins with a byte order mark: without it Excel does not read it as UTF-8.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import xlsxwriter

from kiosk.reports.facts import Dimension, Figure, VisitFacts
from kiosk.reports.period import ReportPeriod

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
MAX_ROWS = 1_048_576  # of a sheet in Excel, with its heading
MAX_TEXT = 32_767  # characters of a cell in Excel
MAX_SHEET_NAME = 31  # characters
NOT_IN_NAMES = str.maketrans({sign: " " for sign in "[]:*?/\\'"})
Cell = str | int | float | None

VISIT_COLUMNS = (
    *("visit", "day", "hour", "outcome", "reason", "group", "benefit", "facility", "facility_name"),
    *("room", "service", "route", "care", "source", "reader", "took_s", "state", "cancelled"),
)


@dataclass(frozen=True, slots=True)
class FileSheet:
    """A table of a file. Its rows may be read only once."""

    name: str
    columns: Sequence[str]
    rows: Iterable[Sequence[Cell]]


class TooManyRows(ValueError):
    """A sheet of a workbook has more rows than Excel opens; CSV has no such limit."""


def plain_cell(value: Cell) -> Cell:
    """Return a cell that no spreadsheet takes for a formula."""
    if isinstance(value, str) and value.lstrip(" ").startswith(FORMULA_SIGNS):
        return f"'{value}"
    return value


def write_csv(sheet: FileSheet, file: BinaryIO) -> int:
    """Write a table as CSV; return how many rows it has, without the heading."""
    text = io.TextIOWrapper(file, "utf-8-sig", newline="", write_through=True)
    try:
        writer = csv.writer(text)
        writer.writerow(sheet.columns)
        count = 0
        for row in sheet.rows:
            writer.writerow([plain_cell(value) for value in row])
            count += 1
        return count
    finally:
        text.detach()  # the file stays open


def write_workbook(sheets: Iterable[FileSheet], file: BinaryIO) -> int:
    """Write tables as a workbook, each as a sheet; return how many rows they have.

    Raises TooManyRows if a sheet would be longer than Excel opens.
    """
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    total = 0
    with xlsxwriter.Workbook(file, options) as book:
        bold = book.add_format({"bold": True})
        names: set[str] = set()
        for sheet in sheets:
            page = book.add_worksheet(_sheet_name(sheet.name, names))
            page.freeze_panes(1, 0)
            for column, title in enumerate(sheet.columns):
                page.set_column(column, column, min(60, max(10, len(title) + 4)))
                page.write_string(0, column, title, bold)
            for at, row in enumerate(sheet.rows, start=1):
                if at >= MAX_ROWS:
                    raise TooManyRows(f"more than {MAX_ROWS - 1} rows")
                _write_row(page, at, row)
                total += 1
    return total


def visit_sheet(
    facts: VisitFacts,
    period: ReportPeriod,
    figure: Figure | None,
    name_of: Callable[[str], str] = lambda _code: "",
    title: str = "visits",
) -> FileSheet:
    """Return the visits behind a figure as a table, without names and numbers of persons.

    `name_of` returns the name of a facility.  The columns have the names of the contract.
    """
    return FileSheet(
        title,
        VISIT_COLUMNS,
        _visit_rows(facts, period, figure or Figure(Dimension.ALL), name_of),
    )


def _visit_rows(
    facts: VisitFacts, period: ReportPeriod, figure: Figure, name_of: Callable[[str], str]
) -> Iterator[Sequence[Cell]]:
    for row in facts.walk(period, figure):
        took = row["took_ms"]
        yield (
            *(row["id"], row["day"], row["hour"], row["outcome"], row["reason"]),
            *(row["card_group"], row["benefit"], row["facility"], name_of(row["facility"])),
            *(row["room"], row["service"], row["route"], row["care"], row["source"]),
            *(row["reader"], None if took is None else took / 1000),
            *(row["state"] or "not_sent", int(row["is_cancelled"])),
        )


def _write_row(page: xlsxwriter.worksheet.Worksheet, at: int, row: Sequence[Cell]) -> None:
    for column, value in enumerate(row):
        if value is None:
            continue
        if isinstance(value, str):
            page.write_string(at, column, str(plain_cell(value))[:MAX_TEXT])
        else:
            page.write_number(at, column, value)


def _sheet_name(name: str, names: set[str]) -> str:
    """Return a name that Excel accepts and that no other sheet has."""
    base = name.translate(NOT_IN_NAMES).strip()[:MAX_SHEET_NAME] or "1"
    found, again = base, 2
    while found.lower() in names:
        found = f"{base[: MAX_SHEET_NAME - 4]} {again}"
        again += 1
    names.add(found.lower())
    return found
