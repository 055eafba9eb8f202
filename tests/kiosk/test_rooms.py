"""The file of the rooms: read again when it changes, and never half-written."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from kiosk.logbook import Priority
from kiosk.queue import (
    Room,
    RoomList,
    RoomsChanged,
    RoomService,
    RoomsFile,
    RoomsWrong,
    proposed_priority,
)
from tests.cast import TODAY, make_coverage
from verify import Birth, Card, Proof, Reason, Verdict

USUAL = Room("Phòng khám 1", services=(RoomService("KB", "Khám bệnh"),))
EYES = Room(
    "Phòng mắt", "Tầng 2", (RoomService("KB02", "Khám mắt"),), "in-2", "Mang theo kính.", True
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rooms.json"


def test_without_a_file_there_is_the_room_of_the_settings(path: Path) -> None:
    assert RoomsFile(path, USUAL).read() == RoomList((USUAL,))


def test_what_was_saved_is_read_by_another_process(path: Path) -> None:
    saved = RoomsFile(path, USUAL).save(RoomList((USUAL, EYES), ("Giữ trật tự.",)))
    assert RoomsFile(path, USUAL).read() == saved
    assert saved.rooms == (USUAL, EYES)
    assert [file.name for file in path.parent.iterdir()] == ["rooms.json"]


def test_a_change_by_hand_needs_no_restart(path: Path) -> None:
    file = RoomsFile(path, USUAL)
    file.save(RoomList((USUAL,)))
    path.write_text(json.dumps({"rooms": [{"name": "Phòng 7"}]}), "utf-8")
    assert [room.name for room in file.read().rooms] == ["Phòng 7"]


def test_two_people_who_save_do_not_overwrite_each_other(path: Path) -> None:
    file = RoomsFile(path, USUAL)
    seen = file.read()
    file.save(replace(seen, rooms=(USUAL, EYES)))
    with pytest.raises(RoomsChanged):
        file.save(replace(seen, rooms=(EYES,)))
    assert file.read().rooms == (USUAL, EYES)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"rooms": []}',
        b'{"rooms": [1]}',
        b'{"rooms": [{"name": ""}]}',
        b'{"rooms": [{"name": "a"}, {"name": " A "}]}',
        b'{"rooms": [{"name": "a", "colour": "red"}]}',
        b'{"rooms": [{"name": 3}]}',
        b'{"rooms": [{"name": "a", "open": "yes"}]}',
        b'{"rooms": [{"name": "a", "services": [{"code": "", "name": "x"}]}]}',
        b'{"rooms": [{"name": "a", "services": "KB"}]}',
        b'{"rooms": [{"name": "a"}], "notices": "x"}',
        b'{"rooms": [{"name": "a\\u0000"}]}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_a_damaged_file_leaves_the_rooms_in_use(path: Path, content: bytes) -> None:
    file = RoomsFile(path, USUAL)
    file.save(RoomList((USUAL, EYES)))
    path.write_bytes(content)
    rooms = file.read()
    assert rooms.rooms == (USUAL, EYES)
    assert str(path) in rooms.fault
    assert RoomsFile(path, USUAL).read().rooms == (USUAL,)


def test_a_list_that_is_saved_replaces_a_damaged_file(path: Path) -> None:
    file = RoomsFile(path, USUAL)
    path.write_text('{"rooms": [{"name": "Phòng khám 2",', "utf-8")
    seen = file.read()
    assert seen.fault
    saved = file.save(replace(seen, rooms=(EYES,)))
    assert (saved.rooms, saved.fault) == ((EYES,), "")
    copy = path.with_name("rooms.damaged.json")
    assert copy.read_text("utf-8") == '{"rooms": [{"name": "Phòng khám 2",'


@pytest.mark.parametrize(
    ("rooms", "place", "field"),
    [
        ((Room(" "),), 0, "name"),
        ((USUAL, Room("PHÒNG  khám 1")), 1, "name"),
        ((replace(EYES, name="x" * 61),), 0, "name"),
        ((replace(EYES, notice="x" * 201),), 0, "notice"),
        ((replace(EYES, services=(RoomService("", "x"),)),), 0, "services"),
    ],
)
def test_a_wrong_list_is_refused_with_its_field(
    path: Path, rooms: tuple[Room, ...], place: int, field: str
) -> None:
    with pytest.raises(RoomsWrong) as raised:
        RoomsFile(path, USUAL).save(RoomList(rooms))
    assert (raised.value.place, raised.value.field) == (place, field)
    assert not path.exists()


def test_a_room_is_found_whatever_its_case_and_spaces() -> None:
    rooms = RoomList((USUAL, EYES))
    assert rooms.find("  phòng   MẮT ") == EYES
    assert rooms.find("phòng mắt") == EYES
    assert rooms.find("phong mat") is None


def test_the_usual_room_takes_patients() -> None:
    closed = replace(USUAL, open=False)
    assert RoomList((closed, EYES)).usual(USUAL.name) == EYES
    assert RoomList((USUAL, EYES)).usual(USUAL.name) == USUAL
    assert RoomList((USUAL, EYES)).usual("?") == USUAL


def verdict(
    born: date | None, number: str = "GD4999900099", proof: Proof = Proof.INSURER
) -> Verdict:
    card = Card(number, born=Birth(born.year, born.month, born.day) if born else None)
    return Verdict(Reason.IN_FORCE, proof=proof, card=card)


@pytest.mark.parametrize(
    ("born", "expected"),
    [
        (date(2020, 11, 25), None),  # six today
        (date(2020, 11, 26), Priority.UNDER_6),
        (date(1951, 11, 25), Priority.FROM_75),
        (date(1951, 11, 26), None),
        (date(2026, 11, 26), None),  # in the future
        (None, None),
    ],
)
def test_age_gives_priority(born: date | None, expected: Priority | None) -> None:
    assert proposed_priority(verdict(born), "", TODAY) is expected


def test_merit_is_seen_in_the_card_s_number() -> None:
    number = "CC1999999900099"
    assert proposed_priority(verdict(None, number), "", TODAY) is Priority.MERIT
    assert proposed_priority(verdict(None, "TC3999999900099"), "", TODAY) is None


def test_nothing_is_proposed_from_what_nobody_vouched_for() -> None:
    assert proposed_priority(verdict(date(1940, 1, 1), proof=Proof.NONE), "", TODAY) is None
    assert proposed_priority(Verdict(Reason.UNREADABLE), "", TODAY) is None
    emergency = proposed_priority(Verdict(Reason.UNREADABLE), "emergency", TODAY)
    assert emergency is Priority.EMERGENCY


def test_the_insurer_s_birth_counts_before_the_card_s() -> None:
    of_card = verdict(date(1940, 1, 1))
    known = of_card._replace(coverage=make_coverage("GD4999900099", born=Birth(1980, 1, 1)))
    assert proposed_priority(known, "", TODAY) is None
