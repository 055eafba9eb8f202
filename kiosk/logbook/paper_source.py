"""Where a visit came from if it was written on paper: the line of a sheet, and its code.

- A code is the number of the sheet, two digits for the line, and a check letter: `12-05K`.  The
  machine-readable form is longer, so that a keyboard-type reader is not
  taken for a person.
- The check letter shows one wrong digit, two digits in the wrong order, and mostly also a sheet of
  another logbook.  I, O and S, which look like digits, are not among the letters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from kiosk.logbook.errors import WrongLineCode
from kiosk.logbook.times import from_utc_text, to_utc_text

# Before a code that is scanned: letters in the same place on all Latin keyboards.
SCANNED_LINE = "TIEPDON-G"
CHECK_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"  # a prime number of them
PAPER_READER = "paper"  # the reader of readings that were typed from a sheet
_CODE = re.compile(r"(?:TIEPDON)?G?0*([1-9]\d{0,5})(\d\d)([A-Z])\Z", re.ASCII)
_BETWEEN = re.compile(r"[\s\-–—./:]+")  # that people and keyboards put between the parts
_TELEX = str.maketrans("Ưư", "Ww")  # what an input method makes of a lone W


@dataclass(frozen=True, slots=True)
class PaperSource:
    """The line of a paper sheet that a visit was entered from."""

    sheet: int
    line: int
    number: int  # of the ticket that the patient got on paper
    entered_at: datetime  # aware


class LinePlace(NamedTuple):
    """A line of a sheet; both count from 1."""

    sheet: int
    line: int


def line_code(place: LinePlace, instance: str) -> str:
    """Return the code of a line as it is printed and typed. `instance` is that of the logbook."""
    return f"{place.sheet}-{place.line:02}{_check_letter(place, instance)}"


def scanned_code(place: LinePlace, instance: str) -> str:
    """Return the same code as readers read it."""
    return SCANNED_LINE + line_code(place, instance)


def read_line_code(text: str, instance: str) -> LinePlace:
    """Return the line that a typed or scanned code names.

    Raises WrongLineCode if the text is no code, or its check letter does not fit.
    """
    match = _CODE.match(_BETWEEN.sub("", text.translate(_TELEX)).upper())
    if match is None:
        raise WrongLineCode("it is not the code of a line, such as 12-05K")
    place = LinePlace(int(match[1]), int(match[2]))
    if match[3] != _check_letter(place, instance):
        raise WrongLineCode("its check letter does not fit: a digit is wrong")
    return place


def _check_letter(place: LinePlace, instance: str) -> str:
    """Return the weighted sum of the digits as a letter; weights are powers of two."""
    digits = f"{place.sheet:06}{place.line:02}"
    begin = sum(instance.encode())
    total = begin + sum(int(digit) << index for index, digit in enumerate(digits))
    return CHECK_LETTERS[total % len(CHECK_LETTERS)]


def paper_json(paper: PaperSource) -> Mapping[str, object]:
    """Return the JSON object that the record of a visit keeps."""
    return {
        "sheet": paper.sheet,
        "line": paper.line,
        "number": paper.number,
        "entered_at": to_utc_text(paper.entered_at),
    }


def paper_from_json(record: Mapping[str, Any] | None) -> PaperSource | None:
    """Return what `paper_json` wrote. None for a visit that was not on paper."""
    if record is None:
        return None
    at = from_utc_text(record["entered_at"])
    return PaperSource(record["sheet"], record["line"], record["number"], at)
