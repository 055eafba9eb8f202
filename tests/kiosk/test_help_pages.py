"""The pages of the help: what they show, what is counted, and what is shown nowhere."""

from __future__ import annotations

import io
import logging
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from markupsafe import escape
from pypdf import PdfReader

from kiosk.help import differing, guides_on, read_help, statements
from kiosk.logbook import HelpCount, HelpKind
from kiosk.runtime.paths import shipped_folder
from kiosk.sandbox import demo_settings
from kiosk.settings import load_settings
from kiosk.web.app import create_app
from scanner import Scan
from tests.cast import NOW, payload
from tests.conftest import Kiosk
from tests.kiosk.test_preparation_pages import FORM as SHEET_FORM
from verify import clinic_day

TABLES = read_help(shipped_folder("config") / "tables")
TODAY = clinic_day(NOW)
GUIDES = [guide.key for guide in guides_on(TABLES, TODAY)]
TROUBLES = [row.id for row in TABLES.troubles_on(TODAY)]
LINKS = {link.address for link in TABLES.links.values()}


def page(client: FlaskClient, path: str, language: str = "vi") -> str:
    answer = client.get(f"{path}?lang={language}")
    assert answer.status_code == 200, path
    return answer.text


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_trouble_and_guide_has_a_page_without_a_foreign_link(
    client: FlaskClient, language: str
) -> None:
    paths = [f"/help/troubles/{name}" for name in TROUBLES]
    paths += [f"/help/guides/{name}" for name in GUIDES]
    for path in ("/help", *paths):
        text = page(client, path, language)
        outside = set(re.findall(r'href="(https?://[^"]+)"', text))
        assert {address.replace("&amp;", "&") for address in outside} <= LINKS, path
        assert "drive.google" not in text


def test_a_page_without_a_row_of_today_is_not_found(client: FlaskClient) -> None:
    for path in ("troubles/T99", "guides/nothing", "troubles/T99.pdf", "guides/nothing.pdf"):
        assert client.get(f"/help/{path}").status_code == 404
    for path in ("troubles/T99/helped", "troubles/T99/print", "guides/x/print", "guides/x/helped"):
        assert client.post(f"/help/{path}").status_code == 404
    assert client.get("/help/counts?month=never").status_code == 404


def test_a_question_is_answered_with_where_who_source_and_state(client: FlaskClient) -> None:
    text = page(client, "/help/troubles/T62", "en")

    for part in (
        "It is fraud", "<b>Where:</b> hotline", "<b>Who:</b> the patient", "Source of 03/02/2026",
        "✓ Still holds, by its source", "cafef.vn",
    ):  # fmt: skip
        assert part in text
    assert "⚠ Old, ask again" in page(client, "/help/troubles/T32", "en")
    assert "not public" in page(client, "/help/troubles/T66", "en")
    text = page(client, "/help/troubles/T15", "en")
    assert "no fixed address" in text
    assert "not public" not in text
    text = page(client, "/help/troubles/T36", "en")
    assert "Decree 188/2025/NĐ-CP, article 38 (law, read 06/10/2026): " in text
    assert "look it up by its number" in text


def test_what_sources_contradict_is_two_dated_lines_and_a_safer_way(client: FlaskClient) -> None:
    text = page(client, "/help/troubles/T20", "en")
    newest, older = text.index("sent by SMS"), text.index("sent to the e-mail")

    assert newest < older
    assert re.search(r"<dt>2022.*?</dt><dd>The code is sent by SMS", text)
    assert re.search(r"<dt>17/10/2021.*?</dt><dd>The code is sent to the e-mail", text)
    assert "⇄ Sources do not agree" in text
    assert "<b>The safer way:</b> Look in both" in text


