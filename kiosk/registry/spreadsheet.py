"""What spreadsheets do to card records when they open and save them, for messages that help.

A spreadsheet may save a file as something that is easily taken for CSV in UTF-8 with commas.  And
it takes a number of a person for a quantity, and a date for one to show in the country's way:

- it removes leading zeros (`001099900021` becomes `1099900021`),
- it rounds long numbers (`1.0999E+09`),
- it writes dates as `31/12/2026`, or as the number of a day,
- it reads UTF-8 without a byte order mark as Latin letters (`Nguyá»…n`), and saves letters that its
  code page lacks as question marks (`Nguy?n`).

What it did cannot be undone with certainty, so such a file is refused.  No text that the functions
return holds a value of the file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from verify import is_garbled

SAVE_AS = 'save it as "CSV UTF-8 (Comma delimited)"'
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # how .xlsx and .xls begin
OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}

ROUNDED = re.compile(r"\d([.,]\d+)?E\+?\d+\Z", re.ASCII | re.IGNORECASE)
SHOWN_DATE = re.compile(r"\d{1,2}([/.-])\d{1,2}\1(\d{2}|\d{4})\Z", re.ASCII)
DAY_COUNT = re.compile(r"\d{5}\Z", re.ASCII)  # days since 1900
# Signs of lost letters, and of the bytes of Vietnamese letters in UTF-8.  A name without any is not
# looked at: that takes too long for millions of names.
SIGNS_OF_GARBLED = ("?", "\ufffd", "áº", "á»", "Ã", "Ä", "Æ")


def other_file(beginning: bytes) -> str | None:
    """Return what is wrong if a file that begins so is no text in UTF-8; None if it may be one."""
    if beginning.startswith(WORKBOOKS):
        return f"a workbook of a spreadsheet; {SAVE_AS}"
    if b"\0" in beginning:
        return f"expected UTF-8, not UTF-16; {SAVE_AS}"
    return None


def garbled_places(names: Sequence[str]) -> list[int]:
    """Return the places of the names in which letters were lost, or are bytes of other letters."""
    text = "\n".join(names)
    if not any(sign in text for sign in SIGNS_OF_GARBLED):
        return []
    return [
        place
        for place, name in enumerate(names)
        if any(sign in name for sign in SIGNS_OF_GARBLED) and is_garbled(name)
    ]


def changed_digits(text: str, length: int) -> str:
    """Return what a spreadsheet did to a value that should have `length` digits.

    It begins with a semicolon, to be added to a message; empty if nothing is known to have
    happened.
    """
    as_text = "format the column as text before it is filled"
    if ROUNDED.match(text):
        return f"; a spreadsheet has rounded it: {as_text}"
    if text.isdecimal() and len(text) < length:
        return f"; a spreadsheet removes leading zeros: {as_text}"
    return around_blanks(text)


def changed_date(text: str) -> str:
    """Return what a spreadsheet did to a date, as `changed_digits` does."""
    if SHOWN_DATE.match(text) or DAY_COUNT.match(text):
        return "; a spreadsheet has changed it: give the column the date format yyyy-mm-dd"
    return around_blanks(text)


def around_blanks(text: str) -> str:
    """Return that there are blanks around a value, as `changed_digits` does."""
    return "; remove the blanks around it" if text != text.strip() else ""
