"""The tray and a visit's page: what is wrong with a message, and what a person can do."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from kiosk.desk import Confirmation
from kiosk.insurer import Cause, cause_of, fields_at_fault
from kiosk.web.language import LANGUAGES
from tests.cast import NOW, payload
from tests.conftest import Kiosk
from tests.kiosk.test_corrections import LEASE, sent
from verify import Birth

SECRET = re.compile(r"99999000\d\d")


def visit(kiosk: Kiosk, key: str = "an", **fields: Any) -> str:
    return kiosk.desk.confirm(kiosk.scan(payload(key)), Confirmation(**fields), key)[0].id


def change(client: FlaskClient, visit_id: str, what: str, **form: str) -> Any:
    return client.post(f"/logbook/visits/{visit_id}/{what}", data=form, follow_redirects=True)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", ["refused", "parked"])
def test_the_tray_shows_the_insurer_s_message_and_the_field_at_fault(
    client: FlaskClient, kiosk: Kiosk, state: str, language: str
) -> None:
    visit_id = visit(kiosk)
    sent(kiosk, state)

    tray = client.get(f"/logbook/tray?lang={language}").text
    page = client.get(f"/logbook/visits/{visit_id}?lang={language}").text

    assert visit_id in tray
    assert ("Thiếu HO_TEN" if state == "refused" else "999") in tray
    assert ('class="fault"' in page) is (state == "refused")
    assert not SECRET.search(tray)


def test_a_refused_visit_is_corrected_on_its_page_and_sent_again(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    visit_id = visit(kiosk)
    sent(kiosk, "refused")

    page = change(client, visit_id, "correct", holder="Nguyễn Văn Ân", born="1980", why="sai")

    assert "Nguyễn Văn Ân" in page.text
    assert kiosk.visits.newest()[0].card.born == Birth(1980)
    [item] = kiosk.outbox.claim(NOW, LEASE)
    assert "<NGAY_SINH>198000000000</NGAY_SINH>" in item.body
    assert "Nguyễn Văn Ân" in item.body


@pytest.mark.parametrize(
    ("what", "form"),
    [
        ("correct", {"holder": "x"}),
        ("correct", {"holder": "x\ny", "why": "w"}),
        ("correct", {"born": "31/02/1980", "why": "w"}),
        ("correct", {"valid_from": "tomorrow", "why": "w"}),
        ("correct", {"sex": "3", "why": "w"}),
        ("correct", {"arrival": "by air", "why": "w"}),
        ("correct", {"why": "w"}),
        ("cancel", {}),
        ("close", {"why": "nothing waits"}),
        ("send-again", {}),
    ],
)
def test_an_invalid_change_is_reported_and_changes_nothing(
    client: FlaskClient, kiosk: Kiosk, what: str, form: dict[str, str]
) -> None:
    visit_id = visit(kiosk)

    page = change(client, visit_id, what, **form)

    assert page.status_code == 200
    assert 'role="status"' in page.text
    assert "message good" not in page.text
    assert kiosk.visits.newest()[0].version == 1


def test_a_visit_is_cancelled_and_a_refused_visit_is_sent_again_or_closed(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    cancelled = visit(kiosk, "an")
    sent(kiosk, "accepted")
    refused = visit(kiosk, "binh")
    sent(kiosk, "refused")

    assert "message good" in change(client, cancelled, "cancel", why="nhầm người").text
    assert "message good" in change(client, refused, "send-again").text
    sent(kiosk, "refused")
    assert "message good" in change(client, refused, "close", why="đã báo").text

    assert kiosk.outbox.counts()["closed"] == 1
    assert "✕" in client.get("/logbook").text


@pytest.mark.parametrize("page", ["/", "/logbook", "/readers/", "/demo/drill", "/logbook/nightly"])
def test_every_page_shows_how_many_visits_need_a_person(
    client: FlaskClient, kiosk: Kiosk, page: str
) -> None:
    assert 'class="badge"' not in client.get(page).text
    visit(kiosk)
    sent(kiosk, "refused")

    assert "⚠ 1</span>" in client.get(page).text


def test_an_unknown_visit_is_not_found_and_a_cross_site_request_is_refused(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    visit_id = visit(kiosk)

    assert client.get("/logbook/visits/nobody").status_code == 404
    assert change(client, "nobody", "cancel", why="w").status_code == 404
    assert change(client, visit_id, "delete", why="w").status_code == 404
    cross_site = client.post(
        f"/logbook/visits/{visit_id}/cancel",
        data={"why": "w"},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert cross_site.status_code == 403


@pytest.mark.parametrize(
    ("code", "cause"),
    [(None, Cause.INCOMPLETE), ("202", Cause.DATA), ("402", Cause.ACCOUNT), ("999", Cause.UNKNOWN)],
)
def test_each_code_has_its_cause(code: str | None, cause: Cause) -> None:
    assert cause_of(code) is cause


def test_the_fields_that_a_message_names_are_found() -> None:
    assert fields_at_fault("missing or unusable: HO_TEN, GT_THE_TU") == ["holder", "valid_from"]
    assert fields_at_fault("MA_THE_BHYT quá dài; MA_THE_BHYT") == ["card_number"]
    assert fields_at_fault("Lỗi không rõ, DU_PHONG") == []
    assert fields_at_fault(None) == []
