"""The commands of the installer: `upgrade`, `rollback`, `uninstall`, `wheels`.

Their options are those of `kiosk.install`, which also runs without this program's libraries.
"""

from __future__ import annotations

import sys

import click

from kiosk.install import run

AS_IT_IS = {"ignore_unknown_options": True, "help_option_names": []}


def _passed_on(name: str, says: str) -> click.Command:
    """Return a command that hands its words to the installer."""

    @click.command(name, help=says, context_settings=dict(AS_IT_IS))
    @click.argument("words", nargs=-1, type=click.UNPROCESSED)
    def command(words: tuple[str, ...]) -> None:
        sys.exit(run([name, *words]))

    return command


rollback = _passed_on("rollback", "Go back to the release before; docs/install.md.")
uninstall = _passed_on("uninstall", "Remove the program; its data stay; docs/install.md.")
upgrade = _passed_on("upgrade", "Upgrade to a release, after a backup; docs/install.md.")
wheels = _passed_on("wheels", "Fill a folder for machines without a network; docs/install.md.")
