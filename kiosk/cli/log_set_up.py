"""Where the log of a command goes: to its terminal, and to the files that the settings name."""

from __future__ import annotations

import logging
import sys
from datetime import timedelta
from pathlib import Path

from kiosk.runtime.log_files import LogFiles
from kiosk.runtime.log_lines import FloodGate, JsonLines, LogLines
from kiosk.settings import LogSettings

TEXT = "%(asctime)s %(levelname)s %(message)s"
MEGABYTE = 1_000_000
QUIET = ("waitress", "tuf", "securesystemslib")  # libraries that say too much


def log_to_terminal() -> None:
    """Write the log of this process to stderr, as text, until the settings are known."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LogLines(TEXT))
    handler.addFilter(FloodGate())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    # What has no logger of its own is a library that says when it opens and closes a connection.
    logging.getLogger().addFilter(lambda record: record.levelno >= logging.WARNING)
    for library in QUIET:
        logging.getLogger(library).setLevel(logging.WARNING)


def log_as_set(settings: LogSettings, program: str) -> LogFiles | None:
    """Write the log as the settings say, for the command `program`; return its files, if any.

    Raises SettingsError if their folder cannot be used.
    """
    root, is_json = logging.getLogger(), settings.format == "json"
    make = JsonLines if is_json else lambda: LogLines(TEXT)
    for handler in root.handlers:
        if is_json and isinstance(handler.formatter, LogLines):
            handler.setFormatter(JsonLines())
    if not settings.folder:
        return None
    files = LogFiles(
        Path(settings.folder),
        program,
        "jsonl" if is_json else "log",
        settings.file_mb * MEGABYTE,
        settings.total_mb * MEGABYTE,
        timedelta(days=settings.days),
    )
    files.setFormatter(make())
    gates = [gate for handler in root.handlers for gate in handler.filters]
    files.addFilter(gates[0] if gates else FloodGate())
    root.addHandler(files)
    return files
