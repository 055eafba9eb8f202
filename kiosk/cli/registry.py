"""The commands of `registry`: build one from a file, change it, and show the one in use."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

import click

from kiosk.cli.options import DATA, DAY_OR_MOMENT, FILE, now, print_json
from kiosk.data import build_registry, change_registry, registry_in_use
from kiosk.runtime.paths import data_directory, synced_folder
from kiosk.runtime.progress import Progress, ReportProgress
from verify import CLINIC_ZONE

ISSUED = click.option(
    "--issued",
    type=DAY_OR_MOMENT,
    required=True,
    help="When the records were made, in the clinic's time; their content is of this age.",
)
# Makes a registry from a file of records and returns the number of its rows.
Build = Callable[[Path, Path, datetime, ReportProgress], int]


@click.group()
def registry() -> None:
    """Keep a copy of the insurer's card records, to decide without a network."""


@registry.command()
@click.argument("records", type=FILE)
@ISSUED
@DATA
@click.option("--full", is_flag=True, help="Keep names and dates; for your own people only.")
def build(records: Path, issued: datetime, data: Path | None, full: bool) -> None:
    """Build the registry from a file of all cards, and use it.

    The file is CSV, or JSON lines if its name ends in .jsonl. Its columns are number,
    citizen_number, holder, born, standing, valid_from, valid_until, living_area, sex, facility and
    five_years_from. A running program starts to use the registry by itself.
    """
    _run(partial(build_registry, full=full), records, issued, data)


@registry.command()
@click.argument("records", type=FILE)
@ISSUED
@DATA
def change(records: Path, issued: datetime, data: Path | None) -> None:
    """Apply changes to the registry: a file like that of `build`, with what changed since.

    The file may contain changes that were applied before.
    """
    _run(change_registry, records, issued, data)


@registry.command()
@DATA
def show(data: Path | None) -> None:
    """Show which registry is in use. Exit 1 if there is not one, or it cannot be read."""
    with data_directory(data, demo=False) as folder:
        in_use, failure = registry_in_use(synced_folder(folder))
        line: dict[str, object] = {"in_use": None, "failure": failure}
        if in_use is not None:
            line["in_use"] = {
                "version": in_use.base.about.version,
                "rows": in_use.base.about.rows,
                "changes": in_use.changes and in_use.changes.about.rows,
                "issued": in_use.issued.isoformat(),
            }
            in_use.close()
    print_json(line)
    raise SystemExit(0 if in_use is not None and failure is None else 1)


def _run(build_from: Build, records: Path, issued: datetime, data: Path | None) -> None:
    """Run a build on a file of records; print the number of rows and the seconds it took."""
    moment = issued.replace(tzinfo=CLINIC_ZONE)
    if moment > now():
        raise click.UsageError(f"--issued {issued}: in the future; expected a time in the past")
    start = time.monotonic()
    with data_directory(data, demo=False) as folder:
        synced = synced_folder(folder)
        progress = Progress(synced, to_terminal=True)
        try:
            rows = build_from(synced, records, moment, progress)
        finally:
            progress.end()
    print_json({"rows": rows, "seconds": round(time.monotonic() - start, 1)})
