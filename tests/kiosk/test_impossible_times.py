"""A server whose clock shows no possible time ends nothing, and says nothing about ours."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import sqlite_utils
from flask import Response

from kiosk.data.sync_status import SyncStatus
from kiosk.feed.sources import WebSource
from kiosk.logbook import ClockReadings, Database
from kiosk.logbook.migrations import MIGRATIONS
from kiosk.runtime.server_time import server_time
from kiosk.runtime.steady_clock import SteadyClock
from kiosk.sandbox import SandboxInsurer
from kiosk.web.app import create_app
from tests.cast import running_insurer
from tests.kiosk.machine import Machine, admit, kiosk_on
from tests.kiosk.stub_gateway import answering
from tests.process import call, site

IMPOSSIBLE = [
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Fri, 31 Dec 9999 23:59:59 -1200",
    "Fri, 31 Dec 9999 12:00:00 GMT",
    "Mon, 01 Jan 0001 00:00:00 GMT",
    "Mon, 01 Jan 0001 00:00:00 +1400",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Tue, 31 Dec 2019 23:59:59 GMT",
    "Wed, 01 Jan 2200 00:00:00 GMT",
]
LAST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def insurer(machine: Machine) -> Iterator[tuple[SandboxInsurer, str]]:
    with running_insurer(machine.true) as running:
        yield running


def say_date(insurer: SandboxInsurer, date: str) -> None:
    """Have the gateway put `date` into each answer."""

    def replace_date(response: Response) -> Response:
        response.headers["Date"] = date
        return response

    # Functions run in the reverse order: this one is after the one that adds the right date.
    insurer.app.after_request_funcs[None].insert(0, replace_date)


@pytest.mark.parametrize("date", IMPOSSIBLE)
def test_a_visit_is_sent_to_a_gateway_that_shows_an_impossible_time(
    date: str, machine: Machine, insurer: tuple[SandboxInsurer, str], tmp_path: Path
) -> None:
    say_date(insurer[0], date)
    kiosk = kiosk_on(machine, tmp_path, insurer[1])
    visit_id = admit(kiosk, "an")
    assert kiosk.delivery is not None
    assert kiosk.gateway is not None
    kiosk.delivery.deliver_all()
    machine.go(timedelta(hours=1))
    admit(kiosk, "giang")
    kiosk.delivery.deliver_all()

    assert kiosk.outbox.counts()["accepted"] == 2
    assert visit_id in {visit.fields["MA_LK"] for visit in insurer[0].ledger.visits()}
    assert kiosk.gateway.clock() is None
    assert kiosk.clock_readings.newest() is None
    assert kiosk.clock_readings.ahead_now(machine.wall()) is None
    client = create_app(kiosk, threading.Event()).test_client()
    assert client.get("/healthz").get_json()["clock"]["wrong"] is False
    assert client.get("/data").status_code == 200


def test_an_impossible_time_does_not_replace_one_that_was_read(
    machine: Machine, insurer: tuple[SandboxInsurer, str], tmp_path: Path
) -> None:
    kiosk = kiosk_on(machine, tmp_path, insurer[1])
    assert kiosk.gateway is not None
    kiosk.gateway.read_clock()
    say_date(insurer[0], IMPOSSIBLE[0])
    kiosk.gateway.read_clock()

    clock = kiosk.gateway.clock()
    assert clock is not None
    assert abs(clock - machine.true()) < timedelta(seconds=5)


@pytest.mark.parametrize("date", [*IMPOSSIBLE, "", "x", "Sat, 28 Nov 2026 10:00:00 -0000", None])
def test_no_impossible_time_is_read(date: str | None) -> None:
    assert server_time(date) is None


def test_the_first_and_the_last_possible_second_are_read() -> None:
    first, last = "Wed, 01 Jan 2020 00:00:00 GMT", "Tue, 31 Dec 2199 23:59:59 GMT"

    assert server_time(first) == datetime(2020, 1, 1, tzinfo=UTC)
    assert server_time(last) == datetime(2199, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize("date", IMPOSSIBLE)
def test_a_feed_that_shows_an_impossible_time_has_no_time(date: str, machine: Machine) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response_only(200)
        handler.send_header("Date", date)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with answering(answer) as url:
        source = WebSource(url, machine, 5.0)
        assert list(source.read("metadata/timestamp.json").blocks) == []
        assert source.drift() is None


def test_a_kept_time_of_the_feed_that_is_impossible_is_not_used(machine: Machine) -> None:
    kept = SyncStatus().with_feed_clock(LAST - timedelta(days=1), machine.steady())

    assert kept.feed_time(machine.steady()) is None


def test_an_impossible_time_that_was_kept_is_removed_and_doctor_runs(tmp_path: Path) -> None:
    options = site(tmp_path, "http://127.0.0.1:9")
    path = tmp_path / "data" / "logbook.db"
    path.parent.mkdir(exist_ok=True)
    machine = Machine()
    kept = sqlite3.connect(path)
    MIGRATIONS.apply(sqlite_utils.Database(kept), stop_before="m020_impossible_times")
    for trusted_at in (machine.true(), LAST):
        kept.execute(
            "insert into clock_reading"
            " (at, boot, steady_s, trusted_at, ahead_s, source, newest_visit)"
            " values (?, ?, 1, ?, ?, 'gateway', 0)",
            [
                machine.true().isoformat(),
                SteadyClock().boot,
                trusted_at.isoformat(),
                (machine.true() - trusted_at).total_seconds(),
            ],
        )
    kept.commit()
    kept.close()

    checked = call("doctor", *options)

    assert b"Overflow" not in checked.stderr
    assert b"clock against the last one read" in checked.stdout
    newest = ClockReadings(Database(path)).newest()
    assert newest is not None
    assert newest.trusted_at == machine.true()


def test_a_visit_measured_by_an_impossible_time_has_no_proposed_time(tmp_path: Path) -> None:
    path = tmp_path / "logbook.db"
    kept = sqlite3.connect(path)
    MIGRATIONS.apply(sqlite_utils.Database(kept), stop_before="m020_impossible_times")
    kept.execute("pragma foreign_keys = off")
    recorded_at = Machine().true()
    for visit, ahead_s in (("v1", (recorded_at - LAST).total_seconds()), ("v2", 7200.0)):
        kept.execute(
            "insert into visit_clock (visit, boot, steady_s, recorded_at, ahead_s, source)"
            " values (?, 'b', 1, ?, ?, 'gateway')",
            [visit, recorded_at.isoformat(), ahead_s],
        )
    kept.commit()
    kept.close()

    rows = Database(path).rows("select visit, ahead_s from visit_clock order by visit")

    assert [tuple(row) for row in rows] == [("v1", None), ("v2", 7200.0)]
