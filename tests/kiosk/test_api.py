"""The HTTP contract for other programs."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kiosk.sandbox import PEOPLE, payload_of
from kiosk.sandbox.people import PretendPerson
from kiosk.web.api.scans import scan_json
from tests.cast import AGAIN, BHYT17, NOW, payload
from tests.conftest import Kiosk

VERDICT_KEYS = {
    "outcome",
    "reason",
    "notes",
    "format",
    "proof",
    "card",
    "identity",
    "beside",
    "coverage",
    "entitlement",
    "cautions",
    "data",
    "attempt",
}


def scan(client: FlaskClient, text: str) -> Any:
    response = client.post("/api/scans", json={"payload": text})
    assert response.status_code == 200
    return response.get_json()


def confirm(client: FlaskClient, body: object, key: str | None = "k1") -> TestResponse:
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post("/api/visits", json=body, headers=headers)


@pytest.mark.parametrize("patient", PEOPLE, ids=lambda patient: patient.key)
def test_a_scan_is_answered_with_its_verdict(client: FlaskClient, patient: PretendPerson) -> None:
    text = payload_of(patient, NOW)

    verdict = scan(client, text)
    as_bytes = client.post(
        "/api/scans", data=text.encode(), content_type="application/octet-stream"
    ).get_json()

    assert set(verdict) == VERDICT_KEYS
    assert (verdict["outcome"], verdict["reason"]) == (patient.outcome, patient.reason)
    assert as_bytes["attempt"] == verdict["attempt"] + 1
    assert as_bytes["reason"] == verdict["reason"]


def test_a_scan_is_answered_with_the_verdict_in_the_logbook(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    unusual = BHYT17.replace("4e677579e1bb856e2056c4836e204de1baab75", b'O"\\n}]'.hex())

    for text in (*(payload_of(patient, NOW) for patient in PEOPLE), unusual, "not a card", "\\"):
        verdict = scan(client, text)
        recorded = kiosk.attempts.get(verdict["attempt"])
        assert recorded is not None
        assert verdict == scan_json(recorded)


def test_the_verdict_has_the_form_of_the_contract(client: FlaskClient) -> None:
    verdict = scan(client, BHYT17)

    assert verdict["card"] == {
        "number": "9999900020",
        "insurance_number": "9999900020",
        "citizen_number": None,
        "other_numbers": [],
        "holder": "Nguyễn Văn Mẫu",
        "born": "1980-02-01",
        "sex": "male",
        "facility": "01999",
        "valid_from": "2024-01-01",
        "valid_until": None,
        "issued": "2024-01-05",
        "five_years_on": "2029-01-01",
        "level": 4,
        "living_area": None,
        "repaired_holder": None,
        "vouched_by": None,
    }
    assert set(verdict["data"]) == {"registry", "revocations", "keys", "rules"}
    assert verdict["format"] == "bhyt17"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b"null",
        b'{"payload": 5}',
        b'{"payload": null}',
        b"{}",
        b'{"payload": "x", "reader": 5}',
        b'{"payload": "x", "reader": ""}',
        b'{"payload": "x", "reader": "a\\nb"}',
        b"[" * 50_000,
    ],
)
def test_a_wrong_call_is_answered_with_a_problem(client: FlaskClient, body: bytes) -> None:
    response = client.post("/api/scans", data=body, content_type="application/json")

    assert response.status_code == 400
    assert response.mimetype == "application/problem+json"
    assert {"type", "title", "status", "detail"} <= set(response.get_json(force=True))


@pytest.mark.parametrize("text", ["x" * 100_000, "|" * 4000, "\x00x"])
def test_a_scan_without_a_card_still_gets_a_verdict(client: FlaskClient, text: str) -> None:
    assert scan(client, text)["outcome"] == "desk"


@pytest.mark.parametrize("text", ["", "\x00", "\u202e", " \t\r\n", "\u3000"])
def test_a_scan_without_text_is_recorded_nowhere(client: FlaskClient, text: str) -> None:
    before = scan(client, BHYT17)["attempt"]

    response = client.post("/api/scans", json={"payload": text})

    assert (response.status_code, response.get_json(force=True)["title"]) == (422, "nothing_read")
    assert scan(client, BHYT17)["attempt"] == before + 1


@pytest.mark.parametrize("between", ["\n", "\r\n"])
def test_lines_that_a_reader_typed_at_once_are_scans_and_the_last_is_answered(
    client: FlaskClient, between: str
) -> None:
    before = scan(client, BHYT17)["attempt"]

    verdict = scan(client, f"8934567890123{between}{payload('an').decode()}{between}")

    assert (verdict["reason"], verdict["attempt"]) == ("in_force", before + 2)


@pytest.mark.parametrize("place", [1, 40, 100, len(BHYT17) - 1])
def test_a_line_end_within_a_card_does_not_cut_it(client: FlaskClient, place: int) -> None:
    before = scan(client, BHYT17)["attempt"]

    verdict = scan(client, f"{BHYT17[:place]}\n{BHYT17[place:]}")

    assert (verdict["card"]["number"], verdict["attempt"]) == ("9999900020", before + 1)


def test_half_a_letter_in_json_is_answered_as_garbled(client: FlaskClient) -> None:
    body = b'{"payload": "\\ud800"}'

    verdict = client.post("/api/scans", data=body, content_type="application/json").get_json()

    assert verdict["reason"] == "bad_encoding"


def test_a_body_that_is_too_large_is_refused(client: FlaskClient) -> None:
    response = client.post("/api/scans", json={"payload": "x" * 2_000_000})

    assert response.status_code == 413


def test_a_visit_is_confirmed_once(client: FlaskClient) -> None:
    attempt = scan(client, payload("an").decode())["attempt"]

    first = confirm(client, {"attempt": attempt})
    again = confirm(client, {"attempt": attempt})

    assert (first.status_code, again.status_code) == (201, 200)
    visit = first.get_json()
    assert visit == again.get_json()
    assert set(visit) == {
        *("id", "ticket", "ticket_label", "room", "arrived_at", "outcome", "secret", "insurer"),
        *("presented_as", "presented_at", "identified_by", "appointment_used_before"),
    }
    assert (visit["ticket"], visit["insurer"]["state"]) == (1, "queued")
    assert visit["arrived_at"] == NOW.isoformat()


def test_what_a_call_leaves_out_comes_from_the_settings(client: FlaskClient, kiosk: Kiosk) -> None:
    attempt = scan(client, payload("an").decode())["attempt"]
    confirm(client, {"attempt": attempt, "phone": "0900000000", "papers": None})

    [visit] = kiosk.visits.newest()

    assert (visit.service.room, visit.service.code) == ("Phòng khám 1", "KB")
    assert (visit.arrival.kind, visit.arrival.phone) == ("registered", "0900000000")


@pytest.mark.parametrize(
    ("more", "service"),
    [
        ({}, ("KB", "Khám bệnh")),
        ({"service": "KB"}, ("KB", "Khám bệnh")),
        ({"service": "KM"}, ("KM", "KM")),
        ({"service": {"code": "KM", "name": "Khám mắt"}}, ("KM", "Khám mắt")),
    ],
)
def test_a_service_may_be_named(
    client: FlaskClient, kiosk: Kiosk, more: dict[str, object], service: tuple[str, str]
) -> None:
    confirm(client, {"attempt": scan(client, payload("an").decode())["attempt"]} | more)

    found = kiosk.visits.newest()[0].service

    assert (found.code, found.name) == service


@pytest.mark.parametrize(
    ("scanned", "more", "status", "kind"),
    [
        ("an", {"attempt": 99}, 404, "no_such_attempt"),
        ("an", {"attempt": "1"}, 400, "bad_request"),
        ("an", {"attempt": True}, 400, "bad_request"),
        ("an", {"attempt": 2**70}, 400, "bad_request"),
        ("an", {"arrival": "nonsense"}, 400, "bad_request"),
        ("an", {"room": 5}, 400, "bad_request"),
        ("an", {"room": "a\nb"}, 400, "bad_request"),
        ("an", {"phone": "x" * 1000}, 400, "bad_request"),
        ("an", {"born": "1980-13-01"}, 400, "bad_request"),
        ("an", {"sex": "x"}, 400, "bad_request"),
        ("an", {"service": {"code": 5}}, 400, "bad_request"),
        ("chi", {}, 422, "reason_wanted"),
        ("oanh", {}, 422, "nothing_to_confirm"),
    ],
)
def test_a_visit_that_cannot_be_recorded_is_answered_with_a_problem(
    client: FlaskClient, scanned: str, more: dict[str, object], status: int, kind: str
) -> None:
    attempt = scan(client, payload(scanned).decode())["attempt"]

    response = confirm(client, {"attempt": attempt} | more)

    assert response.status_code == status
    assert response.get_json(force=True)["title"] == kind
    assert client.get("/api/visits").get_json()["visits"] == []


@pytest.mark.parametrize("key", [None, "", "x" * 201])
def test_a_visit_needs_an_idempotency_key(client: FlaskClient, key: str | None) -> None:
    assert confirm(client, {"attempt": 1}, key).status_code == 400


def test_a_key_of_another_visit_is_refused(client: FlaskClient) -> None:
    for name, status in (("an", 201), ("binh", 409)):
        attempt = scan(client, payload(name).decode())["attempt"]
        assert confirm(client, {"attempt": attempt}, "same").status_code == status


def test_visits_are_listed_by_pages_and_without_personal_data(client: FlaskClient) -> None:
    for number in range(5):
        attempt = scan(client, payload("an").decode())["attempt"]
        confirm(client, {"attempt": attempt, "repeat_reason": AGAIN}, f"k{number}")
    tickets, cursor, text = [], "", ""
    for _ in range(4):
        response = client.get(f"/api/visits?limit=2{cursor}")
        page = response.get_json()
        text += response.text
        tickets += [visit["ticket"] for visit in page["visits"]]
        if page["cursor"] is None:
            break
        cursor = f"&cursor={page['cursor']}"

    assert tickets == [1, 2, 3, 4, 5]
    assert "99999" not in text
    assert "Nguyễn" not in text


@pytest.mark.parametrize(
    ("since", "found"),
    [("2026-11-25", 1), ("2026-11-25T10:00:00+07:00", 1), ("2026-11-25T03:00:01Z", 0)],
)
def test_visits_are_listed_from_a_moment_on(client: FlaskClient, since: str, found: int) -> None:
    confirm(client, {"attempt": scan(client, payload("an").decode())["attempt"]})

    assert len(client.get("/api/visits", query_string={"since": since}).get_json()["visits"]) == (
        found
    )


@pytest.mark.parametrize(
    "query",
    [
        "limit=x",
        "since=yesterday",
        "cursor=***",
        "cursor=w6k=",
        "since=0001-01-01",
        "since=9999-12-31",
    ],
)
def test_a_wrong_question_for_the_list_is_refused(client: FlaskClient, query: str) -> None:
    assert client.get(f"/api/visits?{query}").status_code == 400


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://localhost"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Host": "evil.example"}, 400),
    ],
)
def test_calls_from_another_site_are_refused(
    client: FlaskClient, headers: dict[str, str], status: int
) -> None:
    response = client.post("/api/scans", json={"payload": "x"}, headers=headers)

    assert response.status_code == status


def test_an_internal_error_is_reported_without_what_was_scanned(
    client: FlaskClient,
    kiosk: Kiosk,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("Nguyễn Văn An 9999900001")

    monkeypatch.setattr(kiosk.attempts, "record", fail)

    response = client.post("/api/scans", json={"payload": payload("an").decode()})

    assert response.status_code == 500
    assert response.get_json(force=True)["title"] == "internal_error"
    assert "RuntimeError" in caplog.text
    for secret in ("Nguyễn", "9999900001"):
        assert secret not in response.text + caplog.text


def test_numbers_beyond_any_row_are_answered(client: FlaskClient) -> None:
    import base64

    far = base64.urlsafe_b64encode(b"9" * 25).decode()

    assert client.get(f"/api/visits?cursor={far}").get_json() == {"visits": [], "cursor": None}
    assert client.get("/desk/attempts/" + "9" * 25).status_code == 404
    for asked in ("9" * 25, "9" * 5000, "-1", "٣"):
        response = client.get("/events", headers={"Last-Event-ID": asked}, buffered=False)
        assert response.status_code == 200
        assert b"retry" in next(iter(response.iter_encoded()))
        response.close()


def test_a_call_by_the_wrong_method_is_answered_with_the_right_one(client: FlaskClient) -> None:
    response = client.get("/api/scans")

    assert response.status_code == 405
    assert "POST" in response.headers["Allow"]


def test_a_scan_that_cannot_be_recorded_is_answered_with_507(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    kiosk.database.reading().execute("pragma query_only = on")

    response = client.post("/api/scans", json={"payload": payload("an").decode()})

    assert response.status_code == 507
    assert response.get_json(force=True)["title"] == "not_recorded"


def test_a_patient_without_a_readable_card_still_gets_a_number(client: FlaskClient) -> None:
    attempt = scan(client, "nothing to read")["attempt"]
    with_name = {"attempt": attempt, "holder": "Nguyễn Văn Mẫu", "arrival": "emergency"}

    nameless = confirm(client, {"attempt": attempt, "arrival": "emergency"})
    named = confirm(client, with_name)

    assert nameless.status_code == 422
    assert (named.status_code, named.get_json()["ticket"]) == (201, 1)
    assert named.get_json()["insurer"]["state"] == "not_sent"


def test_a_number_is_judged_again_with_the_holder_that_is_added(client: FlaskClient) -> None:
    attempt = scan(client, "9999900001")["attempt"]
    path = f"/api/scans/{attempt}/holder"

    right = client.post(path, json={"holder": "Nguyễn Văn An", "born": "1980-02-01"}).get_json()
    wrong = client.post(path, json={"holder": "Người Khác", "born": "1980"}).get_json()

    assert (right["reason"], right["card"]["holder"]) == ("in_force", "Nguyễn Văn An")
    assert wrong["reason"] == "name_differs"
    other = f"/api/scans/{scan(client, '9999900077')['attempt']}/holder"
    for body in ({}, {"holder": "A"}, {"holder": "A", "born": "x"}, {"holder": 5, "born": "1980"}):
        assert client.post(other, json=body).status_code == 400
    body = {"holder": "A", "born": "1980"}
    assert client.post("/api/scans/99/holder", json=body).status_code == 404
    no_card = scan(client, "x")["attempt"]
    assert client.post(f"/api/scans/{no_card}/holder", json=body).status_code == 404


def test_what_follows_a_nul_is_no_part_of_a_scan(client: FlaskClient) -> None:
    other = BHYT17.replace("9999900020", "9999900029")

    verdict = scan(client, f"{BHYT17}\0{other}")

    assert verdict["card"]["number"] == "9999900020"
