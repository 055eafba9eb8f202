"""The parts of a document on paper. All texts are plain text, already in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class PaperSize(Enum):
    """What a document is printed on. A roll is as long as the document."""

    A4 = "A4"
    A5 = "A5"
    ROLL = "80mm"


class Tone(Enum):
    """How a passage is set."""

    BODY = "body"
    LEAD = "lead"  # the sentences that say what the paper is for
    NOTE = "note"  # small: sources, how to check the paper
    CODE = "code"  # long codes, as a whole and to be copied


@dataclass(frozen=True, slots=True)
class Heading:
    """The heading of a section."""

    text: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph."""

    text: str = field(repr=False)
    tone: Tone = Tone.BODY


@dataclass(frozen=True, slots=True)
class Facts:
    """Labels, each with its value."""

    rows: tuple[tuple[str, str], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Grid:
    """A table. Its heading is repeated on each page; a row has as many cells as the heading."""

    heading: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...] = field(repr=False)
    widths: tuple[int, ...]  # of the columns, in relation to each other


@dataclass(frozen=True, slots=True)
class Steps:
    """Numbered steps, in large letters; below each a note, which may be empty."""

    rows: tuple[tuple[str, str], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Codes:
    """QR codes of addresses, each with its title above and the address beneath, to be typed.

    They stand on one page with their heading.
    """

    heading: str
    rows: tuple[tuple[str, str], ...] = field(repr=False)  # titles and addresses


@dataclass(frozen=True, slots=True)
class Bars:
    """Labels, each with a bar and its value beside it; the length is between 0 and 1."""

    rows: tuple[tuple[str, str, float], ...] = field(repr=False)


Block = Heading | Passage | Facts | Grid | Steps | Codes | Bars


@dataclass(frozen=True, slots=True)
class Paper:
    """A document.

    `title`, `issuer` and `language` are also metadata of the file, so none of them holds personal
    data.  `footer` is on each page, and `page_of` is a text with %(page)s and %(pages)s.
    """

    title: str
    issuer: str  # the facility
    language: str  # "vi" or "en"
    blocks: tuple[Block, ...] = field(repr=False)
    footer: str
    page_of: str
    lacking_note: str  # what the sign in the place of a letter means that the font lacks
    size: PaperSize = PaperSize.A4
    is_large: bool = False  # in large letters, for people who see badly
    on_one_page: bool = False  # or on few: the letters are made smaller for it, down to a limit
