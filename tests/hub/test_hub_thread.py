"""The hub as the running program has it: threads that nothing at the desk waits for."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from kiosk.hub.hub import FIRST_PAUSE_S, LONGEST_PAUSE_S, HubTrouble, _pause_s
from kiosk.hub.streams import HoldReason
from kiosk.sandbox import remember_people, trust_settings
from tests.cast import BHYT17, settings_for
from tests.conftest import Kiosk
from tests.hub.cluster import HubDatabase, until
from tests.hub.desks import Desk, hub_digests, hub_visits, now
from tests.process import ROOT
from tests.proof.books import record

QUICK_S = 0.5  # in which the desk must have recorded, whatever the hub does


@contextmanager
def running(desk: Desk) -> Iterator[threading.Event]:
    """Run the lane up of a desk in its thread, as the program does; yield what ends it."""
    stop = threading.Event()
    threads = [
        threading.Thread(target=loop, args=(stop,)) for loop in (desk.hub.run, desk.hub._end)
    ]
    for thread in threads:
        thread.start()
    try:
        yield stop
    finally:
        stop.set()
        for thread in threads:
            thread.join(20)
        assert not any(thread.is_alive() for thread in threads)


@pytest.fixture
def desk(hub: HubDatabase, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "desk", hub.add_desk())
    yield desk
    desk.close()


def test_what_is_recorded_is_at_the_hub_soon(hub: HubDatabase, desk: Desk) -> None:
    with running(desk):
        first = desk.record(1)
        until(lambda: first in hub_visits(hub))
        second = desk.record(2)
        until(lambda: second in hub_visits(hub))
        until(lambda: desk.hub.state().waiting == 0)
        state = desk.hub.state()

    assert state.is_reached
    assert state.seen_until is None
    assert desk.hub.may_send()


def test_a_hub_that_is_down_holds_nothing_up_and_gets_all_later(
    make_pair: Callable[..., HubDatabase], tmp_path: Path
) -> None:
    hub = make_pair()
    desk = Desk(tmp_path / "desk", hub.add_desk())
    for server in (hub.cluster, *hub.others):
        server.kill()
    with running(desk):
        until(lambda: desk.hub.state().trouble is HubTrouble.UNREACHABLE)
        visit = desk.record(1)
        assert desk.hub.may_send()
        state = desk.hub.state()
        assert state.waiting == 1
        assert state.seen_until is not None
        assert abs(state.seen_until - now()) < timedelta(minutes=1)
        hub.cluster.start()
        until(lambda: desk.hub.state().is_reached, 60)
        until(lambda: visit in hub_visits(hub))
    desk.close()


@pytest.mark.slow
def test_a_hub_that_hangs_holds_nothing_up_nor_the_end_of_the_program(
    make_pair: Callable[..., HubDatabase], tmp_path: Path
) -> None:
    hub = make_pair()
    desk = Desk(tmp_path / "desk", hub.add_desk())
    with running(desk) as stop:
        desk.record(1)
        until(lambda: desk.hub.state().waiting == 0)
        hub.cluster.freeze()
        began = time.monotonic()
        desk.record(2)
        assert desk.hub.may_send()
        assert time.monotonic() - began < QUICK_S * 10  # not the 10 s of a statement
        until(lambda: desk.hub.state().trouble is HubTrouble.UNREACHABLE)
        stop.set()
    hub.cluster.thaw()
    desk.close()
    desk.open()
    desk.send_up()
    assert hub_digests(hub) == desk.digests()
    desk.close()


@pytest.mark.slow
def test_after_a_failover_that_lost_rows_the_new_primary_gets_them_again(
    make_pair: Callable[..., HubDatabase], tmp_path: Path
) -> None:
    hub = make_pair()
    [standby] = hub.others
    desk = Desk(tmp_path / "desk", hub.add_desk())
    early = desk.record(1)
    desk.send_up()
    until(lambda: hub.sql("select 1 from hub.visit", on=standby))
    hub.sql("select pg_terminate_backend(pid) from pg_stat_replication")
    standby.sql("alter system set primary_conninfo = ''")
    standby.sql("select pg_reload_conf()")
    with running(desk):
        late = [desk.record(number) for number in range(2, 30)]
        until(lambda: desk.hub.state().waiting == 0)
        hub.cluster.kill()
        standby.promote()
        late.append(desk.record(30))
        until(lambda: len(hub.sql("select 1 from hub.visit", on=standby)) == 30, 60)

    there = {row["id"] for row in hub.sql("select id from hub.visit", on=standby)}
    assert there == {early, *late}
    hub.cluster.start()  # the old primary comes back by itself, and stands first in the address
    desk.close()
    desk.open()
    with running(desk):
        until(lambda: desk.hub.state().trouble is HubTrouble.BEHIND, 60)
    desk.close()


def test_a_restored_desk_heals_in_its_thread_and_then_sends(
    hub: HubDatabase, desk: Desk, tmp_path: Path
) -> None:
    backup = desk.copy_to(tmp_path / "backup")
    visits = [desk.record(number) for number in range(3)]
    desk.send_one()
    desk.send_up()
    desk.restore(backup)
    assert desk.hub.hold() is HoldReason.RESTORED
    with running(desk):
        until(desk.hub.may_send)
        until(lambda: desk.hub.state().waiting == 0)

    assert set(hub_visits(hub)) == {visit for visit, _ in desk.digests()} == {*visits}
    assert sorted(desk.states().values()) == ["accepted", "queued", "queued"]


def test_a_desk_that_was_retired_is_refused_and_goes_on_alone(hub: HubDatabase, desk: Desk) -> None:
    hub.sql(f"alter role {desk.hub.access.user} nologin")
    with running(desk):
        until(lambda: desk.hub.state().trouble is HubTrouble.LOGIN)
        desk.record(1)
    hub.sql(f"alter role {desk.hub.access.user} login")


def test_pauses_grow_to_a_limit_and_vary() -> None:
    pauses = [_pause_s(tries) for tries in range(1, 40)]

    assert max(pauses) <= LONGEST_PAUSE_S
    assert pauses[0] <= FIRST_PAUSE_S
    assert len(set(pauses[10:])) > 1


def test_the_kiosk_holds_its_messages_while_the_hub_has_not_said_what_was_sent(
    hub: HubDatabase, tmp_path: Path
) -> None:
    folder = tmp_path / "kiosk"
    folder.mkdir()
    remember_people(folder, now())
    own = settings_for(folder, "http://127.0.0.1:1", **trust_settings(folder, now()))
    settings = replace(own, hub=hub.add_desk())
    kiosk = Kiosk(settings, folder, demo=True, now=now)
    assert kiosk.hub is not None
    assert kiosk.delivery is not None
    assert kiosk.hub.may_send()

    kiosk.hub.streams.change(hold=HoldReason.RESTORED, held_since=now())
    record(kiosk, BHYT17, "first")
    assert kiosk.delivery.deliver_some() is False
    assert kiosk.outbox.counts()["queued"] == 1
    kiosk.database.close()


def test_without_a_hub_nothing_of_it_is_imported() -> None:
    code = (
        "import kiosk.cli.main, kiosk.assembly, kiosk.web.app, sys;"
        " print([name for name in sys.modules if name.startswith(('kiosk.hub', 'psycopg'))])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert run.stdout.strip() == "[]"
