"""The commands of `staff`: the first administrator, further members, and help at this PC.

Whoever may run them may read the data directory, and so administers the program anyway.  A PIN or
code is printed once; none is an argument, since other accounts can read those.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from kiosk.assembly import Kiosk
from kiosk.cli.clock import command_line_author
from kiosk.cli.logbook_checks import certain_logbook
from kiosk.cli.options import CONFIG, DATA, now, print_json, steady_clock
from kiosk.errors import KioskError
from kiosk.logbook import Database
from kiosk.runtime.key_store import file_keys
from kiosk.runtime.paths import data_directory, secret_file, settings_file
from kiosk.sandbox import demo_settings
from kiosk.settings import load_settings
from kiosk.staff import Role, Staff
from kiosk.web.app import create_app
from kiosk.web.permission_table import permission_table

PEOPLE = [role.value for role in Role if role is not Role.KIOSK]


@click.group()
def staff() -> None:
    """Say who may sign in; without any member, whoever sits at this PC is the administrator."""


@staff.command()
@DATA
@CONFIG
def first(data: Path | None, config: Path | None) -> None:
    """Print a code by which the first administrator is made, on the page /sign-in/first.

    It is good for 30 minutes, once.
    """
    with _opened(data, config) as people:
        if people.members.exist():
            raise KioskError("there are members already: an administrator adds others")
        code = people.first_codes.make(now())
    click.echo(f"The code, good for 30 minutes on the page /sign-in/first: {code}")


@staff.command()
@click.option("--name", required=True, help="The member's whole name.")
@click.option("--role", type=click.Choice(PEOPLE), required=True, help="What the member may do.")
@click.option("--citizen-number", default="", help="For look-ups at the gateway; 12 digits.")
@DATA
@CONFIG
def add(name: str, role: str, citizen_number: str, data: Path | None, config: Path | None) -> None:
    """Add a member; print the number and a temporary PIN."""
    with _opened(data, config) as people:
        author = command_line_author()
        member = people.members.add(name, Role(role), citizen_number, now(), author)
        pin = people.pins.reset(member.id, now(), author)
    print_json({"number": member.id, "name": member.name, "temporary_pin": pin})


@staff.command("list")
@DATA
@CONFIG
def list_members(data: Path | None, config: Path | None) -> None:
    """Show all members, one line of JSON each; without their citizen numbers."""
    with _opened(data, config) as people:
        for member in people.members.all():
            last = member.last_sign_in_at
            print_json(
                {
                    "number": member.id,
                    "name": member.name,
                    "role": member.role.value,
                    "active": member.is_active,
                    "locked": member.is_locked(now()),
                    "last_sign_in": last and last.isoformat(timespec="seconds"),
                }
            )


@staff.command("reset-pin")
@click.argument("number", type=int)
@DATA
@CONFIG
def reset_pin(number: int, data: Path | None, config: Path | None) -> None:
    """Give a member a temporary PIN, and print it."""
    with _opened(data, config) as people:
        pin = people.pins.reset(number, now(), command_line_author())
    print_json({"number": number, "temporary_pin": pin})


@staff.command()
@click.argument("number", type=int)
@DATA
@CONFIG
def recover(number: int, data: Path | None, config: Path | None) -> None:
    """Let an administrator in again who has lost the PIN or the second factor.

    Unlocks the member, forgets the second factor and prints a temporary PIN.  What was done is
    kept, with the name of this system's account.
    """
    with _opened(data, config) as people:
        author = command_line_author()
        if people.members.find(number).role is not Role.ADMINISTRATOR:
            raise KioskError(f"{number} is no administrator: an administrator can reset the PIN")
        people.members.activate(number, now(), author)
        people.factor.turn_off(number, now(), author)
        pin = people.pins.reset(number, now(), author)
    print_json({"number": number, "temporary_pin": pin})


@staff.command()
def permissions() -> None:
    """Print who may call which route, as a table in Markdown, for the auditor."""
    with TemporaryDirectory(prefix="tiepdon-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        settings = load_settings(None, demo_settings("", folder))
        app = create_app(Kiosk(settings, folder, False, now), threading.Event())
        click.echo(permission_table(app), nl=False)


@contextmanager
def _opened(data: Path | None, config: Path | None) -> Iterator[Staff]:
    with data_directory(data, demo=False) as folder:
        settings = load_settings(settings_file(config, folder))
        place = settings.encryption
        keys = file_keys(place.keys, place.key_file, folder)
        certain_logbook(settings, folder, config)
        database = Database(folder / "logbook.db", keys=keys)
        try:
            secret = secret_file(settings.staff.secret_file, folder)
            yield Staff(database, secret, steady_clock(), 60.0 * settings.staff.idle_minutes)
        finally:
            database.close()
