"""The key of an encrypted file, and how people write it down and type it again.

1. A key is 32 random bytes.  Nothing derives it from a word that people choose, so opening a file
   takes no longer with it.
2. A key shows nothing of itself in a log, a traceback or a report of a test.
3. On paper a key is four lines of four groups, with a fifth group that checks the line.  So a wrong
   character is found in its line, and before a file is tried.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

from kiosk.runtime.errors import FileKeyTrouble

KEY_BYTES = 32
LINES, GROUPS, GROUP_LENGTH = 4, 4, 4  # of the key on paper
LINE_LENGTH = GROUPS * GROUP_LENGTH
NAME_LENGTH = 6  # of what tells two keys apart
# What people and their handwriting take for each other.
SAME_SIGN = str.maketrans({"o": "0", "l": "1", "i": "1", "s": "5", "z": "2", "g": "9"})


class FileKey:
    """A key.  `hex` is what SQLCipher is given, and nothing else should use it."""

    __slots__ = ("_hex",)

    def __init__(self, text: str) -> None:
        """Take a key as 64 hexadecimal digits. Raises FileKeyTrouble for another text."""
        if re.fullmatch(r"[0-9a-fA-F]{64}", text, re.ASCII) is None:
            raise FileKeyTrouble(f"expected {2 * KEY_BYTES} hexadecimal digits as a key")
        self._hex = text.lower()

    @classmethod
    def make(cls) -> FileKey:
        """Return a new random key."""
        return cls(secrets.token_hex(KEY_BYTES))

    @property
    def hex(self) -> str:
        """The key as 64 hexadecimal digits: safe within a statement of SQL."""
        return self._hex

    @property
    def name(self) -> str:
        """A short name that tells keys apart, and from which no key can be found."""
        return hashlib.sha256(b"name" + bytes.fromhex(self._hex)).hexdigest()[:NAME_LENGTH]

    def lines(self) -> tuple[str, ...]:
        """Return the key as the lines that a recovery sheet shows."""
        parts = [self._hex[i * LINE_LENGTH : (i + 1) * LINE_LENGTH] for i in range(LINES)]
        return tuple(_in_groups(part + _check(i, part)) for i, part in enumerate(parts))

    @classmethod
    def from_lines(cls, lines: tuple[str, ...]) -> FileKey:
        """Return the key that a recovery sheet shows. Raises FileKeyTrouble for a wrong line."""
        return cls("".join(read_line(number, line) for number, line in enumerate(lines)))

    def __eq__(self, other: object) -> bool:
        """Compare in a time that depends on no digit."""
        return isinstance(other, FileKey) and hmac.compare_digest(self._hex, other._hex)

    def __hash__(self) -> int:
        return hash(self._hex)

    def __repr__(self) -> str:
        return f"FileKey({self.name})"


def read_line(number: int, typed: str) -> str:
    """Return the 16 digits of a key's line, counted from 0, as somebody typed it.

    Spaces, dashes and the case of letters do not matter, and signs that look alike are taken for
    each other.  Raises FileKeyTrouble if the line's last group does not fit to the others.
    """
    text = re.sub(r"[\s\-·.]+", "", typed).lower().translate(SAME_SIGN)
    digits, check = text[:LINE_LENGTH], text[LINE_LENGTH:]
    if len(text) != LINE_LENGTH + GROUP_LENGTH:
        expected = LINE_LENGTH + GROUP_LENGTH
        raise FileKeyTrouble(f"line {number + 1} has {len(text)} signs; expected {expected}")
    if check != _check(number, digits):
        raise FileKeyTrouble(f"line {number + 1} is not as on the sheet: a sign of it is wrong")
    return digits


def _check(number: int, digits: str) -> str:
    return hashlib.sha256(f"{number}{digits}".encode()).hexdigest()[:GROUP_LENGTH]


def _in_groups(text: str) -> str:
    return " ".join(text[i : i + GROUP_LENGTH] for i in range(0, len(text), GROUP_LENGTH))
