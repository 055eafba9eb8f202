"""Entitlements on the pages: beside a verdict, by how the patient came, and to try out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from kiosk.desk import Confirmation, Entitlements
from kiosk.logbook.visit import visit_of_record
from tests.cast import BHYT15, TODAY, payload
from tests.conftest import Kiosk


def facility(kiosk: Kiosk, **profile: Any) -> Entitlements:
    """Return the entitlements of another facility."""
    here = replace(kiosk.settings.facility, **profile)
    return Entitlements(kiosk.entitlements.law, replace(kiosk.settings, facility=here))


def test_a_verdict_tells_what_the_patient_is_entitled_to(client: FlaskClient) -> None:
    answer = client.post("/api/scans", json={"payload": payload("an").decode()}).get_json()
    entitlement = answer["entitlement"]

    assert (entitlement["share_percent"], entitlement["ma_doituong_kcb"]) == (80, "1.1")
    assert "BHYT trả 80 %" in entitlement["sentence_vi"]


@pytest.mark.parametrize("key", ["chi", "ha", "phuc"])
def test_a_card_that_cannot_be_good_entitles_to_nothing_that_is_told(
    key: str, client: FlaskClient
) -> None:
    answer = client.post("/api/scans", json={"payload": payload(key).decode()}).get_json()

    assert answer["outcome"] == "desk"
    assert answer["entitlement"] is None


def test_the_page_says_it_in_the_reader_s_language(kiosk: Kiosk, client: FlaskClient) -> None:
    attempt = kiosk.scan(payload("an"))

    assert "BHYT trả 80\N{NO-BREAK SPACE}%" in client.get(f"/desk/attempts/{attempt}").text
    english = client.get(f"/desk/attempts/{attempt}?lang=en").text
    assert "Insurance pays 80\N{NO-BREAK SPACE}%" in english


def test_how_the_patient_came_changes_what_is_said(kiosk: Kiosk, client: FlaskClient) -> None:
    where = f"/desk/attempts/{kiosk.scan(payload('an'))}/entitlement"

    assert "1.3" in client.get(f"{where}?arrival=referral").text
    assert "cấp cứu" in client.get(f"{where}?arrival=emergency").text
    assert ">0" in client.get(f"{where}?arrival=uninsured").text
    old = (TODAY - timedelta(days=60)).isoformat()
    assert "hết hạn" in client.get(f"{where}?arrival=referral&signed={old}").text
    assert "hết hạn" not in client.get(f"{where}?arrival=referral&signed={old}&year=1").text
    assert client.get(f"{where}?arrival=nonsense&signed=2026-99-99").status_code == 200
    assert client.get("/desk/attempts/99/entitlement").status_code == 404


def test_a_reading_without_a_card_is_told_nothing(kiosk: Kiosk, client: FlaskClient) -> None:
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
def test_the_expected_code_follows_the_facility(
    profile: dict[str, Any], arrival: str, code: str, kiosk: Kiosk
) -> None:
    attempt = kiosk.scan(BHYT15.replace("01 - 999", "01 - 005"))
    visit, _ = kiosk.desk.confirm(attempt, Confirmation(arrival=arrival), "k")
    found = facility(kiosk, **profile).expected_code(visit_of_record(visit.record))
    assert found == code


def test_a_case_can_be_tried_and_the_trail_of_rules_seen(client: FlaskClient) -> None:
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
def test_a_field_that_cannot_be_meant_is_marked(
    field: str, value: str, client: FlaskClient
) -> None:
    form = {"visit_date": "21/11/2026", "object_code": "DN", "level": "co_ban"} | {field: value}
    if field == "slip":
        form["arrival"] = "referral"
    answer = client.post("/entitlement", data=form)

    assert answer.status_code == 400
    assert "Không hiểu được" in answer.text
    marked = answer.text.partition(f'for="{field}"')[0].rpartition('<div class="field')[2]
    assert marked.strip().startswith("fault") or field == "arrival"  # a list shows its first


def test_numbers_are_written_as_the_language_does(client: FlaskClient) -> None:
    form = {"visit_date": "21/11/2026", "object_code": "HT", "level": "co_ban", "score": "60",
            "former_tier": "tinh"}  # fmt: skip

    assert "47,5\N{NO-BREAK SPACE}%" in client.post("/entitlement", data=form).text
    assert "47.5\N{NO-BREAK SPACE}%" in client.post("/entitlement?lang=en", data=form).text
