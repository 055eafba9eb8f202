"""The time of birth of a child of at most 28 days is typed, kept, and sent to the insurer (D37)."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from kiosk.desk import IdentityChange
from kiosk.logbook import Visit
from kiosk.logbook.visit import visit_from_record, visit_record
from tests.cast import CCCD, NOW, Clock, payload
from tests.conftest import Kiosk
from tests.kiosk.test_temporary_codes import record_of
from verify import Birth, is_newborn_on

BABY = {"papers": "birth_record", "holder": "Trần Thị Bé", "born": "20/11/2026"}
FIELD = 'name="birth_time"'


def take_in(client: FlaskClient, **fields: object) -> Any:
    attempt = client.post("/api/scans", json={"no_card": True}).get_json()["attempt"]
    body = {"attempt": attempt, **BABY, **fields}
    return client.post("/api/visits", json=body, headers={"Idempotency-Key": f"{attempt}"})


def newest(kiosk: Kiosk) -> Visit:
    return kiosk.visits.newest(1)[0]


@pytest.mark.parametrize("typed", ["8:05", "08.05", "8h05", " 08 : 05 "])
def test_a_newborn_is_reported_with_hour_and_minute_of_birth(
    client: FlaskClient, kiosk: Kiosk, typed: str
) -> None:
    assert take_in(client, birth_time=typed).status_code == 201

    visit = newest(kiosk)
    assert visit.birth_time == time(8, 5)
    assert record_of(kiosk, visit)["NGAY_SINH"] == "202611200805"
    assert visit_from_record(visit_record(visit)).birth_time == time(8, 5)
    assert "8, 5" not in repr(visit)


@pytest.mark.parametrize("wrong", ["24:00", "8:60", "x", 805, ["8:05"], {}, "8:05\n9:05", "٨:٠٥"])
def test_a_time_of_birth_that_cannot_be_read_is_refused(
    client: FlaskClient, kiosk: Kiosk, wrong: object
) -> None:
    answer = take_in(client, birth_time=wrong)

    assert (answer.status_code, answer.get_json()["field"]) == (400, "birth_time")
    assert kiosk.visits.newest() == []


def test_a_time_of_birth_is_added_on_the_visit_s_page_and_sent_again(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    take_in(client)
    visit = newest(kiosk)
    assert record_of(kiosk, visit)["NGAY_SINH"] == "202611200000"
    address = f"/logbook/visits/{visit.id}"
    assert FIELD in client.get(address).text

    wrong = client.post(f"{address}/correct", data={"birth_time": "25:00", "why": "x"})
    right = client.post(f"{address}/correct", data={"birth_time": "23h59", "why": "chứng sinh"})

    assert (wrong.status_code, right.status_code) == (400, 303)
    assert record_of(kiosk, visit)["NGAY_SINH"] == "202611202359"
    assert 'value="23:59"' in client.get(address).text
    other = kiosk.desk.record_no_card("front").id
    assert FIELD in client.get(f"/desk/attempts/{other}").text


@pytest.mark.parametrize(("born", "is_asked"), [("28102026", True), ("27102026", False)])
def test_the_desk_asks_for_the_time_of_birth_of_a_newborn_only(
    client: FlaskClient, born: str, is_asked: bool
) -> None:
    scan = {"payload": CCCD.replace("01021980", born)}
    attempt = client.post("/api/scans", json=scan).get_json()["attempt"]

    assert (FIELD in client.get(f"/desk/attempts/{attempt}").text) is is_asked


def test_the_time_of_birth_stays_when_the_card_comes(
    client: FlaskClient, kiosk: Kiosk, clock: Clock
) -> None:
    take_in(client, birth_time="8:05")
    visit = newest(kiosk)
    body = {"number": "TE1019999900044", "why": "thẻ"}
    clock.go(timedelta(hours=1))
    change = IdentityChange("cổng cấp", "desk")
    kiosk.identification.set_temporary_code(visit.id, "TE1010000000099", change)

    assert client.post(f"/api/visits/{visit.id}/identity", json=body).status_code == 200

    assert record_of(kiosk, visit)["MA_THE_BHYT"] == "TE1019999900044"
    assert record_of(kiosk, visit)["NGAY_SINH"] == "202611200805"


@pytest.mark.parametrize(
    ("born", "is_newborn"),
    [
        (Birth.from_date(date(2026, 11, 25)), True),
        (Birth.from_date(date(2026, 10, 28)), True),
        (Birth.from_date(date(2026, 10, 27)), False),
        (Birth.from_date(date(2026, 11, 26)), False),
        (Birth(2026, 11), False),  # which day is not known
        (Birth(2026), False),
        (None, False),
    ],
)
def test_a_newborn_is_at_most_28_days_old(born: Birth | None, is_newborn: bool) -> None:
    assert is_newborn_on(born, NOW.date()) is is_newborn


def test_an_adult_s_page_has_no_time_of_birth(client: FlaskClient, kiosk: Kiosk) -> None:
    scan = {"payload": payload("an").decode()}
    attempt = client.post("/api/scans", json=scan).get_json()["attempt"]
    client.post("/api/visits", json={"attempt": attempt}, headers={"Idempotency-Key": "k"})

    assert FIELD not in client.get(f"/logbook/visits/{newest(kiosk).id}").text
