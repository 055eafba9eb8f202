"""The errors that all rooms share. The errors of a single room are in its own `errors.py`.

KioskError
├── SettingsError          a setting is wrong; the message is one line for the person who set it
└── DataError              synced data could not be made or adopted; the old version stays in use
"""

from __future__ import annotations


class KioskError(Exception):
    """The root of all errors that a room of the kiosk raises."""


class SettingsError(KioskError):
    """A setting is wrong. The message names the file, the key, what was seen and expected."""


class DataError(KioskError):
    """Synced data could not be made or adopted; the version in use stays in use."""

    kind = "failed"  # the name of the error on pages and in records
