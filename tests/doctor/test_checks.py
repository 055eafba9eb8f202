"""Each check reports the state of one thing, and what to do if it is not good."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kiosk.data import AnswersCache, DataStore
from kiosk.doctor import Check, CheckState, Observations, ReaderSeen
from kiosk.doctor.data_sets import data_checks, holidays_check
from kiosk.doctor.insurer import deadline_checks, outbox_check
from kiosk.doctor.machine import clock_check, disk_check, other_clock_checks, room_check
from kiosk.doctor.network import pages_check
from kiosk.doctor.printers import printer_check
from kiosk.doctor.readers import reader_check
from kiosk.doctor.site import facility_check
from kiosk.doctor.way_out import gateway_check
from kiosk.runtime.paths import synced_folder
from kiosk.settings import ReaderPort, Settings
from tests.cast import NOW, demo_data, make_coverage, settings_for
from tests.data_store import store_at
from tests.kiosk.printing import PAPER_OUT, pretend_printer
from tests.process import run, site
from verify import Issuers, Knowledge, Revocations

COUNTS = {"queued": 2, "in_flight": 1, "accepted": 5, "refused": 0, "parked": 0}
MB, GB = 1_000_000, 1_000_000_000


@pytest.fixture
def data(tmp_path: Path) -> DataStore:
    return demo_data(tmp_path)


def shown(checks: Iterable[Check]) -> dict[str, dict[str, Any]]:
    """Return checks as JSON by their names; each that is not good says what to do."""
    found = [check.as_json() for check in checks]
    assert all(check["good"] != bool(check["do"]) for check in found)
    return {check["what"]: check for check in found}


def of_data(settings: Settings, data: DataStore, folder: Path) -> dict[str, dict[str, Any]]:
    answered = data.current().knowledge.newest_answer()
    return shown(data_checks(settings, synced_folder(folder), data, answered, NOW))


def test_good_things_are_reported_as_good(data: DataStore, tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        insurer = settings_for(tmp_path, url).insurer
        checks = shown([gateway_check(insurer), outbox_check(COUNTS), disk_check(tmp_path)])
    checks |= of_data(settings, data, tmp_path)
    checks |= shown([clock_check(data.current().knowledge, NOW)])

    assert all(checks[what]["good"] for what in ("disk", "clock", "keys", "revocations", "gateway"))
    assert checks["insurer's word"]["good"]
    assert checks["outbox"]["seen"] == "3 waiting, 0 refused or parked"


@pytest.mark.parametrize(
    ("free", "total", "state"),
    [
        (40 * GB, 100 * GB, "good"),
        (20 * GB, 500 * GB, "attention"),  # 96 %
        (5 * GB, 500 * GB, "bad"),  # 99 %
        (1_500 * MB, 3 * GB, "attention"),
        (400 * MB, 1 * GB, "bad"),
        (0, 0, "bad"),
    ],
)
def test_a_disk_is_told_by_its_free_space_and_its_percentage(
    free: int, total: int, state: str
) -> None:
    check = room_check(Path("/data"), free, total).as_json()

    assert check["state"] == state
    assert f"{free // MB} MB free" in check["seen"]
    assert "% full" in check["seen"]


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
    web: dict[str, object], good: bool, words: str, tmp_path: Path
) -> None:
    [check] = shown([pages_check(settings_for(tmp_path, web=web).web)]).values()

    assert check["good"] is good
    assert words in check["seen"]


def test_each_printer_is_asked_how_it_is() -> None:
    with pretend_printer() as good, pretend_printer(paper=PAPER_OUT) as empty:
        ports = (good.settings(name="desk 1"), empty.settings(name="desk 2"))
        checks = shown(map(printer_check, ports))

    assert checks["printer desk 1"]["seen"] == f"network 127.0.0.1:{good.port}: can print"
    assert checks["printer desk 2"]["seen"] == f"network 127.0.0.1:{empty.port}: out of paper"
    assert checks["printer desk 2"]["state"] == "bad"
    assert b"\x1dv0" not in good.received


def test_a_printer_in_use_is_known_from_the_program_and_is_not_opened() -> None:
    with pretend_printer() as printer:
        port = printer.settings()
        empty, fine = printer_check(port, "paper_out"), printer_check(port, "")
        assert (empty.state, fine.state) == (CheckState.BAD, CheckState.GOOD)
        assert printer.received == b""
        assert printer_check(port).state is CheckState.GOOD
        assert printer.received != b""


@pytest.mark.parametrize(("ahead_s", "good"), [(-200, True), (301, False), (-86_400, False)])
def test_a_clock_that_another_contradicts_and_its_visits_are_reported(
    ahead_s: int, good: bool
) -> None:
    found = shown(other_clock_checks(timedelta(seconds=ahead_s), 0 if good else 3))

    clock = found["clock against the last one read"]
    assert (clock["good"], clock["seen"]) == (good, f"{ahead_s:+d} s")
    assert ("times of visits" in found) is not good


def test_an_unreachable_gateway_is_reported(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    check = gateway_check(settings_for(tmp_path, f"http://127.0.0.1:{port}").insurer).as_json()

    assert check["state"] == "bad"
    assert f"127.0.0.1:{port}" in check["seen"]


@pytest.mark.parametrize("url", ["https://a..b", "http://h:99999", "http://[1:2]"])
def test_an_impossible_address_is_reported(tmp_path: Path, url: str) -> None:
    insurer = replace(settings_for(tmp_path).insurer, url=url)

    assert gateway_check(insurer).state is CheckState.BAD


def test_old_data_stuck_visits_and_a_late_clock_are_reported(tmp_path: Path) -> None:
    old = Knowledge(
        issuers=Issuers(issued=NOW - timedelta(days=40)),
        revocations=Revocations(issued=NOW - timedelta(days=8)),
        floor=NOW + timedelta(days=2),
    )

    answers = AnswersCache(tmp_path / "coverage.db")
    answers.remember(make_coverage("9999900021", as_of=NOW - timedelta(days=3)), NOW)
    store = store_at(tmp_path, old, answers)
    settings = settings_for(tmp_path)
    checks = of_data(settings, store, tmp_path)
    checks |= shown(
        [
            outbox_check(COUNTS | {"parked": 2}),
            gateway_check(settings.insurer),
            clock_check(store.current().knowledge, NOW),
        ]
    )

    assert not any(
        checks[what]["good"]
        for what in ("keys", "revocations", "insurer's word", "clock", "outbox", "gateway")
    )
    assert checks["keys"]["seen"] == "made 40 days ago"
    assert checks["keys"]["state"] == "bad"  # too old to be used
    assert checks["insurer's word"]["state"] == "attention"  # old


def test_a_damaged_list_is_reported_beside_its_age(tmp_path: Path) -> None:
    revocations = Revocations(issued=NOW - timedelta(hours=1), missing=("list 3",))
    store = store_at(tmp_path, Knowledge(revocations=revocations))

    checks = of_data(settings_for(tmp_path), store, tmp_path)

    assert checks["revocations, whole"]["seen"] == "damaged: list 3"
    assert checks["revocations"]["seen"] == "made 1.0 h ago"
    assert checks["revocations"]["good"]


def test_a_missing_reader_is_reported(tmp_path: Path) -> None:
    gone = reader_check(ReaderPort("gone", "serial", "usb:0c2e:ffff"))
    also_gone = reader_check(ReaderPort("also gone", "serial", str(tmp_path / "ttyACM9")))

    assert gone.state is also_gone.state is CheckState.BAD
    assert gone.as_json()["what"] == "reader gone"
    assert "Plug it in" in also_gone.as_json()["do"]


@pytest.mark.parametrize("port", ["socket://10.0.0.5:4001", "0"])
def test_a_reader_that_only_the_program_knows_is_never_good_without_it(port: str) -> None:
    far = ReaderPort("far", "camera" if port == "0" else "serial", port)

    assert reader_check(far).state is CheckState.UNKNOWN
    assert reader_check(far, ReaderSeen(up=True)).state is CheckState.GOOD
    lost = reader_check(far, ReaderSeen(up=False, why="no route")).as_json()
    assert lost["state"] == "bad"
    assert "no route" in lost["seen"]


def test_what_a_program_saw_counts_for_a_quarter_of_an_hour() -> None:
    seen = Observations(at=NOW)

    assert seen.is_fresh(NOW + timedelta(minutes=15))
    assert not seen.is_fresh(NOW + timedelta(minutes=16))
    assert not seen.is_fresh(NOW - timedelta(hours=1))  # the clock was put back


def test_the_command_prints_a_line_for_each_check_and_exits_1(tmp_path: Path) -> None:
    done = run("doctor", *site(tmp_path, "http://127.0.0.1:1"))

    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert {"disk", "zbar", "gateway", "outbox"} <= {line["what"] for line in lines}
    keys = {"what", "good", "seen", "do", "state", "since", "code"}
    assert all(set(line) == keys for line in lines)
    assert all(line["good"] is (line["state"] == "good") for line in lines)
    assert all(line["do"] for line in lines if not line["good"])


def test_a_facility_without_a_level_or_tier_is_reported(tmp_path: Path) -> None:
    facility = settings_for(tmp_path).facility

    assert facility_check(facility).as_json()["seen"] == "co_ban, 45 points, none"
    assert facility_check(replace(facility, former_tier="")).state is CheckState.BAD


def test_an_unreadable_registry_is_reported(data: DataStore, tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    assert not {"registry", "synced data"} & set(of_data(settings, data, tmp_path))  # none needed
    (tmp_path / "feed" / "current.json").write_text("{", "utf-8")
    data.refresh()

    assert of_data(settings, data, tmp_path)["synced data"]["state"] == "bad"


def test_overdue_visits_and_unconfirmed_outages_are_reported() -> None:
    good, bad = (shown(deadline_checks(*counts, COUNTS)) for counts in ((0, 0), (3, 1)))

    assert good["deadlines"]["seen"] == "0 overdue"
    assert good["outages"]["good"]
    assert (bad["deadlines"]["state"], bad["deadlines"]["seen"]) == ("bad", "3 overdue")
    assert bad["outages"]["seen"] == "1 noticed that nobody has looked at"


def test_missing_holidays_of_the_next_year_are_reported_in_time(data: DataStore) -> None:
    known = data.current().law.holidays_known_until()

    assert holidays_check(known, NOW).as_json()["seen"] == "known until 2026-12-31"
    assert holidays_check(known, NOW).state is CheckState.GOOD
    late = datetime(2026, 12, 18, tzinfo=UTC)
    assert holidays_check(known, late).state is CheckState.ATTENTION
