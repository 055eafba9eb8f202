"""The commands of `hub`: make its tables and accounts, look at it from a desk (docs/hub.md)."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, ParamSpec

import click

from kiosk.cli.options import CONFIG, DATA, FILE, now, print_json
from kiosk.errors import SettingsError
from kiosk.hub import (
    HubConnection,
    HubError,
    Watchdog,
    add_desk,
    add_report,
    admin_access,
    check_hub,
    desk_access,
    desks_of,
    drop_before,
    erase_visits,
    make_partitions,
    migrate,
    retire_desk,
    servers_of,
)
from kiosk.runtime.paths import data_directory, settings_file
from kiosk.runtime.secret_file import restrict_to_owner
from kiosk.settings import Settings, load_settings
from verify import clinic_day

Parameters = ParamSpec("Parameters")


def of_administrator(command: Callable[Parameters, None]) -> Callable[Parameters, None]:
    """Add the options by which an administrator signs in to the hub."""
    for option in (
        click.option("--ca-file", default="", help="PEM of the authority of its certificate."),
        click.option("--password-file", default="", help="A file with the account's password."),
        click.option(
            "--url",
            required=True,
            envvar="TIEPDON_HUB_ADMIN",
            help="postgresql://ACCOUNT@HOST:5432/DATABASE, of an account that may make roles.",
        ),
    ):
        command = option(command)
    return command


@click.group()
def hub() -> None:
    """Look after the hub that several desks share ([hub])."""


@hub.command("migrate")
@click.option(
    "--drop-before",
    type=click.DateTime(["%Y-%m"]),
    help="Delete all visits of the days before this month, as 2027-01.",
)
@of_administrator
def migrate_hub(url: str, password_file: str, ca_file: str, drop_before: Any) -> None:
    """Make the hub's tables, or bring them up to date, and the months ahead; run it each night."""
    with _administrator(url, password_file, ca_file) as connection:
        steps = migrate(connection)
        parts = make_partitions(connection, clinic_day(now()))
        dropped = _dropped(connection, drop_before.date()) if drop_before else []
    print_json({"steps": steps, "parts": parts, "dropped": dropped})


@hub.group("desk")
def desk_accounts() -> None:
    """Make or close the account of a desk."""


@desk_accounts.command("add")
@click.argument("number", type=click.IntRange(1, 999))
@click.option("--to", type=FILE, required=True, help="A new file, for the desk's password.")
@click.option("--name", default="", help="As people call the desk; else its number.")
@click.option("--facility", required=True, help="The code (mã CSKCB) of the desk's facility.")
@click.option("--facility-name", default="", help="Needed for the first desk of a facility.")
@of_administrator
def add(
    number: int,
    to: Path,
    name: str,
    facility: str,
    facility_name: str,
    url: str,
    password_file: str,
    ca_file: str,
) -> None:
    """Make a desk with an account, or give it a new password, which goes into a file.

    Carry the file to the desk, name it there in [hub] password_file, and delete this one.
    """
    with _administrator(url, password_file, ca_file) as connection, _secret_file(to) as keep:
        account = add_desk(connection, facility, facility_name, number, name)
        keep(account.password)
    print_json(
        {
            "facility": account.facility,
            "desk": account.desk,
            "name": account.name,
            "letter": account.letter,
            "login": account.login,
            "password_file": str(to),
        }
    )


@desk_accounts.command("retire")
@click.argument("number", type=click.IntRange(1, 999))
@click.option("--facility", required=True, help="The code (mã CSKCB) of the desk's facility.")
@of_administrator
def retire(number: int, facility: str, url: str, password_file: str, ca_file: str) -> None:
    """Close a desk's account at once, for ever: it was stolen, burnt, or is not needed."""
    with _administrator(url, password_file, ca_file) as connection:
        is_new = retire_desk(connection, facility, number)
    print_json({"facility": facility, "desk": number, "retired_now": is_new})


