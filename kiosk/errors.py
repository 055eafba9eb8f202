"""The errors that all rooms share; each room has its own in its `errors.py`.

KioskError
├── SettingsError          a setting is wrong; the message is one line for the person who set it
└── DataError              synced data could not be made or adopted: what is in use stays
"""

from __future__ import annotations


class KioskError(Exception):
    """Anything that a room of the kiosk finds wrong."""


class SettingsError(KioskError):
    """A setting is wrong; the message names the file, the key, what was seen and expected."""


class DataError(KioskError):
    """Synced data could not be made or adopted; the version in use stays in use."""

    kind = "failed"  # its name on pages and in records
