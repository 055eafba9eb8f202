"""A patient who is admitted is reported again under the same id, and a stay outlasts its card."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from flask.testing import FlaskClient

from kiosk.desk import Confirmation
from kiosk.insurer.errors import IncompleteVisit
from kiosk.insurer.xml0 import check_in_record
from kiosk.logbook import Admission
from kiosk.logbook.visit import corrected, visit_from_record, visit_record
from kiosk.web.app import create_app
from tests.cast import NOW, payload
from tests.conftest import Kiosk
from tests.kiosk.stub_gateway import Running

ADMISSION = {"moment": "2026-11-25T11:30:45+07:00", "care": "03", "reason": "Viêm phổi,  theo dõi"}
AT_NOON = NOW + timedelta(hours=2)
LEASE = timedelta(seconds=60)


@pytest.fixture
def visit(kiosk: Kiosk) -> str:
    """Record a visit at ten o'clock and go to noon."""
    recorded = kiosk.desk.confirm(kiosk.scan(payload("an")), Confirmation(), "an")[0].id
    kiosk.clock.go(AT_NOON - NOW)
    return recorded


def admit(client: FlaskClient, visit: str, **other: Any) -> Any:
    body = json.dumps(ADMISSION | other)  # in ASCII, as a lone surrogate can be sent
    path = f"/api/visits/{visit}/admission"
    return client.post(path, data=body, content_type="application/json")


def messages(kiosk: Kiosk, visit: str) -> list[tuple[int, str, dict[str, str]]]:
    rows = kiosk.database.rows(
        "select version, state, body from outbox where visit = ? order by version", [visit]
    )
    return [
        (row["version"], row["state"],
         {element.tag: element.text or "" for element in ET.fromstring(row["body"]).iter()})
        for row in rows
    ]  # fmt: skip


def test_an_admission_is_a_second_check_in_under_the_same_id(
    kiosk: Kiosk, client: FlaskClient, visit: str
) -> None:
    [item] = kiosk.outbox.claim(kiosk.clock(), LEASE)
    kiosk.outbox.accept([item], kiosk.clock(), "T1", "200", "{}")

    answer = admit(client, visit)

    assert answer.status_code == 201
    assert answer.get_json()["version"] == 2
    (_, first_state, first), (_, second_state, second) = messages(kiosk, visit)
    assert (first_state, second_state) == ("accepted", "queued")
    assert (first["NGAY_VAO_NOI_TRU"], first["MA_LOAI_KCB"]) == ("", "01")
    assert second["MA_LK"] == first["MA_LK"] == visit
    assert second["NGAY_VAO_NOI_TRU"] == "202611251130"
    assert second["LY_DO_VNT"] == "Viêm phổi, theo dõi"
    assert second["MA_LOAI_KCB"] == "03"
    assert second["NGAY_VAO"] == first["NGAY_VAO"]


@pytest.mark.parametrize("of_the_settings", ["", "1.12"])
def test_an_inpatient_has_the_code_of_inpatients(
    kiosk: Kiosk, client: FlaskClient, of_the_settings: str
) -> None:
    kiosk.entitlements._self_code = of_the_settings
    confirmation = Confirmation(arrival="self")
    visit = kiosk.desk.confirm(kiosk.scan(payload("an")), confirmation, "an")[0].id
    kiosk.clock.go(AT_NOON - NOW)
    kiosk.corrections.correct(visit, {"registered_at": "79025"}, "theo thẻ", kiosk.clock())
    admit(client, visit)

    codes = [fields["MA_DOITUONG_KCB"] for _, _, fields in messages(kiosk, visit)][1:]

    assert codes == ["1.12", "1.15"]


def test_the_sandbox_takes_the_second_check_in(
    make_kiosk: Callable[[str], Kiosk], insurer: Running, stop: threading.Event
) -> None:
    kiosk = make_kiosk(insurer[1])
    client = create_app(kiosk, stop).test_client()
    visit = kiosk.desk.confirm(kiosk.scan(payload("an")), Confirmation(), "an")[0].id
    assert kiosk.delivery is not None
    kiosk.delivery.deliver_all()
    kiosk.clock.go(AT_NOON - NOW)
    kiosk.clock_check.before_sending()  # reads the insurer's clock, which shows noon too
    admit(client, visit)
    kiosk.delivery.deliver_all()

    [received] = insurer[0].ledger.visits()

    assert (received.fields["NGAY_VAO_NOI_TRU"], received.times) == ("202611251130", 2)


