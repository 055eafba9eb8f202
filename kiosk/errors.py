"""The errors that all rooms share. The errors of a single room are in its own `errors.py`.

KioskError
├── SettingsError          a setting is wrong; the message is one line for the person who set it
│   └── WrongSetting       the value of one key is wrong, which the error names
└── DataError              synced data could not be made or adopted; the old version stays in use
"""

from __future__ import annotations


class KioskError(Exception):
    """The root of all errors that a room of the kiosk raises."""


class SettingsError(KioskError):
    """A setting is wrong. The message names the file, the key, what was seen and expected."""


class WrongSetting(SettingsError):
    """The value of one key is wrong.

    `file` is the name of the settings file, `key` as in "[insurer] url", `seen` the value, and
    `expected` says what it may be.
    """

    def __init__(self, file: str, key: str, seen: object, expected: str) -> None:
        super().__init__(f"{file}: {key} is {seen!r}; expected {expected}")
        self.file, self.key, self.seen, self.expected = file, key, seen, expected


class DataError(KioskError):
    """Synced data could not be made or adopted; the version in use stays in use."""

    kind = "failed"  # the name of the error on pages and in records
