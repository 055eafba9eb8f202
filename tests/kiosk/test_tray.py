"""The tray and a visit's page: what is wrong with a message, and what a person can do."""

from __future__ import annotations

import html
import re
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient

from kiosk.desk import Confirmation
from kiosk.insurer import Cause, cause_of, fields_at_fault
from kiosk.web.language import LANGUAGES
from tests.cast import NOW, payload
from tests.conftest import Kiosk
from tests.kiosk.test_corrections import LEASE, sent
from verify import Birth, Referral

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

    assert page.status_code in (400, 409)
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


def shown(page: str, name: str) -> str:
    """Return the value that a field of the form for corrections holds."""
    form = page.partition("/correct")[2].partition("</form>")[0]
    match = re.search(rf'name="{name}" value="([^"]*)"', form)
    assert match is not None
    return html.unescape(match[1])


@pytest.mark.parametrize(
    ("field", "typed", "says"),
    [
        ("born", "1/2/80", "Năm phải có đủ bốn chữ số"),
        ("born", "31/02/1980", "Không đọc được ngày này"),
        ("valid_until", "12/2027", "cần đủ ngày, tháng, năm"),
        ("signed_on", "11/2026", "cần đủ ngày, tháng, năm"),
        ("holder", "x" * 201, "Chỉ nhập một dòng"),
        ("referral_facility", "1", ""),
    ],
)
def test_nothing_that_was_typed_is_lost_if_a_field_is_wrong(
    field: str, typed: str, says: str, client: FlaskClient, kiosk: Kiosk
) -> None:
    visit_id = visit(kiosk)
    form = {"holder": "Nguyễn <Ân>", "phone": "0900", "signed_on": "20/11/2026"}
    form |= {"referral_number": "12", "arrival": "referral", "sex": "female"}
    form |= {"why": 'gõ "nhầm"', "version": "1", field: typed}

    answer = client.post(f"/logbook/visits/{visit_id}/correct", data=form)

    assert answer.status_code == 400
    assert {name: shown(answer.text, name) for name in form if name not in ("arrival", "sex")} == {
        name: value for name, value in form.items() if name not in ("arrival", "sex")
    }
    assert '<option value="referral" selected>' in answer.text
    assert '<option value="female" selected>' in answer.text
    marked = answer.text.partition(f'<label for="{field}">')
    assert marked[0].rstrip().endswith('class="fault">')
    assert says in marked[2].partition("</div>")[0]
    assert kiosk.visits.newest()[0].version == 1


