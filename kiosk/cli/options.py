"""What several commands share: options, the time, JSON lines on stdout, a payload on stdin."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from kiosk.runtime.plain_text import visible
from kiosk.runtime.steady_clock import SteadyClock

FILE = click.Path(path_type=Path)
# The installed command sets both variables, so that its commands find the data of the service.
DATA = click.option("--data", type=FILE, envvar="TIEPDON_DATA", help="The data directory.")
CONFIG = click.option(
    "--config", type=FILE, envvar="TIEPDON_CONFIG", help="Your settings, a TOML file."
)
DEMO = click.option("--demo", is_flag=True, help="Use the sandbox insurer and its people.")
DAY_OR_MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])
MAX_STDIN_BYTES = 1024 * 1024  # more cannot be a card


def now() -> datetime:
    """Return the time of this machine (aware, UTC)."""
    return datetime.now(UTC)


def steady_clock() -> SteadyClock:
    """Return the steady clock of this machine."""
    return SteadyClock()


def print_json(value: object) -> None:
    """Print a value as a line of JSON; signs that do not show are escaped."""
    click.echo(visible(json.dumps(value, ensure_ascii=False)))


def read_payload() -> bytes:
    """Return one payload from stdin, without the line end that a shell adds."""
    return sys.stdin.buffer.read(MAX_STDIN_BYTES).removesuffix(b"\n").removesuffix(b"\r")
