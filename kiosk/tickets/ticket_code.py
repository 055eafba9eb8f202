"""The QR code of a ticket, by which a desk finds the ticket again in its own logbook.

    TD1-01999-20261128-12-4711-0318841276
    kind, facility, day, label without its blank, the ticket's row, check

1.  It holds nothing about the patient: who reads it elsewhere learns what is printed beside it.
2.  Its signs are digits, capitals and dashes, and none of them becomes a Vietnamese letter while an
    input method is on.  French and Vietnamese keyboards write other signs in the row of digits: the
    2 of the year becomes a letter with a mark, and the page then goes by the places of the keys
    (keystrokes.js).  A layout that only exchanges the dash for another sign, as Spanish does, is
    not noticed: the reader has to be set to a US keyboard.
3.  The check is an HMAC under a key of this logbook (docs/decisions/0032): a code that was made up,
    changed, or printed by another logbook does not lead to anybody's visit.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import date

CHECK_DIGITS = 10
MAX_TEXT = 100  # characters, with what readers add

_CODE = re.compile(
    r"TD1-(\d{2}[0-9A-Z]{3})-(\d{4})(\d{2})(\d{2})-([A-Z]{0,4}\d{1,6})"
    r"-(\d{1,12})-(\d{10})(?![0-9A-Z])",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class TicketCode:
    """The code of a ticket. Nothing in it is certain before `is_made_with` says so."""

    facility: str
    day: date
    label: str  # "12", "Q7", "B12"
    ticket: int
    check: str

    def is_made_with(self, key: bytes) -> bool:
        """Return whether a logbook with this key has made the code."""
        return hmac.compare_digest(self.check, _check(key, self._body()))

    def _body(self) -> str:
        return _body(self.facility, self.day, self.label, self.ticket)


def ticket_code(key: bytes, facility: str, day: date, label: str, ticket: int) -> str:
    """Return the code of a ticket. `day` is the clinic's, `ticket` the row of it in the logbook."""
    body = _body(facility, day, label.replace(" ", ""), ticket)
    return f"{body}-{_check(key, body)}"


def read_ticket_code(text: str) -> TicketCode | None:
    """Return the code of a ticket in a text.

    None if the text holds no such code, or a part of it is cut.

    Readers may put something before and behind it.
    Caps Lock on a keyboard-type reader exchanges capitals and small letters, so both are read.
    """
    match = _CODE.search(text.upper()) if len(text) <= MAX_TEXT else None
    if match is None:
        return None
    facility, year, month, day, label, ticket, check = match.groups()
    try:
        on = date(int(year), int(month), int(day))
    except ValueError:
        return None
    return TicketCode(facility, on, label, int(ticket), check)


def _body(facility: str, day: date, label: str, ticket: int) -> str:
    return f"TD1-{facility}-{day:%Y%m%d}-{label}-{ticket}"


def _check(key: bytes, body: str) -> str:
    digest = hmac.digest(key, body.encode(), hashlib.sha256)
    return f"{int.from_bytes(digest[:8], 'big') % 10**CHECK_DIGITS:0{CHECK_DIGITS}}"
