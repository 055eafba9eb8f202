"""The command `clock`: what other clocks said of this machine's, and what has certainly passed."""

from __future__ import annotations

import getpass
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from kiosk.assembly import Kiosk
from kiosk.cli.logbook_checks import certain_logbook
from kiosk.cli.options import CONFIG, DATA, now, print_json, steady_clock
from kiosk.runtime.paths import data_directory, settings_file
from kiosk.settings import load_settings


@click.command()
@DATA
@CONFIG
@click.option(
    "--clear-floor",
    is_flag=True,
    help="Forget what earlier readings of other clocks said has passed; who did it is kept.",
)
def clock(data: Path | None, config: Path | None, clear_floor: bool) -> None:
    """Show this machine's clock beside the others. Exit 1 if it is wrong.

    The floor is a moment that has certainly passed: a clock that shows an earlier one is in doubt.
    It comes from signed data, and from moments on which this machine and the gateway or the feed
    agreed. If both were wrong, --clear-floor removes what they left; what was signed stays.
    Restart the program afterwards.
    """
    with data_directory(data, demo=False) as folder:
        settings = load_settings(settings_file(config, folder))
        certain_logbook(settings, folder, config)
        kiosk = Kiosk(settings, folder, demo=False, now=now, steady=steady_clock())
        if clear_floor:
            cleared = kiosk.clock_readings.clear_floor(now(), command_line_author())
            print_json({"cleared": cleared and _moment(cleared.moment)})
            return
        state = kiosk.clock_check.state()
        newest, floor = kiosk.clock_readings.newest(), kiosk.clock_readings.floor()
        report: dict[str, Any] = {
            "now": _moment(now()),
            "wrong": state.is_wrong,
            "witness": state.witness,
            "ahead_s": state.ahead and round(state.ahead.total_seconds()),
            "floor": _moment(kiosk.data.current().knowledge.floor),
            "floor_by_clocks": floor and _moment(floor.moment),
            "newest_reading": newest
            and {
                "at": _moment(newest.at),
                "source": newest.source,
                "ahead_s": round(newest.ahead.total_seconds()),
            },
            "wrong_times": kiosk.wrong_times.count(),
        }
    print_json(report)
    raise SystemExit(1 if state.is_wrong else 0)


def command_line_author() -> str:
    """Return who uses the command line, by the name of the system's account."""
    try:
        return f"command line {getpass.getuser()}"
    except (OSError, KeyError, ImportError):  # the account has no name
        return "command line"


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
