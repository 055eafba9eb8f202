"""Who is sent to the desk is listed there, until somebody has seen to them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiosk.sandbox import PEOPLE
from tests.cast import payload
from tests.conftest import Kiosk
from tests.self_service.screen import (
    FOR_THE_DESK,
    begin,
    show,
)


@pytest.mark.parametrize("key", FOR_THE_DESK)
def test_every_reason_for_the_desk_leads_to_the_same_slip(
    screen: FlaskClient, app: Flask, site: Kiosk, key: str
) -> None:
    answer = show(screen, payload(key), begin(screen))

    assert answer == {
        "state": "slip",
        "label": "Q 1",
        "room": "",
        "place": "",
        "initials": "",
        "again": False,
        "printed": False,
    }
    assert site.visits.newest() == []
    listed = app.test_client().get("/desk/unfinished?desk=2").get_data(as_text=True)
    assert "Q 1" in listed
    assert "Q 1" not in app.test_client().get("/desk/unfinished?desk=3").get_data(as_text=True)


def test_the_next_patient_who_shows_a_card_too_early_is_listed(
    screen: FlaskClient, site: Kiosk
) -> None:
    turn = begin(screen)
    first = show(screen, payload("an"), turn)
    for shown in (payload("an"), payload("mai"), payload("an") + b"\r", b" " + payload("an")):
        assert show(screen, shown, turn) == first  # the first card still lies there
    assert len(site.visits.newest()) == 1
    [listed] = site.unfinished.list_of(site.clock(), frozenset())
    assert listed.verdict.card is not None
    assert listed.verdict.card.holder == next(p.holder for p in PEOPLE if p.key == "mai")


@pytest.mark.parametrize("end", [b"", b"\r", b"\r\n", b"\t", b" "])
def test_a_card_that_is_read_again_after_its_slip_is_listed_once(
    screen: FlaskClient, site: Kiosk, end: bytes
) -> None:
    turn = begin(screen)
    for shown in (payload("chi"), payload("chi") + end):
        assert show(screen, shown, turn)["label"] == "Q 1"
    listed = site.unfinished.list_of(site.clock(), frozenset())
    assert site.unfinished.slips_of(listed) == {listed[0].reading: "Q 1"}
    assert len(listed) == 1


def test_a_patient_without_a_card_gets_a_slip_and_is_listed(
    screen: FlaskClient, app: Flask
) -> None:
    answer = screen.post("/self/slips", headers=begin(screen, "nothing")).get_json()

    assert (answer["state"], answer["label"]) == ("slip", "Q 1")
    assert "Q 1" in app.test_client().get("/desk/unfinished").get_data(as_text=True)


def test_a_slip_leaves_the_list_when_its_patient_is_recorded(
    screen: FlaskClient, app: Flask, site: Kiosk
) -> None:
    show(screen, payload("an"), begin(screen, "papers"))
    site.clock.go(timedelta(minutes=1))
    clerk = app.test_client()
    clerk.post("/desk", data={"desk": "2"})
    (listed,) = site.unfinished.list_of(site.clock(), frozenset())

    clerk.post("/api/visits", json={"attempt": listed.id}, headers={"Idempotency-Key": "k"})

    assert site.unfinished.list_of(site.clock(), frozenset()) == []
    assert clerk.get("/display/patient/state?desk=2").get_json()["label"] == "1"
    site.clock.go(timedelta(minutes=5))
    show(screen, payload("an"), begin(screen))  # here already, and back with another slip
    assert len(site.unfinished.list_of(site.clock(), frozenset())) == 1
    assert [ticket.label for ticket in site.tickets.open(site.clock(), "2")] == ["Q 2"]


@pytest.mark.parametrize("again", [payload("dung").decode(), "9999900004"])
def test_the_holder_of_a_slip_who_is_read_again_at_a_desk_is_listed_once(
    screen: FlaskClient, app: Flask, site: Kiosk, again: str
) -> None:
    show(screen, payload("dung"), begin(screen, "papers"))
    show(screen, payload("an"), begin(screen, "papers"))
    site.clock.go(timedelta(minutes=1))
    app.test_client().post("/api/scans", json={"payload": again})

    listed = site.unfinished.list_of(site.clock(), frozenset())
    assert sorted(site.unfinished.slips_of(listed).values()) == ["Q 1", "Q 2"]
    assert len(listed) == 2


@pytest.mark.parametrize("again", [payload("dung").decode(), "9999900004"])
def test_a_slip_ends_when_its_patient_is_recorded_on_another_reading(
    screen: FlaskClient, app: Flask, site: Kiosk, again: str
) -> None:
    show(screen, payload("dung"), begin(screen, "papers"))
    show(screen, payload("an"), begin(screen, "papers"))  # another patient, who waits on
    site.clock.go(timedelta(minutes=1))
    clerk = app.test_client()
    reading = clerk.post("/api/scans", json={"payload": again}).get_json()["attempt"]

    answer = clerk.post(
        "/api/visits",
        json={"attempt": reading, "holder": "Phạm Văn Dũng", "clerk_reason": "đã xem giấy tờ"},
        headers={"Idempotency-Key": "k"},
    )

    assert answer.status_code == 201, answer.get_data(as_text=True)
    assert [ticket.label for ticket in site.tickets.open(site.clock(), "2")] == ["Q 2"]


def test_a_slip_ends_when_its_patient_is_set_aside_on_another_reading(
    screen: FlaskClient, app: Flask, site: Kiosk
) -> None:
    show(screen, payload("dung"), begin(screen, "papers"))
    site.clock.go(timedelta(minutes=1))
    clerk = app.test_client()
    reading = clerk.post("/api/scans", json={"payload": "9999900004"}).get_json()["attempt"]

    answer = clerk.post(f"/desk/unfinished/{reading}", json={"reason": "về lấy giấy"})

    assert answer.status_code == 200
    assert site.tickets.open(site.clock(), "2") == []
    assert site.unfinished.list_of(site.clock(), frozenset()) == []


def test_a_patient_with_papers_is_listed_by_name_at_the_desk(
    screen: FlaskClient, app: Flask, site: Kiosk
) -> None:
    answer = show(screen, payload("an"), begin(screen, "papers"))

    assert answer["state"] == "slip"
    assert site.visits.newest() == []
    listed = app.test_client().get("/desk/unfinished").get_data(as_text=True)
    assert "Q 1" in listed
    assert "Nguyễn Văn An" in listed


def test_a_scan_of_no_turn_is_listed_at_the_desk(
    screen: FlaskClient, app: Flask, site: Kiosk
) -> None:
    new = begin(screen)

    answer = screen.post("/self/scans", json={"payload": payload("an").decode()})

    assert (answer.status_code, answer.get_json()) == (200, {})
    assert site.visits.newest() == []
    listed = app.test_client().get("/desk/unfinished?desk=2").get_data(as_text=True)
    assert "Nguyễn Văn An" in listed
    assert screen.get("/self/status", headers=new).get_json()["state"] == "waiting"
