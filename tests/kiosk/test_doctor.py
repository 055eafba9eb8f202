"""The doctor reports the state of each thing, and what to do if it is not good."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kiosk.cli.checks import run_checks
from kiosk.data import AnswersCache, DataStore
from kiosk.settings import ReaderPort, Settings
from tests.cast import NOW, demo_data, make_coverage, settings_for
from tests.data_store import store_at
from tests.kiosk.printing import PAPER_OUT, pretend_printer
from tests.process import run, site
from verify import Issuers, Knowledge, Revocations

COUNTS = {"queued": 2, "in_flight": 1, "accepted": 5, "refused": 0, "parked": 0}


@pytest.fixture
def data(tmp_path: Path) -> DataStore:
    return demo_data(tmp_path)


def seen(
    settings: Settings, data: DataStore, folder: Path, **counts: int
) -> dict[str, tuple[bool, str]]:
    """Run the checks; return, by its name, whether each is good and what was seen."""
    checks = run_checks(
        settings, folder, data, data.current().knowledge.newest_answer(), COUNTS | counts, NOW
    )
    assert all(check["good"] != bool(check["do"]) for check in checks)
    return {check["what"]: (check["good"], check["seen"]) for check in checks}


def test_good_things_are_reported_as_good(data: DataStore, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        checks = seen(settings_for(tmp_path, url), data, tmp_path)

    assert all(checks[what][0] for what in ("disk", "clock", "keys", "revocations", "gateway"))
    assert checks["insurer's word"][0]
    assert checks["outbox"] == (True, "3 waiting, 0 refused or parked")


@pytest.mark.parametrize(
    ("web", "good", "words"),
    [
        ({}, True, "this machine only"),
        ({"names": ["tiepdon.example"]}, False, "as tiepdon.example"),
        ({"proxy": "127.0.0.1"}, False, "no names"),
        ({"names": ["tiepdon.example"], "proxy": "127.0.0.1"}, True, "the proxy at 127.0.0.1"),
    ],
)
def test_who_reaches_the_pages_has_a_line(
    web: dict[str, object], good: bool, words: str, data: DataStore, tmp_path: Path
) -> None:
    checks = seen(settings_for(tmp_path, web=web), data, tmp_path)

    assert checks["pages"][0] is good
    assert words in checks["pages"][1]


def test_each_printer_has_a_line(data: DataStore, tmp_path: Path) -> None:
    with pretend_printer() as good, pretend_printer(paper=PAPER_OUT) as empty:
        printers = (good.settings(name="desk 1"), empty.settings(name="desk 2"))
        checks = seen(replace(settings_for(tmp_path), printers=printers), data, tmp_path)

    assert checks["printer desk 1"] == (True, f"network 127.0.0.1:{good.port}: can print")
    assert checks["printer desk 2"] == (False, f"network 127.0.0.1:{empty.port}: out of paper")
    assert b"\x1dv0" not in good.received


@pytest.mark.parametrize(("ahead_s", "good"), [(-200, True), (301, False), (-86_400, False)])
def test_a_clock_that_another_contradicts_and_its_visits_are_reported(
    ahead_s: int, good: bool, data: DataStore, tmp_path: Path
) -> None:
    ahead = timedelta(seconds=ahead_s)
    settings = settings_for(tmp_path)
    wrong_times = 0 if good else 3
    checks = run_checks(
        settings, tmp_path, data, None, COUNTS, NOW, ahead=ahead, wrong_times=wrong_times
    )
    found = {check["what"]: check for check in checks}

    clock = found["clock against the last one read"]
    assert (clock["good"], clock["seen"]) == (good, f"{ahead_s:+d} s")
    assert ("times of visits" in found) is not good


def test_an_unreachable_gateway_is_reported(data: DataStore, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    checks = seen(settings_for(tmp_path, f"http://127.0.0.1:{port}"), data, tmp_path)

    assert checks["gateway"][0] is False
    assert f"127.0.0.1:{port}" in checks["gateway"][1]


@pytest.mark.parametrize("url", ["https://a..b", "http://h:99999", "http://[1:2]"])
def test_an_impossible_address_is_reported(data: DataStore, tmp_path: Path, url: str) -> None:
    settings = settings_for(tmp_path)
    wrong = replace(settings, insurer=replace(settings.insurer, url=url))

    assert seen(wrong, data, tmp_path)["gateway"][0] is False


def test_old_data_stuck_visits_and_a_late_clock_are_reported(tmp_path: Path) -> None:
    old = Knowledge(
        issuers=Issuers(issued=NOW - timedelta(days=40)),
        revocations=Revocations(issued=NOW - timedelta(days=8)),
        floor=NOW + timedelta(days=2),
    )

    answers = AnswersCache(tmp_path / "coverage.db")
    answers.remember(make_coverage("9999900021", as_of=NOW - timedelta(days=3)), NOW)
    store = store_at(tmp_path, old, answers)
    checks = seen(settings_for(tmp_path), store, tmp_path, parked=2)

    assert not any(
        checks[what][0]
        for what in ("keys", "revocations", "insurer's word", "clock", "outbox", "gateway")
    )
    assert checks["keys"][1] == "made 40 days ago"


def test_a_damaged_list_is_reported_beside_its_age(tmp_path: Path) -> None:
    revocations = Revocations(issued=NOW - timedelta(hours=1), missing=("list 3",))
    store = store_at(tmp_path, Knowledge(revocations=revocations))

    checks = seen(settings_for(tmp_path), store, tmp_path)

    assert checks["revocations, whole"] == (False, "damaged: list 3")
    assert checks["revocations"] == (True, "made 1.0 h ago")


def test_a_missing_reader_is_reported(data: DataStore, tmp_path: Path) -> None:
    ports = (
        ReaderPort("gone", "serial", "usb:0c2e:ffff"),
        ReaderPort("also gone", "serial", str(tmp_path / "ttyACM9")),
        ReaderPort("far", "serial", "socket://10.0.0.5:4001"),
    )
    settings = replace(settings_for(tmp_path), readers=ports)

    checks = seen(settings, data, tmp_path)

    assert checks["reader gone"][0] is False
    assert checks["reader far"][0] is True
    assert checks["reader also gone"][0] is False or not str(tmp_path).startswith("/")


def test_the_command_prints_a_line_for_each_check_and_exits_1(tmp_path: Path) -> None:
    done = run("doctor", *site(tmp_path, "http://127.0.0.1:1"))

    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert {"disk", "zbar", "gateway", "outbox"} <= {line["what"] for line in lines}
    assert all(set(line) == {"what", "good", "seen", "do"} for line in lines)


def test_a_facility_without_a_level_or_tier_is_reported(data: DataStore, tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    incomplete = replace(settings, facility=replace(settings.facility, former_tier=""))

    assert seen(settings, data, tmp_path)["facility"] == (True, "co_ban, 45 points, none")
    assert seen(incomplete, data, tmp_path)["facility"][0] is False


def test_an_unreadable_registry_is_reported(data: DataStore, tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    assert not {"registry", "synced data"} & set(seen(settings, data, tmp_path))  # none is needed
    (tmp_path / "feed" / "current.json").write_text("{", "utf-8")
    data.refresh()

    assert seen(settings, data, tmp_path)["synced data"][0] is False


def test_overdue_visits_and_unconfirmed_outages_are_reported(
    data: DataStore, tmp_path: Path
) -> None:
    def checks(overdue: int, suggested: int) -> dict[str, tuple[bool, str]]:
        found = run_checks(
            settings_for(tmp_path),
            tmp_path,
            data,
            None,
            COUNTS,
            NOW,
            overdue=overdue,
            suggested_outages=suggested,
        )
        return {check["what"]: (check["good"], check["seen"]) for check in found}

    good, bad = checks(0, 0), checks(3, 1)

    assert good["deadlines"] == (True, "0 overdue")
    assert good["outages"][0]
    assert bad["deadlines"] == (False, "3 overdue")
    assert bad["outages"] == (False, "1 noticed that nobody has looked at")


def test_missing_holidays_of_the_next_year_are_reported_in_time(
    data: DataStore, tmp_path: Path
) -> None:
    def holidays(now: datetime) -> tuple[bool, str]:
        found = run_checks(settings_for(tmp_path), tmp_path, data, None, COUNTS, now)
        [check] = [check for check in found if check["what"] == "holidays"]
        return check["good"], check["seen"]

    assert holidays(NOW) == (True, "known until 2026-12-31")
    assert holidays(datetime(2026, 12, 18, tzinfo=UTC)) == (False, "known until 2026-12-31")
