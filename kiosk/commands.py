"""Commands that look at one thing and write nothing down: verify, explain, inspect, decode."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from datetime import time as time_of_day
from pathlib import Path
from typing import Any

import click

from kiosk.cases import answers, explained, moment_of
from kiosk.cases import explain as explain_case
from kiosk.desk import Entitlements
from kiosk.drill import drill as play_drill
from kiosk.knowledge import Known, knowledge, law_now, read_keys
from kiosk.month import month_without_feed
from kiosk.places import data_directory, holdings_folder, own_settings
from kiosk.sandbox import demo_settings
from kiosk.settings import load_settings
from scanner import MAX_FILE, BadPicture, attached_ports, decode_picture
from verify import (
    CLINIC_ZONE,
    Card,
    CoverageCache,
    Holdings,
    Issuers,
    Outcome,
    Recollection,
    inspect_payload,
    judge,
    verdict_json,
)

FILE = click.Path(path_type=Path)
DATA = click.option("--data", type=FILE, help="The data directory.")
CONFIG = click.option("--config", type=FILE, help="Your settings, a TOML file.")
DEMO = click.option("--demo", is_flag=True, help="With the sandbox insurer and its people.")
NOON = time_of_day(12)
Recall = Callable[[Card], Recollection]
MAX_STDIN = 1024 * 1024  # bytes; more is no card


def read_payload() -> bytes:
    """Return one payload from stdin, without the line end that a shell puts there."""
    return sys.stdin.buffer.read(MAX_STDIN).removesuffix(b"\n").removesuffix(b"\r")


@click.command()
@DEMO
@DATA
@CONFIG
@click.option(
    "--on",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="As of this day; pretend people move with it.",
)
def verify(demo: bool, data: Path | None, config: Path | None, day: datetime | None) -> None:
    """Judge one payload on stdin; print the verdict. Exit 1 where a person must decide."""
    if day and not 1970 < day.year < 2200:
        raise click.UsageError("--on: wanted a day between 1971 and 2199")
    moment = datetime.combine(day, NOON, CLINIC_ZONE) if day else datetime.now(UTC)
    # The pretend people never come into a site's own data.
    with data_directory(None if demo else data, demo) as folder:
        last = demo_settings("", folder) if demo else {}
        settings = load_settings(own_settings(config, folder), last)
        holdings, cache = Holdings(holdings_folder(folder)), CoverageCache(folder / "coverage.db")
        entitlements = Entitlements(law_now(folder, holdings.now())[0], settings)
        base = knowledge(settings, cache, moment, None, demo, None, holdings)
        known = Known(base, holdings, lambda _held: entitlements.law.issued)()
        if day:  # the machine's clock is not in question, and what was said later not yet said
            known = replace(known, floor=moment, recall=_said_by(moment, known.recall))
        verdict = entitlements.seen(judge(read_payload(), moment, known), moment)
    print_json(verdict_json(verdict))
    raise SystemExit(1 if verdict.outcome is Outcome.DESK else 0)


@click.command()
@DATA
@click.option("--cases", type=FILE, help="Many: a file with a case a line.")
def explain(data: Path | None, cases: Path | None) -> None:
    """Say what a case on stdin is entitled to, and why. Exit 1 where a case cannot be meant.

    A case is JSON, for instance {"visit_date": "2026-11-21", "object_code": "DN",
    "benefit_digit": 4, "arrival": "self", "care": "outpatient", "facility": {"code": "01999",
    "level": "co_ban", "score": 60, "former_tier": "tinh"}}.
    """
    with data_directory(data, demo=data is None) as folder:
        tables, _ = law_now(folder, Holdings(holdings_folder(folder)).now())
    found = explained(cases, tables) if cases else [explain_case(_stdin(), tables)]
    failed = False
    for line in found:
        failed = failed or "error" in line
        print_json(line)
    raise SystemExit(1 if failed else 0)


def _stdin() -> str:
    return read_payload().decode("utf-8-sig", "replace")


@click.command()
@click.option(
    "--month",
    is_flag=True,
    help="Instead: a month without a feed, where revocations may be 30 days old.",
)
def drill(month: bool) -> None:
    """Play a bad five minutes at the pretend insurer; print what happened at the desk."""
    now = datetime.now(UTC)
    logging.getLogger().setLevel(logging.CRITICAL)  # what fails is the point
    if month:
        for line in month_without_feed(now):
            print_json(line)
        return
    lost = 0
    for line in play_drill(now):
        print_json(line)
        lost = line.get("lost", lost)
    raise SystemExit(1 if lost else 0)


@click.command()
@click.option("--keys", type=FILE, help="Keys to try, a JWK set.")
@click.option("--at", "moment", help="Look as of this time, ISO 8601; now if left out.")
@click.option("--cases", type=FILE, help='Many: a line each of {"id", "payload", "keys", "at"}.')
def inspect(keys: Path | None, moment: str | None, cases: Path | None) -> None:
    """Show what is inside a payload on stdin, and whether its signature holds."""
    if cases is not None:
        for line in answers(cases, datetime.now(UTC)):
            print_json(line)
        return
    try:
        at = moment_of(moment) if moment else datetime.now(UTC)
    except ValueError:
        raise click.UsageError(f"--at {moment}: wanted an ISO 8601 time") from None
    issuers = read_keys(keys) if keys else Issuers()
    print_json(inspect_payload(read_payload(), issuers, at))


@click.command()
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
def decode(images: tuple[Path, ...]) -> None:
    """Read the codes in pictures; prints a JSON line for each."""
    failed = False
    for image in images:
        line = _decoded(image)
        failed = failed or "error" in line
        print_json(line)
    raise SystemExit(1 if failed else 0)


@click.command()
def readers() -> None:
    """List the serial and USB-COM readers that are attached, a JSON line each."""
    for one in attached_ports():
        line = {"port": one.usb or one.device, "device": one.device}
        print_json(line | {"description": one.description})


def _said_by(moment: datetime, recall: Recall) -> Recall:
    def said(card: Card) -> Recollection:
        found = recall(card)
        is_said = found.word is not None and found.word.as_of <= moment
        return found if is_said else found._replace(word=None)

    return said


def print_json(value: object) -> None:
    """Print a line of JSON."""
    click.echo(json.dumps(value, ensure_ascii=False))


def _decoded(image: Path) -> dict[str, Any]:
    start = time.perf_counter()
    line: dict[str, Any] = {"file": str(image), "payloads": []}
    try:
        with image.open("rb") as file:
            codes = decode_picture(file.read(MAX_FILE + 1))
        line["payloads"] = [
            {"text": _text(code.payload), "symbology": code.symbology, "stage": code.stage}
            for code in codes
        ]
    except (BadPicture, OSError) as exc:
        line["error"] = exc.strerror if isinstance(exc, OSError) else str(exc)
    return line | {"ms": round((time.perf_counter() - start) * 1000, 2)}


def _text(payload: bytes) -> str | None:
    """Return the text of a code; null where it is not UTF-8, for nothing is guessed."""
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError:
        return None