def test_a_step_on_which_sources_differ_has_both_lines_on_every_page_and_paper(
    app: Flask, clerk: FlaskClient
) -> None:
    screens = screen(app, "hall").get("/self/guides?in=en").text
    for guide in guides_on(TABLES, TODAY):
        shown = page(clerk, f"/help/guides/{guide.key}", "en")
        display = clerk.get(f"/display/patient/guide?key={guide.key}&in=en").text
        pdf = PdfReader(io.BytesIO(clerk.get(f"/help/guides/{guide.key}.pdf?size=A4&in=en").data))
        printed = "".join("".join(part.extract_text() for part in pdf.pages).split())
        for step in guide.steps:
            for statement in differing(step, TABLES, TODAY):
                text = str(escape(statement.said_en))
                for part in (shown, display, screens):
                    assert text in part, guide.key
                assert "".join(statement.said_en.split()) in printed, guide.key


@pytest.mark.parametrize("path", ["/help", "/help/found"])
def test_a_query_is_posted_and_answered_without_scripts_too(client: FlaskClient, path: str) -> None:
    text = client.post(path, data={"q": "quen mk vssid"}).text

    assert "Quên mật khẩu VssID?" in text
    assert "Nguồn: 10/2023 · Bệnh viện Mắt Thanh Hoá" in " ".join(text.split())
    assert "Không tìm thấy" in client.post(path, data={"q": "xyzzyq"}).text
    assert "&lt;script&gt;" in client.post("/help", data={"q": "<script>"}).text


