"""The desk cannot record a patient twice by chance, and loses nobody who was scanned."""

from __future__ import annotations

import re
import threading
from datetime import date, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from kiosk.desk import Confirmation
from kiosk.logbook import AlreadyHere, KeyClosed, LogbookUnavailable, NoSuchAttempt
from tests.cast import BHYT17, CCCD, NOW, make_coverage, payload
from tests.conftest import Kiosk
from verify import CLINIC_ZONE, NumberKind, PersonNumber, Standing

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


@pytest.mark.parametrize("is_stated_number", [True, False])
@pytest.mark.parametrize("is_known_first", [True, False])
def test_a_patient_is_known_by_every_number_before_and_after_the_answer(
    client: FlaskClient, kiosk: Kiosk, is_known_first: bool, is_stated_number: bool
) -> None:
    """An ID card is recorded before the insurer answers, and scanned again after it."""

    def answer() -> None:
        number = "9999900020" if is_stated_number else None
        coverage = make_coverage(citizen, card_number="DN4019999900020", insurance_number=number)
        kiosk.cache.remember(coverage, NOW)

    citizen = "001099999901"
    if is_known_first:
        answer()
    first, _ = kiosk.desk.confirm(kiosk.scan(CCCD), Confirmation(clerk_reason="đã xem thẻ"), "1")
    answer()
    cards = [CCCD, BHYT17] if is_known_first else [CCCD]
    for number, shown in enumerate(cards):
        again = kiosk.scan(shown)
        with pytest.raises(AlreadyHere) as raised:
            kiosk.desk.confirm(again, Confirmation(clerk_reason="x"), f"again {number}")
        assert raised.value.visit_id == first.id
        html = client.get(f"/desk/attempts/{again}?lang=en").text
        assert "Show number 1 again" in html  # that is what Enter does


def test_a_patient_without_a_card_is_known_by_the_number_of_another_document(
    kiosk: Kiosk,
) -> None:
    def record(key: str, why: str = "") -> None:
        passport = PersonNumber(NumberKind.PASSPORT, "P9999901")
        confirmation = Confirmation(
            holder="Nguyễn Văn Mẫu", arrival="emergency", numbers=(passport,), repeat_reason=why
        )
        kiosk.desk.confirm(kiosk.desk.record_no_card("front").id, confirmation, key)

    record("1")
    with pytest.raises(AlreadyHere):
        record("2")
    record("2", "khám mắt")


def test_two_desks_at_once_record_two_cards_of_a_patient_once(kiosk: Kiosk) -> None:
    kiosk.scan(CCCD)
    readings = [kiosk.scan(CCCD)]
    coverage = make_coverage("001099999901", insurance_number="9999900020")
    kiosk.cache.remember(coverage, NOW)
    readings.append(kiosk.scan(CCCD))
    confirmation = Confirmation(clerk_reason="đã xem thẻ")
    together = threading.Barrier(len(readings))
    results: list[str] = []

    def desk(reading: int) -> None:
        together.wait()
        try:
            kiosk.desk.confirm(reading, confirmation, str(reading))
            results.append("recorded")
        except AlreadyHere:
            results.append("not")
        kiosk.database.close()

    threads = [threading.Thread(target=desk, args=(reading,)) for reading in readings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["not", "recorded"]


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


def test_the_outcome_of_a_lost_call_knows_a_visit_of_its_reading_under_another_key(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    attempt = {"attempt": kiosk.scan(payload("an"))}
    visit = client.post("/api/visits", json=attempt, headers={"Idempotency-Key": "k"}).get_json()
    ask = "/api/visits/outcome"
    lost = {"Idempotency-Key": "lost"}

    assert client.post(ask, json=attempt, headers=lost).get_json() == {"visit": visit}
    assert client.post(ask, json={}, headers=lost).get_json() == {"visit": None}
    other = {"attempt": kiosk.scan(payload("binh"))}
    assert client.post(ask, json=other, headers=lost).get_json() == {"visit": None}
    refused = client.post("/api/visits", json=other, headers=lost)
    assert refused.get_json()["title"] == "key_closed"
    assert client.post(ask, json={"attempt": "1"}, headers=lost).status_code == 400
    assert client.post(ask, json={"attempt": 10**6}, headers=lost).status_code == 404


def test_a_visit_is_answered_as_recorded_though_what_follows_cannot_be_read(
    client: FlaskClient, kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_more: object) -> None:
        raise LogbookUnavailable("the disk is broken")

    monkeypatch.setattr(kiosk.visits, "earlier_use", fail)
    monkeypatch.setattr(kiosk.printing, "ask", fail)
    body, key = {"attempt": kiosk.scan(payload("an"))}, {"Idempotency-Key": "k"}
    answer = client.post("/api/visits", json=body, headers=key)
    assert (answer.status_code, answer.get_json()["ticket_label"]) == (201, "1")
    outcome = client.post("/api/visits/outcome", headers=key).get_json()
    assert outcome["visit"]["id"] == answer.get_json()["id"]


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


def test_patients_who_came_before_midnight_stay_listed_until_recorded(kiosk: Kiosk) -> None:
    kiosk.clock.moment = datetime(2026, 11, 25, 23, 30, tzinfo=CLINIC_ZONE)
    first, other = kiosk.scan(payload("an")), kiosk.scan(payload("binh"))
    kiosk.clock.go(timedelta(hours=1))
    assert listed(kiosk) == [other, first]

    kiosk.desk.confirm(first, Confirmation(), "1")  # after midnight
    assert listed(kiosk) == [other]
    yesterday = date(2026, 11, 25)
    assert [attempt.reading for attempt in kiosk.unfinished.of_day(yesterday)] == [other]
    again = kiosk.scan(payload("binh"))
    kiosk.unfinished.set_aside(again, "về", "desk 1", kiosk.clock())
    assert listed(kiosk) == []


def test_a_visit_of_yesterday_does_not_hide_who_comes_again_after_midnight(kiosk: Kiosk) -> None:
    kiosk.clock.moment = datetime(2026, 11, 25, 22, 0, tzinfo=CLINIC_ZONE)
    kiosk.desk.confirm(kiosk.scan(payload("an")), Confirmation(), "1")
    kiosk.scan(payload("an"))  # the same day: the patient has a visit
    kiosk.clock.go(timedelta(hours=4))
    assert listed(kiosk) == []
    again = kiosk.scan(payload("an"))
    assert listed(kiosk) == [again]


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
    both, *_ = re.findall(r'<section class="two".*?</section>', page, re.S)
    assert f'<p class="{name}">' in both
    assert value in both
    assert "the insurer does not say which" in both


def test_an_empty_list_says_only_that_nobody_is_in_it(client: FlaskClient, kiosk: Kiosk) -> None:
    kiosk.unfinished.set_aside(kiosk.scan(payload("an")), "về lấy thẻ", "desk 1", NOW)
    assert "Nobody is in the list" in client.get("/desk/unfinished?lang=en").text
    assert "Không còn ai trong danh sách" in client.get("/desk/unfinished?lang=vi").text
