"""The sandbox on the command line: signed cards to try, and the pretend insurer by itself."""

from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import segno

from kiosk.cli.options import now, print_json
from kiosk.runtime.webserver import WebServer
from kiosk.sandbox import (
    DEMO,
    FACILITY,
    PASSWORD,
    PEOPLE,
    STAFF_CCCD,
    STAFF_NAME,
    USERNAME,
    SandboxFeed,
    SandboxInsurer,
    days,
    payload_of,
    person,
    trusted_keys,
)
from verify import is_number

DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def card() -> None:
    """Make pretend cards; their key is believed in demo mode only."""


@card.command("list")
def list_people() -> None:
    """Print the pretend patients, a JSON line each, with their payloads and outcomes."""
    moment = now()
    for one in PEOPLE:
        line = {
            "person": one.key,
            "story": one.story,
            "outcome": one.outcome,
            "reason": one.reason,
            "payload": payload_of(one, moment),
        }
        print_json(line)


@card.command("keys")
def print_keys() -> None:
    """Print the pretend issuer's public keys, a JWK set for `inspect --keys`."""
    click.echo(trusted_keys(now()))


@card.command("issue")
@click.option("--person", "key", help="A pretend patient of `card list`; else the fields below.")
@click.option("--number", help="Card number: 15 characters, or 10 or 12 digits.")
@click.option("--holder", help="Name of the holder.")
@click.option("--born", help="Birth date YYYY-MM-DD, or only the year.")
@click.option("--sex", type=click.Choice(["male", "female"]))
@click.option("--facility", default=FACILITY, show_default=True, help="Registered facility.")
@click.option("--from", "first", type=DAY, help="First day of cover.")
@click.option("--until", "last", type=DAY, help="Last day of cover.")
@click.option("--level", type=click.IntRange(1, 5), help="Benefit digit.")
@click.option("--days", "good_for", default=200, show_default=True,
              type=click.IntRange(1, 4000), help="Days until it expires.")  # fmt: skip
@click.option("--png", type=click.Path(path_type=Path), help="Write a QR code there.")
def issue(key: str | None, png: Path | None, **fields: Any) -> None:
    """Print a signed card as text, or write it as a picture."""
    if key is None:
        payload = _sign(**fields)
    else:
        one = person(key)
        if one is None:
            raise click.UsageError(f"--person {key}: nobody of `card list` has this key")
        payload = payload_of(one, now())
    if png is None:
        click.echo(payload)
    else:
        try:
            segno.make(payload, error="m", micro=False).save(str(png), kind="png", scale=8)
        except (OSError, ValueError) as exc:  # the code is too big for a QR code, too
            raise click.UsageError(f"--png {png}: {exc}") from None


def _sign(
    number: str | None,
    holder: str | None,
    born: str | None,
    sex: str | None,
    facility: str,
    first: datetime | None,
    last: datetime | None,
    level: int | None,
    good_for: int,
) -> str:
    if not number or not holder or not born:
        raise click.UsageError("--number, --holder and --born are wanted, or --person")
    if not is_number(number):
        raise click.UsageError("--number: wanted 10 or 12 digits, or 15 characters")
    if not holder.isprintable() or len(holder) > 255:
        raise click.UsageError("--holder: wanted one line of at most 255 letters")
    if first and last and last < first:
        raise click.UsageError("--until is before --from")
    entries: dict[int, object | None] = {
        1: number,
        2: holder,
        3: born if len(born) == 4 and born.isdigit() else _days(born),
        4: {"male": 1, "female": 2}.get(sex or ""),
        5: facility,
        6: days(first.date()) if first else None,
        7: days(last.date()) if last else None,
        8: level,
    }
    present = {label: value for label, value in entries.items() if value is not None}
    return DEMO.sign_card(present, now(), good_for)


def _days(born: str) -> int:
    try:
        return days(datetime.strptime(born, "%Y-%m-%d").date())
    except ValueError:
        raise click.UsageError(f"--born {born}: wanted YYYY-MM-DD or YYYY") from None


@click.command()
@click.option("--port", default=8090, show_default=True, type=click.IntRange(0, 65535))
@click.option("--feed", type=click.Path(path_type=Path), help="Run a feed too, in this folder.")
def sandbox(port: int, feed: Path | None) -> None:
    """Run the pretend insurer alone, for training and for other programs' tests."""

    insurer = SandboxInsurer(now, feed=SandboxFeed(feed, now) if feed else None)
    try:
        server = WebServer(insurer.app, "127.0.0.1", port, threads=8)
    except OSError as exc:
        raise click.UsageError(f"--port {port}: {exc.strerror}") from None
    server.start()
    click.echo(f"Ready: http://127.0.0.1:{server.port}")
    click.echo(
        f"account {USERNAME}, password {PASSWORD}, staff {STAFF_NAME} {STAFF_CCCD}", err=True
    )
    threading.Event().wait()
