"""The commands `verify`, `explain` and `inspect`, which judge or show and record nothing."""

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
from kiosk.data import AnswersCache, DataStore, law_in_use, read_keys, site_data
from kiosk.desk import Entitlements
from kiosk.runtime.file_encryption import key_of
from kiosk.runtime.key_store import file_keys
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
    help="Judge as of this day; the cards of the pretend people move with it.",
)
def verify(demo: bool, data: Path | None, config: Path | None, day: datetime | None) -> None:
    """Judge one payload on stdin; print the verdict. Exit 1 if a person must decide."""
    if day and not 1970 < day.year < 2200:
        raise click.UsageError("--on: expected a day between 1971 and 2199")
    moment = datetime.combine(day, NOON, CLINIC_ZONE) if day else now()
    # The data of the pretend people must never enter the data directory of a site.
    with data_directory(None if demo else data, demo) as folder:
        demo_sections: dict[str, Any] = {}
        if demo:
            remember_people(folder, moment)
            demo_sections = demo_settings("", folder) | trust_settings(folder, moment)
        settings = load_settings(settings_file(config, folder), demo_sections)
        keys = file_keys(settings.encryption.keys, settings.encryption.key_file, folder)
        key_of(folder / "logbook.db", keys)  # so that no wrong key makes answers look damaged
        answers = AnswersCache(folder / "coverage.db", keys=keys)
        store = DataStore(synced_folder(folder), site_data(settings, folder, answers, None, demo))
        current = store.current()
        entitlements = Entitlements(lambda: current.law, settings)
        known = current.knowledge
        if day:
            # The machine's clock does not matter, and later answers did not exist on that day.
            known = replace(known, floor=moment, recall=_recall_until(moment, known.recall))
        verdict = entitlements.with_entitlement(
            judge(read_payload(), moment, known), moment, current.law
        )
    print_json(verdict_json(verdict))
    raise SystemExit(1 if verdict.outcome is Outcome.DESK else 0)


@click.command()
@DATA
@click.option("--cases", type=FILE, help="A file of many cases, one in each line.")
def explain(data: Path | None, cases: Path | None) -> None:
    """Say what the patient of a case on stdin is entitled to, and why. Exit 1 if a case is wrong.

    A case is JSON, for instance {"visit_date": "2026-11-21", "object_code": "DN",
    "benefit_digit": 4, "arrival": "self", "care": "outpatient", "facility": {"code": "01999",
    "level": "co_ban", "score": 60, "former_tier": "tinh"}}.
    """
    with data_directory(data, demo=data is None) as folder:
        law = law_in_use(folder)
    answers = explain_cases(cases, law) if cases else [explain_case(_stdin_text(), law)]
    failed = False
    for line in answers:
        failed = failed or "error" in line
        print_json(line)
    raise SystemExit(1 if failed else 0)


def _stdin_text() -> str:
    return read_payload().decode("utf-8-sig", "replace")


@click.command()
@click.option("--keys", type=FILE, help="The keys to try, a JWK set.")
@click.option("--at", "moment", help="Inspect as of this time (ISO 8601); default: now.")
@click.option(
    "--cases",
    type=FILE,
    help='A file of many cases, one in each line: {"id", "payload", "keys", "at"}.',
)
def inspect(keys: Path | None, moment: str | None, cases: Path | None) -> None:
    """Show the content of a payload on stdin, and whether its signature is good."""
    if cases is not None:
        for line in inspect_cases(cases, now()):
            print_json(line)
        return
    try:
        at = parse_moment(moment) if moment else now()
    except ValueError:
        raise click.UsageError(f"--at {moment}: expected an ISO 8601 time") from None
    issuers = read_keys(keys) if keys else Issuers()
    print_json(inspect_payload(read_payload(), issuers, at))


def _recall_until(moment: datetime, recall: Recall) -> Recall:
    """Return a recall that knows no answer of the insurer later than `moment` (aware)."""

    def recall_earlier(card: Card) -> CoverageRecord:
        found = recall(card)
        is_earlier = found.coverage is not None and found.coverage.as_of <= moment
        return found if is_earlier else found._replace(coverage=None)

    return recall_earlier
