"""A card that is presented after the visit was recorded makes it an insured one, from then on."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from kiosk.desk import CardPresentedBefore, Confirmation, LatePresentation
from kiosk.logbook import IdentifiedBy, NoSuchVisit, PresentedAs, Visit
from tests.cast import BHYT15, BHYT17, CCCD, NOW, Clock, payload
from tests.conftest import Kiosk
from verify import CLINIC_ZONE, Birth

HOLDER = Confirmation(arrival="uninsured", holder="Nguyễn Văn Mẫu", born=Birth(1980, 2, 1))
AN = payload("an").decode()


def without_card(kiosk: Kiosk, confirmation: Confirmation = HOLDER) -> Visit:
    """Record a visit of a patient who showed no card."""
    attempt = kiosk.desk.record_no_card("front").id
    return kiosk.desk.confirm(attempt, confirmation, f"key {attempt}")[0]


def present(client: FlaskClient, visit: Visit, **body: object) -> Any:
    return client.post(f"/api/visits/{visit.id}/presentation", json=body)


def found(kiosk: Kiosk, visit: Visit) -> Visit:
    now = kiosk.visits.by_id(visit.id)
    assert now is not None
    return now


def test_a_visit_without_insurance_becomes_an_insured_one(
    kiosk: Kiosk, client: FlaskClient, clock: Clock
) -> None:
    visit = without_card(kiosk)
    assert visit.insurer_state == "not_sent"
    clock.go(timedelta(hours=2))

    answer = present(client, visit, attempt=kiosk.scan(BHYT17), presented_as="paper_card")

    assert answer.status_code == 200
    body = answer.get_json()
    assert (body["id"], body["ticket"]) == (visit.id, visit.ticket)
    assert (body["presented_as"], body["identified_by"]) == ("paper_card", "qr")
    assert datetime.fromisoformat(body["presented_at"]) == NOW + timedelta(hours=2)
    assert datetime.fromisoformat(body["arrived_at"]) == NOW
    now = found(kiosk, visit)
    assert (now.insurer_state, now.version, now.arrival.kind) == ("queued", 2, "registered")
    assert (now.card.number, now.card.registered_at) == ("9999900020", "01999")
    [message] = kiosk.outbox.claim(clock(), timedelta(minutes=1))
    assert message.body is not None
    assert f"<MA_LK>{visit.id}</MA_LK>" in message.body
    assert "<MA_BN>9999900020</MA_BN>" in message.body
    [before] = kiosk.corrections.versions(visit.id)
    assert (before.visit.arrival.kind, before.visit.how.presented_at) == ("uninsured", None)
    page = client.get(f"/logbook/visits/{visit.id}").text
    assert "quỹ BHYT không thanh toán" in page
    assert "Xuất trình thẻ sau" not in page


def test_the_patient_is_then_known_by_the_card_s_number(
    kiosk: Kiosk, client: FlaskClient, clock: Clock
) -> None:
    visit = without_card(kiosk)
    attempt = kiosk.scan(BHYT17)
    present(client, visit, attempt=attempt)

    assert [each.id for each in kiosk.visits.with_number("9999900020")] == [visit.id]
    assert found(kiosk, visit).person == "9999900020"
    here = kiosk.visits.here_today("9999900020", clock())
    assert here is not None
    assert here.id == visit.id
    reopened = type(kiosk.visits)(kiosk.database, lambda _id, _visit: None)
    assert reopened.here_today("9999900020", clock()) is not None


@pytest.mark.parametrize(("arrival", "state"), [("", "not_sent"), ("registered", "queued")])
def test_an_emergency_stays_one_unless_a_person_says_otherwise(
    kiosk: Kiosk, client: FlaskClient, arrival: str, state: str
) -> None:
    visit = without_card(kiosk, Confirmation(arrival="emergency", holder="Nguyễn Văn Mẫu"))

    answer = present(client, visit, attempt=kiosk.scan(BHYT17), arrival=arrival)

    assert answer.get_json()["insurer"]["state"] == state
    assert found(kiosk, visit).card.number == "9999900020"
    page = client.get(f"/logbook/visits/{visit.id}").text
    assert ("quỹ BHYT không thanh toán" in page) is bool(arrival)


def test_a_child_taken_in_by_the_birth_record_gets_its_card_and_keeps_its_patient_number(
    kiosk: Kiosk, client: FlaskClient, clock: Clock
) -> None:
    child = Confirmation(holder="Vũ Minh Khôi", born=Birth(2023, 9, 2), papers="birth_record")
    visit = without_card(kiosk, child)
    sent = kiosk.outbox.claim(clock(), timedelta(minutes=1))
    attempt = kiosk.scan(payload("khoi"))
    assert present(client, visit, attempt=attempt).get_json()["title"] == "still_sending"
    kiosk.outbox.accept(sent, clock(), "T1", "200", "{}")
    clock.go(timedelta(hours=1))

    assert present(client, visit, attempt=attempt).status_code == 200

    [message] = kiosk.outbox.claim(clock(), timedelta(minutes=1))
    assert message.body is not None
    assert f"<MA_BN>{visit.id}</MA_BN>" in message.body  # as it was sent before
    assert "<MA_THE_BHYT>TE1019999900007</MA_THE_BHYT>" in message.body


@pytest.mark.parametrize(
    ("kind", "minutes", "status"),
    [
        ("uninsured", 0, 200),
        ("uninsured", 59, 200),
        ("uninsured", -1, 422),
        ("uninsured", 61, 422),
        ("uninsured", 400 * 1440, 422),
        ("emergency", -1, 200),
        ("emergency", -1440, 200),
        ("emergency", -1442, 422),
        ("emergency", 61, 422),
    ],
)
def test_the_moment_lies_between_arrival_and_now(
    kiosk: Kiosk, client: FlaskClient, clock: Clock, kind: str, minutes: int, status: int
) -> None:
    clock.go(timedelta(seconds=30))  # a person gives the moment to the minute
    visit = without_card(kiosk, Confirmation(arrival=kind, holder="Nguyễn Văn Mẫu"))
    clock.go(timedelta(minutes=60))
    at = NOW + timedelta(minutes=minutes)

    answer = present(client, visit, attempt=kiosk.scan(BHYT17), presented_at=at.isoformat())

    assert answer.status_code == status
    if status == 200:
        expected = max(at, visit.arrived_at) if kind == "uninsured" else at
        assert found(kiosk, visit).how.presented_at == expected
    else:
        assert answer.get_json()["title"] == "presented_at_wrong"
        assert found(kiosk, visit).version == 1


def test_a_moment_without_an_offset_is_the_clinic_s(
    kiosk: Kiosk, client: FlaskClient, clock: Clock
) -> None:
    visit = without_card(kiosk)
    clock.go(timedelta(hours=1))

    present(client, visit, attempt=kiosk.scan(BHYT17), presented_at="2026-11-25T10:15")

    at = found(kiosk, visit).how.presented_at
    assert at == datetime(2026, 11, 25, 10, 15, tzinfo=CLINIC_ZONE)


@pytest.mark.parametrize(
    "text",
    [
        "now",
        "10:15",
        "2026-11-25",
        "0001-01-01T00:00+00:00",
        "9999-12-31T23:59-12:00",
        7,
        [],
        "x" * 999,
    ],
    ids=str,
)
def test_a_moment_that_cannot_be_read_changes_nothing(
    kiosk: Kiosk, client: FlaskClient, text: object
) -> None:
    visit = without_card(kiosk)

    answer = present(client, visit, attempt=kiosk.scan(BHYT17), presented_at=text)

    assert (answer.status_code, answer.get_json()["field"]) == (400, "presented_at")
    assert found(kiosk, visit).version == 1


@pytest.mark.parametrize(
    ("card", "confirmation"),
    [
        pytest.param(AN, HOLDER, id="another name"),
        pytest.param(
            BHYT17,
            Confirmation(arrival="uninsured", holder="Nguyễn Văn Mẫu", born=Birth(1981)),
            id="another birth",
        ),
    ],
)
def test_the_card_of_somebody_else_is_refused(
    kiosk: Kiosk, client: FlaskClient, card: str, confirmation: Confirmation
) -> None:
    visit = without_card(kiosk, confirmation)

    answer = present(client, visit, attempt=kiosk.scan(card))

    assert (answer.status_code, answer.get_json()["title"]) == (409, "another_person")
    assert found(kiosk, visit).insurer_state == "not_sent"


def test_an_id_card_s_holder_stays_and_its_number_too(kiosk: Kiosk, client: FlaskClient) -> None:
    """The electronic identity wins where they differ (NĐ 70/2024 Điều 12)."""
    text = CCCD.replace("||", "|999990001|", 1).replace("Nguyễn Văn Mẫu", "NGUYEN VAN MAU")
    attempt = kiosk.scan(text)
    visit, _ = kiosk.desk.confirm(attempt, Confirmation(arrival="uninsured"), "k")

    answer = present(client, visit, attempt=kiosk.scan(BHYT15))

    assert answer.status_code == 200
    now = found(kiosk, visit)
    assert now.card.holder == visit.card.holder
    assert (now.card.citizen_number, now.card.card_number) == ("001099999901", "DN4019999900021")
    assert [number.number for number in now.card.other_numbers] == ["999990001"]
    assert now.how.identified_by is IdentifiedBy.QR
    for number in ("001099999901", "999990001", "DN4019999900021"):
        assert [each.id for each in kiosk.visits.with_number(number)] == [visit.id]


def test_a_second_card_is_a_correction(kiosk: Kiosk, client: FlaskClient) -> None:
    visit = without_card(kiosk)
    present(client, visit, attempt=kiosk.scan(BHYT17))
    insured, _ = kiosk.desk.confirm(kiosk.scan(AN), Confirmation(), "insured")

    for other, card in ((visit, BHYT17), (insured, AN)):
        answer = present(client, other, attempt=kiosk.scan(card))
        assert (answer.status_code, answer.get_json()["title"]) == (409, "presented_before")


def test_what_does_not_fit_is_answered_with_what_to_do(kiosk: Kiosk, client: FlaskClient) -> None:
    visit = without_card(kiosk)
    chi = kiosk.scan(payload("chi"))  # her cover has ended
    other, _ = kiosk.desk.confirm(kiosk.scan(AN), Confirmation(), "other")
    cases: list[tuple[dict[str, object], int, str]] = [
        ({}, 400, "bad_request"),
        ({"attempt": True}, 400, "bad_request"),
        ({"attempt": 10**20}, 400, "bad_request"),
        ({"attempt": 999}, 404, "no_such_attempt"),
        ({"attempt": kiosk.scan("not a card")}, 422, "nothing_to_confirm"),
        ({"attempt": chi}, 422, "reason_wanted"),
        ({"attempt": other.attempt}, 409, "attempt_used_before"),
        ({"attempt": kiosk.scan(BHYT17), "version": 7}, 409, "changed_meanwhile"),
        ({"attempt": kiosk.scan(BHYT17), "version": "1"}, 400, "bad_request"),
        ({"attempt": kiosk.scan(BHYT17), "arrival": "uninsured"}, 400, "bad_request"),
        ({"attempt": kiosk.scan(BHYT17), "presented_as": "fax"}, 400, "bad_request"),
    ]

    for body, status, title in cases:
        answer = present(client, visit, **body)
        assert (answer.status_code, answer.get_json()["title"]) == (status, title), body
    assert found(kiosk, visit) == visit
    missing = client.post("/api/visits/none/presentation", json={"attempt": chi})
    assert (missing.status_code, missing.get_json()["title"]) == (404, "no_such_visit")


def test_a_cancelled_visit_takes_no_card(kiosk: Kiosk, client: FlaskClient) -> None:
    visit = without_card(kiosk)
    kiosk.corrections.cancel(visit.id, "nhầm", NOW)

    answer = present(client, visit, attempt=kiosk.scan(BHYT17))

    assert (answer.status_code, answer.get_json()["title"]) == (409, "nothing_to_change")


def test_a_visit_that_is_unknown_is_not_found(kiosk: Kiosk) -> None:
    with pytest.raises(NoSuchVisit):
        kiosk.late_presentations.record("none", LatePresentation(kiosk.scan(BHYT17)))


def test_of_two_people_at_once_one_records_the_card(kiosk: Kiosk) -> None:
    visit = without_card(kiosk)
    attempts = [kiosk.scan(BHYT17), kiosk.scan(BHYT17)]
    results: list[str] = []
    start = threading.Barrier(2)

    def record(attempt: int) -> None:
        start.wait()
        try:
            kiosk.late_presentations.record(visit.id, LatePresentation(attempt))
            results.append("done")
        except CardPresentedBefore:
            results.append("refused")
        kiosk.database.close()

    threads = [threading.Thread(target=record, args=(attempt,)) for attempt in attempts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(results) == ["done", "refused"]
    assert found(kiosk, visit).version == 2
    assert kiosk.outbox.counts()["queued"] == 1


# --- The page


def form_of(client: FlaskClient, visit: Visit) -> str:
    page = client.get(f"/logbook/visits/{visit.id}").text
    assert f'href="/logbook/visits/{visit.id}/presentation"' in page
    shown = client.get(f"/logbook/visits/{visit.id}/presentation")
    assert shown.status_code == 200
    return shown.text


def test_the_card_is_scanned_into_the_page_and_recorded(
    kiosk: Kiosk, client: FlaskClient, clock: Clock
) -> None:
    visit = without_card(kiosk)
    assert "trừ cấp cứu" in form_of(client, visit)
    clock.go(timedelta(minutes=30))
    where = f"/logbook/visits/{visit.id}/presentation"
    data = {"card": BHYT17 + "\r\n", "presented_at": "10h20", "version": "1"}

    answer = client.post(where, data=data)

    assert answer.status_code == 303
    assert answer.headers["Location"].endswith(f"/logbook/visits/{visit.id}?said=done")
    now = found(kiosk, visit)
    assert (now.card.number, now.insurer_state) == ("9999900020", "queued")
    assert now.how.presented_at == datetime(2026, 11, 25, 10, 20, tzinfo=CLINIC_ZONE)
    assert now.how.presented_as is PresentedAs.NOT_KNOWN


def test_a_card_that_raises_a_question_needs_a_reason_and_no_second_scan(
    kiosk: Kiosk, client: FlaskClient
) -> None:
    holder = Confirmation(arrival="uninsured", holder="Lê Thị Chi")
    visit = without_card(kiosk, holder)
    where = f"/logbook/visits/{visit.id}/presentation"

    first = client.post(where, data={"card": payload("chi").decode(), "version": "1"})
    assert first.status_code == 409
    assert "ghi lý do" in first.text
    attempt = first.text.partition('name="attempt" value="')[2].partition('"')[0]
    data = {"card": "", "attempt": attempt, "version": "1", "clerk_reason": "đã gia hạn"}

    assert client.post(where, data=data).status_code == 303
    now = found(kiosk, visit)
    assert (now.clerk_reason, now.how.reading) == ("đã gia hạn", int(attempt))


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        ({}, 422, "Chưa đọc được thẻ"),
        ({"card": "   "}, 422, "Chưa đọc được thẻ"),
        ({"card": "hello"}, 409, "Chưa đọc được thẻ"),
        ({"card": "x" * 10_000}, 409, "Chưa đọc được thẻ"),
        ({"attempt": "9" * 40}, 422, "Chưa đọc được thẻ"),
        ({"attempt": "²"}, 422, "Chưa đọc được thẻ"),
        ({"card": BHYT17, "presented_at": "09:00 25/11/2026"}, 409, "Giờ xuất trình không được"),
        ({"card": BHYT17, "presented_at": "soon"}, 409, "ô nhập chưa đúng"),
        ({"card": BHYT17, "presented_at": "24:00"}, 409, "ô nhập chưa đúng"),
        ({"card": BHYT17, "presented_at": "10:00 31/02/2026"}, 409, "ô nhập chưa đúng"),
        ({"card": BHYT17, "presented_at": "10:00 25/11/26"}, 409, "ô nhập chưa đúng"),
        ({"card": BHYT17, "presented_at": "10:00 01/01/0001"}, 409, "ô nhập chưa đúng"),
        ({"card": BHYT17, "presented_at": "23:59"}, 409, "Giờ xuất trình không được"),
        ({"card": BHYT17, "version": "9"}, 409, "Đã có người sửa"),
        ({"card": AN}, 409, "không phải của người bệnh này"),
    ],
    ids=range(15),
)
def test_the_page_says_what_is_wrong_and_keeps_what_was_typed(
    kiosk: Kiosk, client: FlaskClient, data: dict[str, str], status: int, words: str
) -> None:
    visit = without_card(kiosk)
    typed = {"clerk_reason": "đã xem giấy tờ"} | data

    answer = client.post(f"/logbook/visits/{visit.id}/presentation", data=typed)

    assert answer.status_code == status
    assert words in answer.text
    assert 'value="đã xem giấy tờ"' in answer.text
    assert "9999900020" not in answer.text
    assert found(kiosk, visit) == visit


def test_a_page_of_no_visit_is_not_found(client: FlaskClient) -> None:
    for call in (client.get, client.post):
        assert call("/logbook/visits/none/presentation").status_code == 404