def test_a_repeated_call_records_one_admission(
    kiosk: Kiosk, client: FlaskClient, visit: str
) -> None:
    first, again = admit(client, visit), admit(client, visit)
    in_utc = admit(client, visit, moment="2026-11-25T04:30:00Z")

    assert [answer.status_code for answer in (first, again, in_utc)] == [201, 200, 200]
    assert len(messages(kiosk, visit)) == 2
    other = admit(client, visit, care="04")
    assert other.status_code == 201
    assert messages(kiosk, visit)[-1][2]["MA_LOAI_KCB"] == "04"


def test_calls_at_the_same_time_record_one_admission(
    kiosk: Kiosk, client: FlaskClient, visit: str
) -> None:
    found: list[int] = []

    def call() -> None:
        found.append(admit(client.application.test_client(), visit).status_code)
        kiosk.database.close()

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(found) == [200, 200, 200, 201]
    assert len(messages(kiosk, visit)) == 2


@pytest.mark.parametrize("arrival", ["emergency", "uninsured"])
def test_an_emergency_or_a_patient_without_insurance_is_not_reported_on_admission_either(
    kiosk: Kiosk, client: FlaskClient, arrival: str
) -> None:
    visit = kiosk.desk.confirm(kiosk.scan(payload("an")), Confirmation(arrival=arrival), "an")[0].id
    kiosk.clock.go(AT_NOON - NOW)

    answer = admit(client, visit)

    assert (answer.status_code, answer.get_json()["title"]) == (422, "admission_not_reported")
    assert messages(kiosk, visit) == []
    assert "cũng không gửi" in client.get(f"/logbook/visits/{visit}?lang=vi").text


@pytest.mark.parametrize(
    ("other", "status", "title"),
    [
        ({"moment": "2026-11-25T09:59:00+07:00"}, 422, "admission_before_arrival"),
        ({"moment": "2026-11-25T12:06:00+07:00"}, 422, "admission_in_the_future"),
        ({"moment": "2026-11-25T09:59"}, 422, "admission_before_arrival"),
        ({"moment": "0001-01-01T00:00:00+14:00"}, 400, "bad_request"),
        ({"moment": "9999-12-31T23:59:59-14:00"}, 400, "bad_request"),
        ({"moment": "noon"}, 400, "bad_request"),
        ({"moment": 5}, 400, "bad_request"),
        ({"moment": None}, 400, "bad_request"),
        ({"care": "01"}, 400, "bad_request"),
        ({"care": "3"}, 400, "bad_request"),
        ({"care": ["03"]}, 400, "bad_request"),
        ({"reason": ""}, 400, "bad_request"),
        ({"reason": " \u200b "}, 400, "bad_request"),
        ({"reason": "x" * 1_001}, 400, "bad_request"),
        ({"reason": "x" * 5_000_000}, 400, "bad_request"),
        ({"reason": "a\nb"}, 400, "bad_request"),
        ({"reason": "\ud800"}, 400, "bad_request"),
        ({"reason": {"vi": "x"}}, 400, "bad_request"),
    ],
)
def test_an_admission_that_cannot_be_is_refused_and_says_why(
    kiosk: Kiosk, client: FlaskClient, visit: str, other: dict[str, Any], status: int, title: str
) -> None:
    answer = admit(client, visit, **other)

    assert (answer.status_code, answer.get_json()["title"]) == (status, title)
    assert len(messages(kiosk, visit)) == 1


def test_the_minute_of_arrival_is_no_earlier_than_the_arrival(
    kiosk: Kiosk, client: FlaskClient
) -> None:
    kiosk.clock.go(timedelta(seconds=50))
    visit = kiosk.desk.confirm(kiosk.scan(payload("an")), Confirmation(), "an")[0].id

    assert admit(client, visit, moment="2026-11-25T10:00:00+07:00").status_code == 201


