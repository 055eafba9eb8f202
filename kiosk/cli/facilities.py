"""The commands of `facilities`: adopt a site's list of facilities, and search it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from kiosk.cli.options import DATA, FILE, now, print_json
from kiosk.data import import_facilities, law_in_use
from kiosk.runtime.paths import data_directory
from verify import clinic_day

ISSUED = click.option(
    "--issued",
    type=click.DateTime(["%Y-%m-%d"]),
    required=True,
    help="The day of the list; pages show it beside a search.",
)


@click.group()
def facilities() -> None:
    """Keep the names of facilities, for the pages that show their codes."""


@facilities.command("import")
@click.argument("source", metavar="FILE", type=FILE)
@ISSUED
@DATA
def import_list(source: Path, issued: datetime, data: Path | None) -> None:
    """Make tables/facilities.csv of the data directory from a list: CSV or .xlsx.

    The first row names the columns. Needed are a code (code, MA_CSKCB, Mã) and a name (name,
    TEN_CSKCB, Tên); level, score, former_tier and listed are used if they are there. The province
    follows from the code. Restart the program afterwards.
    """
    if issued.date() > clinic_day(now()):
        raise click.UsageError(f"--issued {issued:%Y-%m-%d}: in the future; expected a past day")
    with data_directory(data, demo=False) as folder:
        read = import_facilities(folder, source, issued.date())
    print_json({"facilities": read.facilities, "left_out": list(read.left_out)})


@facilities.command()
@click.argument("words", nargs=-1)
@DATA
def find(words: tuple[str, ...], data: Path | None) -> None:
    """Search the list in use by parts of a name, of a province, or the beginning of a code."""
    with data_directory(data, demo=False) as folder:
        found, count = law_in_use(folder).facility_list.find(" ".join(words))
    for facility in found:
        print_json(facility._asdict() | {"since": facility.since.isoformat()})
    raise SystemExit(0 if count else 1)
