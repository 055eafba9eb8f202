"""The preparation sheet over HTTP: cards fill a form, faults are said, and nothing is stored."""

from __future__ import annotations

import io
import threading
import unicodedata
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader

from kiosk.help import SHEET_GUIDES, SheetGoal, differing, guide_on, read_help
from kiosk.runtime.paths import shipped_folder
from kiosk.sandbox import demo_settings
from kiosk.settings import load_settings
from kiosk.web.app import create_app
from scanner import Scan
from tests.cast import BHYT15, CCCD, NOW, Clock, payload
from tests.conftest import Kiosk
from verify import clinic_day

ID = {
    "id_number": "001080999901",
    "id_holder": "Nguyễn Văn Mẫu",
    "id_born": "01/02/1980",
    "id_sex": "male",
    "id_address": "Số 1, Phường Thử, Hà Nội",
    "id_scanned": "yes",
}
CARD = {
    "card_number": "DN4019999900021",
    "card_holder": "Nguyễn Văn Mẫu",
    "card_born": "01/02/1980",
    "card_sex": "male",
    "card_until": "31/12/2026",
    "card_scanned": "yes",
}
ASKED = {
    "goal": "register",
    "phone": "0912 345 678",
    "phone_again": "0912345678",
    "email": "mau@example.org",
    "email_again": "mau@example.org",
    "street": "Số 1, đường Thử",
    "commune": "Phường Mẫu",
    "province": "Hà Nội",
}
FORM = ID | CARD | ASKED
CHILD = FORM | {
    "goal": "child",
    "relation": "mother",
    "has_account": "yes",
    "card_number": "TE1019999900031",
    "card_holder": "Trần Bé Ngoan",
    "card_born": "04/05/2019",
}
PLACE = "/help/preparation"


def faults(client: FlaskClient, form: dict[str, str]) -> dict[str, str]:
    answer = client.post(f"{PLACE}/sheet?lang=en", data=form)
    assert answer.status_code == 422
    return dict(answer.get_json()["faults"])


def read(client: FlaskClient, payload: str) -> dict[str, Any]:
    answer = client.post(f"{PLACE}/scans?lang=en", json={"payload": payload})
    assert answer.status_code == 200
    [card] = answer.get_json()["cards"]
    return dict(card)


def text_of(client: FlaskClient, form: dict[str, str], size: str) -> str:
    answer = client.post(f"{PLACE}/sheet.pdf?lang=vi", data=form | {"size": size})
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.headers["Cache-Control"] == "no-store"
    pages = PdfReader(io.BytesIO(answer.get_data()), strict=True).pages
    return unicodedata.normalize("NFC", " ".join(" ".join(p.extract_text() for p in pages).split()))


def stored(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_the_page_is_empty_may_not_be_kept_and_ticks_nothing(client: FlaskClient) -> None:
    answer = client.get(PLACE)
    page = answer.get_data(as_text=True)

    assert answer.headers["Cache-Control"] == "no-store"
    assert page.count("checked") == 1  # the usual goal
    assert page.count("<option value=") >= 34
    assert "wiped" in page


def test_an_id_card_fills_its_part_of_the_form(client: FlaskClient) -> None:
    card = read(client, CCCD)

    assert card["part"] == "id"
    assert card["fields"] == {
        "id_number": "001099999901",
        "id_holder": "Nguyễn Văn Mẫu",
        "id_born": "01/02/1980",
        "id_sex": "male",
        "id_address": "Số 1, Phường Thử, Hà Nội",
        "id_old_number": "",
        "id_scanned": "yes",
    }


def test_a_bhyt_card_fills_its_part_of_the_form(client: FlaskClient) -> None:
    card = read(client, BHYT15)

    assert card["part"] == "card"
    assert card["fields"]["card_number"] == "DN4019999900021"
    assert card["fields"]["card_born"] == "01/02/1980"
    assert card["fields"]["card_facility"] == "01999"
    assert card["fields"]["card_until"] == ""


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ("nothing of a card", ""),
        (BHYT15.replace("01019999900021", "01019999900022"), ""),
        ("12345678901", "One digit is missing"),
        (BHYT15[:40], ""),
    ],
)
def test_a_code_that_is_no_whole_card_fills_nothing_and_says_why(
    client: FlaskClient, payload: str, words: str
) -> None:
    card = read(client, payload)

    assert card["part"] is None
    assert "fields" not in card
    assert card["words"].startswith(words)
    assert len(card["words"]) > 20


