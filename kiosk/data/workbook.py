"""The cells of the first sheet of a workbook (.xlsx), as text.

A workbook is a ZIP of XML files.  Only what a list needs is read: the strings, the numbers as they
are stored, and where each cell stands.  Formulas give the value that was stored with them.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

from kiosk.errors import DataError

MAX_PART_BYTES = 64 * 1024 * 1024  # unpacked, of one part: a list of a country has a tenth of it
NAMESPACE = re.compile(r"\{[^}]*\}")
SHEET = re.compile(r"xl/worksheets/sheet(\d+)\.xml\Z")
CELL = re.compile(r"([A-Z]{1,3})(\d+)\Z", re.ASCII)
STRINGS = "xl/sharedStrings.xml"
MAX_COLUMNS = 200


def read_workbook(path: Path) -> list[tuple[int, list[str]]]:
    """Return the rows of the first sheet that have any content: their numbers and their cells.

    The number of a row is the one that a spreadsheet shows.  Raises DataError if the file is no
    workbook, or too large.
    """
    try:
        with zipfile.ZipFile(path) as file:
            names = file.namelist()
            sheets = sorted((int(match[1]), name) for name in names if (match := SHEET.match(name)))
            if not sheets:
                raise DataError(
                    f"{path.name}: a workbook without a sheet; expected one with a list"
                )
            strings = _strings(_part(file, STRINGS)) if STRINGS in names else []
            rows = _rows(_part(file, sheets[0][1]), strings)
    except (OSError, zipfile.BadZipFile, KeyError, IndexError, ValueError, SyntaxError) as exc:
        raise DataError(
            f"{path.name}: cannot be read as a workbook ({type(exc).__name__}); save it as .xlsx or"
            " as CSV UTF-8"
        ) from exc
    return [(number, cells) for number, cells in rows if any(cells)]


def _part(file: zipfile.ZipFile, name: str) -> ElementTree.Element:
    if file.getinfo(name).file_size > MAX_PART_BYTES:
        raise DataError(f"{name}: more than {MAX_PART_BYTES // 2**20} MB; expected a list")
    with file.open(name) as part:
        text = part.read(MAX_PART_BYTES + 1)
    if len(text) > MAX_PART_BYTES or b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise ValueError("no part of a workbook")  # it could unpack itself without end
    return ElementTree.fromstring(text)


def _tag(element: ElementTree.Element) -> str:
    return NAMESPACE.sub("", element.tag)


def _text(element: ElementTree.Element) -> str:
    """Return the text of a string; what only says how it is pronounced is left out."""
    parts = []
    for child in element:
        if _tag(child) == "t":
            parts.append(child.text or "")
        elif _tag(child) == "r":
            parts.append(_text(child))
    return "".join(parts)


def _strings(root: ElementTree.Element) -> list[str]:
    return [_text(element) for element in root if _tag(element) == "si"]


def _rows(root: ElementTree.Element, strings: list[str]) -> list[tuple[int, list[str]]]:
    rows: list[tuple[int, list[str]]] = []
    for row in (element for element in root.iter() if _tag(element) == "row"):
        number, cells = int(row.get("r") or len(rows) + 1), list[str]()
        for cell in (element for element in row if _tag(element) == "c"):
            place = _column(cell.get("r"), len(cells))
            cells += [""] * (place + 1 - len(cells))
            cells[place] = _value(cell, strings).strip()
        rows.append((number, cells))
    return rows


def _column(reference: str | None, following: int) -> int:
    """Return the column of a cell, from 0; the following one if the cell does not say it."""
    match = CELL.match(reference or "")
    if match is None:
        return following
    column = 0
    for letter in match[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    if column > MAX_COLUMNS:
        raise ValueError("too many columns")
    return column - 1


def _value(cell: ElementTree.Element, strings: list[str]) -> str:
    kind = cell.get("t", "n")
    for part in cell:
        if kind == "inlineStr" and _tag(part) == "is":
            return _text(part)
        if _tag(part) == "v" and part.text:
            return strings[int(part.text)] if kind == "s" else part.text
    return ""
