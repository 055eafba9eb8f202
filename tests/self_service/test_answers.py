"""What a patient at the screen is told: a number and a room, or the desk."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from kiosk.desk import Intent, SelfService
from kiosk.desk.turns import TurnState
from kiosk.logbook import SELF_SERVICE
from kiosk.sandbox import demo_settings
from kiosk.sandbox.people import NOT_A_CARD
from kiosk.web.app import create_app
from scanner import Scan
from tests.cast import Clock, payload
from tests.conftest import Kiosk
from tests.self_service.screen import (
    SCREEN,
    be_screen,
    begin,
    show,
    staff_at,
    with_screen,
)


def test_a_patient_with_a_good_card_gets_a_number_and_a_room_and_nothing_else(
    screen: FlaskClient, site: Kiosk
) -> None:
    answer = show(screen, payload("an"), begin(screen))

    assert answer == {
        "state": "number",
        "label": "1",
        "room": "Phòng khám 1",
        "place": "",
        "initials": "",
        "again": False,
        "printed": False,
    }
    (visit,) = site.visits.newest()
    assert (visit.author, visit.outcome) == (SELF_SERVICE, "admitted")
    attempt = site.attempts.get(visit.attempt)
    assert attempt is not None
    assert attempt.reader == "self-hall"


def test_an_unconfirmed_patient_gets_the_same_answer_as_an_admitted_one(
    screen: FlaskClient, site: Kiosk
) -> None:
    admitted = show(screen, payload("an"), begin(screen))
    unconfirmed = show(screen, payload("nam"), begin(screen))

    assert site.visits.newest()[0].outcome == "unconfirmed"
    assert unconfirmed == admitted | {"label": "2"}


def test_another_code_is_shown_once_more_before_it_leads_to_the_desk(screen: FlaskClient) -> None:
    turn = begin(screen)
    first = show(screen, NOT_A_CARD.encode(), turn)
    second = show(screen, NOT_A_CARD.encode(), turn)

    assert (first["state"], first["again"]) == ("waiting", True)
    assert second["state"] == "slip"


def test_a_childs_number_needs_a_childs_card(screen: FlaskClient, site: Kiosk) -> None:
    parent = show(screen, payload("an"), begin(screen, "child"))
    child = show(screen, payload("khoi"), begin(screen, "child"))

    assert (parent["state"], child["state"]) == ("slip", "number")
    assert site.visits.newest()[0].how.presented_as == "guardian_phone"


def test_a_number_is_shown_again_at_the_same_screen_for_two_minutes(
    screen: FlaskClient, site: Kiosk
) -> None:
    first = show(screen, payload("an"), begin(screen))
    site.clock.go(timedelta(seconds=90))
    again = show(screen, payload("an"), begin(screen))
    site.clock.go(timedelta(seconds=90))
    later = show(screen, payload("an"), begin(screen))

    assert again == first
    assert later["state"] == "slip"  # a stranger with this card does not learn that An is here
    assert len(site.visits.newest()) == 1


def test_who_was_recorded_at_a_desk_is_not_shown_at_the_screen(
    screen: FlaskClient, app: Flask
) -> None:
    clerk = app.test_client()
    attempt = clerk.post("/api/scans", json={"payload": payload("an").decode()}).get_json()
    clerk.post(
        "/api/visits", json={"attempt": attempt["attempt"]}, headers={"Idempotency-Key": "k"}
    )

    assert show(screen, payload("an"), begin(screen))["state"] == "slip"


def test_a_picture_of_a_phone_leads_to_the_desk(screen: FlaskClient, site: Kiosk) -> None:
    picture = payload("quynh")
    site.clock.go(timedelta(minutes=3))

    assert show(screen, picture, begin(screen))["state"] == "slip"
    newest = site.attempts.get(site.attempts.last_id())
    assert newest is not None
    assert newest.reason == "not_live"


def test_initials_are_shown_only_by_setting(
    tmp_path: Path, kiosk: Kiosk, clock: Clock, stop: Any
) -> None:
    settings = with_screen(tmp_path, kiosk.settings, display={"initials": "yes"})
    site = Kiosk(settings, tmp_path, demo=True, now=clock)
    screen = create_app(site, stop).test_client()
    be_screen(screen)

    assert show(screen, payload("an"), begin(screen))["initials"] == "N. V. A."


def test_a_printer_at_the_screen_prints_no_share(
    tmp_path: Path, kiosk: Kiosk, clock: Clock, stop: Any
) -> None:
    printer = {"name": "post", "kind": "file", "port": str(tmp_path / "paper"), "desk": "hall"}
    settings = with_screen(tmp_path, kiosk.settings, printers=[printer])
    site = Kiosk(settings, tmp_path, demo=True, now=clock)
    screen = create_app(site, stop).test_client()
    be_screen(screen)

    answer = show(screen, payload("an"), begin(screen))

    assert answer["printed"]
    (visit,) = site.visits.newest()
    asked = site.printing.newest([visit.ticket_id])[visit.ticket_id]
    assert not asked.with_share
    ticket = site.printing.ticket(visit.ticket_id, with_share=asked.with_share)
    assert ticket is not None
    assert (ticket.payment, ticket.share_percent, ticket.desk) == ("nothing", None, "")


def test_a_printer_elsewhere_prints_nothing_of_the_screen(
    tmp_path: Path, kiosk: Kiosk, clock: Clock, stop: Any
) -> None:
    printer = {"name": "far", "kind": "file", "port": str(tmp_path / "paper"), "desk": "2"}
    settings = with_screen(tmp_path, kiosk.settings, printers=[printer])
    site = Kiosk(settings, tmp_path, demo=True, now=clock)
    screen = create_app(site, stop).test_client()
    be_screen(screen)

    assert not show(screen, payload("an"), begin(screen))["printed"]
    assert site.printing.newest([site.visits.newest()[0].ticket_id]) == {}


def test_an_attached_reader_serves_its_screen_and_no_desk(
    tmp_path: Path, kiosk: Kiosk, clock: Clock
) -> None:
    attached = SCREEN | {"reader": "post"}
    settings = with_screen(tmp_path, kiosk.settings, self_service=[attached])
    site = Kiosk(settings, tmp_path, demo=True, now=clock)

    receive = site.self_service.before(site.desk.receive)

    receive(Scan(payload("an"), "post", clock()))
    assert site.attempts.last_id() == 1  # nobody has a turn: it is listed
    assert site.visits.newest() == []

    turn = site.self_service.begin("hall", Intent.CARD)
    receive(Scan(payload("an"), "post", clock()))
    assert site.visits.newest() == []  # a page has to ask, or the patient has left
    assert site.self_service.answer("hall", turn).state is TurnState.NUMBER

    receive(Scan(payload("mai"), "post", clock()))  # the next patient, too early
    [listed] = site.unfinished.list_of(clock(), frozenset())
    assert listed.reading == site.attempts.last_id()

    receive(Scan(payload("dung"), "front", clock()))
    newest = site.attempts.get(site.attempts.last_id())
    assert newest is not None
    assert newest.reader == "front"


def test_a_screen_waits_for_the_insurer_before_it_records_an_unsure_card(
    kiosk: Kiosk, tmp_path: Path, clock: Clock
) -> None:
    insurer = demo_settings("http://127.0.0.1:1", tmp_path)["insurer"]
    settings = with_screen(tmp_path, kiosk.settings, insurer=insurer)
    site = Kiosk(settings, tmp_path, demo=True, now=clock)
    self_service: SelfService = site.self_service
    turn = self_service.begin("hall", Intent.CARD)

    assert self_service.take("hall", turn, payload("nam")).state is TurnState.LOOKING
    assert site.visits.newest() == []
    clock.go(timedelta(seconds=4))
    assert self_service.answer("hall", turn).state is TurnState.NUMBER


def test_a_call_for_a_person_is_shown_at_its_desk_until_somebody_goes(
    screen: FlaskClient, app: Flask
) -> None:
    clerk = app.test_client()
    screen.post("/self/staff")

    assert "hall" in clerk.get("/desk/status?desk=2").get_data(as_text=True)
    assert "data-answer-call" not in clerk.get("/desk/status?desk=3").get_data(as_text=True)
    assert staff_at(screen) == "called"
    clerk.post("/desk/calls/hall")
    assert "data-answer-call" not in clerk.get("/desk/status?desk=2").get_data(as_text=True)
    assert staff_at(screen) == "coming"


def test_nobody_comes_without_a_call_and_a_second_press_calls_again(
    screen: FlaskClient, app: Flask, site: Kiosk
) -> None:
    clerk = app.test_client()
    clerk.post("/desk/calls/hall")
    assert staff_at(screen) == ""
    screen.post("/self/staff")
    clerk.post("/desk/calls/hall")
    site.clock.go(timedelta(minutes=1))
    assert staff_at(screen) == ""
    screen.post("/self/staff")
    clerk.post("/desk/calls/hall")
    assert screen.post("/self/staff").get_json() == {"staff": "called"}
    assert "data-answer-call" in clerk.get("/desk/status?desk=2").get_data(as_text=True)
