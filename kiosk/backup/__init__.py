"""The logbook's file: its marker, what is wrong with it at the start, and its backups."""

from kiosk.backup.copies import BackupCopy, Copies, described
from kiosk.backup.errors import BackupFailed, RestoreFailed
from kiosk.backup.guard import HELD, LogbookGuard
from kiosk.backup.logbook_state import LogbookState, LogbookTrouble
from kiosk.backup.making import make_backup
from kiosk.backup.rebuilding import rebuild_logbook
from kiosk.backup.restoring import PROGRAM_LOCK, accept, rehearse, restore

__all__ = [
    "HELD",
    "PROGRAM_LOCK",
    "BackupCopy",
    "BackupFailed",
    "Copies",
    "LogbookGuard",
    "LogbookState",
    "LogbookTrouble",
    "RestoreFailed",
    "accept",
    "described",
    "make_backup",
    "rebuild_logbook",
    "rehearse",
    "restore",
]