def test_reading_cards_here_records_no_attempt_and_stores_nothing(
    kiosk: Kiosk, client: FlaskClient, tmp_path: Path
) -> None:
    before = kiosk.database.rows("select count(*) from attempt")[0][0]
    for shown in (CCCD, BHYT15):
        read(client, shown)
    client.post(f"{PLACE}/sheet", data=FORM)
    client.post(f"{PLACE}/sheet.pdf", data=FORM)

    assert kiosk.database.rows("select count(*) from attempt")[0][0] == before
    kiosk.database.close()
    kept = stored(tmp_path)
    for secret in ("0912345678", "mau@example.org", "DN4019999900021", "Số 1, đường Thử"):
        assert secret.encode() not in kept


def test_a_reader_of_the_settings_fills_the_page_that_is_in_front(
    clock: Clock, tmp_path: Path, stop: threading.Event
) -> None:
    reader = {"name": "front", "kind": "serial", "port": "COM1"}
    settings = load_settings(None, demo_settings("", tmp_path) | {"readers": [reader]})
    kiosk = Kiosk(settings, tmp_path, demo=True, now=clock)
    client = create_app(kiosk, stop).test_client()
    take = kiosk.page_scans.before(kiosk.desk.receive)
    assert client.post(f"{PLACE}/scanned", json={"page": "a-1"}).get_json() == {"cards": []}
    take(Scan(CCCD.encode(), "front", NOW))

    [card] = client.post(f"{PLACE}/scanned", json={"page": "a-1"}).get_json()["cards"]
    assert card["fields"]["id_number"] == "001099999901"
    assert client.post(f"{PLACE}/left", json={"page": "a-1"}).status_code == 204
    take(Scan(CCCD.encode(), "front", NOW))
    assert len(kiosk.database.rows("select * from attempt")) == 1
    assert client.post(f"{PLACE}/scanned", json={"page": "x" * 41}).status_code == 400


def test_the_sheet_is_shown_before_it_is_printed(client: FlaskClient) -> None:
    answer = client.post(f"{PLACE}/sheet?lang=vi", data=FORM)

    html = answer.get_json()["html"]
    assert answer.headers["Cache-Control"] == "no-store"
    for words in (
        "Phiếu chuẩn bị, không phải tờ khai của cơ quan BHXH",
        "NĐ 166/2016/NĐ-CP",
        "Đăng ký tài khoản VssID",
        "9999 900 021",
        "0912 345 678",
        "Nguồn chưa thống nhất",
        "....",  # the office is filled in by hand
    ):
        assert words in html, words
    assert "CMND" in html  # that it is void
    assert "href" not in html  # nothing leads away from the page


@pytest.mark.parametrize("size", ["a4", "a5"])
@pytest.mark.parametrize(
    ("form", "words"),
    [
        (FORM, ("Đăng ký tài khoản VssID", "001 080 999 901", "mau@example.org")),
        (CHILD, ("Tài khoản VssID cho con", "Trần Bé Ngoan", "mẹ", "Giấy khai sinh của con")),
        (
            FORM | {"goal": "correct", "wrong": "born", "card_born": "02/01/1980"},
            ("Sửa thông tin sai ở BHXH", "Hai thẻ ghi khác nhau", "02/01/1980", "TK1-TS"),
        ),
        (FORM | {"goal": "wallet"}, ("Thêm thẻ BHYT vào VNeID", "Ví giấy tờ")),
        (FORM | {"goal": "repair"}, ("Vào lại tài khoản VssID", "Quên mật khẩu")),
    ],
)
def test_a_sheet_on_paper_has_all_letters_and_never_a_secret(
    client: FlaskClient, form: dict[str, str], words: tuple[str, ...], size: str
) -> None:
    text = text_of(client, form, size)

    for expected in ("Phiếu chuẩn bị, không phải tờ khai của cơ quan BHXH", "9999 900 0", *words):
        assert expected in text, expected
    assert "¤" not in text
    assert "CMND cũ hết giá trị" in text or form["goal"] == "child"


GOALS = {
    "register": FORM,
    "repair": FORM | {"goal": "repair"},
    "wallet": FORM | {"goal": "wallet"},
    "child": CHILD,
    "correct": FORM | {"goal": "correct", "wrong": "name", "right_value": "Nguyễn Văn Mẫu"},
}


