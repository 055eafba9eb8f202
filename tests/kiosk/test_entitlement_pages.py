"""Entitlements on the pages: beside a verdict, by how the patient came, and to try out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from kiosk.desk import Confirmation, Entitlements
from tests.cast import BHYT15, TODAY, payload
from tests.conftest import Kiosk
from verify import Referral

ELSEWHERE = BHYT15.replace("01 - 999", "01 - 005")  # a card that is registered at another facility
OLD, OLD_FOR_A_YEAR = Referral(date(2026, 1, 5)), Referral(date(2026, 1, 5), for_a_year=True)


def facility(kiosk: Kiosk, **profile: Any) -> Entitlements:
    """Return the entitlements of another facility."""
    here = replace(kiosk.settings.facility, **profile)
    return Entitlements(lambda: kiosk.entitlements.law, replace(kiosk.settings, facility=here))


def test_a_verdict_holds_what_the_patient_is_entitled_to(client: FlaskClient) -> None:
    answer = client.post("/api/scans", json={"payload": payload("an").decode()}).get_json()
    entitlement = answer["entitlement"]

    assert (entitlement["share_percent"], entitlement["ma_doituong_kcb"]) == (80, "1.1")
    assert "BHYT trả 80 %" in entitlement["sentence_vi"]


@pytest.mark.parametrize("key", ["chi", "ha", "phuc"])
def test_a_card_that_cannot_be_valid_has_no_entitlement(key: str, client: FlaskClient) -> None:
    answer = client.post("/api/scans", json={"payload": payload(key).decode()}).get_json()

    assert answer["outcome"] == "desk"
    assert answer["entitlement"] is None


def test_the_page_gives_the_entitlement_in_the_language_of_the_reader(
    kiosk: Kiosk, client: FlaskClient
) -> None:
    attempt = kiosk.scan(payload("an"))

    assert "BHYT trả 80\N{NO-BREAK SPACE}%" in client.get(f"/desk/attempts/{attempt}").text
    english = client.get(f"/desk/attempts/{attempt}?lang=en").text
    assert "Insurance pays 80\N{NO-BREAK SPACE}%" in english


def test_the_arrival_changes_the_entitlement(kiosk: Kiosk, client: FlaskClient) -> None:
    where = f"/desk/attempts/{kiosk.scan(payload('an'))}/entitlement"

    assert "1.3" in client.get(f"{where}?arrival=referral").text
    assert "cấp cứu" in client.get(f"{where}?arrival=emergency").text
    assert ">0" in client.get(f"{where}?arrival=uninsured").text
    old = (TODAY - timedelta(days=60)).isoformat()
    assert "hết hạn" in client.get(f"{where}?arrival=referral&signed={old}").text
    assert "hết hạn" not in client.get(f"{where}?arrival=referral&signed={old}&year=1").text
    odd = client.get(f"{where}?arrival=referral&signed=2024-02-31").text
    assert "Ngày ký phiếu không đúng" in odd
    assert "phiếu chuyển còn hạn" not in odd.partition("</p>")[2].partition(";")[0]
    assert client.get("/desk/attempts/99/entitlement").status_code == 404


def test_a_scan_that_is_not_a_card_shows_no_entitlement(kiosk: Kiosk, client: FlaskClient) -> None:
    attempt = kiosk.scan("not a card")

    assert client.get(f"/desk/attempts/{attempt}/entitlement").text.strip() == ""


@pytest.mark.parametrize(
    ("profile", "arrival", "code"),
    [
        ({}, "", "1.12"),
        ({"level": "co_ban", "former_tier": "huyen"}, "", "3.3"),
        ({"level": "chuyen_sau", "score": 90, "former_tier": "trung_uong"}, "", "3.1"),
        ({"level": "ban_dau", "score": 0, "former_tier": "xa"}, "registered", "1.2"),
        ({"level": "chuyen_sau", "score": 90, "former_tier": "none"}, "", ""),
        ({"level": ""}, "", ""),
        ({}, "referral", "1.3"),
    ],
)
def test_the_expected_code_depends_on_the_facility(
    profile: dict[str, Any], arrival: str, code: str, kiosk: Kiosk
) -> None:
    attempt = kiosk.scan(BHYT15.replace("01 - 999", "01 - 005"))
    visit, _ = kiosk.desk.confirm(attempt, Confirmation(arrival=arrival), "k")
    found = facility(kiosk, **profile).expected_code(visit)
    assert found == code


def test_a_case_can_be_tried_and_shows_the_trail_of_rules(client: FlaskClient) -> None:
    assert "co_ban" in client.get("/entitlement").text

    form = {
        "visit_date": "21/11/2026", "object_code": "dn", "benefit_digit": "4",
        "arrival": "self", "care": "outpatient", "level": "co_ban", "score": "60",
        "former_tier": "tinh", "cost_vnd": "1.000.000", "born": "1980",
    }  # fmt: skip
    page = client.post("/entitlement", data=form).text
    assert "BHYT trả 40" in page
    assert "khoảng 400.000" in page
    assert "N10b ✓" in page
    assert "cũng khớp, nhưng xét sau" in page  # N11b
    assert "Referral" not in page
    lapsed = client.post("/entitlement", data=form | {"arrival": "referral", "slip": "1/9/2026"})
    assert "N10b ✓" in lapsed.text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("born", "13/13/2020"),
        ("visit_date", ""),
        ("score", "many"),
        ("score", "101"),
        ("cost_vnd", "-5"),
        ("object_code", "D"),
        ("slip", "soon"),
        ("arrival", "by bus"),
    ],
)
def test_a_field_that_cannot_be_right_is_marked(
    field: str, value: str, client: FlaskClient
) -> None:
    form = {"visit_date": "21/11/2026", "object_code": "DN", "level": "co_ban"} | {field: value}
    if field == "slip":
        form["arrival"] = "referral"
    answer = client.post("/entitlement", data=form)

    assert answer.status_code == 400
    assert "Giá trị không hợp lệ" in answer.text
    marked = answer.text.partition(f'for="{field}"')[0].rpartition('<div class="field')[2]
    assert marked.strip().startswith("fault") or field == "arrival"  # a list shows its first


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("born", "1/2/80", "Năm phải có đủ bốn chữ số"),
        ("visit_date", "11/2026", "cần đủ ngày, tháng, năm"),
        ("slip", "2026", "cần đủ ngày, tháng, năm"),
        ("five_years_since", "31/02/2020", "Không đọc được ngày này"),
        ("cost_vnd", "a\nb", "Chỉ nhập một dòng"),
    ],
)
def test_a_field_of_the_trial_says_what_is_wrong_and_keeps_what_was_typed(
    field: str, value: str, says: str, client: FlaskClient
) -> None:
    form = {"visit_date": "21/11/2026", "object_code": "DN", "level": "co_ban"} | {field: value}
    answer = client.post("/entitlement", data=form)

    assert answer.status_code == 400
    place = answer.text.partition(f'for="{field}"')[2].partition("</div>")[0]
    assert says in place
    assert f'value="{value}"' in place


def test_the_trial_reads_texts_and_dates_as_people_type_them(client: FlaskClient) -> None:
    form = {
        "visit_date": "21\u201311\u20132026", "object_code": "\uff24n\u200b",
        "benefit_digit": "\uff14", "arrival": "self", "care": "outpatient", "level": "co_ban",
        "score": "60\u00a0", "former_tier": "tinh", "cost_vnd": "1\u00a0000\u00a0000",
        "born": "00/00/1980", "five_years_since": "01012020",
    }  # fmt: skip
    page = client.post("/entitlement", data=form).text

    assert "BHYT trả 40" in page
    assert "khoảng 400.000" in page
    half_known = client.post("/entitlement", data=form | {"born": "2/1980"})
    assert half_known.status_code == 200


def test_numbers_are_written_as_the_language_writes_them(client: FlaskClient) -> None:
    form = {"visit_date": "21/11/2026", "object_code": "HT", "level": "co_ban", "score": "60",
            "former_tier": "tinh"}  # fmt: skip

    assert "47,5\N{NO-BREAK SPACE}%" in client.post("/entitlement", data=form).text
    assert "47.5\N{NO-BREAK SPACE}%" in client.post("/entitlement?lang=en", data=form).text


def attempt_without_card(client: FlaskClient) -> int:
    return int(client.post("/api/scans", json={"no_card": True}).get_json()["attempt"])


@pytest.mark.parametrize(
    ("entry", "status", "code"),
    [
        ({"papers": "birth_record", "born": "2026-11-24", "arrival": "newborn"}, 201, "1.7"),
        ({"papers": "birth_record", "born": "2021-01-01"}, 201, "1.12"),
        ({"papers": "birth_record", "born": "2020-11-25"}, 422, ""),  # six years old today
        ({"papers": "birth_record"}, 422, ""),
        ({"papers": "birth_record", "born": "2030-01-01"}, 400, ""),  # not born yet
        ({"papers": "receipt", "born": "1700-01-01"}, 422, ""),
        ({"papers": "receipt", "born": "1980", "arrival": "referral"}, 201, "1.3"),
        ({"papers": "receipt", "born": "1980"}, 201, "1.12"),
        ({"papers": "donor_record", "born": "1980", "arrival": "donor"}, 201, "1.6"),
        ({"papers": "donor_record", "born": "1980"}, 422, ""),
        ({"papers": "vneid", "born": "2024-01-01"}, 422, ""),
        ({"papers": "receipt", "born": "1980", "holder": ""}, 422, ""),
        ({"arrival": "uninsured"}, 201, None),
    ],
)
def test_a_patient_insured_without_a_card_is_recorded_by_the_paper_they_show(
    entry: dict[str, Any], status: int, code: str | None, kiosk: Kiosk, client: FlaskClient
) -> None:
    body = {"attempt": attempt_without_card(client), "holder": "Bé Thử", "sex": "male"} | entry
    answer = client.post("/api/visits", json=body, headers={"Idempotency-Key": "k"})

    assert answer.status_code == status
    if status == 201 and code is not None:
        [visit] = kiosk.visits.newest()
        body = kiosk.database.reading().execute("select body from outbox").fetchone()[0]
        assert f"<MA_DOITUONG_KCB>{code}</MA_DOITUONG_KCB>" in body
        assert f"<MA_BN>{visit.id}</MA_BN>" in body
        assert "<MA_THE_BHYT />" in body


def test_a_paper_does_not_replace_a_card_that_was_refused(
    kiosk: Kiosk, client: FlaskClient
) -> None:
    body = {"attempt": kiosk.scan(payload("oanh")), "holder": "Bé Thử", "born": "2024",
            "papers": "birth_record"}  # fmt: skip
    answer = client.post("/api/visits", json=body, headers={"Idempotency-Key": "k"})

    assert answer.status_code == 422


def test_a_patient_without_a_card_is_an_attempt_of_its_own(client: FlaskClient) -> None:
    attempt = attempt_without_card(client)
    page = client.get(f"/desk/attempts/{attempt}").text

    assert "Không có thẻ" in page
    assert "giấy chứng sinh" in page
    assert "Ghi BHYT, chưa có thẻ" in page


def test_a_child_s_card_may_be_shown_by_a_guardian(kiosk: Kiosk) -> None:
    attempt = kiosk.attempts.get(kiosk.scan(payload("khoi")))

    assert attempt is not None
    assert "holder_is_a_child" in attempt.verdict.notes
    assert attempt.verdict.entitlement is not None
    assert attempt.verdict.entitlement.share_percent == 100
    of_age = kiosk.attempts.get(kiosk.scan(payload("an")))
    assert of_age is not None
    assert "holder_is_a_child" not in of_age.verdict.notes


def test_several_children_at_once_are_several_visits(kiosk: Kiosk, client: FlaskClient) -> None:
    attempts = [attempt_without_card(client) for _ in range(3)]
    for number, attempt in enumerate(attempts):
        body = {"attempt": attempt, "holder": f"Bé {number}", "papers": "birth_record",
                "born": "2024-02-29"}  # fmt: skip
        client.post("/api/visits", json=body, headers={"Idempotency-Key": str(number)})

    assert [visit.card.holder for visit in kiosk.visits.newest()] == ["Bé 2", "Bé 1", "Bé 0"]
    assert kiosk.outbox.counts()["queued"] == 3


def test_the_page_of_a_visit_shows_the_papers(kiosk: Kiosk, client: FlaskClient) -> None:
    referral = Referral(date(2026, 11, 10), facility="01005", number="12/CT")
    confirmation = Confirmation(arrival="referral", papers="vneid", referral=referral)
    visit, _ = kiosk.desk.confirm(kiosk.scan(payload("an")), confirmation, "k")
    page = client.get(f"/logbook/visits/{visit.id}").text

    assert "VNeID; phiếu chuyển ký ngày 10/11/2026, do cơ sở 01005 cấp, số 12/CT<" in page
    assert "có phiếu chuyển" in page


def sent_code(kiosk: Kiosk) -> str:
    body = kiosk.database.reading().execute("select body from outbox").fetchone()[0]
    return str(body.partition("<MA_DOITUONG_KCB>")[2].partition("<")[0])


@pytest.mark.parametrize(
    ("scanned", "confirmation", "code"),
    [
        (payload("an"), Confirmation(arrival="self"), "1.1"),  # the card is registered here
        (payload("an"), Confirmation(arrival="referral", referral=OLD), "1.1"),
        (ELSEWHERE, Confirmation(arrival="referral", referral=OLD), "1.12"),
        (ELSEWHERE, Confirmation(arrival="referral", referral=OLD_FOR_A_YEAR), "1.3"),
    ],
)
def test_the_code_that_is_sent_is_the_one_that_is_shown(
    scanned: bytes | str, confirmation: Confirmation, code: str, kiosk: Kiosk, client: FlaskClient
) -> None:
    attempt = kiosk.scan(scanned)
    query = {"arrival": confirmation.arrival}
    if confirmation.referral is not None:
        query["signed"] = confirmation.referral.signed_on.isoformat()
        query |= {"year": "1"} if confirmation.referral.for_a_year else {}
    shown = client.get(f"/desk/attempts/{attempt}/entitlement", query_string=query).text
    kiosk.desk.confirm(attempt, confirmation, "k")

    assert f"<dd>{code}</dd>" in shown
    assert sent_code(kiosk) == code
    # The page that follows shows what was confirmed.
    assert f"<dd>{code}</dd>" in client.get(f"/desk/attempts/{attempt}").text


@pytest.mark.parametrize("papers", ["referral 2024-02-31", "referral abc", "vneid; referral"])
def test_a_referral_with_an_impossible_date_is_refused(
    papers: str, kiosk: Kiosk, client: FlaskClient
) -> None:
    body = {"attempt": kiosk.scan(payload("an")), "arrival": "referral", "papers": papers}
    answer = client.post("/api/visits", json=body, headers={"Idempotency-Key": "k"})

    assert (answer.status_code, answer.get_json()["title"]) == (400, "bad_referral")
    assert kiosk.visits.newest() == []
