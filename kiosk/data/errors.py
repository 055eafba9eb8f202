"""What the store of synced data raises.

KioskError
├── DataUnreadable         a version of the data cannot be opened; names the file
│   └── ManifestMalformed  the manifest can be read, but its content is not a manifest
└── DataError
    ├── DataUnusable       data are correctly signed, but cannot be used
    └── DiskFull           the disk is full, or would be
"""

from __future__ import annotations

from kiosk.errors import DataError, KioskError


class DataUnreadable(KioskError):
    """A version of the data cannot be opened; names the file."""


class ManifestMalformed(DataUnreadable):
    """The pointer file can be read, and means nothing."""


class DiskFull(DataError):
    """The disk is full, or would be."""

    kind = "no_room"


class DataUnusable(DataError):
    """Signed, and of no use."""

    kind = "unusable"
