"""Outages: suggested by the program, confirmed by people, added up without counting twice."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from kiosk.desk import Confirmation
from kiosk.insurer import Delivery, OutageWatch
from kiosk.insurer.deadlines import downtimes
from kiosk.logbook import (
    ChangedMeanwhile,
    Database,
    DayCoverage,
    NewOutage,
    NoSuchOutage,
    NothingToChange,
    OutageKnown,
    OutageReport,
    Outages,
    OutageSource,
    OutageState,
    ProgramRuns,
    ReportedVisits,
    Silences,
    WrongOutage,
)
from kiosk.logbook.lookups import LookupKind, LookupPurpose, LookupResult, Lookups, NewLookup
from tests.cast import NOW, Clock, payload
from tests.conftest import Kiosk
from tests.kiosk.stub_gateway import Running, gateway_to
from verify import Downtime, clinic_day

LEASE = timedelta(minutes=2)
BEGIN = NOW - timedelta(hours=2)
CONTENT = NewOutage(
    OutageSource.LINE,
    BEGIN,
    NOW - timedelta(hours=1),
    OutageReport("BHXH khu vực", NOW - timedelta(minutes=100), "điện thoại"),
    "cáp quang đứt",
)


def minutes(count: float) -> datetime:
    return NOW + timedelta(minutes=count)


def confirm_visit(kiosk: Kiosk, name: str = "an") -> str:
    return kiosk.desk.confirm(kiosk.scan(payload(name)), Confirmation(), f"{name} {NOW}")[0].id


def fail_to_send(kiosk: Kiosk, *, why: str = "no answer: ConnectTimeout") -> None:
    """Try to send one message, without an answer."""
    [item] = kiosk.outbox.claim(kiosk.clock(), LEASE, kiosk.clock() + timedelta(hours=1))
    kiosk.outbox.try_again([item], kiosk.clock(), why)


def send(kiosk: Kiosk) -> None:
    [item] = kiosk.outbox.claim(kiosk.clock(), LEASE, kiosk.clock() + timedelta(hours=1))
    kiosk.outbox.accept([item], kiosk.clock(), "T", "200", "{}")


def test_an_outage_keeps_each_version_with_its_author(kiosk: Kiosk) -> None:
    outage = kiosk.outages.add(CONTENT, NOW, "desk 1")
    longer = replace(CONTENT, ends_at=NOW)
    kiosk.outages.confirm(outage, longer, 1, minutes(1), "desk 2")
    kiosk.outages.dismiss(outage, 2, minutes(2), "desk 3")

    versions = kiosk.outages.versions(outage)

    assert [(v.version, v.author, v.state) for v in versions] == [
        (1, "desk 1", OutageState.CONFIRMED),
        (2, "desk 2", OutageState.CONFIRMED),
        (3, "desk 3", OutageState.DISMISSED),
    ]
    assert [v.ends_at for v in versions] == [CONTENT.ends_at, NOW, NOW]
    assert versions[0].report == CONTENT.report
    assert versions[0].note not in repr(versions[0])
    assert kiosk.outages.newest() == [versions[-1]]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"begins_at": minutes(6)}, "begins_at"),
        ({"begins_at": NOW + timedelta(days=400)}, "begins_at"),
        ({"begins_at": NOW - timedelta(days=400)}, "begins_at"),
        ({"ends_at": BEGIN - timedelta(seconds=1)}, "ends_at"),
        ({"ends_at": minutes(6)}, "ends_at"),
        ({"report": OutageReport("BHXH", minutes(6), "")}, "reported_at"),
        ({"report": OutageReport("BHXH", NOW - timedelta(days=2500), "")}, "reported_at"),
        ({"report": OutageReport("", NOW, "")}, "reported_to"),
        ({"report": OutageReport("BHXH", None, "")}, "reported_at"),
    ],
)
def test_an_outage_whose_times_cannot_be_is_refused_and_not_recorded(
    kiosk: Kiosk, change: dict[str, object], field: str
) -> None:
    known = kiosk.outages.add(CONTENT, NOW, "desk")
    wrong = replace(CONTENT, **change)  # type: ignore[arg-type]

    with pytest.raises(WrongOutage) as added:
        kiosk.outages.add(wrong, NOW, "desk")
    with pytest.raises(WrongOutage) as confirmed:
        kiosk.outages.confirm(known, wrong, 1, NOW, "desk")

    assert added.value.name == confirmed.value.name == field
    assert len(kiosk.outages.newest()) == len(kiosk.outages.versions(known)) == 1


def test_two_people_who_write_down_an_outage_at_once_make_one(kiosk: Kiosk) -> None:
    known = []

    def add(author: str) -> None:
        try:
            kiosk.outages.add(CONTENT, NOW, author)
        except OutageKnown as exc:
            known.append(exc.outage)

    people = [threading.Thread(target=add, args=(f"desk {place}",)) for place in range(4)]
    for person in people:
        person.start()
    for person in people:
        person.join()

    [outage] = kiosk.outages.newest()
    assert known == [outage.id] * 3


def test_a_change_of_an_outage_that_somebody_else_changed_is_refused(kiosk: Kiosk) -> None:
    outage = kiosk.outages.add(CONTENT, NOW, "desk")
    kiosk.outages.confirm(outage, replace(CONTENT, note="x"), 1, NOW, "desk")

    with pytest.raises(ChangedMeanwhile):
        kiosk.outages.confirm(outage, CONTENT, 1, NOW, "desk")
    with pytest.raises(ChangedMeanwhile):
        kiosk.outages.dismiss(outage, 1, NOW, "desk")
    with pytest.raises(NothingToChange):
        kiosk.outages.confirm(outage, replace(CONTENT, note="x"), 2, NOW, "desk")
    with pytest.raises(NoSuchOutage):
        kiosk.outages.dismiss(outage + 1, 1, NOW, "desk")
    kiosk.outages.dismiss(outage, 2, NOW, "desk")
    with pytest.raises(NothingToChange):
        kiosk.outages.dismiss(outage, 3, NOW, "desk")


def test_two_people_who_confirm_at_once_leave_one_version(kiosk: Kiosk) -> None:
    outage = kiosk.outages.suggest(NewOutage(OutageSource.PORTAL, BEGIN), "gateway x", NOW)
    assert outage is not None
    barrier, results = threading.Barrier(2), []

    def confirm(author: str) -> None:
        barrier.wait()
        try:
            kiosk.outages.confirm(outage, CONTENT, 1, NOW, author)
            results.append(author)
        except ChangedMeanwhile:
            results.append("late")
        kiosk.database.close()

    people = [threading.Thread(target=confirm, args=(name,)) for name in ("a", "b")]
    for person in people:
        person.start()
    for person in people:
        person.join()

    assert sorted(results)[1] == "late"
    assert len(kiosk.outages.versions(outage)) == 2


def test_a_silence_of_more_than_a_quarter_of_an_hour_is_suggested_and_ends_with_an_answer(
    kiosk: Kiosk, clock: Clock
) -> None:
    confirm_visit(kiosk)
    fail_to_send(kiosk)
    kiosk.outage_watch.look()
    assert kiosk.outages.newest() == []

    clock.go(timedelta(minutes=14))
    fail_to_send(kiosk)
    kiosk.outage_watch.look()
    assert kiosk.outages.newest() == []

    clock.go(timedelta(minutes=1))
    fail_to_send(kiosk)
    kiosk.outage_watch.look()
    [suggested] = kiosk.outages.newest()
    assert (suggested.source, suggested.state) == (OutageSource.PORTAL, OutageState.SUGGESTED)
    assert (suggested.begins_at, suggested.ends_at, suggested.author) == (NOW, None, "system")
    assert kiosk.outages.count_suggested() == 1

    clock.go(timedelta(minutes=5))
    send(kiosk)
    clock.go(timedelta(minutes=1))
    kiosk.outage_watch.look()
    kiosk.outage_watch.look()
    [ended] = kiosk.outages.newest()
    assert (ended.id, ended.version, ended.ends_at) == (suggested.id, 2, minutes(20))
    assert ended.state is OutageState.SUGGESTED


def test_a_look_up_without_an_answer_counts_and_one_that_is_refused_ends_the_silence(
    kiosk: Kiosk, clock: Clock
) -> None:
    lookups = Lookups(kiosk.database)
    asked = NewLookup(
        LookupKind.CARD, LookupPurpose.ARRIVAL, NOW, 9, "system", {}, LookupResult.NO_ANSWER
    )
    for after in (0, 10, 20):
        lookups.record(replace(asked, at=minutes(after)))
    lookups.record(replace(asked, at=minutes(21), result=LookupResult.REFUSED))
    clock.go(timedelta(minutes=22))

    kiosk.outage_watch.look()

    [outage] = kiosk.outages.newest()
    assert (outage.begins_at, outage.ends_at) == (NOW, minutes(21))


def test_an_account_that_is_refused_is_no_outage(kiosk: Kiosk, clock: Clock) -> None:
    confirm_visit(kiosk)
    for _ in range(4):
        fail_to_send(kiosk, why="the gateway refuses our account with code 401")
        clock.go(timedelta(minutes=15))

    kiosk.outage_watch.look()

    assert kiosk.outages.newest() == []


def test_a_silence_is_suggested_once_and_goes_on_after_a_restart(
    kiosk: Kiosk, clock: Clock
) -> None:
    confirm_visit(kiosk)
    for _ in range(3):
        fail_to_send(kiosk)
        clock.go(timedelta(minutes=10))
    kiosk.outage_watch.look()
    [suggested] = kiosk.outages.newest()
    kiosk.outages.dismiss(suggested.id, 1, clock(), "desk")

    again = Kiosk(kiosk.settings, kiosk.folder, demo=True, now=clock)
    again.outage_watch.look()
    fail_to_send(again)
    again.outage_watch.look()

    assert [outage.id for outage in again.outages.newest()] == [suggested.id]
    assert again.outages.newest()[0].state is OutageState.DISMISSED


def test_the_end_of_a_silence_is_noticed_after_a_restart(kiosk: Kiosk, clock: Clock) -> None:
    confirm_visit(kiosk)
    for _ in range(3):
        fail_to_send(kiosk)
        clock.go(timedelta(minutes=10))
    kiosk.outage_watch.look()
    again = Kiosk(kiosk.settings, kiosk.folder, demo=True, now=clock)
    send(again)
    again.outage_watch.look()

    [outage] = again.outages.newest()
    assert outage.ends_at == clock()


def test_delivery_to_a_dead_port_leaves_the_signs_of_a_silence(
    kiosk: Kiosk, clock: Clock, insurer: Running
) -> None:
    """What `Delivery` writes is what the watch reads."""
    confirm_visit(kiosk)
    silent = Delivery(kiosk.outbox, gateway_to("http://127.0.0.1:1", clock), clock, 5, lambda: None)
    for _ in range(3):
        assert silent.deliver_some(clock() + timedelta(hours=1))
        clock.go(timedelta(minutes=10))
    kiosk.outage_watch.look()
    assert kiosk.outages.newest()[0].ends_at is None

    working = Delivery(kiosk.outbox, gateway_to(insurer[1], clock), clock, 5, lambda: None)
    assert working.deliver_some(clock() + timedelta(hours=1))
    kiosk.outage_watch.look()
    assert kiosk.outages.newest()[0].ends_at == clock()


@pytest.mark.parametrize(
    ("hour", "gap_h", "stops", "waiting", "suggested"),
    [
        (10, 1.0, False, False, True),  # cut off during the day
        (10, 0.2, False, False, False),  # twelve minutes
        (10, 1.0, True, False, False),  # somebody ended it
        (10, 1.0, True, True, True),  # … although messages waited
        (18, 13.0, False, False, False),  # switched off at night
        (18, 13.0, False, True, True),
        (10, -1.0, False, True, False),  # the clock was put back
    ],
)
def test_a_gap_between_two_runs_is_suggested_if_it_may_have_delayed_something(
    kiosk: Kiosk, clock: Clock, hour: int, gap_h: float, stops: bool, waiting: bool, suggested: bool
) -> None:
    clock.go(timedelta(hours=hour - 10))
    if waiting:
        confirm_visit(kiosk)
    else:
        kiosk.desk.confirm(kiosk.scan(payload("an")), Confirmation(arrival="emergency"), "k")
    kiosk.outage_watch.look()
    ended = clock()
    if stops:
        kiosk.outage_watch.end_run()
    clock.go(timedelta(hours=gap_h))
    Kiosk(kiosk.settings, kiosk.folder, demo=True, now=clock).outage_watch.look()

    found = [(o.source, o.begins_at, o.ends_at) for o in kiosk.outages.newest()]
    assert found == ([(OutageSource.PROGRAM, ended, clock())] if suggested else [])


@pytest.mark.parametrize("slept", [True, False])
def test_a_machine_that_slept_counts_as_not_running_and_a_clock_put_forward_does_not(
    kiosk: Kiosk, clock: Clock, slept: bool
) -> None:
    seconds = [0.0]
    database = kiosk.database
    watch = OutageWatch(
        ProgramRuns(database),
        Silences(database),
        kiosk.outages,
        ReportedVisits(database),
        clock,
        lambda: seconds[0],
    )
    watch.look()
    for pause in (1, 1, 60, 1):
        clock.go(timedelta(minutes=pause))
        seconds[0] += 60 * (pause if slept else 1)
        watch.look()

    found = [(outage.begins_at, outage.ends_at) for outage in kiosk.outages.newest()]
    assert found == ([(minutes(2), minutes(62))] if slept else [])
    assert database.rows("select count(*) from program_run")[0][0] == 2


class OneLook(threading.Event):
    """Ends a loop when it first waits."""

    def wait(self, timeout: float | None = None) -> bool:
        self.set()
        return super().wait(timeout)


def test_the_watch_goes_on_if_the_logbook_cannot_be_written(kiosk: Kiosk, tmp_path: Path) -> None:
    database = Database(tmp_path / "logbook.db", "demo", busy_timeout_s=0.01)
    watch = OutageWatch(
        ProgramRuns(database),
        Silences(database),
        Outages(database),
        ReportedVisits(database),
        kiosk.clock,
    )
    with contextlib.closing(sqlite3.connect(tmp_path / "logbook.db")) as other:
        other.execute("begin immediate")
        watch.run(OneLook())
    assert kiosk.database.rows("select 1 from program_run") == []

    watch.run(OneLook())
    [run] = kiosk.database.rows("select * from program_run")
    assert run["stopped_at"] is not None


def test_only_confirmed_and_excused_outages_count_and_each_minute_once(kiosk: Kiosk) -> None:
    def add(source: OutageSource, begin: float, end: float | None, reported: bool = False) -> int:
        report = OutageReport("BHXH", NOW, "điện thoại") if reported else OutageReport()
        ends_at = None if end is None else minutes(end)
        return kiosk.outages.add(NewOutage(source, minutes(begin), ends_at, report), NOW, "desk")

    add(OutageSource.PORTAL, -300, -240)
    add(OutageSource.LINE, -270, -200, reported=True)  # overlaps the portal's
    add(OutageSource.LINE, -190, -180)  # nobody was informed
    add(OutageSource.POWER, -170, -160, reported=True)
    add(OutageSource.PROGRAM, -150, -140, reported=True)
    add(OutageSource.CLOCK, -130, -120, reported=True)
    kiosk.outages.dismiss(add(OutageSource.PORTAL, -110, -100), 1, NOW, "desk")
    kiosk.outages.suggest(NewOutage(OutageSource.PORTAL, minutes(-90), minutes(-80)), "x 1", NOW)
    add(OutageSource.PORTAL, -20, None)  # it still lasts

    assert downtimes(kiosk.outages.newest(), NOW) == [
        Downtime(minutes(-300), minutes(-200)),
        Downtime(minutes(-170), minutes(-160)),
        Downtime(minutes(-20), NOW),
    ]
    assert downtimes(kiosk.outages.newest(), minutes(-100))[-1].end == minutes(-160)


def test_days_after_a_clock_was_ahead_are_days_on_which_the_program_ran(tmp_path: Path) -> None:
    runs = ProgramRuns(Database(tmp_path / "logbook.db"))
    database = runs._database
    clock = Clock(NOW)
    watch = OutageWatch(
        runs, Silences(database), Outages(database), ReportedVisits(database), clock, lambda: 0.0
    )
    for moment in (NOW, NOW + timedelta(days=400), NOW, NOW + timedelta(minutes=10)):
        clock.moment = moment
        watch.look()
    clock.moment = NOW
    for _ in range(24 * 6):  # the next day
        clock.go(timedelta(minutes=10))
        watch.look()

    tomorrow = clinic_day(NOW + timedelta(days=1))
    assert runs.coverage([tomorrow]) == {tomorrow: DayCoverage.RAN}
    assert Outages(database).newest() == []


def test_questions_that_could_not_be_asked_are_no_outage_of_the_portal(
    kiosk: Kiosk, clock: Clock
) -> None:
    lookups = Lookups(kiosk.database)
    error = "not asked: budget since 2026-11-25T10:00:00+07:00"
    left_out = NewLookup(
        LookupKind.CARD, LookupPurpose.ARRIVAL, NOW, 0, "desk", {}, LookupResult.NO_ANSWER,
        error=error,
    )  # fmt: skip
    for after in (0, 10, 20, 30):
        lookups.record(replace(left_out, at=minutes(after)))
    clock.go(timedelta(minutes=31))

    kiosk.outage_watch.look()

    assert kiosk.outages.newest() == []
