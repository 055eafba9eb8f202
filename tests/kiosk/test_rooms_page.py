"""The page of the rooms: what is typed is kept, and nobody overwrites another person's list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kiosk.queue import Room, RoomList, RoomService
from tests.cast import payload
from tests.conftest import Kiosk
from tests.process import call

FIRST = Room("Phòng khám 1", "Tầng 1", (RoomService("KB", "Khám bệnh"),), "in-1", "Giữ phiếu.")
EYES = Room("Phòng mắt", open=False)


@pytest.fixture(autouse=True)
def saved(kiosk: Kiosk) -> RoomList:
    return kiosk.rooms.save(RoomList((FIRST, EYES), ("Giữ trật tự.",)))


def form_of(rooms: RoomList) -> dict[str, object]:
    """Return what the page's form holds for a list of rooms."""
    form: dict[str, object] = {"version": rooms.version, "row": []}
    form["notices"] = "\n".join(rooms.notices)
    rows = []
    for number, room in enumerate(rooms.rooms):
        rows.append(str(number))
        form[f"name-{number}"] = room.name
        form[f"place-{number}"] = room.place
        form[f"printer-{number}"] = room.printer
        form[f"notice-{number}"] = room.notice
        form[f"services-{number}"] = "\n".join(f"{row.code} {row.name}" for row in room.services)
        if room.open:
            form[f"open-{number}"] = "yes"
    return form | {"row": rows}


def post(client: FlaskClient, form: Mapping[str, object], do: str = "save") -> TestResponse:
    return client.post("/rooms", data=dict(form) | {"do": do})


def test_saving_what_is_shown_changes_nothing(
    kiosk: Kiosk, client: FlaskClient, saved: RoomList
) -> None:
    assert post(client, form_of(saved)).status_code == 303
    assert kiosk.rooms.read() == saved


def test_a_room_is_changed_without_a_restart(
    kiosk: Kiosk, client: FlaskClient, saved: RoomList
) -> None:
    form = form_of(saved) | {
        "name-1": "  Phòng\u00a0mắt ",
        "open-1": "yes",
        "services-1": "KB02 Khám mắt\r\n\r\nKB03   Đo  thị lực\r\n",
        "notices": "Một\r\nHai\r\n",
    }
    assert post(client, form).status_code == 303
    rooms = kiosk.rooms.read()
    services = (RoomService("KB02", "Khám mắt"), RoomService("KB03", "Đo thị lực"))
    assert rooms.rooms == (FIRST, Room("Phòng mắt", services=services))
    assert rooms.notices == ("Một", "Hai")
    page = client.get(f"/desk/attempts/{kiosk.scan('x')}").text
    assert "Phòng mắt" in page


def test_rooms_are_added_moved_and_removed_before_they_are_saved(
    kiosk: Kiosk, client: FlaskClient, saved: RoomList
) -> None:
    form = form_of(saved)
    page = post(client, form | {"place-0": "chưa lưu"}, "add").text
    assert 'name="name-2" value=""' in page
    assert "chưa lưu" in page
    page = post(client, form, "down-0").text
    assert page.index('value="Phòng mắt"') < page.index('value="Phòng khám 1"')
    page = post(client, form, "remove-0").text
    assert 'value="Phòng khám 1"' not in page
    for step in ("up-0", "down-1", "remove-9", "remove-", "up-x", "dance"):
        assert post(client, form, step).status_code == 200
    assert kiosk.rooms.read() == saved


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name-1": " "}, "name-1"),
        ({"name-1": "phòng  KHÁM 1"}, "name-1"),
        ({"name-1": "x" * 61}, "name-1"),
        ({"place-0": "x" * 121}, "place-0"),
        ({"printer-0": "x" * 61}, "printer-0"),
        ({"notice-0": "x" * 201}, "notice-0"),
        ({"services-1": "x" * 41 + " Khám"}, "services-1"),
        ({"services-1": "KB " + "x" * 201}, "services-1"),
    ],
)
def test_a_fault_is_shown_at_its_field_and_the_rest_is_kept(
    kiosk: Kiosk, client: FlaskClient, saved: RoomList, wrong: dict[str, str], field: str
) -> None:
    answer = post(client, form_of(saved) | {"notices": "Đang gõ"} | wrong)
    assert answer.status_code == 400
    [marked] = [part for part in answer.text.split("<") if "aria-invalid" in part]
    assert f'id="{field}"' in marked
    assert wrong[field] in answer.text
    assert "Đang gõ" in answer.text
    assert kiosk.rooms.read() == saved


