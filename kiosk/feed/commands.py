"""The registry's commands: build one from a file, change it, show what is in use."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from kiosk.errors import FeedError, SettingsError
from kiosk.feed.adoption import build_registry, change_registry
from kiosk.feed.opening import open_rounds
from kiosk.feed.pointing import held_now
from kiosk.feed.progress import Progress, Tell
from kiosk.places import data_directory, holdings_folder, own_settings
from kiosk.settings import load_settings
from verify import BUILT, CLINIC_ZONE, Holdings

FILE = click.Path(path_type=Path)
CONFIG = click.option("--config", type=FILE, help="Your settings, a TOML file.")
DATA = click.option("--data", type=FILE, help="The data directory.")
ISSUED = click.option(
    "--issued",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]),
    required=True,
    help="When the records were made, at the clinic: what they say is as old as that.",
)
Work = Callable[[Path, Path, datetime, Tell], int]


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
        held = Holdings(holdings_folder(folder))
        using = held.now().registry
        line: dict[str, object] = {"in_use": None, "failure": held.failure}
        if using is not None:
            line["in_use"] = {
                "version": using.base.about.version,
                "rows": using.base.about.rows,
                "changes": using.changes and using.changes.about.rows,
                "issued": using.issued.isoformat(),
            }
        held.close()
    click.echo(json.dumps(line))
    raise SystemExit(0 if using is not None and held.failure is None else 1)


def _do(work: Work, records: Path, issued: datetime, data: Path | None) -> None:
    moment = issued.replace(tzinfo=CLINIC_ZONE)
    if moment > datetime.now(UTC):
        raise click.UsageError(f"--issued {issued}: wanted a moment that is past")
    start = time.monotonic()
    with data_directory(data, demo=False) as folder:
        held = holdings_folder(folder)
        progress = Progress(held, to_terminal=True)
        try:
            rows = work(held, records, moment, progress)
        finally:
            progress.end()
    click.echo(json.dumps({"rows": rows, "seconds": round(time.monotonic() - start, 1)}))


@click.command()
@DATA
@CONFIG
@click.option("--from", "folder", type=FILE, help="From this folder: a stick, or a share.")
def fetch(data: Path | None, config: Path | None, folder: Path | None) -> None:
    """Bring the feed's newest version here. Exit 1 where it could not be had: what is in use
    stays."""

    def now() -> datetime:
        return datetime.now(UTC)

    with data_directory(data, demo=False) as place:
        settings = load_settings(own_settings(config, place))
        held = holdings_folder(place)
        feed = (
            settings.feed if folder is None else replace(settings.feed, url="", folder=str(folder))
        )
        if not feed.root_file:
            raise SettingsError("[feed] root_file is ''; wanted the feed's first root metadata")
        rounds = open_rounds(feed, held, now, lambda: BUILT, lambda: True)
        if rounds is None:
            raise SettingsError("[feed] url and folder are ''; wanted one, or --from FOLDER")
        why = rounds.go(to_terminal=True)
        pointed = held_now(held)
    in_use = {"version": pointed.feed, "sets": sorted(pointed.sets)} if pointed.sets else None
    kind = why.kind if isinstance(why, FeedError) else None
    click.echo(json.dumps({"in_use": in_use, "kind": kind, "failure": why and str(why)}))
    raise SystemExit(1 if why else 0)
