"""Is this the right logbook: for commands, before they open it."""

from __future__ import annotations

from pathlib import Path

from kiosk.backup import LogbookGuard
from kiosk.cli.options import now
from kiosk.runtime.paths import settings_file
from kiosk.settings import Settings


def certain_logbook(settings: Settings, folder: Path, config: Path | None) -> LogbookGuard:
    """Return the guard of a data directory's logbook, before a command opens it.

    Raises LogbookInDoubt if it is not certain that it is the right one, LogbookTooNew if a newer
    program wrote it.
    """
    guard = LogbookGuard(settings, folder, settings_file(config, folder), now)
    guard.require_certain()
    return guard
