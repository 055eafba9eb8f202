"""The registry's commands: build one from a file, change it, show what is in use."""

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
    help="When the records were made, at the clinic: what they say is as old as that.",
)
Work = Callable[[Path, Path, datetime, ReportProgress], int]


@click.group()
def registry() -> None:
    """Keep a copy of the insurer's card records for deciding without a network."""


@registry.command()
@click.argument("records", type=FILE)
@ISSUED
@DATA
@click.option("--full", is_flag=True, help="Keep names and dates: for your own people only.")
def build(records: Path, issued: datetime, data: Path | None, full: bool) -> None:
    """Build the registry from a file of all cards, and take it up.

    CSV, or JSON lines where its name ends in .jsonl.  The columns: number, citizen_number, holder,
    born, standing, valid_from, valid_until, living_area, sex, facility, five_years_from.  A program
    that is running takes it up by itself.
    """
    _do(partial(build_registry, full=full), records, issued, data)


@registry.command()
@click.argument("records", type=FILE)
@ISSUED
@DATA
def change(records: Path, issued: datetime, data: Path | None) -> None:
    """Take up changes to the registry: a file like that for build, of what changed since the last.

    What was taken up already may be in it again.
    """
    _do(change_registry, records, issued, data)


@registry.command()
@DATA
def show(data: Path | None) -> None:
    """Show which registry is in use. Exit 1 where there is none, or the newest cannot be read."""
    with data_directory(data, demo=False) as folder:
        using, failure = registry_in_use(synced_folder(folder))
        line: dict[str, object] = {"in_use": None, "failure": failure}
        if using is not None:
            line["in_use"] = {
                "version": using.base.about.version,
                "rows": using.base.about.rows,
                "changes": using.changes and using.changes.about.rows,
                "issued": using.issued.isoformat(),
            }
            using.close()
    print_json(line)
    raise SystemExit(0 if using is not None and failure is None else 1)


def _do(work: Work, records: Path, issued: datetime, data: Path | None) -> None:
    moment = issued.replace(tzinfo=CLINIC_ZONE)
    if moment > now():
        raise click.UsageError(f"--issued {issued}: wanted a moment that is past")
    start = time.monotonic()
    with data_directory(data, demo=False) as folder:
        held = synced_folder(folder)
        progress = Progress(held, to_terminal=True)
        try:
            rows = work(held, records, moment, progress)
        finally:
            progress.end()
    print_json({"rows": rows, "seconds": round(time.monotonic() - start, 1)})
