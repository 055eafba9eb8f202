"""Queue numbers that many desks share, on a real hub."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest

from kiosk.hub import HubConnection
from kiosk.hub.errors import HubRefused, HubUnreachable
from kiosk.hub.number_hand import NumberQuestion, RoomDay, RoomNumber
from kiosk.hub.number_rows import ask_for_number, given_twice, put_back
from kiosk.hub.numbers import HouseNumbers
from kiosk.logbook import room_key
from tests.hub.cluster import FACILITY, HubDatabase, until
from tests.hub.rows import begin_stream, today, visit_row, write

ROOM, OTHER = "Phòng khám 1", "Phòng khám 2"
KEY = room_key(ROOM)
DESKS, PATIENTS = 20, 12

Given = Callable[[date], Collection[tuple[str, int]]]


class Steady:
    """A steady clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def nothing_given(_day: date) -> list[tuple[str, int]]:
    return []


def numbers_of(
    hub: HubDatabase,
    desk: int,
    given: Given = nothing_given,
    settling_s: float = 0.0,
    steady: Callable[[], float] | None = None,
) -> HouseNumbers:
    """Return the numbers of a desk at a hub. Whoever calls `open` or `run` also closes."""
    access = hub.access(hub.add_desk(desk))
    return HouseNumbers(
        desk,
        lambda limit_s: HubConnection(access, hub.watchdog, None, limit_s),
        HubConnection.close,
        given,
        lambda: datetime.now(UTC),
        settling_s=settling_s,
        steady_s=steady or Steady(),
    )


def question(room: str = ROOM, asked: UUID | None = None) -> NumberQuestion:
    return NumberQuestion(RoomDay(today(), room_key(room)), asked or uuid4())


def given_at(hub: HubDatabase) -> list[tuple[str, int, int]]:
    """Return the numbers that the hub knows: room, number, desk."""
    rows = hub.sql("select room, number, desk from hub.number_given order by room, number")
    return [(row["room"], row["number"], row["desk"]) for row in rows]


def test_a_number_that_is_expected_is_in_hand_before_it_is_needed(hub: HubDatabase) -> None:
    numbers = numbers_of(hub, 3)
    numbers.open()
    try:
        assert numbers.take(today(), KEY) is None
        numbers.expect(ROOM, "front")
        numbers.step()
        assert [numbers.take(today(), KEY), numbers.take(today(), KEY)] == [1, None]
        numbers.expect(OTHER, "front")
        numbers.step()
        assert numbers.take(today(), room_key(OTHER)) == 1
        assert given_at(hub) == [(KEY, 1, 3), (KEY, 2, 3), (room_key(OTHER), 1, 3)]
        state = numbers.state()
        assert (state.is_ready, state.trouble, state.given_twice) == (True, "", 0)
    finally:
        numbers.close()


def test_a_question_that_is_asked_again_gets_the_same_number(hub: HubDatabase) -> None:
    first, again = hub.desk(1), hub.desk(1)
    asked = question()
    number = ask_for_number(first, asked)
    assert ask_for_number(again, asked) == number == 1  # as if the answer had been lost
    assert ask_for_number(first, question()) == 2
    assert len(given_at(hub)) == 2


def test_a_question_that_never_reached_the_commit_takes_no_number(hub: HubDatabase) -> None:
    connection = hub.desk(1)
    connection.execute("begin")
    connection.execute(
        "insert into hub.number_space (facility, day, room, next) values (%s, %s, %s, 2)",
        [FACILITY, today(), KEY],
    )
    connection.interrupt()
    with pytest.raises(HubUnreachable):
        connection.execute("commit")
    assert ask_for_number(hub.desk(1), question()) == 1


def test_many_desks_at_once_get_each_number_once_and_leave_none_out(hub: HubDatabase) -> None:
    connections = [hub.desk(desk) for desk in range(1, DESKS + 1)]
    faults: list[Exception] = []
    begin = threading.Barrier(DESKS)

    def work(connection: HubConnection) -> None:
        begin.wait()
        try:
            for patient in range(PATIENTS):
                asked = question((ROOM, OTHER)[(patient + connection.desk) % 2])
                number = ask_for_number(connection, asked)
                if patient % 3 == 0:
                    assert ask_for_number(connection, asked) == number
        except Exception as exc:  # noqa: BLE001 - the test shows it
            faults.append(exc)

    threads = [threading.Thread(target=work, args=(each,)) for each in connections]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    each = DESKS * PATIENTS // 2
    given = given_at(hub)
    for room in (ROOM, OTHER):
        assert [row[1] for row in given if row[0] == room_key(room)] == list(range(1, each + 1))
    assert {row[2] for row in given} == set(range(1, DESKS + 1))


def test_a_desk_asks_in_no_other_desk_s_name(hub: HubDatabase) -> None:
    connection = hub.desk(1)
    hub.desk(2)
    with pytest.raises(HubRefused) as refused:
        connection.execute(
            "insert into hub.number_given (facility, day, room, number, desk, asked)"
            " values (%s, %s, %s, 1, 2, %s)",
            [FACILITY, today(), KEY, uuid4()],
        )
    assert refused.value.sqlstate == "42501"