@pytest.mark.parametrize("goal", GOALS)
def test_a_sheet_has_the_steps_of_the_guide_with_what_sources_say_otherwise(
    client: FlaskClient, goal: str
) -> None:
    tables, today = read_help(shipped_folder("config") / "tables"), clinic_day(NOW)
    guide = guide_on(tables, SHEET_GUIDES[SheetGoal(goal)], today)
    assert guide is not None
    printed = text_of(client, GOALS[goal], "a4")
    html = client.post(f"{PLACE}/sheet?lang=vi", data=GOALS[goal]).get_json()["html"]

    for text in (printed, unescape(html)):
        squeezed = "".join(text.split())
        for step in guide.steps:
            assert "".join(step.text_vi.split()) in squeezed
            for said in differing(step, tables, today):
                assert "".join(said.said_vi.split()) in squeezed
        assert all("".join(link.address[8:].split()) in squeezed for link in guide.links)
    pages = client.post(f"{PLACE}/sheet.pdf?lang=vi", data=GOALS[goal]).data
    assert len(PdfReader(io.BytesIO(pages)).pages) <= 2  # both sides of a sheet


def test_every_goal_shows_its_contradictions_of_today() -> None:
    tables, today = read_help(shipped_folder("config") / "tables"), clinic_day(NOW)
    shown = {}
    for goal, key in SHEET_GUIDES.items():
        guide = guide_on(tables, key, today)
        assert guide is not None, goal
        shown[goal] = {step.see for step in guide.steps if differing(step, tables, today)}

    assert shown == {
        SheetGoal.REGISTER: {"T08", "T06", "T20", "T07", "T12"},
        SheetGoal.REPAIR: {"T24", "T20", "T19"},
        SheetGoal.WALLET: {"T69"},
        SheetGoal.CHILD: set(),
        SheetGoal.CORRECT: {"T47", "T19"},
    }


def test_a_site_that_replaces_the_guides_replaces_the_steps_of_the_sheet(
    kiosk: Kiosk, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = kiosk.data.current()
    own = [
        replace(step, text_vi="Hỏi cô Mẫu ở quầy 7.") if step.step == 1 else step
        for step in data.help.steps
        if step.guide != "child-vssid"
    ]
    changed = replace(data, help=replace(data.help, steps=tuple(own)))
    monkeypatch.setattr(kiosk.data, "current", lambda: changed)

    assert "Hỏi cô Mẫu ở quầy 7." in text_of(client, FORM, "a4")
    assert "hôm nay không có mục này" in text_of(client, CHILD, "a4")


def test_a_sheet_names_the_facility_beside_its_code(client: FlaskClient) -> None:
    form = FORM | {"card_facility": "01999"}

    assert "01999 · Bệnh viện Mẫu (tưởng tượng)" in text_of(client, form, "a4")


def test_the_metadata_of_the_file_name_nobody(client: FlaskClient) -> None:
    answer = client.post(f"{PLACE}/sheet.pdf", data=FORM)

    metadata = str(PdfReader(io.BytesIO(answer.get_data())).metadata)
    assert not any(secret in metadata for secret in ("Nguyễn", "0912", "99999"))
    assert "Nguy" not in answer.headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"phone": "912345678", "phone_again": "912345678"}, "phone", "here are 9"),
        ({"phone": "09123456789", "phone_again": "09123456789"}, "phone", "here are 11"),
        ({"phone_again": "0912345670"}, "phone_again", "not the same"),
        ({"email": "mau@", "email_again": "mau@"}, "email", "ten@example.org"),
        ({"province": "Hà Giang"}, "province", "part of Tuyên Quang"),
        ({"province": "Atlantis"}, "province", "None of the 34"),
        ({"id_born": "31/02/1980"}, "id_born", "cannot be read"),
        ({"id_born": "01/02/2080"}, "id_born", "future"),
        ({"id_number": "00108099990"}, "id_number", "11 characters"),
        ({"insurance_number": "9999900022"}, "insurance_number", "last ten digits"),
        ({"card_number": "001080999902", "card_legacy": "9999900021"}, "id_number", "another ID"),
        ({"card_holder": "Trần Thị Khác", "card_born": "05/05/1990"}, "cards", "two people"),
        ({"card_number": "DN401999990002"}, "card_number", "here are 14"),
        ({"street": "a" * 3000}, "street", "one line"),
        ({"goal": "child", "relation": "mother"}, "card_born", "18 or older"),
        ({**CHILD, "id_born": "01/02/2015"}, "id_born", "18 or older"),
        ({**CHILD, "relation": "cousin"}, "relation", "needed"),
        ({"goal": "correct"}, "wrong", "needed"),
        ({"card_facility": "1"}, "card_facility", "5 characters"),
        ({"card_until": "31/12/26"}, "card_until", "four digits"),
        ({"goal": "wallet", "phone": "", "phone_again": "", "consent_help_call": "yes"}, "phone",
         "needed"),
    ],
)  # fmt: skip
def test_bad_input_is_said_at_its_field(
    client: FlaskClient, change: dict[str, str], field: str, words: str
) -> None:
    found = faults(client, FORM | change)

    assert words in found[field]
    assert client.post(f"{PLACE}/sheet.pdf", data=FORM | change).status_code == 422


