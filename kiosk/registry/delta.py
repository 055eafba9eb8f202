"""Changes to a registry: new ones are merged with those in use, into one new file of both."""

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

COPY_BATCH_ROWS = 10_000


def write_changes(
    path: Path,
    source: Path,
    base: Snapshot,
    before: Snapshot | None,
    number: int,
    issued: datetime,
    report: ReportProgress,
) -> int:
    """Write the changes in the file `source`, merged with the changes `before` them, to `path`.

    `base` is the registry that they change; the new file has the version `number` and was made at
    `issued` (aware).  `source` may repeat what was changed before.  Returns how many rows the new
    file has.  Raises BadRecords and DataError as `write_registry` does.
    """
    about = base.about
    new_rows = read_records(source, about.salt, about.full)
    rows = itertools.chain(_rows_in_use(before), new_rows)
    return write_registry(path, rows, number, issued, about.salt, about.version, report, about.full)


def _rows_in_use(changes: Snapshot | None) -> Iterator[Rows]:
    """Yield the rows of the changes in use.

    They have no line number, so that new rows replace them.
    """
    if changes is None:
        return
    for batch in changes.rows(COPY_BATCH_ROWS):
        keys, rows = zip(*batch, strict=True)
        yield Rows(array("q", keys), array("q", rows), array("I", [NO_LINE] * len(keys)))
    for people in changes.people(COPY_BATCH_ROWS):
        yield Rows(array("q"), array("q"), array("I"), [PersonRow(*person) for person in people])