def test_numbers_are_put_back_before_the_first_question(hub: HubDatabase) -> None:
    """A hub that is set up in the middle of a day, or restored from last night."""
    morning = [(KEY, number) for number in (1, 2, 3, 7)]
    numbers = numbers_of(hub, 1, lambda _day: morning)
    numbers.open()
    numbers.expect(ROOM, "front")
    numbers.step()
    assert numbers.take(today(), KEY) == 8  # 4 to 6 may be on a paper that nobody knows of
    numbers.close()
    numbers.open()  # again at each connection: nothing changes
    numbers.close()
    assert [row[1] for row in given_at(hub)] == [1, 2, 3, 7, 8]
    assert ask_for_number(hub.desk(2), question()) == 9


def test_the_second_desk_learns_at_once_that_a_number_was_given_twice(hub: HubDatabase) -> None:
    ours = [(KEY, 1), (KEY, 2), (room_key(OTHER), 1)]
    first, second = numbers_of(hub, 1, lambda _day: ours), numbers_of(hub, 2, lambda _day: ours[1:])
    first.open()
    second.open()
    try:
        assert [first.also_given_by(today(), *number) for number in ours] == [None] * 3
        assert [second.also_given_by(today(), *number) for number in ours] == [None, 1, 1]
        assert second.state().given_twice == 2
    finally:
        first.close()
        second.close()


def test_a_number_in_hand_that_another_desk_has_is_not_given(hub: HubDatabase) -> None:
    numbers = numbers_of(hub, 1)
    numbers.open()
    numbers.expect(ROOM, "front")
    numbers.step()
    numbers.close()
    hub.sql("delete from hub.number_given")  # the hub has forgotten it …
    assert put_back(hub.desk(2), today(), [RoomNumber(RoomDay(today(), KEY), 1)]) == {}
    numbers.open()
    numbers.close()
    assert numbers.take(today(), KEY) is None  # … and another desk has printed it
    assert numbers.state().given_twice == 0


def test_both_desks_see_by_the_visits_what_was_given_twice(hub: HubDatabase) -> None:
    desks = [hub.desk(desk) for desk in (1, 2, 3)]
    for connection in desks:
        begin_stream(connection)
    seen = [  # desk, room, label
        (1, ROOM, "5"),
        (2, ROOM.upper(), "5"),
        (1, OTHER, "6"),  # another room
        (2, ROOM, "6"),
        (1, ROOM, "B 1"),  # numbers with letters are each desk's own
        (2, ROOM, "B 1"),
        (2, ROOM, "9"),
        (3, ROOM, "9"),
    ]
    for number, (desk, room, label) in enumerate(seen):
        row = visit_row(number + 1, desk=desk) | {"room": room, "ticket": label}
        write(desks[desk - 1], row)
    five = RoomNumber(RoomDay(today(), KEY), 5)
    nine = RoomNumber(RoomDay(today(), KEY), 9)
    assert [given_twice(each, today()) for each in desks] == [
        {five: 2},
        {five: 1, nine: 3},
        {nine: 2},
    ]


def test_nothing_is_asked_for_in_the_first_seconds_of_a_timeline(hub: HubDatabase) -> None:
    steady = Steady()
    given = [(KEY, 1)]
    numbers = numbers_of(hub, 1, lambda _day: given, settling_s=15.0, steady=steady)
    numbers.open()
    numbers.expect(ROOM, "front")
    steady.now += 14.9
    numbers.step()
    assert not numbers.state().is_ready
    assert given_at(hub) == [(KEY, 1, 1)]  # what it holds is put back at once
    given.append((KEY, 2))  # meanwhile another number went out
    steady.now += 0.2
    numbers.step()
    assert numbers.state().is_ready
    assert numbers.take(today(), KEY) == 3
    numbers.close()
    numbers.open()  # the same timeline again
    numbers.expect(ROOM, "front")
    numbers.step()
    assert numbers.take(today(), KEY) == 4
    numbers.close()


def test_the_thread_fetches_while_somebody_waits_half_a_second(hub: HubDatabase) -> None:
    numbers, stop = numbers_of(hub, 1), threading.Event()
    thread = threading.Thread(target=numbers.run, args=(stop,))
    thread.start()
    try:
        until(lambda: numbers.state().is_ready)
        numbers.expect(ROOM, "front", wait_s=30)  # the deadline of the test, not a measure
        assert numbers.take(today(), KEY) == 1
    finally:
        stop.set()
        thread.join()


def test_a_hub_that_refuses_the_account_leaves_the_desk_its_letter(hub: HubDatabase) -> None:
    numbers, stop = numbers_of(hub, 17), threading.Event()
    hub.sql('alter role "desk_01999_17" nologin')
    thread = threading.Thread(target=numbers.run, args=(stop,))
    thread.start()
    try:
        until(lambda: numbers.state().trouble)
        numbers.expect(ROOM, "front", wait_s=30)  # does not wait: nothing is coming
        assert numbers.take(today(), KEY) is None
        assert numbers.prefix == "BB"
        assert "password" in numbers.state().trouble
    finally:
        stop.set()
        thread.join()
