"""The pages about privacy over HTTP: what they show, what they refuse, and what they write down."""

from __future__ import annotations

import html
import io
import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader
from werkzeug.test import TestResponse

from kiosk.desk import Confirmation
from kiosk.staff import Role
from tests.cast import BHYT17, NOW
from tests.conftest import Kiosk
from tests.staff.web import Site

NAME, NUMBER, PHONE = "Nguyễn Văn Mẫu", "9999900020", "0900000001"
HOSTILE = "<script>x</script>'; drop table visit;-- \N{RIGHT-TO-LEFT OVERRIDE}=1+1"


def text_of(answer: TestResponse) -> str:
    plain = re.sub(r"<[^>]*>", " ", answer.get_data(as_text=True))
    return html.unescape(re.sub(r"\s+", " ", plain))


def pdf_text(answer: TestResponse) -> str:
    pages = PdfReader(io.BytesIO(answer.data)).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))


@pytest.fixture
def visit(kiosk: Kiosk) -> str:
    reading = kiosk.scan(BHYT17)
    return kiosk.desk.confirm(reading, Confirmation(phone=PHONE), "k")[0].id


@pytest.mark.usefixtures("visit")
def test_each_kind_is_listed_with_its_period_source_and_oldest_row(client: FlaskClient) -> None:
    page = text_of(client.get("/privacy?lang=en"))

    assert "sign-ins 12 months [retention] sign_ins_months Luật 116/2025" in page
    assert "No period is set for visits." in page
    assert "10:00 25/11/2026" in page
    assert "lần đăng nhập" in text_of(client.get("/privacy?lang=vi"))


def test_a_person_is_found_and_their_number_is_in_no_address(
    client: FlaskClient, kiosk: Kiosk, visit: str
) -> None:
    found = client.post("/privacy/person", data={"text": NAME})
    shown = client.post("/privacy/person/held", data={"key": visit})

    assert NAME in text_of(found)
    assert NAME in text_of(shown)
    assert NUMBER not in found.get_data(as_text=True)  # masked in the page itself
    assert NUMBER not in shown.get_data(as_text=True)
    assert "telephone numbers on visits 0 1" in text_of(
        client.post("/privacy/person/held?lang=en", data={"key": visit})
    )  # it waits to be sent
    noted = [row[0] for row in kiosk.database.rows("select what from access order by id")]
    assert noted[:2] == ["person_data.find", "person_data.show"]


def test_all_data_are_handed_over_as_data_and_on_paper_and_that_is_written_down(
    client: FlaskClient, kiosk: Kiosk, visit: str
) -> None:
    data = client.post("/privacy/person/person.json", data={"key": visit})
    paper = client.post("/privacy/person/person.pdf?lang=vi", data={"key": visit})

    body = json.loads(data.data)
    assert body["person"]["visits"][0]["visit"]["holder"] == NAME
    assert data.headers["Cache-Control"] == paper.headers["Cache-Control"] == "no-store"
    assert NUMBER not in data.headers["Content-Disposition"]
    shown = pdf_text(paper)
    for text in (NAME, PHONE, "Ai đã xem dữ liệu của bạn", "Những gì không có trong giấy này"):
        assert text in shown
    kinds = [row[0] for row in kiosk.database.rows("select kind from export order by id")]
    assert kinds == ["person.json", "person.pdf"]


def test_erasing_needs_a_reason_and_a_word_that_it_is_the_right_person(
    client: FlaskClient, kiosk: Kiosk, visit: str
) -> None:
    with kiosk.database.transaction() as db:
        db.execute("update outbox set state = 'accepted'")
    address = "/privacy/person/erase"
    for form in ({}, {"sure": "yes"}, {"why": "x"}, {"sure": "yes", "request": "một"}):
        assert client.post(address, data={"key": visit} | form).status_code == 400
    assert kiosk.visits.with_number(NUMBER)[0].arrival.phone == PHONE

    done = client.post(f"{address}?lang=vi", data={"key": visit, "sure": "yes", "why": "đơn"})

    assert "số điện thoại trong lượt khám 1 0" in text_of(done)
    assert "hồ sơ bệnh án" in text_of(done)
    assert NAME not in text_of(done)
    assert kiosk.visits.with_number(NUMBER)[0].arrival.phone == ""
    assert "đã xoá: 1, giữ lại:" in text_of(client.get("/privacy?lang=vi"))


