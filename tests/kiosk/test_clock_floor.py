"""A clock that was ahead does no lasting harm: to verdicts, answers, or the nightly job's sign."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from kiosk.data import AnswersCache
from kiosk.logbook import ClockReadings, Database
from kiosk.logbook.nightly_report import LookBackCounts, NightlyReport
from kiosk.runtime.steady_clock import SteadyClock
from kiosk.sandbox import PEOPLE, SandboxInsurer
from kiosk.web.kiosk_status import status_of
from tests.cast import NOW, make_coverage, payload, running_insurer
from tests.conftest import Kiosk
from tests.kiosk.machine import Machine, admit, kiosk_on
from tests.process import call, site
from verify import Card, Reason, judge

DAY = timedelta(days=1)


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def insurer(machine: Machine) -> Iterator[tuple[SandboxInsurer, str]]:
    with running_insurer(machine.true) as running:
        yield running


def verdicts(kiosk: Kiosk) -> dict[str, Reason]:
    return {
        patient.key: judge(payload(patient.key), kiosk.clock(), kiosk.knowledge).reason
        for patient in PEOPLE
    }


@pytest.mark.parametrize("ahead", [DAY, 30 * DAY, 400 * DAY, 4000 * DAY])
@pytest.mark.parametrize("online", [False, True])
def test_after_a_visit_by_a_clock_that_was_ahead_verdicts_are_what_they_were(
    ahead: timedelta,
    online: bool,
    machine: Machine,
    insurer: tuple[SandboxInsurer, str],
    tmp_path: Path,
) -> None:
    url = insurer[1] if online else "http://127.0.0.1:9"
    before = verdicts(kiosk_on(machine, tmp_path, url))
    assert Reason.CLOCK_IN_DOUBT not in before.values()
    machine.ahead = ahead
    kiosk = kiosk_on(machine, tmp_path, url)
    admit(kiosk, "an")
    if online and kiosk.delivery:
        kiosk.delivery.deliver_all()
    machine.ahead = timedelta(0)
    machine.boots += 1

    assert verdicts(kiosk_on(machine, tmp_path, url)) == before


def test_a_moment_on_which_the_gateway_agreed_is_the_floor_also_after_a_restart(
    machine: Machine, insurer: tuple[SandboxInsurer, str], tmp_path: Path
) -> None:
    machine.go(3 * DAY)
    kiosk = kiosk_on(machine, tmp_path, insurer[1])
    admit(kiosk, "an")
    assert kiosk.delivery is not None
    kiosk.delivery.deliver_all()
    agreed = machine.true()
    machine.boots += 1
    machine.ahead = -2 * DAY

    again = kiosk_on(machine, tmp_path, insurer[1])
    assert abs(again.knowledge.floor - agreed) < timedelta(seconds=5)
    assert Reason.CLOCK_IN_DOUBT in verdicts(again).values()


def test_a_gateway_whose_clock_is_ahead_alone_raises_no_floor(
    machine: Machine, tmp_path: Path
) -> None:
    with running_insurer(lambda: machine.true() + 400 * DAY) as (_, url):
        kiosk = kiosk_on(machine, tmp_path, url)
        admit(kiosk, "an")
        assert kiosk.delivery is not None
        kiosk.delivery.deliver_all()

        assert kiosk.clock_readings.newest() is not None
        assert kiosk.clock_readings.floor() is None


def test_the_floor_is_cleared_by_a_command_and_who_did_it_is_kept(tmp_path: Path) -> None:
    options = site(tmp_path, "http://127.0.0.1:9")
    database = Database(tmp_path / "data" / "logbook.db")
    readings = ClockReadings(database, SteadyClock("boot", lambda: 0.0))
    wrong = NOW + 4000 * DAY
    readings.record(wrong, wrong, "gateway")
    assert call("clock", *options).returncode == 1

    cleared = call("clock", *options, "--clear-floor")

    assert cleared.returncode == 0
    assert json.loads(cleared.stdout) == {"cleared": wrong.isoformat(timespec="seconds")}
    assert readings.floor() is None
    [row] = database.rows("select author, moment from clock_floor_cleared")
    assert row["author"].startswith("command line")
    shown = call("clock", *options)
    assert shown.returncode == 0
    assert json.loads(shown.stdout)["floor_by_clocks"] is None
    readings.record(NOW, NOW, "gateway")
    floor = readings.floor()
    assert floor is not None
    assert floor.moment == NOW


def test_answers_are_not_deleted_by_a_clock_that_jumped_ahead_however_many_come(
    tmp_path: Path,
) -> None:
    cache = AnswersCache(tmp_path / "coverage.db")
    card = Card("GD4019999900044")
    cache.remember(make_coverage(card.number, as_of=NOW), NOW)
    for number in range(5):
        later = NOW + 400 * DAY + timedelta(minutes=number)
        cache.remember(make_coverage(f"999990005{number}", as_of=later), later)

    assert AnswersCache(tmp_path / "coverage.db").recall(card).coverage is not None


def test_an_answer_is_kept_with_the_right_time_while_the_clock_is_wrong(
    machine: Machine, insurer: tuple[SandboxInsurer, str], tmp_path: Path
) -> None:
    machine.ahead = 400 * DAY
    kiosk = kiosk_on(machine, tmp_path, insurer[1])
    assert kiosk.nightly is not None
    kiosk.scan(payload("an"))
    card = judge(payload("an"), machine.true(), kiosk.knowledge).card
    assert card is not None
    kiosk.nightly.run([card])

    newest = kiosk.newest_answer()
    assert newest is not None
    assert abs(newest - machine.true()) < timedelta(seconds=5)


def test_a_nightly_run_by_a_clock_that_was_ahead_does_not_hide_that_later_ones_are_missing(
    machine: Machine, insurer: tuple[SandboxInsurer, str], tmp_path: Path
) -> None:
    kiosk = kiosk_on(machine, tmp_path, insurer[1])
    admit(kiosk, "an")
    for ahead in (timedelta(0), 400 * DAY):
        at = machine.true() + ahead
        run = kiosk.nightly_runs.begin(at)
        kiosk.nightly_runs.finish(run, at, report(kiosk))
    assert not status_of(kiosk)["nightly"]["late"]
    machine.go(2 * DAY)

    assert status_of(kiosk)["nightly"]["late"]


def report(kiosk: Kiosk) -> NightlyReport:
    return NightlyReport(
        started_at=NOW, delivered=0, outbox=kiosk.outbox.counts(),
        look_back=LookBackCounts(0, 0, 0, 0), expected=0, known=0, unread_appointments=(),
        worklist=0, days=(), not_asked="",
    )  # fmt: skip
