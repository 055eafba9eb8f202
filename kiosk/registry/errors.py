"""What the registry raises.

KioskError
├── RegistryUnreadable     a file of it cannot be read; names the file
└── DataError
    └── BadRecords         a line of card records cannot be read; names the line and the column
"""

from __future__ import annotations

from kiosk.errors import DataError, KioskError


class RegistryUnreadable(KioskError):
    """A file of the registry is not there, not whole, or of another form."""


class BadRecords(DataError):
    """A line of card records cannot be meant."""
