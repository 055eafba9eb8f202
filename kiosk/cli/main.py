"""The command line of Tiếp Đón.

JSON goes to stdout and everything else to stderr. Exit 0: done; 1: done, but something needs a
person; 2: wrong use or wrong settings.
"""

from __future__ import annotations

import importlib
import io
import os
import sys

import click

from kiosk.cli.log_set_up import log_to_terminal
from kiosk.errors import KioskError
from kiosk.runtime.plain_text import visible
from verify import CoverageUnreadable

# The module of each command; only the module of the command that runs is imported.
COMMANDS = {
    "alerts": "alerts",
    "backup": "backup",
    "card": "sandbox",
    "certificate": "certificate",
    "clock": "clock",
    "decode": "decode",
    "doctor": "doctor",
    "drill": "drill",
    "encryption": "encryption",
    "explain": "verify",
    "facilities": "facilities",
    "feed": "feed",
    "fhir": "fhir",
    "hub": "hub",
    "inspect": "verify",
    "logbook": "logbook",
    "privacy": "privacy",
    "readers": "decode",
    "registry": "registry",
    "restore": "backup",
    "rollback": "install",
    "sandbox": "sandbox",
    "serve": "serve",
    "staff": "staff",
    "support-bundle": "doctor",
    "sync": "sync",
    "uninstall": "install",
    "upgrade": "install",
    "verify": "verify",
    "webhooks": "webhooks",
    "wheels": "install",
}


class Commands(click.Group):
    """The commands by name; each is imported when it runs or is listed."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Return all names in alphabetical order."""
        return sorted(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; None if the name is unknown."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"kiosk.cli.{COMMANDS[cmd_name]}")
        command = getattr(module, cmd_name.replace("-", "_"))
        assert isinstance(command, click.Command)
        return command


@click.group(cls=Commands, invoke_without_command=True)
@click.pass_context
def cli(context: click.Context) -> None:
    """Check BHYT cards at the reception desk. Without a command, serve the desk."""
    log_to_terminal()
    if context.invoked_subcommand is None:
        serve = cli.get_command(context, "serve")
        assert serve is not None
        context.invoke(serve)


def main() -> None:
    """Run the command line. A KioskError becomes one line on stderr and exit code 2.

    So does an error of a file or a folder, which names it.
    """
    os.umask(0o077)  # only this account may read the data directory
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # Windows would write files in its local encoding
            stream.reconfigure(encoding="utf-8")
    try:
        cli()
    except (KioskError, CoverageUnreadable) as exc:
        click.echo(f"tiepdon: {_on_lines(exc)}", err=True)
        raise SystemExit(2) from None
    except OSError as exc:
        if not isinstance(exc.filename, str | bytes):
            raise
        click.echo(f"tiepdon: {visible(os.fsdecode(exc.filename))}: {exc.strerror}", err=True)
        raise SystemExit(2) from None


def _on_lines(exc: Exception) -> str:
    """Return the words of an error, on lines of their own if there are several."""
    return "\n".join(map(visible, str(exc).split("\n")))
