"""The contracts: what other programs, settings files and users rely on still exists.

tests/data/contracts_cdaf68c.json lists what existed at commit cdaf68c: commands and their options,
routes and their methods, members of JSON, and the defaults of the settings. There may be more now,
but nothing of it may be missing.
"""

from __future__ import annotations

import dataclasses
import json
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiosk.cli.main import cli
from kiosk.settings import load_settings
from tests.cast import Clock, running_insurer
from tests.older import DATA, OLDER, assert_still, pages_on, run_command, unpack
from tests.process import site

CONTRACTS = DATA / "contracts_cdaf68c.json"
SETTINGS = DATA / "settings_cdaf68c.toml"
AFTER_THE_LAST_VISIT = datetime(2026, 11, 24, 16, tzinfo=UTC)
CASE = {
    "visit_date": "2026-11-21",
    "object_code": "DN",
    "benefit_digit": 4,
    "arrival": "self",
    "care": "outpatient",
    "facility": {"code": "01999", "level": "co_ban", "score": 60, "former_tier": "tinh"},
}
RECORDS = (
    "number,citizen_number,holder,born,standing,valid_from,valid_until,living_area,sex,facility,"
    "five_years_from\nDN4019999900090,,Lê Văn Chín,1990-09-09,,2026-01-01,2027-12-31,,,,\n"
)


def contracts() -> dict[str, Any]:
    """Return what existed at the older commit."""
    listed: dict[str, Any] = json.loads(CONTRACTS.read_text("utf-8"))
    return listed


def commands(command: click.Command, words: str = "") -> Iterator[tuple[str, list[str]]]:
    """Yield the words of every command, and its options and arguments with their use."""
    named = [(_name(option, param), param) for param in command.params for option in param.opts]
    yield words, sorted(f"{name}{_use(param)}" for name, param in named)
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            sub = command.get_command(context, name)
            assert sub is not None
            yield from commands(sub, f"{words} {name}".strip())


def _name(option: str, param: click.Parameter) -> str:
    """Return the name on the command line; only the place of an argument matters."""
    return f"argument of {param.nargs}" if isinstance(param, click.Argument) else option


def _use(param: click.Parameter) -> str:
    """Return how an option is used: alone, with a value, or several times."""
    if not isinstance(param, click.Option) or param.is_flag:
        return ""
    return " VALUE, often" if param.multiple else " VALUE"


