"""The desk cannot record a patient twice by chance, and loses nobody who was scanned."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from kiosk.desk import Confirmation
from kiosk.logbook import AlreadyHere, KeyClosed, NoSuchAttempt
from tests.cast import BHYT17, NOW, make_coverage, payload
from tests.conftest import Kiosk
from verify import Standing

NOBODY = frozenset[str]()


def listed(kiosk: Kiosk, elsewhere: frozenset[str] = NOBODY) -> list[int]:
    return [attempt.reading for attempt in kiosk.unfinished.list_of(kiosk.clock(), elsewhere)]


def test_a_second_visit_on_one_day_needs_a_reason(kiosk: Kiosk) -> None:
    first, _ = kiosk.desk.confirm(kiosk.scan(payload("an")), Confirmation(), "1")
    again = kiosk.scan(payload("an"))
    with pytest.raises(AlreadyHere) as raised:
        kiosk.desk.confirm(again, Confirmation(), "2")
    assert raised.value.visit_id == first.id

    second, is_new = kiosk.desk.confirm(again, Confirmation(repeat_reason="khám mắt"), "2")
    assert is_new
    assert (second.ticket, second.repeat_reason) == (2, "khám mắt")


def test_a_cancelled_visit_and_one_of_another_day_need_no_reason(kiosk: Kiosk) -> None:
    first, _ = kiosk.desk.confirm(kiosk.scan(payload("an")), Confirmation(), "1")
    kiosk.corrections.cancel(first.id, "nhầm", NOW)
    assert kiosk.desk.confirm(kiosk.scan(payload("an")), Confirmation(), "2")[1]
    kiosk.clock.go(timedelta(days=1))
    assert kiosk.desk.confirm(kiosk.scan(payload("an")), Confirmation(), "3")[1]


def test_two_desks_at_once_record_a_patient_once(kiosk: Kiosk) -> None:
    readings = [kiosk.scan(payload("an")) for _ in range(6)]
    results: list[str] = []

    def desk(reading: int) -> None:
        try:
            results.append(kiosk.desk.confirm(reading, Confirmation(), str(reading))[0].id)
        except AlreadyHere as exc:
            results.append(f"not: {exc.visit_id}")
        kiosk.database.close()

    threads = [threading.Thread(target=desk, args=(reading,)) for reading in readings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    recorded = [result for result in results if not result.startswith("not")]
    assert len(recorded) == 1
    assert results.count(f"not: {recorded[0]}") == 5


def test_a_closed_key_records_nothing_any_more(kiosk: Kiosk) -> None:
    reading = kiosk.scan(payload("an"))
    assert kiosk.visits.close_key("k", NOW) is None
    with pytest.raises(KeyClosed):
        kiosk.desk.confirm(reading, Confirmation(), "k")
    visit, _ = kiosk.desk.confirm(reading, Confirmation(), "another")

    found = kiosk.visits.close_key("another", NOW)
    assert found is not None
    assert found.id == visit.id


def test_the_outcome_of_a_lost_call_is_said_over_http(client: FlaskClient, kiosk: Kiosk) -> None:
    reading = kiosk.scan(payload("an"))
    lost = {"Idempotency-Key": "lost"}
    assert client.post("/api/visits/outcome", headers=lost).get_json() == {"visit": None}
    refused = client.post("/api/visits", json={"attempt": reading}, headers=lost)
    assert (refused.status_code, refused.get_json()["title"]) == (409, "key_closed")

    key = {"Idempotency-Key": "k"}
    visit = client.post("/api/visits", json={"attempt": reading}, headers=key).get_json()
    assert client.post("/api/visits/outcome", headers=key).get_json() == {"visit": visit}
    assert client.post("/api/visits/outcome").status_code == 400


def test_a_second_visit_over_http_names_the_first(client: FlaskClient, kiosk: Kiosk) -> None:
    first, _ = kiosk.desk.confirm(kiosk.scan(payload("an")), Confirmation(), "1")
    answer = client.post(
        "/api/visits",
        json={"attempt": kiosk.scan(payload("an"))},
        headers={"Idempotency-Key": "2"},
    )
    problem = answer.get_json()
    assert (answer.status_code, problem["title"]) == (409, "already_here")
    assert problem["visit"] == first.id


def test_a_scanned_patient_is_listed_until_recorded(kiosk: Kiosk) -> None:
    kiosk.scan(payload("an"))
    newest = kiosk.scan(payload("an"))
    other = kiosk.scan(payload("binh"))
    kiosk.scan("8934567890123")  # a product's code is nobody
    assert listed(kiosk) == [other, newest]

    kiosk.desk.confirm(newest, Confirmation(), "1")
    assert listed(kiosk) == [other]
    assert kiosk.scan(payload("an"))  # the same card again: the patient has a visit
    assert listed(kiosk) == [other]


def test_a_card_whose_signature_is_bad_is_listed_without_a_name(kiosk: Kiosk) -> None:
    reading = kiosk.scan(payload("oanh"))
    [attempt] = kiosk.unfinished.list_of(kiosk.clock(), NOBODY)
    assert (attempt.reading, attempt.reason) == (reading, "forged")


def test_a_patient_is_put_off_the_list_with_a_reason(kiosk: Kiosk) -> None:
    kiosk.scan(payload("an"))
    reading = kiosk.scan(payload("an"))
    kiosk.unfinished.set_aside(reading, "về lấy thẻ", "desk 1", NOW)
    assert listed(kiosk) == []
    later = kiosk.scan(payload("an"))  # back with the card
    assert listed(kiosk) == [later]
    with pytest.raises(NoSuchAttempt):
        kiosk.unfinished.set_aside(10_000, "về", "desk 1", NOW)


def test_the_list_holds_this_desk_s_patients_of_today(kiosk: Kiosk) -> None:
    kiosk.scan(payload("an"))
    assert listed(kiosk, frozenset({"front"})) == []
    kiosk.clock.go(timedelta(days=1))
    assert listed(kiosk) == []


@pytest.mark.parametrize(
    ("code", "standing", "name", "value"),
    [
        ("060", Standing.NAME_DIFFERS, "holder", "Nguyễn Văn Mẫu"),
        ("070", Standing.BIRTH_DIFFERS, "born", "01/02/1980"),
    ],
)
def test_what_only_a_code_calls_different_is_shown_beside_the_card(
    client: FlaskClient, kiosk: Kiosk, code: str, standing: Standing, name: str, value: str
) -> None:
    answer = make_coverage("9999900020", standing, code=code, valid_from=None, valid_until=None)
    attempt = kiosk.attempts.get(kiosk.scan(BHYT17))
    assert attempt is not None
    assert kiosk.desk.refine(attempt, attempt.verdict, answer)
    page = client.get(f"/desk/attempts/{attempt.id}?lang=en").text
    [both] = re.findall(r'<section class="two".*?</section>', page, re.S)
    assert f'<p class="{name}">' in both
    assert value in both
    assert "the insurer does not say which" in both
