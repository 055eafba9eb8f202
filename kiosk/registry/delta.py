"""Changes to a registry: laid over the changes before, into a new file of both."""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from kiosk.registry.build import write_registry
from kiosk.registry.people import PersonRow
from kiosk.registry.records import NO_LINE, Rows
from kiosk.registry.snapshot import Snapshot
from kiosk.registry.workers import read_records
from kiosk.runtime.progress import ReportProgress

HELD_AT_ONCE = 10_000  # rows


def write_changes(
    path: Path, source: Path, base: Snapshot, before: Snapshot | None, number: int,
    issued: datetime, report: ReportProgress,
) -> int:  # fmt: skip
    """Write the changes of a file and those `before` it; return how many rows that makes.

    What was changed before already may be in the file again.  Raises as `write_registry` does.
    """
    full = base.about.full
    new = read_records(source, base.about.salt, full)
    about = base.about
    rows = itertools.chain(_held(before), new)
    return write_registry(path, rows, number, issued, about.salt, about.version, report, full)


def _held(changes: Snapshot | None) -> Iterator[Rows]:
    """Yield the rows of changes in use; they come from no line, so they give way to new ones."""
    for batch in changes.rows(HELD_AT_ONCE) if changes else ():
        keys, rows = zip(*batch, strict=True)
        yield Rows(array("q", keys), array("q", rows), array("I", [NO_LINE] * len(keys)))
    for people in changes.people(HELD_AT_ONCE) if changes else ():
        yield Rows(array("q"), array("q"), array("I"), [PersonRow(*one) for one in people])
