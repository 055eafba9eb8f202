"""The pages: both languages, nothing from another host, and no card number in full."""

from __future__ import annotations

import ast
import html
import json
import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from flask.testing import FlaskClient

from kiosk.runtime.paths import shipped_folder
from kiosk.sandbox import PEOPLE, payload_of
from kiosk.sandbox.people import PretendPerson
from kiosk.settings import ReaderPort
from kiosk.web.language import LANGUAGES, words
from tests.cast import NOW, payload
from tests.conftest import Kiosk
from verify import Note, Reason

PAGES = [
    *("/", "/logbook", "/demo/phones/an", "/demo/phones/no-card", "/desk/status", "/desk/recent"),
    *("/readers/", "/readers/check", "/readers/sheet", "/logbook/tray", "/demo/drill"),
    *("/help", "/help/preparation", "/enquiry", "/data", "/day", "/queue", "/rooms"),
    "/logbook/reporting",
]


class Links(HTMLParser):
    """What a page loads, and its labels and inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.labels: set[str] = set()
        self.inputs: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        name = "href" if tag == "link" else "src"
        if tag in ("script", "link", "img", "iframe", "video", "source") and values.get(name):
            self.loaded.append(str(values[name]))
        if tag == "label":
            self.labels.add(str(values.get("for")))
        if tag in ("input", "select"):
            self.inputs.add(str(values.get("id")))


def links(html: str) -> Links:
    parser = Links()
    parser.feed(html)
    return parser


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_served_in_each_language(
    client: FlaskClient, page: str, language: str
) -> None:
    response = client.get(page, query_string={"lang": language})

    assert response.status_code == 200
    assert all(found.startswith(("/static/", "data:")) for found in links(response.text).loaded)
    assert "default-src 'self'" in response.headers["Content-Security-Policy"]
    assert "=&#34;" not in response.text  # a quote of an attribute that was escaped as text


def test_vietnamese_comes_first_and_a_choice_is_remembered(client: FlaskClient) -> None:
    assert 'lang="vi"' in client.get("/").text
    assert 'lang="en"' in client.get("/?lang=en").text
    assert 'lang="en"' in client.get("/").text
    assert 'lang="en"' in client.get("/?lang=xx").text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.key)
def test_a_verdict_is_shown_with_a_word_a_shape_and_a_masked_number(
    client: FlaskClient, person: PretendPerson, language: str
) -> None:
    attempt = client.post("/api/scans", json={"payload": payload_of(person, NOW)}).get_json()

    html = client.get(f"/desk/attempts/{attempt['attempt']}?lang={language}").text

    assert words(language)["reasons"][person.reason]["title"] in html.replace("&#39;", "'")
    assert '<svg class="shape ' in html
    assert "outcome-word" in html
    assert person.insurance_number not in html
    assert person.card_number not in html
    form = links(html)
    assert form.inputs <= form.labels


def test_the_content_of_a_forged_card_is_not_shown(client: FlaskClient) -> None:
    attempt = client.post("/api/scans", json={"payload": payload("oanh").decode()}).get_json()

    html = client.get(f"/desk/attempts/{attempt['attempt']}").text

    assert "Oanh" not in html
    assert links(html).inputs == {
        *("case-emergency", "case-unknown", "case-uninsured", "holder", "born", "sex"),
        *("sex-female", "room", "phone", "document_kind", "document_number", "secret"),
        *("estimated_age", "description", "service", "priority", "repeat_reason"),
    }


def test_differences_are_shown_field_by_field(client: FlaskClient) -> None:
    attempt = client.post("/api/scans", json={"payload": payload("mai").decode()}).get_json()

    html = client.get(f"/desk/attempts/{attempt['attempt']}").text

    assert "Ngô Thị <mark>Mai</mark>" in html
    assert "Ngô Thị <mark>Mây</mark>" in html


def test_the_text_of_a_clerk_is_never_markup(client: FlaskClient) -> None:
    attempt = client.post("/api/scans", json={"payload": payload("chi").decode()}).get_json()
    visit = {"attempt": attempt["attempt"], "clerk_reason": "<script>alert(1)</script>"}
    client.post("/api/visits", json=visit, headers={"Idempotency-Key": "k"})

    html = client.get("/logbook").text

    assert "<script>alert" not in html
    assert "&lt;script&gt;alert" in html


@pytest.mark.parametrize("path", ["/desk/attempts/99", "/demo/phones/nobody", "/nothing"])
def test_an_unknown_address_is_not_found(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_and_note_has_its_texts(language: str) -> None:
    table = words(language)

    assert set(table["reasons"]) == set(Reason)
    assert set(table["notes"]) == set(Note)
    for reason, lines in table["reasons"].items():
        assert {"title", "say", "next"} <= set(lines) <= {"title", "say", "next", "it"}, reason
        assert all(line.strip() for line in lines.values()), reason


def test_every_text_is_translated_and_the_compiled_catalogue_is_in_step() -> None:
    from babel.messages.extract import extract_from_dir
    from babel.messages.mofile import read_mo
    from babel.messages.pofile import read_po

    folder = shipped_folder("config") / "locale" / "vi" / "LC_MESSAGES"
    with (folder / "messages.po").open("rb") as file:
        catalog = {m.id: m.string for m in read_po(file) if m.id}
    with (folder / "messages.mo").open("rb") as file:
        compiled = {m.id: m.string for m in read_mo(file) if m.id}
    root = shipped_folder("templates").parent
    method = [("templates/**.html", "jinja2"), ("kiosk/**.py", "python")]
    keywords: dict[str, Any] = {"_": None, "_l": None}
    used = {
        message
        for _, _, message, _, _ in extract_from_dir(
            root,
            method,
            keywords=keywords,
            directory_filter=lambda path: not re.search(r"[\\/]\.|tests|static", str(path)),
        )
    }

    assert used == set(catalog)
    assert all(catalog.values())
    assert compiled == catalog


def test_no_text_stands_twice_in_the_catalogue() -> None:
    catalogue = shipped_folder("config") / "locale" / "vi" / "LC_MESSAGES" / "messages.po"
    texts = Counter(re.findall(r'^msgid ((?:".*"\n)+)', catalogue.read_text("utf-8"), re.MULTILINE))

    assert len(texts) > 1000
    assert [text for text, times in texts.items() if times > 1] == []


def test_no_text_hides_from_the_translators_in_an_f_string() -> None:
    root = shipped_folder("templates").parent / "kiosk"
    hidden = [
        f"{path.name}:{node.lineno}"
        for path in root.rglob("*.py")
        for string in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(string, ast.JoinedStr)
        for node in ast.walk(string)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("_", "_l")
    ]

    assert hidden == []


def test_events_name_the_rows_of_verdicts_and_hold_no_personal_data(
    client: FlaskClient, kiosk: Kiosk, stop: threading.Event
) -> None:
    client.post("/api/scans", json={"payload": payload("an").decode()})
    client.post("/api/scans", json={"payload": payload("mai").decode()})
    stream = client.get("/events", headers={"Last-Event-ID": "0"}, buffered=False)
    text = ""
    for block in stream.response:
        text += block if isinstance(block, str) else block.decode()
        if text.count("event: status"):
            stop.set()
            kiosk.notifier.notify()

    assert stream.mimetype == "text/event-stream"
    assert re.findall(r"^id: (\d+)\nevent: verdict$", text, re.M) == ["1", "2"]
    assert '"outcome": "admitted"' in text
    for secret in ("Nguyễn", "Ngô", "99999"):
        assert secret not in text


def test_a_page_that_was_away_gets_only_the_events_it_missed(
    client: FlaskClient, stop: threading.Event
) -> None:
    for key in ("an", "mai", "nam"):
        client.post("/api/scans", json={"payload": payload(key).decode()})
    stop.set()
    text = client.get("/events", headers={"Last-Event-ID": "3"}).text
    assert "event: verdict" not in text


def test_the_oldest_stream_is_closed_if_there_are_too_many(kiosk: Kiosk) -> None:
    streams = [kiosk.notifier.enter() for _ in range(5)]

    assert [kiosk.notifier.may_stay(number) for number in streams] == [
        False,
        True,
        True,
        True,
        True,
    ]


def test_the_health_address_returns_the_status(client: FlaskClient) -> None:
    health = client.get("/healthz").get_json()

    assert health["alive"] is True
    assert health["outbox"]["queued"] == 0


def test_a_browser_stays_at_the_desk_it_was_opened_for(
    kiosk: Kiosk, make_client: Callable[..., FlaskClient]
) -> None:
    readers = (
        ReaderPort("front", "serial", "COM3", desk="1"),
        ReaderPort("back", "serial", "COM4", desk="2"),
        ReaderPort("shared", "serial", "COM5"),
    )
    client = make_client(replace(kiosk.settings, readers=readers))

    def elsewhere(path: str = "/") -> list[str]:
        match = re.search(r'data-elsewhere="([^"]*)"', client.get(path).text)
        assert match is not None
        return list(json.loads(html.unescape(match[1])))

    def choose(desk: str) -> None:
        answer = client.post("/desk", data={"desk": desk})
        assert (answer.status_code, answer.location) == (303, "/")

    assert elsewhere() == []
    choose("1")
    assert elsewhere() == ["back"]  # remembered
    choose("2")
    assert elsewhere() == ["front"]
    assert elsewhere("/?desk=1") == ["front"]  # a link moves nobody to another desk
    assert elsewhere() == ["front"]
    choose("<b>")
    assert elsewhere() == []
    choose("1")
    choose("")
    assert elsewhere() == []


def test_a_single_desk_offers_no_choice_of_desks(client: FlaskClient) -> None:
    assert 'class="desks"' not in client.get("/").text


def test_an_earlier_visit_today_is_a_state_of_its_own_and_shown_once(
    client: FlaskClient,
) -> None:
    scan = {"payload": payload("an").decode()}
    visit = {"attempt": client.post("/api/scans", json=scan).get_json()["attempt"]}
    client.post("/api/visits", json=visit, headers={"Idempotency-Key": "k"})

    attempt = client.post("/api/scans", json=scan).get_json()["attempt"]
    html = client.get(f"/desk/attempts/{attempt}?lang=en").text

    assert '<article class="pass verdict admitted here"' in html
    assert "Show number 1 again" in html
    assert "Already had a visit here today" not in html
    assert words("en")["notes"]["already_here_today"] not in html


def test_the_outage_drill_is_played_from_its_page(client: FlaskClient) -> None:
    page = client.post("/demo/drill?lang=en").text

    assert "lost: 0" in page
    assert page.count("<tr>") >= 6
    assert client.get("/api/visits").get_json()["visits"] == []  # on a logbook of its own


def test_no_form_puts_what_was_typed_into_an_address() -> None:
    """A form is sent in a body, or by its script alone ("dialog"), before which it does nothing."""
    by_address = set()
    for path in shipped_folder("templates").rglob("*.html"):
        for tag in re.findall(r"<form\b[^>]*>", path.read_text("utf-8")):
            if not re.search(r' method="(post|dialog)"', tag):
                by_address.add(path.name)

    # Two days, and nothing of a person.
    assert by_address == {"incident_report.html", "report.html"}


def test_every_page_with_scripts_notices_that_one_is_missing() -> None:
    for path in shipped_folder("templates").rglob("*.html"):
        text = path.read_text("utf-8")
        if "<head>" in text and 'type="module"' in text:
            assert text.find("'loading.js'") in range(text.find("</head>")), path.name