def test_a_visit_that_is_being_sent_cancelled_or_unknown_is_not_admitted(
    kiosk: Kiosk, client: FlaskClient, visit: str
) -> None:
    kiosk.outbox.claim(kiosk.clock(), LEASE)
    sending = admit(client, visit)
    assert (sending.status_code, sending.get_json()["title"]) == (409, "still_sending")
    assert int(sending.headers["Retry-After"]) > 0
    kiosk.clock.go(timedelta(hours=1))
    [item] = kiosk.outbox.claim(kiosk.clock(), LEASE)
    kiosk.outbox.accept([item], kiosk.clock(), "T1", "200", "{}")
    kiosk.corrections.cancel(visit, "nhầm", kiosk.clock())

    cancelled, unknown = admit(client, visit), admit(client, "x")

    assert (cancelled.status_code, cancelled.get_json()["title"]) == (409, "admission_cancelled")
    assert (unknown.status_code, unknown.get_json()["title"]) == (404, "no_such_visit")


def test_an_admission_survives_the_logbook_and_other_corrections(
    kiosk: Kiosk, client: FlaskClient, visit: str
) -> None:
    admit(client, visit)
    kiosk.corrections.correct(visit, {"phone": "0999999999"}, "đổi số", kiosk.clock())

    found = kiosk.visits.by_id(visit)

    assert found is not None
    assert found.admission == Admission(
        NOW + timedelta(hours=1, minutes=30), "03", "Viêm phổi, theo dõi"
    )
    assert "Viêm" not in repr(found)
    assert visit_from_record(visit_record(found)).admission == found.admission


def test_a_record_without_the_reason_of_an_admission_is_not_sent(kiosk: Kiosk, visit: str) -> None:
    found = kiosk.visits.by_id(visit)
    assert found is not None
    for admission, element in (
        (Admission(AT_NOON, "03", ""), "LY_DO_VNT"),
        (Admission(NOW - timedelta(minutes=1), "03", "x"), "NGAY_VAO_NOI_TRU"),
    ):
        with pytest.raises(IncompleteVisit) as caught:
            check_in_record(visit, corrected(found, {"admission": admission}), "1.1")
        assert caught.value.fields == (element,)


def test_the_page_records_an_admission_and_says_what_is_wrong(
    kiosk: Kiosk, client: FlaskClient, visit: str
) -> None:
    form = {"moment": "2026-11-25T11:30", "care": "03", "reason": ""}
    wrong = client.post(f"/logbook/visits/{visit}/admission", data=form, follow_redirects=True)
    early = client.post(
        f"/logbook/visits/{visit}/admission",
        data=form | {"moment": "2026-11-25T09:30", "reason": "x"},
        follow_redirects=True,
    )
    good = client.post(
        f"/logbook/visits/{visit}/admission", data=form | {"reason": "x"}, follow_redirects=True
    )

    assert "hãy nhập giờ" in wrong.text
    assert "không thể trước giờ người bệnh đến" in early.text
    assert "Đã ghi việc vào điều trị" in good.text
    assert len(messages(kiosk, visit)) == 2


@pytest.mark.parametrize(
    ("care", "ends", "shown"),
    [
        ("03", date(2026, 11, 30), "15/12/2026"),
        ("04", date(2026, 11, 25), "10/12/2026"),
        ("03", date(2026, 11, 24), ""),  # it had ended before the patient came
        ("03", date(2026, 12, 11), ""),  # it does not end soon
        ("02", date(2026, 11, 30), ""),  # no inpatient
    ],
)
def test_the_page_of_an_inpatient_says_until_when_an_ended_card_is_paid_on(
    kiosk: Kiosk, client: FlaskClient, visit: str, care: str, ends: date, shown: str
) -> None:
    kiosk.corrections.correct(visit, {"valid_until": ends}, "theo thẻ", kiosk.clock())
    admit(client, visit, care=care)

    page = client.get(f"/logbook/visits/{visit}?lang=vi").text

    assert ("tối đa 15 ngày" in page) is bool(shown)
    assert shown in page