@hub.command("report")
@click.option("--to", type=FILE, required=True, help="A new file, for the account's password.")
@click.option("--facility", default="", help="Its code; without it: the office of the group.")
@of_administrator
def report(to: Path, facility: str, url: str, password_file: str, ca_file: str) -> None:
    """Make the account that reads a facility's older days, or the sums of all facilities."""
    with _administrator(url, password_file, ca_file) as connection, _secret_file(to) as keep:
        login, password = add_report(connection, facility)
        keep(password)
    print_json({"login": login, "password_file": str(to)})


@hub.command("erase")
@click.argument("visit", nargs=-1, required=True)
@of_administrator
def erase(visit: tuple[str, ...], url: str, password_file: str, ca_file: str) -> None:
    """Delete visits with all their versions, after they were erased at the desk that has them."""
    with _administrator(url, password_file, ca_file) as connection:
        erased = erase_visits(connection, visit)
    print_json({"asked": len(visit), "erased": erased})
    raise SystemExit(0 if erased == len(visit) else 1)


@hub.command("check")
@DATA
@CONFIG
def check(data: Path | None, config: Path | None) -> None:
    """Look at the hub from this desk; exit 1 if something needs a person."""
    try:
        with _desk(data, config) as connection:
            seen = check_hub(connection, now, clinic_day(now()))
    except HubError as exc:
        print_json({"troubles": [_kind(exc)], "message": str(exc), "sqlstate": exc.sqlstate})
        raise SystemExit(1) from None
    print_json(seen.as_json())
    raise SystemExit(1 if seen.troubles else 0)


@hub.command("status")
@click.option("--url", default="", envvar="TIEPDON_HUB_ADMIN", help="As of `hub migrate`.")
@click.option("--password-file", default="", help="A file with the account's password.")
@click.option("--ca-file", default="", help="PEM of the authority of its certificate.")
@DATA
@CONFIG
def status(
    url: str, password_file: str, ca_file: str, data: Path | None, config: Path | None
) -> None:
    """Show the facility's desks; with --url those of all facilities, and the servers."""
    if url:
        with _administrator(url, password_file, ca_file) as connection:
            shown = {"desks": desks_of(connection)} | servers_of(connection)
    else:
        with _desk(data, config) as connection:
            shown = {"desks": desks_of(connection)}
    print_json(shown)


def _kind(exc: HubError) -> str:
    """Return the name of an error as other programs read it: HubLoginRefused, login_refused."""
    words = re.findall("[A-Z][a-z]+", type(exc).__name__.removeprefix("Hub"))
    return "_".join(words).lower()


def _dropped(connection: HubConnection, month: date) -> list[str]:
    if month > clinic_day(now()):
        raise SettingsError(f"--drop-before {month:%Y-%m}: expected a month that is over")
    return drop_before(connection, month)


@contextmanager
def _administrator(url: str, password_file: str, ca_file: str) -> Iterator[HubConnection]:
    with _opened(lambda dog: HubConnection(admin_access(url, password_file, ca_file), dog)) as hub:
        yield hub


@contextmanager
def _desk(data: Path | None, config: Path | None) -> Iterator[HubConnection]:
    with data_directory(data, demo=False) as folder:
        settings: Settings = load_settings(settings_file(config, folder))
    with _opened(lambda dog: HubConnection(desk_access(settings), dog)) as hub:
        yield hub


@contextmanager
def _opened(connect: Callable[[Watchdog], HubConnection]) -> Iterator[HubConnection]:
    watchdog = Watchdog()
    try:
        connection = connect(watchdog)
        try:
            yield connection
        finally:
            connection.close()
    finally:
        watchdog.close()


@contextmanager
def _secret_file(path: Path) -> Iterator[Callable[[str], None]]:
    """Make a new file before the account is made; give back what writes the password into it.

    The file is removed if the account is not made.  Raises SettingsError if it exists.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as exc:
        raise SettingsError(
            f"{path}: a password's file cannot be made ({exc.strerror}); expected a new name"
        ) from exc
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            restrict_to_owner(path)

            def keep(password: str) -> None:
                file.write(password + "\n")
                file.flush()
                os.fsync(file.fileno())

            yield keep
    except BaseException:
        path.unlink(missing_ok=True)
        raise
