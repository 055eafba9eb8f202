"""One list of staff and one of rooms for all desks of a facility."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kiosk.hub.shared_lists import SharedListLane
from kiosk.logbook import Database, SharedListState, SharedListStates
from kiosk.queue import Room, RoomList, RoomsFile, SharedRooms
from kiosk.staff import Members, Role, SharedMembers
from tests.cast import NOW, Clock
from tests.hub.cluster import HubDatabase

USUAL = Room("Phòng khám 1")
EYES = Room("Phòng mắt", "Tầng 2", printer="in-2")
TEETH = Room("Phòng răng")


class ListDesk:
    """A desk with its lists, and its connection to the hub."""

    def __init__(self, hub: HubDatabase, folder: Path, clock: Clock, number: int) -> None:
        folder.mkdir()
        self.database = Database(folder / "logbook.db")
        self.rooms = RoomsFile(folder / "rooms.json", USUAL)
        self.members = Members(self.database)
        self.states = SharedListStates(self.database)
        self.hub = hub.desk(number)
        self.lanes = [
            SharedListLane("rooms", SharedRooms(self.rooms), self.states, clock),
            SharedListLane("staff", SharedMembers(self.database, self.members), self.states, clock),
        ]

    def compare(self) -> None:
        for lane in self.lanes:
            lane.compare(self.hub)

    def save(self, *rooms: Room) -> None:
        self.rooms.save(RoomList(rooms, version=self.rooms.read().version))

    def names(self) -> list[str]:
        return [room.name for room in self.rooms.read().rooms]

    def state(self, kind: str) -> SharedListState:
        return self.states.read(kind)

    def add(self, name: str, role: Role = Role.CLERK) -> int:
        return self.members.add(name, role, "", NOW, "desk").id

    def give_pin(self, number: int) -> None:
        with self.database.transaction() as db:
            db.execute("update member set pin_hash = 'x', pin_key = 'k' where id = ?", [number])

    def staff(self) -> dict[int, tuple[str, str, bool]]:
        return {
            each.id: (each.name, each.role.value, each.is_active) for each in self.members.all()
        }


@pytest.fixture
def desk(hub: HubDatabase, tmp_path: Path, clock: Clock) -> Callable[[int], ListDesk]:
    return lambda number: ListDesk(hub, tmp_path / str(number), clock, number)


def test_a_desk_without_rooms_of_its_own_takes_the_list_and_keeps_its_printers(
    desk: Callable[[int], ListDesk],
) -> None:
    first, second = desk(1), desk(2)
    second.compare()
    assert second.names() == [USUAL.name]
    first.save(USUAL, EYES)
    first.compare()
    second.compare()
    assert second.names() == [USUAL.name, EYES.name]
    assert second.rooms.read().rooms[1].printer == ""  # the printers are each desk's own

    second.save(USUAL, replace(EYES, printer="in-9"))
    second.compare()
    assert second.state("rooms").version == 1  # nothing to share
    first.save(USUAL, replace(EYES, place="Tầng 3"), TEETH)
    first.compare()
    second.compare()
    assert second.names() == [USUAL.name, EYES.name, TEETH.name]
    assert second.rooms.read().rooms[1] == replace(EYES, place="Tầng 3", printer="in-9")
    assert first.rooms.read().rooms[1].printer == "in-2"


def test_two_desks_that_change_the_list_lose_no_room(desk: Callable[[int], ListDesk]) -> None:
    first, second = desk(1), desk(2)
    first.save(USUAL)
    first.compare()
    second.compare()
    first.save(replace(USUAL, place="Tầng 1"), EYES)
    second.save(replace(USUAL, place="Tầng 9"), TEETH)  # while the hub is away
    first.compare()
    second.compare()
    first.compare()

    assert first.names() == second.names() == [USUAL.name, TEETH.name, EYES.name]
    assert second.rooms.read().rooms[0].place == "Tầng 1"
    assert second.state("rooms").notes == {"phòng khám 1": "overruled"}
    assert first.state("rooms").notes == {}
    assert first.state("rooms").version == second.state("rooms").version == 3


def test_desks_that_bring_a_version_at_the_same_moment_both_end_with_all_rooms(
    desk: Callable[[int], ListDesk], hub: HubDatabase
) -> None:
    desks = [desk(number) for number in range(1, 6)]
    desks[0].save(USUAL)
    for each in desks:
        each.compare()
    for number, each in enumerate(desks):
        each.save(USUAL, Room(f"Phòng {number}"))
    start = threading.Barrier(len(desks))

    def run(each: ListDesk) -> None:
        start.wait(10)
        for _round in range(len(desks)):
            each.compare()

    threads = [threading.Thread(target=run, args=[each]) for each in desks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    for each in desks:
        each.compare()

    names = {frozenset(each.names()) for each in desks}
    assert names == {frozenset([USUAL.name, *(f"Phòng {n}" for n in range(5))])}
    versions = [row["version"] for row in hub.sql("select version from hub.shared_list order by 1")]
    assert versions == list(range(1, len(versions) + 1))


def test_a_list_that_cannot_be_written_here_is_tried_again_and_takes_nothing_back(
    desk: Callable[[int], ListDesk], hub: HubDatabase
) -> None:
    first, second = desk(1), desk(2)
    first.save(USUAL)
    for each in (first, second):
        each.compare()
    hub.sql(
        "insert into hub.shared_list (facility, kind, version, desk, entries) values"
        " ('01999', 'rooms', 2, 1, '[[\"a\", {\"name\": \"\"}]]')"
    )
    for _round in range(2):
        second.compare()
        assert second.names() == [USUAL.name]
        assert second.state("rooms").notes == {"a": "wrong"}
    first.save(USUAL, EYES)
    first.compare()
    assert hub.sql("select max(version) as n from hub.shared_list")[0]["n"] == 3


def test_who_is_added_at_one_desk_is_known_at_all(desk: Callable[[int], ListDesk]) -> None:
    first, second = desk(1), desk(2)
    lan = first.add("Lan", Role.ADMINISTRATOR)
    first.compare()
    second.compare()
    minh = second.add("Minh")
    assert minh == lan + 1  # the next number of the whole list
    second.compare()
    first.compare()
    assert first.staff() == second.staff()
    assert not second.members.find(lan).has_pin

    first.members.deactivate(minh, NOW, "desk")
    first.compare()
    second.compare()
    assert second.staff()[minh] == ("Minh", "clerk", False)


def test_a_number_that_belongs_to_somebody_else_stays_theirs(
    desk: Callable[[int], ListDesk],
) -> None:
    first, second = desk(1), desk(2)
    number = first.add("Lan")
    assert second.add("Hoa") == number
    first.compare()
    second.compare()
    for _round in range(3):
        second.compare()
        first.compare()

    assert first.staff()[number][0] == "Lan"
    assert second.staff()[number][0] == "Hoa"
    assert second.state("staff").notes == {str(number): "other_person"}
    assert first.state("staff").version == 1  # and nothing goes to and fro


def test_no_desk_raises_the_role_of_somebody_with_a_pin_at_another_one(
    desk: Callable[[int], ListDesk],
) -> None:
    first, second = desk(1), desk(2)
    lan, minh = first.add("Lan", Role.ADMINISTRATOR), first.add("Minh")
    for each in (first, second):
        each.compare()
    for number in (lan, minh):
        second.give_pin(number)
    first.members.change(minh, NOW, "x", role=Role.ADMINISTRATOR)
    first.compare()
    second.compare()
    assert second.staff()[minh][1] == "clerk"
    assert second.state("staff").notes == {str(minh): "needs_confirmation"}
    second.compare()
    first.compare()
    assert first.staff()[minh][1] == "administrator"  # and it does not go back either

    second.members.change(minh, NOW, "staff 101 Lan", role=Role.ADMINISTRATOR)
    second.compare()
    assert second.state("staff").notes == {}


def test_the_last_administrator_of_a_desk_stays_one(desk: Callable[[int], ListDesk]) -> None:
    first, second = desk(1), desk(2)
    lan, minh = first.add("Lan", Role.ADMINISTRATOR), first.add("Minh", Role.ADMINISTRATOR)
    for each in (first, second):
        each.compare()
    second.give_pin(lan)
    first.give_pin(minh)
    first.members.deactivate(lan, NOW, "x")
    first.compare()
    second.compare()
    assert second.staff()[lan][2]
    assert second.state("staff").notes == {str(lan): "last_administrator"}


@pytest.mark.parametrize(
    "entries",
    [
        '[["101", {"name": "", "citizen_number": "", "role": "clerk", "active": true}]]',
        '[["101", {"name": "Lan", "citizen_number": "", "role": "king", "active": true}]]',
        '[["0", {"name": "Lan", "citizen_number": "", "role": "clerk", "active": true}]]',
        '[["101", {"name": "Lan"}], 5, ["x"], [1, {}], ["102", null]]',
        '{"101": 1}',
        "null",
    ],
)
def test_nonsense_in_a_list_is_named_and_changes_nothing(
    desk: Callable[[int], ListDesk], hub: HubDatabase, entries: str
) -> None:
    first = desk(1)
    hub.sql(
        "insert into hub.shared_list (facility, kind, version, desk, entries)"
        " values ('01999', 'staff', 1, 2, %s)",
        [entries],
    )
    first.compare()
    first.compare()
    assert first.staff() == {}


def test_another_facility_s_desk_sees_and_brings_no_list(
    desk: Callable[[int], ListDesk], hub: HubDatabase
) -> None:
    desk(1).hub.rows("select 1")
    hub.sql(
        "insert into hub.shared_list (facility, kind, version, desk, entries)"
        " values ('01999', 'rooms', 1, 1, '[]')"
    )
    other = hub.desk(1, "79001")
    assert other.rows("select 1 from hub.shared_list") == []
