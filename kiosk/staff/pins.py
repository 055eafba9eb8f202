"""PINs: which are refused, how they are hashed, and who gets at the hash.

1.  A PIN has 6 to 12 digits.  Those that are guessed first are refused.
2.  It is hashed with argon2id (t=2, 19 MiB, p=1: OWASP's floor; 20 ms), one at a time: the memory
    stays at 19 MiB, and scans keep a core.
3.  A million PINs are tried in three hours on a PC.  So an HMAC under a key goes into argon2id, and
    that key is in a file of its own (`secret_file`), never in the logbook nor in its backups.
4.  Whoever has another key has no PINs: a row says by a mark under which key it was hashed.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import re
import secrets
import threading
from datetime import date, datetime
from typing import Any

import argon2

from kiosk.logbook import Database
from kiosk.staff.errors import NoSuchMember, PinFault, PinVoid, WeakPin
from kiosk.staff.members import note_event

MIN_DIGITS, MAX_DIGITS = 6, 12
TEMPORARY_DIGITS = 8
BIRTH_YEARS = range(1930, 2016)  # of people who may work here
OWN_PART = 6  # digits of the own citizen number that a PIN must not hold in a row
KEYPAD = (  # columns, diagonals and round trips of a keypad; others than runs
    "147258",
    "258369",
    "369258",
    "258147",
    "741852",
    "852741",
    "852963",
    "963852",
    "159753",
    "753159",
    "357951",
    "951357",
    "159357",
    "357159",
    "147369",
    "741963",
    "147896",
    "123698",
    "789654",
    "321456",
    "987456",
    "456789",
    "789456",
    "456123",
    "123654",
    "654789",
    "147852",
    "258963",
    "963258",
    "789632",
    "123987",
    "321987",
    "147963",
    "159263",
    "520131",
    "013145",
    "112358",
    "314159",
    "271828",
    "101112",
    "142536",
    "162534",
    "010203",
)
# Hashed when nobody has the number that was typed, so that this takes as long as a wrong PIN.
NOBODY = (
    "$argon2id$v=19$m=19456,t=2,p=1$LPDEwQrJXFvpnfD3VoRn8w"
    "$E2FX9/Klycl4fxrFyPI4l6VOEpyJFJzvQLBxKWU5aEI"
)

_gate = threading.Lock()  # one hash at a time in this process


class Pins:
    """The PINs in the table `member`. `key` is the 32 bytes that are not in the logbook."""

    def __init__(self, database: Database, key: bytes) -> None:
        self._database = database
        self._key = _derived(key, b"pin")
        self.mark = _derived(key, b"mark").hex()[:16]
        self._hasher = argon2.PasswordHasher(
            time_cost=2, memory_cost=19 * 1024, parallelism=1, type=argon2.Type.ID
        )

    def set(
        self,
        number: int,
        pin: str,
        now: datetime,
        author: str,
        is_temporary: bool = False,
        event: str = "pin_set",
    ) -> None:
        """Set the PIN of a member. A temporary one has to be replaced at the next sign-in.

        Raises WeakPin if the PIN is refused, and NoSuchMember.
        """
        rows = self._database.rows("select citizen_number from member where id = ?", [number])
        if not rows:
            raise NoSuchMember(f"nobody has the number {number}")
        check_pin(pin, rows[0]["citizen_number"], number)
        hashed = self._hash(pin)
        with self._database.transaction() as db:
            db.execute(
                "update member set pin_hash = ?, pin_key = ?, pin_is_temporary = ? where id = ?",
                [hashed, self.mark, int(is_temporary), number],
            )
            note_event(db, number, event, {}, now, author)

    def check(self, pin: str) -> None:
        """Raise WeakPin if nobody may have this PIN."""
        check_pin(pin)

    def reset(self, number: int, now: datetime, author: str) -> str:
        """Give a member a temporary PIN; return it, to be shown once. Raises NoSuchMember."""
        pin = random_pin()
        self.set(number, pin, now, author, is_temporary=True, event="pin_reset")
        return pin

    def is_right(self, number: int | None, pin: str) -> bool:
        """Return whether a member has this PIN. Takes as long if there is no such member.

        Raises PinVoid if the member's PIN was hashed under another key.
        """
        row = self._row(number)
        stored = row["pin_hash"] if row else None
        if row and stored and row["pin_key"] != self.mark:
            raise PinVoid("the key of the PINs was replaced: each PIN has to be set again")
        with _gate:
            try:
                self._hasher.verify(stored or NOBODY, self._keyed(pin))
            except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
                return False
        return stored is not None

    def _row(self, number: int | None) -> Any:
        rows = self._database.rows("select pin_hash, pin_key from member where id = ?", [number])
        return rows[0] if rows else None

    def _hash(self, pin: str) -> str:
        with _gate:
            return self._hasher.hash(self._keyed(pin))

    def _keyed(self, pin: str) -> bytes:
        return hmac.digest(self._key, pin.encode("utf-8", "surrogatepass"), "sha256")


def check_pin(pin: str, citizen_number: str = "", number: int = 0) -> None:
    """Raise WeakPin if a PIN is not allowed, with the first reason.

    `citizen_number` and `number` are the member's own; 12 digits or empty.
    """
    fault = pin_fault(pin, citizen_number, number)
    if fault is not None:
        raise WeakPin(fault)


def pin_fault(pin: str, citizen_number: str = "", number: int = 0) -> PinFault | None:
    """Return why a PIN is refused; None if it is allowed."""
    if not re.fullmatch(r"[0-9]*", pin):
        return PinFault.NOT_DIGITS
    if len(pin) < MIN_DIGITS:
        return PinFault.TOO_SHORT
    if len(pin) > MAX_DIGITS:
        return PinFault.TOO_LONG
    for fault, holds in (
        (PinFault.FEW_DIGITS, len(set(pin)) <= 2),
        (PinFault.RUN, _is_run(pin)),
        (PinFault.REPEATED, _is_repeated(pin)),
        (PinFault.KEYPAD, any(figure in pin for figure in KEYPAD)),
        (PinFault.DATE, _may_be_birth_date(pin)),
        (PinFault.OWN_NUMBER, _is_own(pin, citizen_number, number)),
    ):
        if holds:
            return fault
    return None


def random_pin() -> str:
    """Return a temporary PIN of 8 random digits that is allowed."""
    while True:
        pin = "".join(secrets.choice("0123456789") for _ in range(TEMPORARY_DIGITS))
        if pin_fault(pin) is None:
            return pin


def _is_run(pin: str) -> bool:
    """Whether each digit differs from the one before by the same step, 9 and 0 are neighbours."""
    steps = {(int(b) - int(a)) % 10 for a, b in itertools.pairwise(pin)}
    return len(steps) == 1


def _is_repeated(pin: str) -> bool:
    halves = any(pin == (pin[:size] * (len(pin) // size + 1))[: len(pin)] for size in range(1, 5))
    doubled = len(pin) % 2 == 0 and pin[::2] == pin[1::2] and len(pin) < 10  # 112233
    return halves or doubled or pin == pin[::-1]


def _may_be_birth_date(pin: str) -> bool:
    if len(pin) == 6:
        readings = [(pin[4:], pin[2:4], pin[:2]), (pin[:2], pin[2:4], pin[4:])]
        years = {year % 100: year for year in BIRTH_YEARS}
        readings += [(pin[4:], pin[:2], pin[2:4])]  # month before day
        return any(
            int(year) in years and _is_day(years[int(year)], month, day)
            for year, month, day in readings
        )
    if len(pin) == 8:
        readings = [(pin[4:], pin[2:4], pin[:2]), (pin[:4], pin[4:6], pin[6:])]
        return any(
            int(year) in BIRTH_YEARS and _is_day(int(year), month, day)
            for year, month, day in readings
        )
    return False


def _is_day(year: int, month: str, day: str) -> bool:
    try:
        date(year, int(month), int(day))
    except ValueError:
        return False
    return True


def _is_own(pin: str, citizen_number: str, number: int) -> bool:
    parts = [citizen_number[at : at + OWN_PART] for at in range(len(citizen_number) - OWN_PART + 1)]
    return any(part in pin for part in parts) or (number > 0 and pin == f"{number:0>{len(pin)}}")


def _derived(key: bytes, purpose: bytes) -> bytes:
    return hmac.digest(key, b"tiepdon " + purpose, hashlib.sha256)
