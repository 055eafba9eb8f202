"""What stands on a sheet to fill in, without how it is drawn: the library for that loads slowly."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from kiosk.paper.document import Grid, PaperSize

SHEET_SIZES = (PaperSize.A4, PaperSize.A5)  # of sheets to copy from


class LineMark(StrEnum):
    """What stands before each line of a section."""

    BOX = "box"  # to tick
    STEP = "step"  # numbered
    DOT = "dot"


@dataclass(frozen=True, slots=True)
class CopyRow:
    """A field to copy. A number is set larger than other values."""

    label: str
    value: str = field(repr=False)
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class CopySection:
    """A list below the fields. In a frame, if it must not be overlooked."""

    heading: str
    lines: tuple[str, ...] = field(repr=False)
    mark: LineMark = LineMark.DOT
    is_framed: bool = False
    notes: tuple[str, ...] = ()  # below each line, smaller and shaded; empty for a line without one


@dataclass(frozen=True, slots=True)
class CopySheet:
    """A sheet. All texts are in the reader's language.

    `heading`, `issuer` and `language` are also metadata of the file, so none of them holds personal
    data.  `page_of` is a text with %(page)s and %(pages)s.
    """

    heading: str
    goal: str
    issuer: str  # the facility
    printed: str  # when and where
    language: str  # "vi" or "en"
    remark: str  # below the heading, small
    rows: tuple[CopyRow, ...] = field(repr=False)
    comparison: Grid | None = field(repr=False)  # what two cards say differently
    comparison_heading: str
    sections: tuple[CopySection, ...] = field(repr=False)
    footer: str
    page_of: str
    lacking_note: str  # what the sign in the place of a letter means that the font lacks
    codes_heading: str = ""
    codes: tuple[tuple[str, str], ...] = ()  # title and address of each QR code


@dataclass(frozen=True, slots=True)
class EntryLine:
    """A line: its code as it is scanned, as people read it, and the number for the patient."""

    scanned: str
    code: str
    number: str


@dataclass(frozen=True, slots=True)
class EntrySheet:
    """One sheet. All its texts are in the reader's language."""

    title: str  # with the number of the sheet
    printed: str  # when and where
    lines: tuple[EntryLine, ...]


@dataclass(frozen=True, slots=True)
class EntrySheetWords:
    """The texts that all sheets have."""

    facility: str
    language: str  # "vi" or "en"
    title: str  # of the file
    instructions: tuple[str, ...]
    day_field: str
    desk_field: str
    columns: dict[str, str]  # by the keys of WIDTHS
    kinds: tuple[str, str]  # what may be ticked
    tear_off: str  # below the number that is torn off
    foot: str  # when to hand the sheet in
    page_of: str  # a text with %(page)s and %(pages)s