def test_nothing_held_is_said(client: FlaskClient) -> None:
    answer = client.post("/privacy/person/held?lang=vi", data={"key": "9999900777"})

    assert answer.status_code == 404
    assert "Không lưu gì về người này." in text_of(answer)


def test_a_request_is_recorded_answered_and_marked_as_late(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    form = {"kind": "erase", "about": f"{NAME}\r\n{HOSTILE}", "received_at": "2026-11-25T09:00"}
    added = client.post("/privacy/requests", data=form)
    assert added.status_code == 303
    page = client.get("/privacy/requests/1?lang=vi")
    assert "<script>x" not in page.get_data(as_text=True)
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in page.get_data(as_text=True)
    assert "hết ngày 27/11/2026" in text_of(page)

    kiosk.clock.go(timedelta(days=5))
    assert "⚠ trễ hạn" in text_of(client.get("/privacy/requests?lang=vi"))
    answer = {"state": "done", "answer": "đã xoá", "version": "1"}
    assert client.post("/privacy/requests/1", data=answer).status_code == 303
    assert client.post("/privacy/requests/1", data=answer).status_code == 409
    assert "trễ hạn" not in text_of(client.get("/privacy/requests?lang=vi"))


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"kind": "erase", "about": ""}, "about"),
        ({"kind": "nothing", "about": "x"}, "kind"),
        ({"kind": "erase", "about": "x", "received_at": "2027-01-01T09:00"}, "received_at"),
        ({"kind": "erase", "about": "x" * 2001}, "about"),
    ],
)
def test_a_request_that_cannot_be_read_keeps_what_was_typed(
    client: FlaskClient, form: dict[str, str], field: str
) -> None:
    answer = client.post("/privacy/requests", data=form | {"contact": "số nhà 5"})

    assert answer.status_code == 400
    assert "số nhà 5" in answer.get_data(as_text=True)
    assert re.search(r'class="field[^"]* fault"', answer.get_data(as_text=True)), field


def test_a_breach_is_recorded_filled_in_and_its_notice_is_in_vietnamese(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    first = {"what": "mất máy tính xách tay", "is_severe": "yes", "noticed_at": "2026-11-25T09:00"}
    assert client.post("/privacy/breaches", data=first).status_code == 303
    kiosk.clock.go(timedelta(hours=30))
    assert "trễ hạn" in text_of(client.get("/privacy/breaches?lang=vi"))

    more = first | {
        "people": "40", "data": "họ tên, số thẻ", "state": "open", "version": "1",
        "first_word_at": "2026-11-25T12:00", "measures": "khoá tài khoản",
    }  # fmt: skip
    assert client.post("/privacy/breaches/1", data=more | {"people": "nhiều"}).status_code == 400
    assert client.post("/privacy/breaches/1", data=more).status_code == 303
    assert client.post("/privacy/breaches/1", data=more).status_code == 409

    notice = client.get("/privacy/breaches/1/notice.pdf?lang=en")
    shown = pdf_text(notice)
    for text in ("Thông báo vi phạm", "mất máy tính", "09:00 28/11/2026", "40", "12:00 25/11/2026"):
        assert text in shown
    assert notice.headers["Cache-Control"] == "no-store"


def test_the_accounts_are_signed_off_by_who_has_seen_them(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.hire(factor=False)
    supervisor = site.signed_in(Role.SUPERVISOR)
    page = supervisor.get("/privacy/access?lang=vi").get_data(as_text=True)
    [seen] = re.findall(r'name="seen" value="(\w+)"', page)
    assert "quản trị viên chưa có lớp xác thực thứ hai" in page
    assert "Rà soát" in page or "rà soát" in page

    site.staff.members.deactivate(site.numbers[Role.CLERK], site.clock(), "a test")
    assert supervisor.post("/privacy/access", data={"seen": seen}).status_code == 409
    page = supervisor.get("/privacy/access").get_data(as_text=True)
    [seen] = re.findall(r'name="seen" value="(\w+)"', page)
    signed = supervisor.post("/privacy/access", data={"seen": seen, "note": "ổn"})

    assert signed.status_code == 303
    assert site.kiosk.privacy.reviews.newest()[0].note == "ổn"
    assert site.kiosk.privacy.reviews.newest()[0].at == NOW


def test_a_clerk_sees_none_of_it(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.hire()
    clerk = site.signed_in(Role.CLERK)

    for address in ("", "/requests", "/person", "/breaches", "/access"):
        assert clerk.get(f"/privacy{address}").status_code == 403
    assert "/privacy" not in clerk.get("/data").get_data(as_text=True)
