"""Two desks of a hospital, each a whole program on its own logbook, with one hub."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from kiosk.desk import Confirmation
from kiosk.sandbox import remember_people, trust_settings
from tests.cast import AGAIN, Clock, payload, settings_for
from tests.conftest import Kiosk
from tests.hub.cluster import HubDatabase, until

ROOM = "Phòng khám 2"

MakeDesk = Callable[[int], Kiosk]


@pytest.fixture
def make_desk(hub: HubDatabase, tmp_path: Path, clock: Clock) -> Iterator[MakeDesk]:
    """Make a desk of the hub, whose numbers are fetched as in the running program."""
    with ExitStack() as opened:

        def make(desk: int) -> Kiosk:
            folder = tmp_path / str(desk)
            folder.mkdir()
            remember_people(folder, clock())
            own = settings_for(folder, **trust_settings(folder, clock()))
            kiosk = Kiosk(hub.settings(own, desk), folder, demo=True, now=clock)
            opened.callback(kiosk.database.close)
            opened.enter_context(fetching(kiosk))
            return kiosk

        yield make


@contextmanager
def fetching(kiosk: Kiosk) -> Iterator[None]:
    numbers, stop = kiosk.house_numbers, threading.Event()
    assert numbers is not None
    numbers.settling_s = 0.0
    thread = threading.Thread(target=numbers.run, args=(stop,))
    thread.start()
    try:
        until(lambda: numbers.state().is_ready)
        yield
    finally:
        stop.set()
        thread.join()


def record(kiosk: Kiosk, person: str, room: str = "", expects: bool = True) -> str:
    """Record a patient who is scanned, and whose clerk takes a moment; return the number."""
    reading = kiosk.scan(payload(person))
    numbers = kiosk.house_numbers
    assert numbers is not None
    usual = room or kiosk.rooms.read().usual(kiosk.settings.visit.room).name
    if room and expects:
        kiosk.expect_number("front", room)  # the clerk has chosen it
    if expects:
        until(lambda: numbers.holds(usual))
    confirmation = Confirmation(room=usual, repeat_reason=AGAIN)
    return kiosk.desk.confirm(reading, confirmation, f"{person}-{reading}")[0].ticket_label


def test_desks_share_the_numbers_of_a_room(make_desk: MakeDesk) -> None:
    one, two = make_desk(1), make_desk(2)
    assert [record(one, "an"), record(two, "binh"), record(one, "dung")] == ["1", "2", "3"]
    assert [record(two, "an", ROOM), record(one, "an", ROOM)] == ["1", "2"]


def test_the_hub_is_asked_for_the_rooms_that_are_used(make_desk: MakeDesk) -> None:
    one = make_desk(1)
    assert record(one, "an", ROOM, expects=False) == "B 1"  # nobody knew that it would be needed
    one.scan(payload("binh"))
    numbers = one.house_numbers
    assert numbers is not None
    until(lambda: numbers.holds(ROOM))
    assert record(one, "dung", ROOM) == "1"


def test_a_desk_that_is_retired_goes_on_with_its_letter(
    hub: HubDatabase, make_desk: MakeDesk
) -> None:
    one, two = make_desk(1), make_desk(17)
    assert [record(one, "an"), record(two, "an")] == ["1", "2"]
    hub.sql('alter role "desk_01999_17" nologin')
    hub.sql(
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'desk_01999_17'"
    )
    numbers = two.house_numbers
    assert numbers is not None
    until(lambda: numbers.state().trouble)
    assert record(two, "binh", expects=False) == "BB 1"
    assert record(one, "binh") == "3"
