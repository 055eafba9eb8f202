"""Commands that look at one payload or one case and record nothing: verify, explain, inspect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from datetime import time as time_of_day
from pathlib import Path
from typing import Any

import click

from kiosk.cli.batch import explain_case, explain_cases, inspect_cases, parse_moment
from kiosk.cli.options import CONFIG, DATA, DEMO, FILE, now, print_json, read_payload
from kiosk.data import CoverageCache, DataStore, law_in_use, read_keys, site_data
from kiosk.desk import Entitlements
from kiosk.runtime.paths import data_directory, settings_file, synced_folder
from kiosk.sandbox import demo_settings, remember_people, trust_settings
from kiosk.settings import load_settings
from verify import (
    CLINIC_ZONE,
    Card,
    CoverageRecord,
    Issuers,
    Outcome,
    inspect_payload,
    judge,
    verdict_json,
)

NOON = time_of_day(12)
Recall = Callable[[Card], CoverageRecord]


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
    moment = datetime.combine(day, NOON, CLINIC_ZONE) if day else now()
    # The pretend people never come into a site's own data.
    with data_directory(None if demo else data, demo) as folder:
        last: dict[str, Any] = {}
        if demo:
            remember_people(folder, moment)
            last = demo_settings("", folder) | trust_settings(folder, moment)
        settings = load_settings(settings_file(config, folder), last)
        answers = CoverageCache(folder / "coverage.db")
        store = DataStore(synced_folder(folder), site_data(settings, folder, answers, None, demo))
        current = store.current()
        entitlements = Entitlements(lambda: current.law, settings)
        known = current.knowledge
        if day:  # the machine's clock is not in question, and what was said later not yet said
            known = replace(known, floor=moment, recall=_said_by(moment, known.recall))
        verdict = entitlements.seen(judge(read_payload(), moment, known), moment, current.law)
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
        tables = law_in_use(folder)
    found = explain_cases(cases, tables) if cases else [explain_case(_stdin(), tables)]
    failed = False
    for line in found:
        failed = failed or "error" in line
        print_json(line)
    raise SystemExit(1 if failed else 0)


def _stdin() -> str:
    return read_payload().decode("utf-8-sig", "replace")


@click.command()
@click.option("--keys", type=FILE, help="Keys to try, a JWK set.")
@click.option("--at", "moment", help="Look as of this time, ISO 8601; now if left out.")
@click.option("--cases", type=FILE, help='Many: a line each of {"id", "payload", "keys", "at"}.')
def inspect(keys: Path | None, moment: str | None, cases: Path | None) -> None:
    """Show what is inside a payload on stdin, and whether its signature holds."""
    if cases is not None:
        for line in inspect_cases(cases, now()):
            print_json(line)
        return
    try:
        at = parse_moment(moment) if moment else now()
    except ValueError:
        raise click.UsageError(f"--at {moment}: wanted an ISO 8601 time") from None
    issuers = read_keys(keys) if keys else Issuers()
    print_json(inspect_payload(read_payload(), issuers, at))


def _said_by(moment: datetime, recall: Recall) -> Recall:
    def said(card: Card) -> CoverageRecord:
        found = recall(card)
        is_said = found.word is not None and found.word.as_of <= moment
        return found if is_said else found._replace(word=None)

    return said
