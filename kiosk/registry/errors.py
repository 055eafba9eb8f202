"""What the registry raises.

KioskError
├── RegistryUnreadable     a file of the registry cannot be read; names the file
└── DataError
    └── BadRecords         a line of card records cannot be read; names the line and the column
"""

from __future__ import annotations

from kiosk.errors import DataError, KioskError


class RegistryUnreadable(KioskError):
    """A file of the registry is missing, damaged or of another format; names the file."""


class BadRecords(DataError):
    """A line of card records is malformed; names the line and the column, never what is there."""
