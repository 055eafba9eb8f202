"""Data stores for tests: the real store, on a folder of the test."""

from __future__ import annotations

import atexit
import itertools
import tempfile
from pathlib import Path

from kiosk.data import AnswersCache, DataStore, read_tables
from kiosk.data.store import SiteData
from kiosk.runtime.paths import shipped_folder
from verify import Knowledge

SCRATCH = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
atexit.register(SCRATCH.cleanup)
NUMBERS = itertools.count()
TABLES = read_tables(shipped_folder("config") / "tables")
LAW = TABLES.law


def store_at(
    folder: Path, knowledge: Knowledge | None = None, answers: AnswersCache | None = None
) -> DataStore:
    """Open the data that the manifest in a folder names; the site itself brings nothing."""
    answers = answers or AnswersCache(Path(SCRATCH.name) / f"{next(NUMBERS)}.db")
    return DataStore(
        folder, SiteData(knowledge or Knowledge(), answers, lambda _names: (TABLES, ""))
    )
