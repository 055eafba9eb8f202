"""The pages of unknown patients, temporary card numbers and suspicions."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from kiosk.desk import Confirmation, unknown_patient
from kiosk.logbook import Visit
from kiosk.web.language import LANGUAGES
from tests.browser import READY, chromium
from tests.cast import NOW, Clock, payload
from tests.conftest import Kiosk
from tests.kiosk.test_temporary_codes import BABY, TE1, now_of, without_card
from tests.kiosk.test_unknown_patients import unknown
from tests.process import serving

LATER = timedelta(hours=49)


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def suspicion(client: FlaskClient, kiosk: Kiosk, key: str = "mai", **form: str) -> str:
    """Record a suspicion on a card; return the address of its page."""
    reading = kiosk.scan(payload(key))
    form = {"ground": "name_differs", "note": "ảnh khác"} | form
    answer = client.post(f"/logbook/suspicions/new?reading={reading}", data=form)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_list_of_cases_has_all_that_is_to_be_followed_up(
    client: FlaskClient, kiosk: Kiosk, clock: Clock, language: str
) -> None:
    visit = unknown(kiosk, "u")
    without_card(kiosk, replace(BABY, temporary_code=TE1), "b")
    suspicion(client, kiosk)

    page = client.get(f"/logbook/cases?lang={language}").text
    assert visit.person in page
    assert "10:00 27/11/2026" in page
    assert "Con Bà Mẫu" in page
    assert "ảnh khác" in page
    assert TE1 not in page

    overdue = {"vi": "Đã quá 48 giờ", "en": "48 hours have passed"}[language]
    assert overdue not in page
    clock.go(LATER)
    assert overdue in client.get(f"/logbook/cases?lang={language}").text
    assert overdue in client.get(f"/logbook/visits/{visit.id}?lang={language}").text


def test_what_is_done_leaves_the_list_of_cases(client: FlaskClient, kiosk: Kiosk) -> None:
    visit = unknown(kiosk, "u")
    baby = without_card(kiosk, replace(BABY, temporary_code=TE1), "b")
    address = suspicion(client, kiosk)
    number = {"number": "TE1019999900044", "why": "thẻ"}

    client.post(f"/logbook/visits/{visit.id}/identity", data={"holder": "Lê Mẫu", "why": "vợ"})
    client.post(f"/logbook/visits/{baby.id}/identity", data=number)
    client.post(address, data={"version": "1", "recipient": "BHXH cơ sở Mẫu", "way": "công văn"})

    page = client.get("/logbook/cases?lang=en").text
    assert visit.person not in page
    assert "Con Bà Mẫu" not in page
    assert "ảnh khác" not in page
    assert page.count("None.") == 2


def test_the_visit_of_an_unknown_patient_is_called_by_its_code_everywhere(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    visit = unknown(kiosk)

    for path in (
        "/",
        "/logbook",
        f"/logbook/visits/{visit.id}",
        f"/logbook/visits/{visit.id}/slip",
        f"/desk/attempts/{visit.attempt}",
    ):
        assert visit.person in client.get(path).text, path
    assert client.get("/logbook/visits/nobody/slip").status_code == 404


def test_a_notice_to_the_commune_says_who_was_informed_when_and_how(
    client: FlaskClient, kiosk: Kiosk, clock: Clock
) -> None:
    visit = unknown(kiosk)
    clock.go(LATER)
    form = {"recipient": "UBND xã Mẫu", "informed_at": "2026-11-27T09:30", "way": "điện thoại"}

    answer = client.post(f"/logbook/visits/{visit.id}/commune", data=form)

    assert answer.status_code == 303
    page = text_of(client.get(f"/logbook/visits/{visit.id}").text)
    assert "09:30 27/11/2026 · UBND xã Mẫu · điện thoại" in page
    assert kiosk.communes_to_inform() == []


@pytest.mark.parametrize(
    "moment",
    [
        "2026-11-25T09:00",  # before the arrival
        "2026-11-28T09:30",  # in the future
        "0001-01-01T00:00",
        "9999-12-31T23:59",
        "2026-02-30T10:00",
        "hôm qua",
        "2026-11-27T09:30+99:00",
        "x" * 5000,
    ],
)
def test_a_notice_with_an_impossible_time_is_refused_with_all_that_was_typed(
    client: FlaskClient, kiosk: Kiosk, clock: Clock, moment: str
) -> None:
    visit = unknown(kiosk)
    clock.go(LATER)
    form = {"recipient": "UBND xã Mẫu", "informed_at": moment, "note": "gọi hai lần"}

    answer = client.post(f"/logbook/visits/{visit.id}/commune", data=form)

    assert answer.status_code == 400
    assert "UBND xã Mẫu" in answer.text
    assert "gọi hai lần" in answer.text
    assert kiosk.commune_notices.of_visit(visit.id) == []


def test_the_page_of_an_identity_offers_the_cards_that_were_read_just_now(
    client: FlaskClient, kiosk: Kiosk, clock: Clock
) -> None:
    visit = unknown(kiosk)
    kiosk.scan(payload("chi"))
    clock.go(timedelta(minutes=31))
    card = kiosk.scan(payload("an"))
    kiosk.scan(payload("oanh"))  # forged
    kiosk.desk.confirm(kiosk.scan(payload("binh")), Confirmation(), "binh")
    path = f"/logbook/visits/{visit.id}/identity"

    page = client.get(path).text
    assert "Nguyễn Văn An" in page
    for name in ("Lê Thị Chi", "Phan Thị Oanh", "Trần Thị Bình"):
        assert name not in page
    form = {"attempt": str(card), "why": "người nhà", "version": "1", "arrival": "emergency"}
    assert client.post(path, data=form).status_code == 303
    assert now_of(kiosk, visit).card.holder == "Nguyễn Văn An"
    shown = text_of(client.get(f"/logbook/visits/{visit.id}").text)
    assert f"{visit.person} → Nguyễn Văn An" in shown

    stale = client.post(path, data={"act": "undo", "why": "nhầm", "version": "1"})
    assert stale.status_code == 409
    done = client.post(path, data={"act": "undo", "why": "nhầm", "version": "2"})
    assert done.status_code == 303
    assert now_of(kiosk, visit).unknown == visit.unknown


def test_a_form_of_an_identity_that_is_refused_keeps_what_was_typed(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    visit = unknown(kiosk)

    form = {"holder": "Lê Mẫu", "number": "12", "why": "vợ nhận"}
    answer = client.post(f"/logbook/visits/{visit.id}/identity", data=form)

    assert answer.status_code == 400
    assert all(value in answer.text for value in form.values())
    assert now_of(kiosk, visit) == visit
    nothing = client.post(f"/logbook/visits/{visit.id}/identity", data={"why": "x"})
    assert nothing.status_code == 409


def with_building(kiosk: Kiosk, make_client: Callable[..., FlaskClient]) -> FlaskClient:
    visit = replace(kiosk.settings.visit, build_temporary_codes="yes")
    return make_client(replace(kiosk.settings, visit=visit))


def test_a_number_is_built_only_by_a_setting_and_marked_as_not_certain(
    client: FlaskClient, kiosk: Kiosk, make_client: Callable[..., FlaskClient]
) -> None:
    visit = without_card(kiosk)
    path, form = f"/logbook/visits/{visit.id}/temporary-code", {"act": "build", "why": "tự lập"}

    assert 'value="build"' not in client.get(path).text
    assert client.post(path, data=form).status_code == 400
    assert now_of(kiosk, visit) == visit

    building = with_building(kiosk, make_client)
    assert "chưa chắc đúng" in building.get(path).text
    assert building.post(path, data=form).status_code == 303
    for shown in (f"/logbook/visits/{visit.id}", "/logbook/cases"):
        assert "chưa chắc đúng" in building.get(shown).text


def test_a_temporary_number_is_typed_on_the_page_of_a_visit(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    visit = without_card(kiosk)
    path = f"/logbook/visits/{visit.id}/temporary-code"
    assert path in client.get(f"/logbook/visits/{visit.id}").text

    wrong = client.post(path, data={"code": "DN4019999900020", "why": "cổng"})
    right = client.post(path, data={"code": TE1, "why": "cổng"})

    assert (wrong.status_code, right.status_code) == (400, 303)
    assert "DN4019999900020" in wrong.text
    assert now_of(kiosk, visit).card.card_number == TE1
    adult: Visit = kiosk.desk.confirm(kiosk.scan(payload("an")), Confirmation(), "an")[0]
    other = f"/logbook/visits/{adult.id}/temporary-code"
    assert client.post(other, data={"code": TE1, "why": "cổng"}).status_code == 409


@pytest.mark.parametrize("key", ["mai", "oanh", "an"])
def test_a_suspicion_is_recorded_from_the_desk_with_its_evidence(
    client: FlaskClient, kiosk: Kiosk, key: str
) -> None:
    reading = kiosk.scan(payload(key))
    link = f"/logbook/suspicions/new?reading={reading}"
    assert link in client.get(f"/desk/attempts/{reading}").text

    page = client.get(link).text
    suggested = re.search(r'value="(\w+)" selected', page)
    assert suggested
    assert suggested[1] == {"mai": "name_differs", "oanh": "forged", "an": "other"}[key]
    address = suspicion(client, kiosk, key, ground="other_person", note="ảnh khác")

    found = client.get(address)
    assert found.status_code == 200
    assert "ảnh khác" in found.text


def test_a_suspicion_that_was_reported_or_withdrawn_says_so(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    first, second = suspicion(client, kiosk), suspicion(client, kiosk, "an")
    report = {"version": "1", "recipient": "BHXH cơ sở Mẫu", "way": "công văn 12"}

    assert client.post(first, data=report).status_code == 303
    assert client.post(first, data=report).status_code == 409  # somebody has just done it
    withdrawal = {"version": "1", "act": "withdraw"}
    assert client.post(second, data=withdrawal).status_code == 400
    assert client.post(second, data=withdrawal | {"why": "đúng người"}).status_code == 303

    page = text_of(client.get("/logbook/suspicions").text)
    assert "đã báo BHXH 10:00 25/11/2026 · BHXH cơ sở Mẫu · công văn 12" in page
    assert "đã rút: không đúng như vậy đúng người" in page
    assert client.post(second, data=report | {"version": "2"}).status_code == 409


def test_a_number_is_masked_and_whole_only_where_it_was_asked_for(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    address = suspicion(client, kiosk, "dung")

    for path in (address, "/logbook/suspicions"):
        assert "DN4019999900004" not in client.get(path).text
    assert "DN4019999900004" in client.post("/logbook/suspicions/numbers").text


@pytest.mark.parametrize(
    "path",
    [
        "/logbook/suspicions/new",
        "/logbook/suspicions/new?reading=0",
        "/logbook/suspicions/new?reading=x",
        "/logbook/suspicions/new?reading=99999999999999999999999",
        "/logbook/suspicions/1",
        "/logbook/suspicions/999999999999",
        "/logbook/visits/nobody/identity",
        "/logbook/visits/nobody/commune",
        "/logbook/visits/nobody/temporary-code",
    ],
)
def test_a_page_about_nothing_is_not_found(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404
    assert client.post(path, data={"why": "x"}).status_code == 404


@pytest.mark.parametrize(
    "form", [{"ground": "x"}, {}, {"ground": "other"}, {"ground": "forged", "note": "x" * 201}]
)
def test_a_suspicion_without_a_ground_is_refused(
    client: FlaskClient, kiosk: Kiosk, form: dict[str, str]
) -> None:
    reading = kiosk.scan(payload("an"))

    answer = client.post(f"/logbook/suspicions/new?reading={reading}", data=form)

    assert answer.status_code == 400
    assert kiosk.suspicions.newest() == []


def test_what_people_typed_is_escaped(client: FlaskClient, kiosk: Kiosk) -> None:
    attempt = kiosk.desk.record_no_card("front").id
    patient = unknown_patient(None, "<script>alert(1)</script>")
    visit = kiosk.desk.confirm(attempt, Confirmation(unknown=patient), "k")[0]

    for path in (
        "/logbook/cases",
        f"/logbook/visits/{visit.id}",
        f"/logbook/visits/{visit.id}/slip",
    ):
        assert "<script>alert" not in client.get(path).text
        assert "&lt;script&gt;alert" in client.get(path).text


@pytest.mark.slow
def test_a_press_records_an_unknown_patient_and_shows_the_code() -> None:
    with serving("--demo") as server, chromium() as context:
        page: Any = context.new_page()
        page.goto(server.url)
        page.click("#no-card")
        page.wait_for_selector(READY)
        page.keyboard.press("Alt+u")
        page.fill("#estimated_age", "200")
        page.click("[data-primary]")
        page.wait_for_selector("#message:not(:empty)")
        page.fill("#estimated_age", "40")
        page.fill("#description", "áo xanh")
        page.click("[data-primary]")
        page.wait_for_selector(".ticket-code")

        code = page.inner_text(".ticket-code")

        assert code.startswith("VD-")
        [visit] = server.get("/api/visits")["visits"]
        assert visit["unknown"]["code"] == code
        assert visit["insurer"]["state"] == "not_sent"


def test_the_time_of_a_suspicion_is_the_clinic_s(client: FlaskClient, kiosk: Kiosk) -> None:
    address = suspicion(client, kiosk)

    assert "10:00 25/11/2026" in client.get(address).text
    assert kiosk.suspicions.newest()[0].at == NOW