def test_no_typed_text_gets_into_a_log_or_an_address(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        text = client.post("/help", data={"q": "quên mật khẩu 9999900021"}).text
        text += client.post("/help/found", data={"q": "quên mật khẩu 9999900021"}).text

    assert "9999900021" not in caplog.text
    assert not re.search(r'(href|action)="[^"]*9999900021', text)


def test_presses_are_counted_without_a_person(client: FlaskClient, kiosk: Kiosk) -> None:
    client.post("/help/troubles/T16/helped")
    client.post("/help/troubles/T16/helped")
    client.post("/help/troubles/T16/print", data={"size": "A4"})
    client.post("/help/guides/changed-phone/print")
    client.post("/help/guides/changed-phone/helped")

    counts = kiosk.help_counts.between(TODAY, TODAY)
    assert counts == [
        HelpCount(HelpKind.HELPED, "T16", 2),
        HelpCount(HelpKind.PRINTED, "T16", 1),
        HelpCount(HelpKind.HELPED, "changed-phone", 1),
        HelpCount(HelpKind.PRINTED, "changed-phone", 1),
    ]
    assert kiosk.help_counts.between(TODAY - timedelta(days=9), TODAY - timedelta(days=1)) == []
    columns = kiosk.database.rows("select * from help_count")[0].keys()
    assert list(columns) == ["day", "kind", "key", "count"]
    month = page(client, "/help/counts", "en")
    assert "<td>3</td><td>2</td><td>0</td><td>0</td><td>0</td>" in month
    report = page(client, "/logbook/reporting", "en")
    assert "Helped with VssID, VNeID: 3" in report  # prints and shows may be of the same patients
    assert "I forgot my VssID password?" in report
    assert month.index("I forgot my VssID password?") < month.index("New phone or new SIM")


def test_the_poster_has_the_commonest_troubles_first_and_five_in_all(
    client: FlaskClient,
) -> None:
    for trouble, times in (("T48", 1), ("T62", 3), ("T45", 2)):
        for _ in range(times):
            client.post(f"/help/troubles/{trouble}/helped")
    client.get("/help?lang=en")

    pdf = PdfReader(io.BytesIO(client.get("/help/counts/poster.pdf").data))
    text = " ".join(pdf.pages[0].extract_text().split())
    questions = [
        "Someone calls and wants me to update", "An old person has no smartphone",
        "Name, birth date or sex on the card is wrong", "I forgot my VssID password",
        "How do I add the card to VNeID",
    ]  # fmt: skip
    places = [text.index(question) for question in questions]
    assert places == sorted(places)
    assert len(pdf.pages) == 1
    assert "25/11/2026" in text


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("size", ["A4", "A5", "80mm"])
def test_every_guide_is_printed_in_every_size(
    client: FlaskClient, size: str, language: str
) -> None:
    widths = {"A4": 595, "A5": 420, "80mm": 227}
    for guide in guides_on(TABLES, TODAY):
        answer = client.get(f"/help/guides/{guide.key}.pdf?size={size}&in={language}")
        pdf = PdfReader(io.BytesIO(answer.data))
        text = "".join("".join(page.extract_text() for page in pdf.pages).split())

        assert round(pdf.pages[0].mediabox.width) == widths[size]
        assert size != "80mm" or len(pdf.pages) == 1
        assert size != "A4" or len(pdf.pages) <= 1 + (guide.key == "register-vssid")
        for step in guide.steps:
            assert "".join(getattr(step, f"text_{language}").split()) in text, guide.key
        for link in guide.links:
            assert link.address in text
        assert "¤" not in text
        answer.close()


def test_a_print_is_counted_and_leads_to_its_paper(client: FlaskClient) -> None:
    answer = client.post("/help/guides/changed-phone/print", data={"size": "80mm", "in": "en"})

    assert answer.status_code == 303
    assert answer.location == "/help/guides/changed-phone.pdf?size=80mm&in=en"
    odd = client.post("/help/troubles/T07/print", data={"size": "A0", "in": "fr"})
    assert odd.location == "/help/troubles/T07.pdf?size=A5&in=vi"
    assert client.get(odd.location).mimetype == "application/pdf"


READERS = [{"name": "front", "kind": "serial", "port": "COM1", "desk": "2"}]


@pytest.fixture
def site(kiosk: Kiosk, tmp_path: Path) -> Kiosk:
    """A site whose display shows guides, and whose screen in the hall has them."""
    trust = kiosk.settings.trust
    sections: dict[str, Any] = {
        "trust": {"keys_file": trust.keys_file, "revocations_file": trust.revocations_file},
        "readers": READERS,
        "display": {"help": "yes"},
        "self_service": [
            {"name": "hall", "desk": "2", "help": "yes"},
            {"name": "door", "desk": "2"},
        ],
    }
    settings = load_settings(None, demo_settings("", tmp_path) | sections)
    return Kiosk(settings, tmp_path, demo=True, now=kiosk.clock)


@pytest.fixture
def app(site: Kiosk, stop: Any) -> Flask:
    return create_app(site, stop)


@pytest.fixture
def clerk(app: Flask) -> FlaskClient:
    browser = app.test_client()
    browser.post("/desk", data={"desk": "2"})
    return browser


def picture(app: Flask, desk: str = "2") -> Any:
    return app.test_client().get(f"/display/patient/state?desk={desk}").get_json()


def test_a_guide_is_shown_at_its_desk_until_the_next_scan(
    app: Flask, clerk: FlaskClient, site: Kiosk
) -> None:
    answer = clerk.post("/help/guides/show-the-card/show", data={"in": "en"})

    assert answer.status_code == 303
    shown = picture(app)
    assert (shown["picture"], shown["guide"], shown["language"]) == ("guide", "show-the-card", "en")
    assert picture(app, "")["picture"] == "ready"
    part = app.test_client().get("/display/patient/guide?key=show-the-card&in=en").text
    assert "Hold it still before the reader" in part
    assert "<!doctype" not in part.lower()
    assert site.help_counts.between(TODAY, TODAY) == [HelpCount(HelpKind.SHOWN, "show-the-card", 1)]
    site.desk.receive(Scan(payload("chi"), "front", site.clock()))
    assert picture(app)["picture"] == "staff"


@pytest.mark.parametrize(("language", "words"), [("vi", "Cách chắc chắn hơn"), ("en", "safer way")])
def test_a_question_is_shown_at_its_desk_with_both_dated_lines(
    app: Flask, clerk: FlaskClient, site: Kiosk, language: str, words: str
) -> None:
    answer = clerk.post("/help/troubles/T20/show", data={"in": language})
    assert answer.location == "/help/troubles/T20?said=shown"
    assert "/help/troubles/T20/hide" in clerk.get(answer.location).text

    shown = picture(app)
    assert (shown["picture"], shown["guide"], shown["language"]) == ("guide", "T20", language)
    part = app.test_client().get(f"/display/patient/guide?key=T20&in={language}").text
    row = next(row for row in TABLES.troubles_on(TODAY) if row.id == "T20")
    said = [getattr(statement, f"said_{language}") for statement in statements(row, TABLES, TODAY)]
    assert part.index(said[0]) < part.index(said[1])
    assert "2022" in part
    assert words in part
    assert site.help_counts.between(TODAY, TODAY) == [HelpCount(HelpKind.SHOWN, "T20", 1)]
    clerk.post("/help/troubles/T20/hide")
    assert picture(app)["picture"] == "ready"


def test_a_guide_leaves_the_display_by_a_press_and_by_itself(
    app: Flask, clerk: FlaskClient, site: Kiosk
) -> None:
    clerk.post("/help/guides/show-the-card/show")
    clerk.post("/help/guides/show-the-card/hide")
    assert picture(app)["picture"] == "ready"

    clerk.post("/help/guides/show-the-card/show")
    site.clock.go(timedelta(minutes=10))
    assert picture(app)["picture"] == "ready"


def test_without_the_setting_no_guide_is_shown(client: FlaskClient) -> None:
    assert client.post("/help/guides/show-the-card/show").status_code == 404
    assert client.post("/help/troubles/T20/show").status_code == 404
    assert "patient’s display" not in page(client, "/help/guides/show-the-card", "en")
    assert client.get("/display/patient/guide?key=nothing").status_code == 404


def screen(app: Flask, name: str) -> FlaskClient:
    browser = app.test_client()
    assert browser.post("/self/mark", data={"device": name}).status_code == 303
    return browser


def test_a_screen_for_self_service_has_the_guides_if_its_setting_says_so(app: Flask) -> None:
    hall, door = screen(app, "hall"), screen(app, "door")

    assert 'data-event="guides"' in hall.get("/self").text
    assert 'data-event="guides"' not in door.get("/self").text
    text = hall.get("/self/guides?in=en").text
    assert all(f'data-guide="{key}"' in text for key in GUIDES)
    assert "href" not in text  # nothing leads away from the screen
    assert door.get("/self/guides").status_code == 404
    assert hall.get("/help").status_code == 403


def test_guides_opened_at_self_service_are_counted_apart(app: Flask, site: Kiosk) -> None:
    hall, door = screen(app, "hall"), screen(app, "door")

    for _ in range(2):
        assert hall.post("/self/guides/show-the-card/viewed").status_code == 200
    assert hall.post("/self/guides/nothing/viewed").status_code == 404
    assert door.post("/self/guides/show-the-card/viewed").status_code == 404
    assert site.help_counts.between(TODAY, TODAY) == [
        HelpCount(HelpKind.SHOWN, "self:show-the-card", 2)
    ]
    month = page(app.test_client(), "/help/counts", "en")
    row = r"Open the card on the phone, so that the desk can scan it</th>" + "<td>0</td>" * 4
    assert f"{row}<td>2</td>" in month


def test_printed_sheets_are_counted_by_their_goal(client: FlaskClient, kiosk: Kiosk) -> None:
    for goal in ("wallet", "wallet", "register"):
        form = SHEET_FORM | {"goal": goal}
        assert client.post("/help/preparation/sheet.pdf", data=form).status_code == 200
    assert client.post("/help/preparation/sheet", data=SHEET_FORM).status_code == 200  # a look

    assert kiosk.help_counts.between(TODAY, TODAY) == [
        HelpCount(HelpKind.PRINTED, "sheet:wallet", 2),
        HelpCount(HelpKind.PRINTED, "sheet:register", 1),
    ]
    report = page(client, "/logbook/reporting", "en")
    name = "Preparation sheet: Add the BHYT card to VNeID</th>"
    assert f"{name}<td>0</td><td>0</td><td>2</td><td>0</td><td>0</td>" in report
    earlier = client.get("/help/counts?month=2026-10&lang=en").text
    assert "Preparation sheet:" not in earlier
