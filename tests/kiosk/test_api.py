"""The HTTP contract for other programs."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import segno
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kiosk.errors import NotRecorded
from kiosk.sandbox import NOT_A_CARD, PEOPLE, Person, payload_of
from scanner import few_at_once, unpacked
from scanner.picture import opencv
from tests.cast import BHYT15, BHYT17, CCCD, NOW, payload
from tests.conftest import Kiosk
from tests.scanner.test_decoding import drawn

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


@pytest.mark.parametrize("one", PEOPLE, ids=lambda one: one.key)
def test_a_scan_is_answered_with_its_verdict(client: FlaskClient, one: Person) -> None:
    text = payload_of(one, NOW)

    verdict = scan(client, text)
    as_bytes = client.post(
        "/api/scans", data=text.encode(), content_type="application/octet-stream"
    ).get_json()

    assert set(verdict) == VERDICT_KEYS
    assert (verdict["outcome"], verdict["reason"]) == (one.outcome, one.reason)
    assert as_bytes["attempt"] == verdict["attempt"] + 1
    assert as_bytes["reason"] == verdict["reason"]


def test_the_verdict_is_written_as_the_contract_says(client: FlaskClient) -> None:
    verdict = scan(client, BHYT17)

    assert verdict["card"] == {
        "number": "9999900020",
        "insurance_number": "9999900020",
        "citizen_number": None,
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
def test_a_call_that_is_wrong_is_told_as_a_problem(client: FlaskClient, body: bytes) -> None:
    response = client.post("/api/scans", data=body, content_type="application/json")

    assert response.status_code == 400
    assert response.mimetype == "application/problem+json"
    assert {"type", "title", "status", "detail"} <= set(response.get_json(force=True))


@pytest.mark.parametrize("text", ["", "x" * 100_000, "\x00", "\u202e", "|" * 4000])
def test_a_scan_that_is_no_card_still_gets_its_verdict(client: FlaskClient, text: str) -> None:
    assert scan(client, text)["outcome"] == "desk"


def test_half_a_letter_in_json_is_told_as_garbled(client: FlaskClient) -> None:
    body = b'{"payload": "\\ud800"}'

    verdict = client.post("/api/scans", data=body, content_type="application/json").get_json()

    assert verdict["reason"] == "bad_encoding"


def test_a_body_beyond_all_measure_is_refused(client: FlaskClient) -> None:
    response = client.post("/api/scans", json={"payload": "x" * 2_000_000})

    assert response.status_code == 413


def test_a_visit_is_confirmed_once(client: FlaskClient) -> None:
    attempt = scan(client, payload("an").decode())["attempt"]

    first = confirm(client, {"attempt": attempt})
    again = confirm(client, {"attempt": attempt})

    assert (first.status_code, again.status_code) == (201, 200)
    visit = first.get_json()
    assert visit == again.get_json()
    assert set(visit) == {"id", "ticket", "arrived_at", "outcome", "insurer"}
    assert (visit["ticket"], visit["insurer"]["state"]) == (1, "queued")
    assert visit["arrived_at"] == NOW.isoformat()


def test_what_is_left_out_comes_from_settings(client: FlaskClient, kiosk: Kiosk) -> None:
    attempt = scan(client, payload("an").decode())["attempt"]
    confirm(client, {"attempt": attempt, "phone": "0900000000", "papers": None})

    [visit] = kiosk.visits.newest()

    assert (visit.record["room"], visit.record["service_code"]) == ("Phòng khám 1", "KB")
    assert (visit.record["arrival"], visit.record["phone"]) == ("registered", "0900000000")


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

    record = kiosk.visits.newest()[0].record

    assert (record["service_code"], record["service_name"]) == service


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
def test_a_visit_that_cannot_be_is_told_as_a_problem(
    client: FlaskClient, scanned: str, more: dict[str, object], status: int, kind: str
) -> None:
    attempt = scan(client, payload(scanned).decode())["attempt"]

    response = confirm(client, {"attempt": attempt} | more)

    assert response.status_code == status
    assert response.get_json(force=True)["title"] == kind
    assert client.get("/api/visits").get_json()["visits"] == []


@pytest.mark.parametrize("key", [None, "", "x" * 201])
def test_a_visit_wants_an_idempotency_key(client: FlaskClient, key: str | None) -> None:
    assert confirm(client, {"attempt": 1}, key).status_code == 400


def test_a_key_of_another_visit_is_refused(client: FlaskClient) -> None:
    for name, status in (("an", 201), ("binh", 409)):
        attempt = scan(client, payload(name).decode())["attempt"]
        assert confirm(client, {"attempt": attempt}, "same").status_code == status


def test_visits_are_listed_by_pages_and_hold_no_person(client: FlaskClient) -> None:
    for number in range(5):
        attempt = scan(client, payload("an").decode())["attempt"]
        confirm(client, {"attempt": attempt}, f"k{number}")
    tickets, cursor, text = [], "", ""
    for _ in range(4):
        response = client.get(f"/api/visits?limit=2&cursor={cursor}" if cursor else
                              "/api/visits?limit=2")  # fmt: skip
        page = response.get_json()
        text += response.text
        tickets += [visit["ticket"] for visit in page["visits"]]
        cursor = page["cursor"]
        if cursor is None:
            break

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
def test_a_list_that_is_asked_for_wrongly_is_told(client: FlaskClient, query: str) -> None:
    assert client.get(f"/api/visits?{query}").status_code == 400


def test_a_picture_is_read(client: FlaskClient) -> None:
    file = io.BytesIO()
    segno.make(payload("binh").decode(), error="m").save(file, kind="png", scale=4)

    answer = client.post("/api/pictures", data=file.getvalue()).get_json()

    assert (answer["found"], answer["reason"]) == (1, "vouched")


def test_a_picture_without_a_code_is_no_attempt(client: FlaskClient, kiosk: Kiosk) -> None:
    blank = io.BytesIO()
    segno.make("x").save(blank, kind="png", scale=1, border=0, light="black")

    assert client.post("/api/pictures", data=blank.getvalue()).get_json() == {
        "found": 0,
        "advice": None,
    }
    assert client.post("/api/pictures", data=b"no picture").status_code == 400
    assert kiosk.attempts.last_id() == 0


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
def test_calls_that_another_site_sends_are_refused(
    client: FlaskClient, headers: dict[str, str], status: int
) -> None:
    response = client.post("/api/scans", json={"payload": "x"}, headers=headers)

    assert response.status_code == status


def test_a_fault_of_our_own_is_told_without_what_was_scanned(
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


def test_a_call_by_the_wrong_method_is_told_which_is_right(client: FlaskClient) -> None:
    response = client.get("/api/scans")

    assert response.status_code == 405
    assert "POST" in response.headers["Allow"]


def test_what_cannot_be_written_down_is_told_in_words(client: FlaskClient, kiosk: Kiosk) -> None:
    kiosk.database.reading().execute("pragma query_only = on")

    response = client.post("/api/scans", json={"payload": payload("an").decode()})

    assert response.status_code == 507
    assert response.get_json(force=True)["title"] == "not_recorded"


def test_a_patient_without_a_readable_card_still_gets_a_number(client: FlaskClient) -> None:
    attempt = scan(client, "nothing to read")["attempt"]
    said = {"attempt": attempt, "holder": "Nguyễn Văn Mẫu", "arrival": "emergency"}

    nameless = confirm(client, {"attempt": attempt, "arrival": "emergency"})
    named = confirm(client, said)

    assert nameless.status_code == 422
    assert (named.status_code, named.get_json()["ticket"]) == (201, 1)
    assert named.get_json()["insurer"]["state"] == "not_sent"


def test_a_bare_number_gets_its_holder_and_is_judged_again(client: FlaskClient) -> None:
    attempt = scan(client, "9999900001")["attempt"]
    path = f"/api/scans/{attempt}/holder"

    right = client.post(path, json={"holder": "Nguyễn Văn An", "born": "1980-02-01"}).get_json()
    wrong = client.post(path, json={"holder": "Người Khác", "born": "1980"}).get_json()

    assert (right["reason"], right["card"]["holder"]) == ("in_force", "Nguyễn Văn An")
    assert wrong["reason"] == "name_differs"
    for body in ({}, {"holder": "A"}, {"holder": "A", "born": "x"}, {"holder": 5, "born": "1980"}):
        assert client.post(path, json=body).status_code == 400
    body = {"holder": "A", "born": "1980"}
    assert client.post("/api/scans/99/holder", json=body).status_code == 404
    no_card = scan(client, "x")["attempt"]
    assert client.post(f"/api/scans/{no_card}/holder", json=body).status_code == 404


def jpeg(*payloads: str) -> bytes:
    cv2 = opencv()
    frame = np.full((720, 1280), 110, np.uint8)
    for place, text in enumerate(payloads):
        code = unpacked(drawn(text))
        left = 60 + 500 * place
        frame[60 : 60 + code.shape[0], left : left + code.shape[1]] = code
    return bytes(cv2.imencode(".jpg", frame)[1])


def test_a_card_in_a_browser_s_camera_is_one_scan_however_many_frames_show_it(
    client: FlaskClient,
) -> None:
    def post(frame: bytes, camera: str = "a") -> Any:
        return client.post("/api/frames", data=frame, headers={"X-Camera": camera}).get_json()

    answers = [post(jpeg(BHYT17)) for _ in range(3)]
    empty, other, elsewhere = post(jpeg()), post(jpeg(CCCD)), post(jpeg(BHYT17), "b")

    assert [answer["found"] for answer in answers] == [1, 1, 1]
    assert ["attempt" in answer for answer in answers] == [True, False, False]
    assert (empty["found"], empty["advice"]) == (0, None)
    assert other["format"] == "cccd"
    assert elsewhere["attempt"] > other["attempt"]


@pytest.mark.parametrize("frame", [b"", b"no picture", b"\xff\xd8\xff" + bytes(40)])
def test_a_frame_that_is_no_picture_is_refused(client: FlaskClient, frame: bytes) -> None:
    assert client.post("/api/frames", data=frame).status_code == 400


def test_of_two_cards_in_view_neither_is_scanned_and_a_poster_beside_a_card_is_passed_over(
    client: FlaskClient,
) -> None:
    two = client.post("/api/frames", data=jpeg(BHYT17, BHYT15)).get_json()
    one = client.post("/api/frames", data=jpeg(NOT_A_CARD, BHYT17)).get_json()
    picture = client.post("/api/pictures", data=jpeg(BHYT17, BHYT15)).get_json()

    assert (two["found"], two["advice"], "attempt" in two) == (2, "one", False)
    assert one["format"] == "bhyt17"
    assert (picture["advice"], "attempt" in picture) == ("one", False)


def test_each_browser_s_camera_is_a_reader_of_its_own(client: FlaskClient, kiosk: Kiosk) -> None:
    for browser, name in (("a1b2", "camera-a1b2"), ("<b>", "camera"), ("x" * 99, "camera")):
        attempt = (
            client.post("/api/frames", data=jpeg(BHYT17), headers={"X-Camera": browser})
            .get_json()
            .get("attempt")
        )
        if attempt is not None:
            found = kiosk.attempts.get(attempt)
            assert found is not None
            assert found.reader == name


def test_a_scan_that_could_not_be_written_down_comes_again(
    client: FlaskClient, kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise NotRecorded("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(kiosk.attempts, "record", full)
        assert client.post("/api/frames", data=jpeg(BHYT17)).status_code == 507
    assert "attempt" in client.post("/api/frames", data=jpeg(BHYT17)).get_json()


def test_more_pictures_than_the_machine_can_bear_are_refused_at_once(client: FlaskClient) -> None:
    with few_at_once(), few_at_once():
        assert client.post("/api/frames", data=jpeg(BHYT17)).status_code == 503

    assert client.post("/api/frames", data=jpeg(BHYT17)).status_code == 200


def test_a_jpeg_in_thousands_of_steps_is_refused(client: FlaskClient) -> None:
    endless = jpeg(BHYT17) + b"\xff\xda" * 3_000

    assert client.post("/api/frames", data=endless).status_code == 400
