"""Queue numbers while the hub hangs, and after a standby took over that lacks the last rows."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kiosk.desk import Confirmation
from kiosk.hub import HubConnection
from kiosk.hub.errors import HubUnreachable
from kiosk.hub.number_rows import ask_for_number
from kiosk.hub.numbers import HouseNumbers
from kiosk.sandbox import remember_people, trust_settings
from tests.cast import AGAIN, Clock, payload, settings_for
from tests.conftest import Kiosk
from tests.hub.cluster import HubDatabase, until
from tests.hub.rows import today
from tests.hub.test_numbers import KEY, ROOM, Steady, given_at, question

pytestmark = pytest.mark.slow

SHORT_S = 1.0  # after which a commit that waits is given up

MakePair = Callable[..., HubDatabase]


def numbers_at(
    hub: HubDatabase,
    desk: int,
    given: list[tuple[str, int]],
    settling_s: float = 0.0,
    steady: Callable[[], float] | None = None,
) -> HouseNumbers:
    access = hub.access(hub.add_desk(desk))
    return HouseNumbers(
        desk,
        lambda limit_s: HubConnection(access, hub.watchdog, None, limit_s),
        HubConnection.close,
        lambda _day: list(given),
        lambda: datetime.now(UTC),
        settling_s=settling_s,
        steady_s=steady or Steady(),
    )


def lose_the_standby(hub: HubDatabase) -> None:
    """Let the standby get nothing of what the primary writes from now on."""
    [standby] = hub.others
    standby.sql("alter system set primary_conninfo = ''")
    standby.sql("select pg_reload_conf()")
    until(lambda: not hub.cluster.sql("select 1 from pg_stat_replication"))


def fail_over(hub: HubDatabase) -> None:
    """Kill the primary, and make the standby the primary."""
    hub.cluster.kill()
    hub.others[0].promote()


def wait_for_standby(hub: HubDatabase) -> None:
    """Wait until the standby has what the primary has."""
    behind = "select 1 from pg_stat_replication where replay_lsn < pg_current_wal_lsn()"
    until(lambda: not hub.cluster.sql(behind))


def take(numbers: HouseNumbers) -> int | None:
    """Let a desk give a number, as to a patient who was scanned a moment ago."""
    numbers.expect(ROOM, "front")
    numbers.step()
    return numbers.take(today(), KEY)


def give(numbers: HouseNumbers, printed: list[tuple[str, int]], count: int) -> list[int]:
    """Let a desk give numbers; they are in its logbook then."""
    given = [number for _ in range(count) if (number := take(numbers)) is not None]
    printed += [(KEY, number) for number in given]
    return given


def test_what_the_standby_lacks_is_put_back_before_others_ask(make_pair: MakePair) -> None:
    hub = make_pair()
    printed: tuple[list[tuple[str, int]], ...] = ([], [])
    clock = Steady()
    desks = [numbers_at(hub, desk, printed[desk - 1], 15.0, clock) for desk in (1, 2)]
    for desk in desks:
        desk.open()
    clock.now += 16
    assert give(desks[0], printed[0], 5) == [1, 2, 3, 4, 5]
    wait_for_standby(hub)
    lose_the_standby(hub)
    assert give(desks[0], printed[0], 3) == [6, 7, 8]
    for desk in desks:
        desk.close()
    fail_over(hub)
    assert len(given_at_standby(hub)) == 5

    desks[1].open()
    assert take(desks[1]) is None  # a letter, in the first 15 seconds of the timeline
    desks[0].open()
    clock.now += 16
    assert give(desks[1], printed[1], 2) == [9, 10]
    assert give(desks[0], printed[0], 1) == [11]
    assert not desks[0].state().given_twice + desks[1].state().given_twice
    for desk in desks:
        desk.close()


def given_at_standby(hub: HubDatabase) -> list[int]:
    rows = hub.sql("select number from hub.number_given", on=hub.others[0])
    return [row["number"] for row in rows]


def test_a_desk_that_comes_back_too_late_says_which_numbers_were_given_twice(
    make_pair: MakePair,
) -> None:
    hub = make_pair()
    printed: tuple[list[tuple[str, int]], ...] = ([], [])
    desks = [numbers_at(hub, desk, printed[desk - 1]) for desk in (1, 2)]
    desks[0].open()
    assert give(desks[0], printed[0], 2) == [1, 2]
    wait_for_standby(hub)
    lose_the_standby(hub)
    assert give(desks[0], printed[0], 2) == [3, 4]
    desks[0].close()
    fail_over(hub)

    desks[1].open()
    assert give(desks[1], printed[1], 1) == [3]  # on paper twice: nothing can undo that
    desks[1].close()
    desks[0].open()
    assert [desks[0].also_given_by(today(), KEY, number) for number in (2, 3, 4)] == [None, 2, None]
    assert give(desks[0], printed[0], 1) == [5]
    desks[0].close()


def test_with_a_synchronous_standby_no_number_is_given_twice(make_pair: MakePair) -> None:
    hub = make_pair(synchronous=True)
    first, second = (hub.access(hub.add_desk(desk)) for desk in (1, 2))
    before_it = HubConnection(first, hub.watchdog)
    before = [ask_for_number(before_it, question()) for _ in range(5)]
    fail_over(hub)
    before_it.close()
    after_it = HubConnection(second, hub.watchdog)
    after = [ask_for_number(after_it, question()) for _ in range(5)]
    after_it.close()
    assert sorted(before + after) == list(range(1, 11))


def test_a_number_that_no_standby_has_is_not_given_when_it_is_asked_for_again(
    make_pair: MakePair,
) -> None:
    """A commit that waits for the standby stands after a restart, and only at this server."""
    hub = make_pair(synchronous=True)
    access, same = hub.access(hub.add_desk(1)), question()
    wait_for_standby(hub)
    lose_the_standby(hub)
    for _ in range(2):
        connection = HubConnection(access, hub.watchdog, None, SHORT_S)
        with pytest.raises(HubUnreachable):
            ask_for_number(connection, same)
        connection.close()
        hub.cluster.kill()
        hub.cluster.start()
    assert [number for _, number, _ in given_at(hub)] == [1]


def test_a_hub_that_hangs_keeps_nobody_from_a_number(
    make_pair: MakePair, tmp_path: Path, clock: Clock
) -> None:
    """The server stands still while visits are recorded, and goes on only after that."""
    hub, stop = make_pair(), threading.Event()
    access = hub.access(hub.add_desk(1))
    numbers = HouseNumbers(
        1,
        lambda limit_s: HubConnection(access, hub.watchdog, None, limit_s),
        HubConnection.close,
        lambda day: kiosk.tickets.given_on(day),
        clock,
        settling_s=0.0,
    )
    remember_people(tmp_path, clock())
    settings = settings_for(tmp_path, **trust_settings(tmp_path, clock()))
    kiosk = Kiosk(settings, tmp_path, demo=True, now=clock, numbers=numbers)
    usual = kiosk.rooms.read().usual(settings.visit.room).name

    def scan(person: str) -> int:
        return kiosk.scan(payload(person))

    def confirm(reading: int) -> str:
        confirmation = Confirmation(room=usual, repeat_reason=AGAIN)
        return kiosk.desk.confirm(reading, confirmation, str(reading))[0].ticket_label

    thread = threading.Thread(target=numbers.run, args=(stop,))
    thread.start()
    try:
        until(lambda: numbers.state().is_ready)
        reading = scan("an")
        until(lambda: given_at(hub))
        until(lambda: numbers.holds(usual))
        assert confirm(reading) == "1"
        hub.cluster.freeze()
        assert [confirm(scan(person)) for person in ("an", "binh", "dung")] == ["B 1", "B 2", "B 3"]
        until(lambda: numbers.state().trouble)  # the watchdog has shut the connection
        assert confirm(scan("an")) == "B 4"
        hub.cluster.thaw()
        reading = scan("binh")
        until(lambda: numbers.holds(usual))
        assert confirm(reading) == "2"
    finally:
        stop.set()
        hub.cluster.thaw()
        thread.join()
        kiosk.database.close()