def test_a_long_notice_and_a_list_without_rooms_are_refused(
    kiosk: Kiosk, client: FlaskClient, saved: RoomList
) -> None:
    assert "tối đa 200" in post(client, form_of(saved) | {"notices": "x" * 201}).text
    answer = post(client, {"version": saved.version})
    assert answer.status_code == 400
    assert "ít nhất một phòng" in answer.text
    assert kiosk.rooms.read() == saved


def test_two_people_who_save_at_once(kiosk: Kiosk, client: FlaskClient, saved: RoomList) -> None:
    mine, theirs = form_of(saved) | {"name-0": "Của tôi"}, form_of(saved) | {"name-0": "Của họ"}
    assert post(client, theirs).status_code == 303
    answer = post(client, mine)
    assert answer.status_code == 409
    assert 'value="Của tôi"' in answer.text
    assert "Của họ · Phòng mắt" in answer.text
    assert kiosk.rooms.read().rooms[0].name == "Của họ"
    newer = kiosk.rooms.read().version
    assert f'name="version" value="{newer}"' in answer.text
    assert post(client, mine | {"version": newer}).status_code == 303
    assert kiosk.rooms.read().rooms[0].name == "Của tôi"


def test_a_damaged_file_is_shown_and_can_be_replaced(
    kiosk: Kiosk, client: FlaskClient, saved: RoomList, tmp_path: Path
) -> None:
    (tmp_path / "rooms.json").write_text('{"rooms": ', "utf-8")
    page = client.get("/rooms").text
    assert "Không đọc được tệp danh sách phòng" in page
    assert "rooms.json" in page
    assert "Không đọc được tệp danh sách phòng" in client.get("/queue").text
    form = form_of(replace(saved, version=kiosk.rooms.read().version))
    assert post(client, form).status_code == 303
    assert kiosk.rooms.read().fault == ""


def test_a_file_that_cannot_be_written_keeps_what_was_typed(
    client: FlaskClient, saved: RoomList, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kiosk.queue.rooms.tempfile.mkstemp", full)
    answer = post(client, form_of(saved) | {"name-0": "Đang gõ"})
    assert answer.status_code == 507
    assert 'value="Đang gõ"' in answer.text


def test_doctor_has_a_line_for_the_rooms(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    config = tmp_path / "kiosk.toml"
    config.write_text('[facility]\ncode = "01999"\n', "utf-8")
    words = ("doctor", "--config", str(config), "--data", str(folder))
    assert b'"what": "rooms", "seen": "2, 1 of them open"' in call(*words).stdout
    (tmp_path / "rooms.json").write_text("{", "utf-8")  # beside the settings file
    [line] = [row for row in call(*words).stdout.splitlines() if b'"rooms"' in row]
    assert b'"good": false' in line
    assert b"rooms.json" in line


@pytest.mark.parametrize("room", [EYES.name, "Phòng lạ"])
def test_a_visit_of_the_desk_s_page_needs_an_open_room_of_the_list(
    kiosk: Kiosk, client: FlaskClient, room: str
) -> None:
    visit = {"attempt": kiosk.scan(payload("an")), "room": room}
    headers = {"Idempotency-Key": "k1"}
    refused = client.post("/api/visits", json=visit | {"room_listed": True}, headers=headers)
    assert (refused.status_code, refused.get_json()["field"], refused.get_json()["fault"]) == (
        400,
        "room",
        "no_room",
    )
    assert kiosk.visits.newest() == []
    taken = client.post("/api/visits", json=visit, headers=headers)  # of another program
    assert (taken.status_code, taken.get_json()["room"]) == (201, room)
    again = client.post("/api/visits", json=visit | {"room_listed": True}, headers=headers)
    assert (again.status_code, again.get_json()["id"]) == (200, taken.get_json()["id"])
