"""What backups raise.

KioskError
├── BackupFailed           no backup was made; those that are there stay
├── RestoreFailed          nothing was restored; the logbook that is there stays
└── LogbookInDoubt         it is not certain that this is the right logbook: a person decides
"""

from __future__ import annotations

from kiosk.errors import KioskError


class BackupFailed(KioskError):
    """No backup was made. The message says why and what to do, without any data."""


class RestoreFailed(KioskError):
    """Nothing was restored. The message says why and what to do, without any data."""


class LogbookInDoubt(KioskError):
    """The logbook is missing, damaged, or not the one that was here: a person decides."""
