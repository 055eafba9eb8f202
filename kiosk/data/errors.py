"""What the store of synced data raises; `kind` is the name of an error on pages and in records.

KioskError
├── DataUnreadable         a version of the data cannot be opened; names the file
│   └── ManifestMalformed  the manifest can be read, but its content is not a manifest
└── DataError
    ├── DataUnusable       data are correctly signed, but cannot be used
    └── DiskFull           the disk is full or fails, or would be full
"""

from __future__ import annotations

from kiosk.errors import DataError, KioskError


class DataUnreadable(KioskError):
    """A version of the data cannot be opened; the message begins with the name of the file."""


class ManifestMalformed(DataUnreadable):
    """The manifest can be read, but its content is not a manifest."""


class DiskFull(DataError):
    """The disk is full or fails, or would be full; the version in use stays."""

    kind = "no_room"


class DataUnusable(DataError):
    """The data are correctly signed, but cannot be used; the publisher must correct them."""

    kind = "unusable"
