"""The pages of the queue and the waiting room's display over HTTP."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kiosk.desk import Confirmation
from kiosk.logbook import Priority, Ticket, TicketState, Visit
from kiosk.logbook.number_series import issue_ticket
from kiosk.queue import Room, RoomList, RoomService
from tests.cast import AGAIN, payload
from tests.conftest import Kiosk

ROOM, OTHER = "Phòng khám 1", "Phòng mắt"
ROOMS = RoomList(
    (Room(ROOM, "Tầng 1"), Room(OTHER, services=(RoomService("KB02", "Khám mắt"),))),
    ("Giữ trật tự.",),
)


@pytest.fixture(autouse=True)
def rooms(kiosk: Kiosk) -> RoomList:
    return kiosk.rooms.save(ROOMS)


def record(kiosk: Kiosk, person: str, room: str = ROOM, priority: Priority | None = None) -> Visit:
    confirmation = Confirmation(room=room, repeat_reason=AGAIN, priority=priority)
    reading = kiosk.scan(payload(person))
    return kiosk.desk.confirm(reading, confirmation, f"{person}-{reading}")[0]


def ticket_of(kiosk: Kiosk, visit: Visit) -> Ticket:
    ticket = kiosk.tickets.of_visit(visit.id)
    assert ticket is not None
    return ticket


def post(client: FlaskClient, ticket: Ticket, action: str, **more: str) -> TestResponse:
    form = {"room": ticket.room, "version": str(ticket.version), "action": action} | more
    return client.post(f"/queue/tickets/{ticket.id}", data=form)


def calls(client: FlaskClient, rooms: str = "") -> list[dict[str, str]]:
    return list(client.get(f"/display/calls.json{rooms}").get_json()["calls"])


def test_a_number_goes_through_the_room_and_back(kiosk: Kiosk, client: FlaskClient) -> None:
    visit = record(kiosk, "an")
    for action, state in (
        ("call", TicketState.CALLED),
        ("absent", TicketState.ABSENT),
        ("call", TicketState.CALLED_AGAIN),
        ("enter", TicketState.IN_ROOM),
        ("done", TicketState.DONE),
        ("put_back", TicketState.WAITING),
    ):
        answer = post(client, ticket_of(kiosk, visit), action)
        assert answer.status_code == 303
        assert ticket_of(kiosk, visit).state is state
        assert client.get(answer.location).status_code == 200


def test_whoever_waits_for_a_room_is_called_after_it_was_renamed_in_its_case(
    kiosk: Kiosk, client: FlaskClient
) -> None:
    visit = record(kiosk, "an")
    renamed = replace(ROOMS.rooms[0], name=ROOM.upper())
    kiosk.rooms.save(replace(kiosk.rooms.read(), rooms=(renamed, ROOMS.rooms[1])))
    assert record(kiosk, "binh", ROOM.upper()).ticket_label == "2"

    page = client.get("/queue", query_string={"room": ROOM.upper()}).text
    assert "Mời số 1" in page
    post(client, ticket_of(kiosk, visit), "call")
    assert [call["label"] for call in calls(client, f"?room={ROOM.upper()}")] == ["1"]


def test_what_another_desk_changed_is_shown_and_not_done_twice(
    kiosk: Kiosk, client: FlaskClient
) -> None:
    seen = ticket_of(kiosk, record(kiosk, "an"))
    record(kiosk, "binh")
    post(client, seen, "call")
    answer = post(client, seen, "call")
    assert answer.status_code == 409
    assert "Người khác vừa xử lý số này" in answer.text
    assert "Mời số 2" in answer.text  # the queue as it is now
    events = kiosk.database.rows("select state from ticket_event")
    assert [row["state"] for row in events] == ["called"]


@pytest.mark.parametrize(
    ("action", "more", "status"),
    [
        ("done", {}, 409),  # does not follow "waiting"
        ("dance", {}, 400),
        ("priority", {"priority": "rich"}, 400),
        ("move", {"to": "Phòng lạ"}, 400),
        ("move", {"to": ROOM}, 409),  # it is there already
        ("call", {"version": ""}, 400),
        ("call", {"version": "x"}, 400),
    ],
)
def test_what_cannot_be_done_changes_nothing(
    kiosk: Kiosk, client: FlaskClient, action: str, more: dict[str, str], status: int
) -> None:
    seen = ticket_of(kiosk, record(kiosk, "an"))
    if action == "done":
        post(client, seen, "call")
        seen = kiosk.tickets.get(seen.id) or seen
    assert post(client, seen, action, **more).status_code == status
    assert kiosk.tickets.get(seen.id) == seen


def test_an_unknown_number_is_not_found(client: FlaskClient) -> None:
    for number in (999, 2**70):
        form = {"room": ROOM, "version": "1", "action": "call"}
        assert client.post(f"/queue/tickets/{number}", data=form).status_code == 404


def test_moving_a_patient_corrects_the_visit(kiosk: Kiosk, client: FlaskClient) -> None:
    visit = record(kiosk, "an")
    answer = post(client, ticket_of(kiosk, visit), "move", to=OTHER)
    assert answer.status_code == 303
    moved = kiosk.visits.by_id(visit.id)
    assert moved is not None
    assert (moved.service.room, moved.service.code) == (OTHER, "KB02")
    ticket = ticket_of(kiosk, visit)
    assert (ticket.room, ticket.state) == (OTHER, TicketState.WAITING)
    assert kiosk.corrections.versions(visit.id)[0].why == "sang phòng khác"


def test_the_reason_of_a_move_is_in_the_language_of_the_page(
    kiosk: Kiosk, client: FlaskClient
) -> None:
    visit = record(kiosk, "an")
    client.get("/queue?lang=en")
    post(client, ticket_of(kiosk, visit), "move", to=OTHER)
    assert kiosk.corrections.versions(visit.id)[0].why == "moved to another room"


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "It is not known whether"), ("vi", "Không rõ việc vừa bấm đã được ghi hay chưa")],
)
def test_without_an_answer_neither_language_says_that_nothing_was_changed(
    client: FlaskClient, language: str, words: str
) -> None:
    page = client.get("/queue", query_string={"lang": language}).text
    assert words in page
    assert "Nothing was changed" not in page


def test_whoever_was_called_meanwhile_is_not_moved(kiosk: Kiosk, client: FlaskClient) -> None:
    visit = record(kiosk, "an")
    seen = ticket_of(kiosk, visit)
    post(client, seen, "call")
    assert post(client, seen, "move", to=OTHER).status_code == 409
    assert ticket_of(kiosk, visit).state is TicketState.CALLED
    assert kiosk.corrections.versions(visit.id) == []


def test_whoever_is_done_is_not_moved(kiosk: Kiosk, client: FlaskClient) -> None:
    visit = record(kiosk, "an")
    for action in ("call", "enter", "done"):
        post(client, ticket_of(kiosk, visit), action)
    assert ticket_of(kiosk, visit).state is TicketState.DONE
    assert post(client, ticket_of(kiosk, visit), "move", to=OTHER).status_code == 409
    assert kiosk.corrections.versions(visit.id) == []


def test_priority_is_changed_and_shown(kiosk: Kiosk, client: FlaskClient) -> None:
    record(kiosk, "binh")
    visit = record(kiosk, "an")
    post(client, ticket_of(kiosk, visit), "priority", priority="pregnant")
    assert ticket_of(kiosk, visit).priority is Priority.PREGNANT
    page = client.get("/queue", query_string={"room": ROOM}).text
    assert "phụ nữ có thai" in page
    assert "Mời số 2" in page


def test_a_removed_room_is_shown_and_its_patients_go_elsewhere(
    kiosk: Kiosk, client: FlaskClient
) -> None:
    visit = record(kiosk, "an", "Phòng cũ")
    assert "Còn chờ phòng này: 1 người" in client.get("/rooms").text
    page = client.get("/queue", query_string={"room": "Phòng cũ"}).text
    assert "không còn trong danh sách" in page
    assert "Mời số 1" in page
    post(client, ticket_of(kiosk, visit), "move", to=ROOM)
    assert "Phòng cũ" not in client.get("/queue").text


def test_slips_to_a_desk_are_no_removed_room(kiosk: Kiosk, client: FlaskClient) -> None:
    kiosk.tickets.issue_slip(None, "Bàn 2", kiosk.clock())
    assert "Bàn 2" not in client.get("/rooms").text
    page = client.get("/queue", query_string={"room": "Bàn 2"}).text
    assert "Mời số Q 1" in page
    assert "không còn trong danh sách" not in page


def test_a_slip_that_names_no_desk_is_called_and_ended_at_reception(
    kiosk: Kiosk, client: FlaskClient
) -> None:
    slip = kiosk.tickets.issue_slip(None, "", kiosk.clock())
    assert slip.room == "Bàn tiếp đón"
    assert "Bàn tiếp đón" not in client.get("/rooms").text
    page = client.get("/queue", query_string={"room": "Bàn tiếp đón"}).text
    assert "Mời số Q 1" in page
    for action in ("call", "enter", "done"):
        assert post(client, kiosk.tickets.get(slip.id) or slip, action).status_code == 303
    assert kiosk.tickets.open(kiosk.clock()) == []


def test_midnight_with_people_waiting(kiosk: Kiosk, client: FlaskClient) -> None:
    kiosk.clock.go(timedelta(hours=13))  # eleven in the evening
    late = record(kiosk, "an")
    kiosk.clock.go(timedelta(hours=2))
    early = record(kiosk, "binh")
    page = client.get("/queue", query_string={"room": ROOM}).text
    numbers = re.findall(r'<span class="label">(\d+)( <small>ngày 25/11</small>)?', page)
    assert numbers == [("1", " <small>ngày 25/11</small>")] * 2 + [("1", "")]
    post(client, ticket_of(kiosk, late), "call")
    post(client, ticket_of(kiosk, early), "call")
    assert len({call["id"] for call in calls(client)}) == 2


def test_a_visit_that_is_being_sent_is_moved_later(kiosk: Kiosk, client: FlaskClient) -> None:
    visit = record(kiosk, "an")
    with kiosk.database.transaction() as db:
        db.execute("update outbox set state = 'in_flight'")
    answer = post(client, ticket_of(kiosk, visit), "move", to=OTHER)
    assert answer.status_code == 409
    assert "đang được gửi cho BHXH" in answer.text


def test_names_are_not_shown_and_initials_by_setting_only(
    kiosk: Kiosk, client: FlaskClient, make_client: Callable[..., FlaskClient]
) -> None:
    post(client, ticket_of(kiosk, record(kiosk, "an")), "call")
    pages = ("/queue?room=" + ROOM, "/queue/state?room=" + ROOM, "/display/calls")
    with_initials = make_client(
        replace(kiosk.settings, display=replace(kiosk.settings.display, initials="yes"))
    )
    for path in pages:
        assert "N. V. A." not in client.get(path).text
        assert "Nguyễn" not in client.get(path).text
        assert "N. V. A." in with_initials.get(path).text
        assert "Nguyễn" not in with_initials.get(path).text
    assert calls(with_initials)[0]["initials"] == "N. V. A."


def test_the_display_holds_nothing_personal(kiosk: Kiosk, client: FlaskClient) -> None:
    visit = record(kiosk, "an")
    post(client, ticket_of(kiosk, visit), "call")
    [call] = calls(client)
    assert call.keys() == {"id", "label", "room", "place", "state"}
    assert call | {"id": ""} == {
        "id": "",
        "label": "1",
        "room": ROOM,
        "place": "Tầng 1",
        "state": "now",
    }
    for text in (client.get("/display/calls.json").text, client.get("/display/calls").text):
        for personal in (
            visit.id,
            visit.person,
            visit.card.number,
            visit.card.number[-4:],
            *(visit.card.holder or "").split(),
            str(visit.card.born),
        ):
            assert personal not in text, personal


def test_the_display_shows_the_chosen_rooms(kiosk: Kiosk, client: FlaskClient) -> None:
    for room in (ROOM, OTHER, "Phòng khám 3"):
        post(client, ticket_of(kiosk, record(kiosk, "an", room)), "call")
    chosen = calls(client, f"?room={OTHER.upper()}&room=Phòng khám 3")
    assert [call["room"] for call in chosen] == ["Phòng khám 3", OTHER]
    assert len(calls(client)) == 3


def test_a_call_has_an_id_of_its_own_each_time(kiosk: Kiosk, client: FlaskClient) -> None:
    visit = record(kiosk, "an")
    post(client, ticket_of(kiosk, visit), "call")
    [first] = calls(client)
    post(client, ticket_of(kiosk, visit), "absent")
    [absent] = calls(client)
    assert (absent["id"], absent["state"]) == (first["id"], "before")
    kiosk.clock.go(timedelta(minutes=3))
    post(client, ticket_of(kiosk, visit), "call")
    [again] = calls(client)
    assert again["state"] == "again"
    assert again["id"] != first["id"]
    kiosk.clock.go(timedelta(minutes=11))  # nobody came: it is not called for ever
    assert calls(client)[0]["state"] == "before"


def test_a_priority_given_to_a_called_patient_does_not_call_again(
    kiosk: Kiosk, client: FlaskClient
) -> None:
    visit = record(kiosk, "an")
    post(client, ticket_of(kiosk, visit), "call")
    before, shown = ticket_of(kiosk, visit), calls(client)
    kiosk.clock.go(timedelta(minutes=1))
    post(client, before, "priority", priority="pregnant")

    after = ticket_of(kiosk, visit)
    assert (after.priority, after.called_at) == (Priority.PREGNANT, before.called_at)
    assert calls(client) == shown


def test_the_display_has_no_action_and_no_link(client: FlaskClient) -> None:
    page = client.get("/display/calls").text
    assert "<a " not in page
    assert "<form" not in page
    assert re.findall(r'<button type="button" id="(\w+)"', page) == ["sound"]


def test_the_notices_and_the_level_are_on_the_display(
    kiosk: Kiosk, client: FlaskClient, make_client: Callable[..., FlaskClient]
) -> None:
    notices = client.get("/display/calls.json").get_json()["notices"]
    assert notices[-1] == "Giữ trật tự."
    facility = replace(kiosk.settings.facility, level="co_ban", score=60)
    ranked = make_client(replace(kiosk.settings, facility=facility))
    level = ranked.get("/display/calls.json").get_json()["notices"][1]
    assert level == "Cấp chuyên môn kỹ thuật của cơ sở: cấp cơ bản. Điểm: 60"


def test_the_ticket_says_where_and_how_many_are_ahead(kiosk: Kiosk, client: FlaskClient) -> None:
    first, second = record(kiosk, "an"), record(kiosk, "binh")
    page = client.get(f"/desk/attempts/{second.attempt}").text
    assert "Tầng 1" in page
    assert "phía trước" not in page  # this clinic has called nobody yet
    post(client, ticket_of(kiosk, first), "call")
    assert "Còn 1 người phía trước" in client.get(f"/desk/attempts/{second.attempt}").text
    post(client, ticket_of(kiosk, first), "enter")
    assert "Sắp đến lượt" in client.get(f"/desk/attempts/{second.attempt}").text


def test_whoever_is_here_already_sees_the_label_and_the_room(
    kiosk: Kiosk, client: FlaskClient
) -> None:
    record(kiosk, "an", OTHER)
    reading = kiosk.scan(payload("an"))
    assert "Số 1, lúc 10:00 · Phòng mắt" in client.get(f"/desk/attempts/{reading}").text


def test_the_desk_offers_the_open_rooms_last_used_first(kiosk: Kiosk, client: FlaskClient) -> None:
    seen = kiosk.rooms.read()
    closed = Room("Phòng đóng", open=False)
    kiosk.rooms.save(replace(seen, rooms=(*seen.rooms, Room("Phòng khám 3"), closed)))
    record(kiosk, "binh", "Phòng khám 3")
    page = client.get(f"/desk/attempts/{kiosk.scan(payload('an'))}").text
    offered = page[page.index('id="room-list"') :].partition("</ul>")[0]
    assert re.findall(r'data-name="([^"]*)"', offered) == ["Phòng khám 3", ROOM, OTHER]
    assert f'name="room" value="{ROOM}"' in page


@pytest.mark.parametrize(("person", "proposed"), [("an", []), ("khoi", ["under_6"])])
def test_a_priority_is_proposed_at_the_desk(
    kiosk: Kiosk, client: FlaskClient, person: str, proposed: list[str]
) -> None:
    page = client.get(f"/desk/attempts/{kiosk.scan(payload(person))}").text
    field = page[page.index('id="priority"') :].partition("</select>")[0]
    assert re.findall(r'<option value="(\w+)" selected>', field) == proposed


def test_the_queue_is_sent_again_only_after_a_change(kiosk: Kiosk, client: FlaskClient) -> None:
    def ask(tag: str = "") -> TestResponse:
        headers = {"If-None-Match": tag} if tag else {}
        return client.get("/queue/state", query_string={"room": ROOM}, headers=headers)

    ticket = ticket_of(kiosk, record(kiosk, "an"))
    seen = ask().headers["ETag"]
    assert ask(seen).status_code == 304
    post(client, ticket, "call")
    changed = ask(seen)
    assert changed.status_code == 200
    assert "current called" in changed.text
    seen = changed.headers["ETag"]
    kiosk.rooms.save(replace(kiosk.rooms.read(), rooms=ROOMS.rooms[:1]))
    assert ask(seen).status_code == 200


def test_a_long_queue_is_shown_in_part_and_all_of_it_on_demand(
    kiosk: Kiosk, client: FlaskClient
) -> None:
    with kiosk.database.transaction() as db:
        for _ in range(30):
            issue_ticket(db, ROOM, kiosk.clock(), None, None)
    page = client.get("/queue", query_string={"room": ROOM})
    assert "Xem cả 30 số" in page.text
    assert page.text.count('value="enter"') == 25
    everybody = client.get("/queue", query_string={"room": ROOM, "all": "1"})
    assert everybody.text.count('value="enter"') == 30


def test_without_other_desks_nothing_is_fetched(client: FlaskClient) -> None:
    answer = client.post("/api/queue/expect", json={"room": ROOM})
    assert (answer.status_code, answer.get_json()) == (202, {"shared": False})
    assert "Only patients" not in client.get("/queue?lang=en").get_data(as_text=True)
