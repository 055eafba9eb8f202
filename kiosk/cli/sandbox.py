"""The commands `card` and `sandbox`: signed cards to try, and the pretend insurer alone."""

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

THREADS = 64  # each call that hangs, as a fault, holds one
DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def card() -> None:
    """Make pretend cards; their key is trusted in demo mode only."""


@card.command("list")
def list_people() -> None:
    """Print a JSON line for each pretend patient, with the payload and the expected outcome."""
    moment = now()
    for patient in PEOPLE:
        line = {
            "person": patient.key,
            "story": patient.story,
            "outcome": patient.outcome,
            "reason": patient.reason,
            "payload": payload_of(patient, moment),
        }
        print_json(line)


@card.command("keys")
def print_keys() -> None:
    """Print the public keys of the pretend issuer, a JWK set for `inspect --keys`."""
    click.echo(trusted_keys(now()))


@card.command("issue")
@click.option("--person", "key", help="A patient of `card list`, in place of the fields below.")
@click.option("--number", help="Card number: 15 characters, or 10 or 12 digits.")
@click.option("--holder", help="Name of the holder.")
@click.option("--born", help="Birth date YYYY-MM-DD, or only the year.")
@click.option("--sex", type=click.Choice(["male", "female"]))
@click.option("--facility", default=FACILITY, show_default=True, help="Registered facility.")
@click.option("--from", "first", type=DAY, help="First day of cover.")
@click.option("--until", "last", type=DAY, help="Last day of cover.")
@click.option("--level", type=click.IntRange(1, 5), help="Benefit digit.")
@click.option(
    "--days",
    "valid_days",
    default=200,
    show_default=True,
    type=click.IntRange(1, 4000),
    help="Days until the signature expires.",
)
@click.option("--png", type=click.Path(path_type=Path), help="Write a QR code into this file.")
def issue(key: str | None, png: Path | None, **fields: Any) -> None:
    """Print a signed card as text, or write it as a picture."""
    if key is None:
        payload = _sign(**fields)
    else:
        patient = person(key)
        if patient is None:
            raise click.UsageError(f"--person {key}: unknown; `card list` prints the patients")
        payload = payload_of(patient, now())
    if png is None:
        click.echo(payload)
    else:
        try:
            segno.make(payload, error="m", micro=False).save(str(png), kind="png", scale=8)
        except (OSError, ValueError) as exc:  # a ValueError if the text is too long for a QR code
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
    valid_days: int,
) -> str:
    """Return the HC1 text of a card with these fields; raise UsageError if one is wrong."""
    if not number or not holder or not born:
        raise click.UsageError("expected --number, --holder and --born, or --person")
    if not is_number(number):
        raise click.UsageError("--number: expected 10 or 12 digits, or 15 characters")
    if not holder.isprintable() or len(holder) > 255:
        raise click.UsageError("--holder: expected one line of at most 255 characters")
    if first and last and last < first:
        raise click.UsageError("--until: is before --from; expected a later day")
    entries: dict[int, object | None] = {
        1: number,
        2: holder,
        3: born if len(born) == 4 and born.isdigit() else _birth_day(born),
        4: {"male": 1, "female": 2}.get(sex or ""),
        5: facility,
        6: days(first.date()) if first else None,
        7: days(last.date()) if last else None,
        8: level,
    }
    present = {label: value for label, value in entries.items() if value is not None}
    return DEMO.sign_card(present, now(), valid_days)


def _birth_day(born: str) -> int:
    """Return the number of a day as signed cards hold it."""
    try:
        return days(datetime.strptime(born, "%Y-%m-%d").date())
    except ValueError:
        raise click.UsageError(f"--born {born}: expected YYYY-MM-DD or YYYY") from None


@click.command()
@click.option("--port", default=8090, show_default=True, type=click.IntRange(0, 65535))
@click.option("--feed", type=click.Path(path_type=Path), help="Serve a feed too, in this folder.")
def sandbox(port: int, feed: Path | None) -> None:
    """Run the pretend insurer alone, for training and for the tests of other programs."""
    insurer = SandboxInsurer(now, feed=SandboxFeed(feed, now) if feed else None)
    try:
        server = WebServer(insurer.app, "127.0.0.1", port, threads=THREADS)
    except OSError as exc:
        raise click.UsageError(f"--port {port}: {exc.strerror}") from None
    server.start()
    click.echo(f"Ready: http://127.0.0.1:{server.port}")
    click.echo(
        f"account {USERNAME}, password {PASSWORD}, staff {STAFF_NAME} {STAFF_CCCD}", err=True
    )
    threading.Event().wait()
