"""Make the table of facilities from a list of a site: CSV, or a workbook (.xlsx).

1.  The first row names the columns, in any order, in English or as Vietnamese lists name them.
    A code and a name are needed; other columns that are not known are left out.
2.  One bad row refuses the whole list: the error names the file, the row and the column.
3.  The table says since when it holds: the day of the list.  Pages show it beside a search.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import NamedTuple

from kiosk.data.law import read_site_tables
from kiosk.data.workbook import read_workbook
from kiosk.errors import DataError
from kiosk.runtime.files import replace_while_read
from verify import LEVELS, TIERS, clean_line, is_garbled, plain_letters

TABLE = "facilities.csv"
MAX_NAME = 200  # characters
MAX_ROWS = 50_000  # the country has some 13,000 facilities
MAX_BYTES = 32 * 1024 * 1024
COLUMNS = (
    *("code", "name_vi", "level", "score", "former_tier", "listed"),
    *("valid_from", "valid_to", "legal_basis", "confidence"),
)
# How lists name the columns, without marks and blanks.
HEADINGS = {
    "code": ("code", "ma", "macskcb", "macskb", "macosokcb", "macoso", "macosokhamchuabenh"),
    "name_vi": (
        "name",
        "namevi",
        "ten",
        "tencskcb",
        "tencskb",
        "tencosokcb",
        "tencoso",
        "tencosokhamchuabenh",
    ),
    "level": ("level", "cap", "capchuyenmonkythuat", "capcmkt"),
    "score": ("score", "diem"),
    "former_tier": ("formertier",),
    "listed": ("listed",),
}
LEVEL_WORDS = {plain_letters(level).decode(): level for level in LEVELS} | {
    "bandau": "ban_dau",
    "coban": "co_ban",
    "chuyensau": "chuyen_sau",
}
CODE = re.compile(r"\d{2}[0-9A-Z]{3}\Z", re.ASCII)
LOST_ZERO = re.compile(r"\d{1,4}\Z", re.ASCII)
SCORE = re.compile(r"(\d{1,2}|100)?\Z", re.ASCII)


class ReadList(NamedTuple):
    """What was read: how many facilities, and the columns of the list that were left out."""

    facilities: int
    left_out: tuple[str, ...]


def import_facilities(data: Path, source: Path, issued: date) -> ReadList:
    """Write a site's table of facilities from its list; return what was read.

    `data` is the data directory; its `tables/facilities.csv` is replaced at once or not at all.
    `issued` is the day of the list.  Raises DataError, with file, row and column, if a row is
    wrong, and SettingsError if the tables do not fit together.
    """
    rows, left_out = _read(source)
    folder = data / "tables"
    folder.mkdir(parents=True, exist_ok=True)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    basis = f"danh sách ngày {issued:%d/%m/%Y}"
    for row in rows:
        dated = {"valid_from": issued.isoformat(), "legal_basis": basis, "confidence": "medium"}
        writer.writerow([(row | dated).get(name, "") for name in COLUMNS])
    part = folder / f"{TABLE}.part"
    try:
        part.write_text(text.getvalue(), "utf-8", newline="")
        replace_while_read(part, folder / TABLE)
    except OSError as exc:
        part.unlink(missing_ok=True)
        raise DataError(f"{folder / TABLE}: cannot be written ({exc.strerror})") from exc
    read_site_tables(data)
    return ReadList(len(rows), left_out)


def _read(source: Path) -> tuple[list[dict[str, str]], tuple[str, ...]]:
    """Return the rows of a list, by column, and the columns that were left out."""
    lines = iter(_lines(source))
    at, heading = next(lines, (1, []))
    names = [_column_of(text) for text in heading]
    for needed, example in (("code", "code, MA_CSKCB, Mã"), ("name_vi", "name, TEN_CSKCB, Tên")):
        if names.count(needed) != 1:
            seen = "twice" if names.count(needed) else "not there"
            raise DataError(
                f"{source.name}, row {at}: the column {needed} is {seen}; expected one of that name"
                f" ({example})"
            )
    rows: list[dict[str, str]] = []
    seen_in: dict[str, int] = {}
    for number, cells in lines:
        row = _read_row(source.name, number, names, cells)
        first = seen_in.setdefault(row["code"], number)
        if first != number:
            raise _error(
                source.name, number, "code", row["code"], f"each code once; row {first} has it too"
            )
        rows.append(row)
        if len(rows) > MAX_ROWS:
            raise DataError(f"{source.name}: more than {MAX_ROWS} rows; expected facilities only")
    if not rows:
        raise DataError(f"{source.name}: a heading and nothing else; expected rows")
    pairs = zip(heading, names, strict=True)
    return rows, tuple(text for text, name in pairs if not name and text)


def _lines(source: Path) -> Iterable[tuple[int, list[str]]]:
    """Return the rows that have content: the number that a spreadsheet shows, and the cells."""
    try:
        if source.stat().st_size > MAX_BYTES:
            raise DataError(f"{source.name}: more than {MAX_BYTES // 2**20} MB; expected a list")
        if source.suffix.lower() == ".xlsx":
            return read_workbook(source)
        text = source.read_text("utf-8-sig")
    except OSError as exc:
        raise DataError(f"{source.name}: cannot be read ({exc.strerror})") from exc
    except UnicodeDecodeError as exc:
        raise DataError(
            f'{source.name}: expected UTF-8; save it as "CSV UTF-8 (Comma delimited)" or as .xlsx'
        ) from exc
    heading = text.partition("\n")[0]
    separator = ";" if heading.count(";") > heading.count(",") else ","
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        return [
            (number, [cell.strip() for cell in cells])
            for number, cells in enumerate(reader, start=1)
            if any(map(str.strip, cells))
        ]
    except csv.Error as exc:
        raise DataError(f"{source.name}: cannot be read as CSV ({exc})") from exc


def _column_of(heading: str) -> str:
    """Return our name of a column; empty if it is not one that is used."""
    plain = plain_letters(heading).decode()
    return next((name for name, known in HEADINGS.items() if plain in known), "")


def _read_row(file: str, number: int, names: list[str], cells: list[str]) -> dict[str, str]:
    if len(cells) > len(names) and any(cells[len(names) :]):
        raise DataError(f"{file}, row {number}: {len(cells)} columns; expected {len(names)}")
    padded = cells + [""] * (len(names) - len(cells))
    row = {name: cell for name, cell in zip(names, padded, strict=False) if name}
    for name, value in row.items():
        read, expected = READERS[name]
        found = read(value)
        if found is None:
            raise _error(file, number, name, value, expected)
        row[name] = found
    row.setdefault("former_tier", "none")
    row.setdefault("listed", "no")
    return row


def _error(file: str, number: int, column: str, seen: str, expected: str) -> DataError:
    hint = ""
    if column == "code" and LOST_ZERO.match(seen):
        hint = "; a spreadsheet removes leading zeros: format the column as text"
    return DataError(f"{file}, row {number}, column {column}: {seen!r}; expected {expected}{hint}")


def _code(text: str) -> str | None:
    return code if CODE.match(code := text.upper()) else None


def _name(text: str) -> str | None:
    name = clean_line(text)
    is_good = name and name.isprintable() and len(name) <= MAX_NAME and not is_garbled(name)
    return name if is_good else None


def _level(text: str) -> str | None:
    return LEVEL_WORDS.get(plain_letters(text).decode()) if text else ""


def _score(text: str) -> str | None:
    return text if SCORE.match(text) else None


def _tier(text: str) -> str | None:
    return text if text in TIERS else None if text else "none"


def _listed(text: str) -> str | None:
    return text if text in ("yes", "no") else None if text else "no"


READERS: dict[str, tuple[Callable[[str], str | None], str]] = {
    "code": (_code, "the 5 characters of a facility"),
    "name_vi": (_name, f"a name of at most {MAX_NAME} characters that can be read"),
    "level": (_level, f"one of {', '.join(LEVELS)}, or nothing"),
    "score": (_score, "0 to 100, or nothing"),
    "former_tier": (_tier, f"one of {', '.join(TIERS)}, or nothing"),
    "listed": (_listed, "yes, no, or nothing"),
}