def routes(app: Flask) -> list[str]:
    """Return every route with its method; variable parts are written without their names."""
    return sorted(
        f"{method} {re.sub('<[^>]*>', '<>', rule.rule)}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    )


def members(value: object, path: str = "") -> set[str]:
    """Return the paths of all members in a JSON value."""
    if isinstance(value, dict):
        return {f"{path}.{key}" for key in value}.union(
            *(members(inner, f"{path}.{key}") for key, inner in value.items())
        )
    if isinstance(value, list):
        return set().union(*(members(inner, f"{path}[]") for inner in value))
    return set()


def served(folder: Path) -> dict[str, object]:
    """Return the JSON that the program serves on the older data directory of a clinic."""
    clock = Clock(AFTER_THE_LAST_VISIT)
    pages = pages_on(folder / "site", clock)
    scans = []
    for payload in OLDER["payloads"].values():
        scans.append(pages.post("/api/scans", json={"payload": payload}).get_json())
        clock.go(timedelta(seconds=20))  # so that some follow the card before them closely
    stream = pages.get("/events?last=0", buffered=False).response
    events: dict[str, list[Any]] = {"verdict": [], "status": []}
    for part in stream:
        text = part.decode() if isinstance(part, bytes) else str(part)
        for kind in events:
            if f"event: {kind}" in text:
                events[kind].append(json.loads(text.partition("data: ")[2]))
        if events["status"]:
            break
    typed = {"reader": "keyboard-x", "text": "TIEPDON-3|dark mode|END", "places": ""}
    return {
        "POST /api/scans": scans,
        "GET /api/visits": pages.get("/api/visits?limit=2").get_json(),
        "GET /healthz": pages.get("/healthz").get_json(),
        "GET /events": events,
        "a problem": pages.post("/api/scans", json={}).get_json(),
        "POST /api/reader-checks/typed": pages.post(
            "/api/reader-checks/typed", json=typed
        ).get_json(),
    }


def printed(folder: Path) -> dict[str, object]:
    """Return the JSON that each command prints."""
    (folder / "work").mkdir()
    config, feed, keys = folder / "own.toml", str(folder / "new-feed"), str(folder / "new-keys")
    config.write_text('[facility]\ncode = "01999"\n', "utf-8")
    records = folder / "records.csv"
    records.write_text(RECORDS, "utf-8")
    own = ["--data", str(folder / "site"), "--config", str(config)]
    picture, empty = str(folder / "card.png"), str(folder / "empty")
    run_command("card", "issue", "--person", "binh", "--png", picture)
    cases = {
        "doctor": own,
        "verify": [*own, "--on", "2026-11-24"],
        "inspect": ["--at", "2026-11-24T09:00:00+07:00"],
        "explain": [],
        "decode": [picture],
        "card list": [],
        "card keys": [],
        "feed init": [feed, "--keys", keys],
        "feed publish": [feed, "--keys", keys, "--cards", str(records)],
        "feed sign": [feed, "--keys", keys],
        "feed rotate": [feed],
        "registry build": [str(records), "--issued", "2026-11-24T06:00", "--data", empty],
        "registry change": [str(records), "--issued", "2026-11-24T07:00", "--data", empty],
        "registry show": ["--data", empty],
    }
    stdin = {
        "explain": json.dumps(CASE),
        "verify": OLDER["payloads"]["vouched"],
        "inspect": OLDER["payloads"]["vouched"],
    }
    found: dict[str, object] = {}
    for command, words in cases.items():
        _, output = run_command(*command.split(), *words, stdin=stdin.get(command, ""))
        found[command] = _lines(output)
    _visit_today(folder / "site")
    with running_insurer(lambda: datetime.now(UTC)) as (_, url):
        _, path, *_ = site(folder / "work", url)
        _, output = run_command("sync", "--data", str(folder / "site"), "--config", path)
        found["sync"] = _lines(output)
    root = f'[feed]\nfolder = "{feed}"\nroot_file = "{feed}/metadata/1.root.json"\n'
    config.write_text(f'[facility]\ncode = "01999"\n{root}'.replace("\\", "/"), "utf-8")
    words = ["--data", str(folder / "fetched"), "--config", str(config)]
    found["feed fetch"] = _lines(run_command("feed", "fetch", *words)[1])
    return found


def _visit_today(folder: Path) -> None:
    """Confirm a visit today, so that the nightly report contains a day."""
    pages = pages_on(folder, lambda: datetime.now(UTC))
    scan = pages.post("/api/scans", json={"payload": OLDER["payloads"]["an"]}).get_json()
    visit = {"attempt": scan["attempt"], "clerk_reason": "Đã xem giấy tờ"}
    pages.post("/api/visits", json=visit, headers={"Idempotency-Key": "today"})


def _lines(text: str) -> list[Any]:
    try:
        return [json.loads(text)]
    except ValueError:
        return [json.loads(line) for line in text.splitlines()]


def test_every_command_and_option_is_still_there() -> None:
    now = dict(commands(cli))

    for command, options in contracts()["commands"].items():
        assert command in now
        assert set(options) - set(now[command]) == set(), command


# Each change of a visit has a route of its own now: not everybody may make all of them.
SPLIT = {
    "POST /logbook/visits/<>/<>": {
        f"POST /logbook/visits/<>/{change}"
        for change in ("cancel", "close", "correct", "send-again")
    }
}


def test_every_route_and_method_is_still_there(client: FlaskClient) -> None:
    now = set(routes(client.application))

    assert {
        route for route in contracts()["routes"] if not SPLIT.get(route, {route}) <= now
    } == set()


@pytest.mark.parametrize("source", ["served", "printed"])
def test_every_member_of_json_is_still_there(tmp_path: Path, source: str) -> None:
    unpack(tmp_path)
    found = served(tmp_path) if source == "served" else printed(tmp_path)
    now = {name: members(value) for name, value in found.items()}

    was = contracts()[source]
    assert set(was) == set(now)
    for name, paths in was.items():
        assert set(paths) - now[name] == set(), name


def test_every_value_of_a_confirmation_is_still_accepted(tmp_path: Path) -> None:
    unpack(tmp_path)
    pages = pages_on(tmp_path / "site", Clock(AFTER_THE_LAST_VISIT))
    body = {
        "service": {"code": "KB9", "name": "Khám thử"},
        "room": "Phòng 9",
        "arrival": "referral",
        "papers": "paper_card; referral 2026-11-20 for a year",
        "phone": "0999999909",
        "holder": "Trần Văn Chín",
        "born": "1979",
        "sex": "male",
        "clerk_reason": "Đã xem giấy tờ",
    }
    scan = pages.post("/api/scans", json={"payload": "9999900099", "reader": "typed"}).get_json()
    key = {"Idempotency-Key": "contract"}
    visit = pages.post("/api/visits", json={"attempt": scan["attempt"], **body}, headers=key)
    page = pages.get(f"/logbook/visits/{visit.get_json()['id']}").get_data(as_text=True)

    assert visit.status_code == 201
    for value in ("KB9", "Khám thử", "0999999909", "Trần Văn Chín", "1979"):
        assert f'value="{value}"' in page
    body = {"attempt": scan["attempt"], "papers": "referral 2026-13-01"}
    bad = pages.post("/api/visits", json=body, headers={"Idempotency-Key": "other"})
    assert (bad.status_code, bad.get_json()["type"]) == (400, "urn:tiepdon:bad_referral")


def test_every_kind_of_scan_is_still_accepted(tmp_path: Path) -> None:
    unpack(tmp_path)
    pages = pages_on(tmp_path / "site", Clock(AFTER_THE_LAST_VISIT))
    payload = OLDER["payloads"]["an"].encode()
    kind = "application/octet-stream"
    as_bytes = pages.post("/api/scans", data=payload, content_type=kind).get_json()
    without = pages.post("/api/scans", json={"no_card": True, "reader": "typed"}).get_json()
    bare = pages.post("/api/scans", json={"payload": "9999900099", "reader": "typed"}).get_json()
    holder = {"holder": "Trần Văn Chín", "born": "1979"}
    named = pages.post(f"/api/scans/{bare['attempt']}/holder", json=holder).get_json()

    assert as_bytes["format"] == "bhyt17"
    assert without["reason"] == "no_card_shown"
    assert named["card"]["holder"] == "Trần Văn Chín"


def test_a_settings_file_with_every_older_key_has_the_same_meaning() -> None:
    written = tomllib.loads(SETTINGS.read_text("utf-8"))
    # Since then an address for other machines needs two keys more; the rest is as it was.
    behind_a_proxy = {"web": {"names": ["tiepdon.example"], "proxy": "127.0.0.1"}}
    settings = dataclasses.asdict(load_settings(SETTINGS, behind_a_proxy))
    settings |= {name: list(settings[name]) for name in ("readers", "desks")}

    assert_still(settings, written, "settings")


def test_the_older_settings_file_has_every_key_and_no_default() -> None:
    written = tomllib.loads(SETTINGS.read_text("utf-8"))
    for section, defaults in contracts()["settings"].items():
        blocks = written[section]
        for block in blocks if isinstance(blocks, list) else [blocks]:
            at_default = {
                key: value for key, value in defaults.items() if block.get(key) in ("", value)
            }
            assert section in ("readers", "desks") or at_default == {}, section
        named = set().union(*blocks) if isinstance(blocks, list) else set(blocks)
        assert named == set(defaults), section


def test_the_defaults_of_the_settings_are_as_they_were(tmp_path: Path) -> None:
    own = tmp_path / "kiosk.toml"
    own.write_text('[facility]\ncode = "01999"\n[[readers]]\nname = "r"\nkind = "serial"\n'
                   'port = "socket://127.0.0.1:1"\n', "utf-8")  # fmt: skip
    settings = dataclasses.asdict(load_settings(own))
    [reader] = settings["readers"]
    given = {"facility": {"code"}, "readers": {"name", "kind", "port"}, "desks": {"name", "ask"}}

    for section, defaults in contracts()["settings"].items():
        was = {key: value for key, value in defaults.items() if key not in given.get(section, ())}
        assert_still(reader if section == "readers" else settings[section] or {}, was, section)