def test_every_fault_is_said_at_once_and_quotes_nothing_that_was_typed(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    found = faults(client, {"goal": "register", "phone": "12345", "email": "geheim@"})

    assert set(found) >= {"id_number", "id_holder", "phone", "email", "email_again", "province"}
    assert "12345" not in str(found)
    assert "geheim" not in str(found)
    assert not caplog.records


def test_an_id_card_without_an_address_and_a_card_that_has_ended_are_told(
    client: FlaskClient,
) -> None:
    form = FORM | {"id_address": "", "card_until": "31/01/2025"}

    html = client.post(f"{PLACE}/sheet?lang=en", data=form).get_json()["html"]

    assert "holds no address" in html
    assert "portal says decides" in html
    assert "expired" not in html


def test_nothing_is_kept_without_a_tick(kiosk: Kiosk, client: FlaskClient, clock: Clock) -> None:
    answer = client.post(f"{PLACE}/consents", data=FORM | {"key": "k", "how": "spoken"})

    assert answer.status_code == 422
    assert kiosk.consents.newest(clock()) == []


def test_a_consent_is_written_down_once_listed_and_withdrawn(
    kiosk: Kiosk, client: FlaskClient, clock: Clock
) -> None:
    form = FORM | {"key": "k", "how": "spoken", "consent_help_call": "yes"}
    client.post(f"{PLACE}/consents?lang=en", data=form)
    answer = client.post(f"{PLACE}/consents?lang=en", data=form)
    assert answer.status_code == 201
    assert "25/12/2026" in answer.get_json()["words"]

    [given] = kiosk.consents.newest(clock())
    assert given.values == {"phone": "0912345678"}
    assert given.person == "9999900021"
    assert "30" in given.wording
    page = client.get(f"{PLACE}/consents?lang=en").get_data(as_text=True)
    assert "0912345678" in page
    assert "9999900021" not in page  # masked

    place = f"{PLACE}/consents/{given.id}/withdraw"
    assert client.post(place, data={"how": "?"}).status_code == 400
    assert client.post(place, data={"how": "phone"}).status_code == 303
    assert client.post(place, data={"how": "phone"}).status_code == 409
    assert client.post(f"{PLACE}/consents/99/withdraw", data={"how": "phone"}).status_code == 404
    assert "0912345678" not in client.get(f"{PLACE}/consents").get_data(as_text=True)


def test_the_list_erases_what_is_over(kiosk: Kiosk, client: FlaskClient, clock: Clock) -> None:
    form = FORM | {"key": "k", "how": "signed", "consent_help_call": "yes"}
    client.post(f"{PLACE}/consents", data=form)
    clock.go(timedelta(days=30))

    assert "0912345678" not in client.get(f"{PLACE}/consents").get_data(as_text=True)
    assert kiosk.database.rows("select * from consent_value") == []


def test_the_consent_is_on_the_paper_that_the_patient_takes(client: FlaskClient) -> None:
    text = text_of(client, FORM | {"consent_help_call": "yes"}, "a4")

    assert "Bạn đã đồng ý" in text
    assert "Giữ số điện thoại 30 ngày" in text
    assert "Bạn đã đồng ý" not in text_of(client, FORM, "a4")


@pytest.mark.parametrize("path", ["scans", "scanned"])
@pytest.mark.parametrize("body", [b"", b"[]", b'{"payload": 7}', b"\xff"])
def test_a_body_that_is_no_scan_is_refused(client: FlaskClient, path: str, body: bytes) -> None:
    answer = client.post(f"{PLACE}/{path}", data=body, content_type="application/json")

    assert answer.status_code == 400


def test_a_page_of_another_site_cannot_use_it(client: FlaskClient) -> None:
    for path in ("scans", "scanned", "sheet", "sheet.pdf", "consents", "consents/1/withdraw"):
        answer = client.post(f"{PLACE}/{path}", headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403


def test_a_paper_of_another_size_is_refused(client: FlaskClient) -> None:
    assert client.post(f"{PLACE}/sheet.pdf", data=FORM | {"size": "a0"}).status_code == 400


def test_a_signed_card_in_a_phone_fills_the_sheet_and_is_good_at_the_desk_afterwards(
    client: FlaskClient, clock: Clock
) -> None:
    shown = payload("quynh").decode()
    card = read(client, shown)
    assert card["part"] == "card"
    assert card["fields"]["card_holder"]

    clock.go(timedelta(seconds=20))
    at_desk = client.post("/api/scans", json={"payload": shown, "reader": "front"}).get_json()
    assert at_desk["outcome"] == "admitted"