def test_a_field_that_only_somebody_else_changed_is_not_reverted(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    visit_id = visit(kiosk)
    page = client.get(f"/logbook/visits/{visit_id}").text
    form = {name: shown(page, name) for name in ("holder", "phone", "version")}
    change(client, visit_id, "correct", holder="Nguyễn Văn Ân", why="tên", **{"version": "1"})

    stale = change(client, visit_id, "correct", **form | {"phone": "0900", "why": "số"})

    assert stale.status_code == 409
    assert (shown(stale.text, "phone"), shown(stale.text, "version")) == ("0900", "2")
    assert f"trước đó: <bdi>{form['holder']}</bdi>" in stale.text
    again = {name: shown(stale.text, name) for name in ("holder", "phone", "version", "why")}
    assert "message good" in change(client, visit_id, "correct", **again).text
    [found] = kiosk.visits.newest(1)
    assert (found.card.holder, found.arrival.phone) == ("Nguyễn Văn Ân", "0900")


@pytest.mark.parametrize(("decision", "phone"), [("mine", "0900"), ("theirs", "0911")])
def test_a_field_that_two_changed_needs_a_decision(
    decision: str, phone: str, client: FlaskClient, kiosk: Kiosk
) -> None:
    visit_id = visit(kiosk)
    change(client, visit_id, "correct", phone="0911", why="một", version="1")
    mine = {"phone": "0900", "holder": "Nguyễn Văn Ân", "why": "hai"}
    stale = change(client, visit_id, "correct", **mine, version="1")
    again = mine | {"version": "2", "both": "phone"}

    undecided = change(client, visit_id, "correct", **again)
    unclear = change(client, visit_id, "correct", **again | {"keep-phone": "x"})
    wrong = change(client, visit_id, "correct", **again | {"born": "x", "keep-phone": decision})
    assert kiosk.visits.newest(1)[0].version == 2
    third = change(client, visit_id, "correct", holder="Nguyễn Ân", why="ba", version="2")
    late = change(client, visit_id, "correct", **again | {"keep-phone": decision})
    done = change(client, visit_id, "correct", **again | {"keep-phone": decision, "version": "3"})

    assert [stale.status_code, undecided.status_code, unclear.status_code] == [409] * 3
    assert (wrong.status_code, late.status_code) == (400, 409)
    for answer in (stale, undecided, unclear, wrong):
        assert shown(answer.text, "phone") == "0900"
        assert '<strong class="theirs">0911</strong>' in answer.text
        assert 'value="phone"' in answer.text
        assert shown(answer.text, "holder") == "Nguyễn Văn Ân"
        assert shown(answer.text, "version") == "2"
    assert f'value="{decision}" required checked' in wrong.text
    assert "message good" in third.text
    assert shown(late.text, "phone") == phone  # what was decided stays so
    assert 'name="both" value="holder"' in late.text  # but this was changed again
    assert 'name="both" value="phone"' not in late.text
    assert "message good" in done.text
    [found] = kiosk.visits.newest(1)
    assert (found.card.holder, found.arrival.phone) == ("Nguyễn Văn Ân", phone)


def test_what_is_wrong_in_an_old_form_does_not_hide_that_it_is_old(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    visit_id = visit(kiosk)
    before = shown(client.get(f"/logbook/visits/{visit_id}").text, "holder")
    change(client, visit_id, "correct", holder="Nguyễn Văn Ân", why="một", version="1")

    form = {"holder": before, "born": "x", "version": "1", "why": "hai"}
    wrong = change(client, visit_id, "correct", **form)

    assert wrong.status_code == 400
    assert (shown(wrong.text, "holder"), shown(wrong.text, "born")) == ("Nguyễn Văn Ân", "x")
    assert shown(wrong.text, "why") == "hai"


@pytest.mark.parametrize("what", ["cancel", "close"])
def test_a_reason_that_cannot_be_read_is_still_in_its_field(
    what: str, client: FlaskClient, kiosk: Kiosk
) -> None:
    visit_id = visit(kiosk)
    sent(kiosk, "refused")
    why = "vì " * 100
    answer = client.post(f"/logbook/visits/{visit_id}/{what}", data={"why": why})

    assert answer.status_code == 400
    assert f'id="{what}-why" name="why" value="{why}"' in answer.text
    blank = client.post(f"/logbook/visits/{visit_id}/{what}", data={"why": "\u00a0\u200b"})
    assert blank.status_code == 400
    assert kiosk.visits.newest()[0].version == 1


def test_a_correction_is_cleaned_and_its_dates_are_read_as_people_write_them(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    visit_id = visit(kiosk)
    form = {
        "holder": "Ðặng\u00a0Văn\u200b Mẫu",
        "born": "00/02/1980",
        "card_number": "dn4 01\u00a099999\u201300020",
        "citizen_number": "\uff10010 8099 9901",
        "registered_at": "01\u00a0999",
        "valid_from": "01012024",
        "valid_until": "2027-12-31",
        "signed_on": "20\u201311\u20132026",
        "referral_facility": "01005\u200b",
        "phone": "0900\u00a0000.123",
        "why": "\u200bgõ lại",
    }
    assert "message good" in change(client, visit_id, "correct", **form).text

    [after] = kiosk.visits.newest()
    assert (after.card.holder, after.card.born) == ("Đặng Văn Mẫu", Birth(1980, 2))
    assert (after.card.card_number, after.card.citizen_number) == (
        "DN4019999900020",
        "001080999901",
    )
    assert (after.card.registered_at, after.arrival.phone) == ("01999", "0900 000.123")
    assert (after.card.valid_from, after.card.valid_until) == (date(2024, 1, 1), date(2027, 12, 31))
    assert after.arrival.referral == Referral(date(2026, 11, 20), facility="01005")
    change(client, visit_id, "correct", born="-", valid_until="", signed_on="", why="bỏ")
    [emptied] = kiosk.visits.newest()
    assert (emptied.card.born, emptied.card.valid_until) == (None, None)
