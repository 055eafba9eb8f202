"""The commands of `webhooks`: the secrets of receivers, and the messages that need a person."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from kiosk.cli.clock import command_line_author
from kiosk.cli.logbook_checks import certain_logbook
from kiosk.cli.options import CONFIG, DATA, FILE, now, print_json
from kiosk.errors import KioskError, SettingsError
from kiosk.logbook import Database, WebhookMessages
from kiosk.runtime.errors import NotPosted
from kiosk.runtime.paths import data_directory, settings_file
from kiosk.settings import load_settings
from kiosk.webhooks import open_receiver, rotate_secret, trial_event

NAME = click.argument("name")
MESSAGE = click.option("--message", type=int, help="One message, as `list` numbers it.")


@click.group()
def webhooks() -> None:
    """Look after the programs that are sent what happens to visits ([[webhooks]])."""


@webhooks.command("list")
@DATA
@CONFIG
def list_webhooks(data: Path | None, config: Path | None) -> None:
    """Show how the messages to each program stand, and those that need a person.

    Exit 1 if something needs a person.
    """
    with _opened(data, config) as messages:
        states, parked = messages.states(), messages.parked()
    for state in states:
        print_json(state.as_json())
    for event in parked:
        print_json(
            {
                "message": event.message,
                "webhook": event.webhook,
                "type": event.kind,
                "visit": event.visit,
                "at": event.at.isoformat(),
                "tries": event.tries,
                "why": event.why,
            }
        )
    raise SystemExit(1 if parked or any(state.stopped_at for state in states) else 0)


@webhooks.command("send-again")
@NAME
@MESSAGE
@DATA
@CONFIG
def send_again(name: str, message: int | None, data: Path | None, config: Path | None) -> None:
    """Send the parked messages to a program again, or one of them."""
    with _opened(data, config) as messages:
        count = messages.send_again(name, now(), command_line_author(), message)
    print_json({"webhook": name, "queued": count})


@webhooks.command("close")
@NAME
@MESSAGE
@click.option("--why", required=True, help="Why the program need not have it.")
@DATA
@CONFIG
def close(name: str, message: int | None, why: str, data: Path | None, config: Path | None) -> None:
    """Give the parked messages to a program up, or one of them; who did it is kept."""
    with _opened(data, config) as messages:
        count = messages.close(name, now(), command_line_author(), why, message)
    print_json({"webhook": name, "closed": count})


@webhooks.command("resume")
@NAME
@DATA
@CONFIG
def resume(name: str, data: Path | None, config: Path | None) -> None:
    """Send messages again to a program that had answered 410."""
    with _opened(data, config) as messages:
        count = messages.resume(name, now())
    print_json({"webhook": name, "queued": count})


@webhooks.command("secret")
@click.argument("file", type=FILE)
@click.option("--forget-old", is_flag=True, help="Take the older secret out; make none.")
def secret(file: Path, forget_old: bool) -> None:
    """Put a new secret into FILE, before the one there, and print it for the receiver.

    Until the older one is taken out, messages are signed with both.
    """
    newest = rotate_secret(file, forget_old)
    print_json({"file": str(file)} if forget_old else {"file": str(file), "secret": newest})


@webhooks.command("try")
@NAME
@DATA
@CONFIG
def try_one(name: str, data: Path | None, config: Path | None) -> None:
    """Send a program a signed message of the kind `webhook.test`; exit 1 unless it takes it."""
    with data_directory(data, demo=False) as folder:
        settings = load_settings(settings_file(config, folder))
    targets = {target.name: target for target in settings.webhooks}
    if name not in targets:
        raise KioskError(f"[[webhooks]] has no {name!r}; it has {sorted(targets)}")
    moment = now()
    try:
        receiver = open_receiver(targets[name], proxies=settings.network.proxies())
        status = receiver.send(trial_event(settings.facility.code, moment), moment)
        answer = f"HTTP {status}"
    except NotPosted as exc:
        status, answer = 0, str(exc)
    print_json({"webhook": name, "answer": answer})
    raise SystemExit(0 if 200 <= status < 300 else 1)


@contextmanager
def _opened(data: Path | None, config: Path | None) -> Iterator[WebhookMessages]:
    """Open the messages of the logbook that is there; none is begun."""
    with data_directory(data, demo=False) as folder:
        guard = certain_logbook(load_settings(settings_file(config, folder)), folder, config)
        path = guard.places.logbook
        if not guard.state.is_there:
            raise SettingsError(f"{path}: does not exist; expected a logbook. Name it with --data")
        database = Database(path, keys=guard.keys)
        try:
            yield WebhookMessages(database)
        finally:
            database.close()
