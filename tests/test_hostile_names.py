"""Names as markup, SQL, formulas, terminal commands and right-to-left text, in every sink."""

from __future__ import annotations

import csv
import io
import json
import logging
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pypdf
import pytest
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from kiosk.runtime.log_lines import LogLines
from kiosk.runtime.plain_text import spreadsheet_cell, visible
from kiosk.staff import Role, Scope
from tests.cast import BHYT17, CCCD
from tests.process import call
from tests.process import site as site_options
from tests.staff.test_permissions import ARGUMENTS
from tests.staff.web import Site

MARKUP = "<img src=x onerror=alert(1)>\"'&amp;<script>"
SQL = "Robert'); drop table visit;--"
FORMULA = "=cmd|'/C calc'!A0"
ARABIC = "محمد بن عبد الله"
TURNED = "An \u202egnp.exe"  # a sign that turns what follows around
ANSI = "\x1b[31mAn\x9b2J\x07"
NAMES = (MARKUP, SQL, FORMULA, ARABIC)
VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
# Where a page needs no isolation: browsers isolate these, and scripts show them as text.
ISOLATED = {"bdi", "option", "title", "template", "code"}


class Page(HTMLParser):
    """Finds markup that came out of a name, and names that turn the text around them."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, dict[str, str | None]]] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if named.get("src") == "x" or any(name.startswith("on") for name in named):
            self.wrong.append(f"markup: {tag} {named}")
        if tag == "script" and "src" not in named:
            self.wrong.append("a script")
        if tag not in VOID:
            self.open.append((tag, named))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        is_isolated = any(tag in ISOLATED or "dir" in named for tag, named in self.open)
        if "محمد" in data and not is_isolated:
            place = " ".join(tag for tag, _named in self.open[-3:])
            self.wrong.append(f"not isolated in {place}: {data.strip()[:60]}")


def bhyt(name: str) -> str:
    return BHYT17.replace("Nguyễn Văn Mẫu".encode().hex(), name.encode().hex())


def record(client: FlaskClient, name: str) -> str:
    """Record a patient without a card, whose every text is a name; return the visit's id."""
    body = {"no_card": True, "reader": "typed"}
    attempt = client.post("/api/scans", json=body).get_json()["attempt"]
    visit = {
        "attempt": attempt,
        "arrival": "emergency",
        "holder": name,
        "born": "01/02/1980",
        "clerk_reason": name,
        "repeat_reason": name,
        "room": name[:40],
        "service": {"code": "KB", "name": name},
        "guardian": {"name": name, "relation": "mother"},
    }
    answer = client.post("/api/visits", json=visit, headers={"Idempotency-Key": name[:30]})
    if not answer.is_json or answer.status_code == 400:  # HTTP headers take Latin letters only
        answer = client.post("/api/visits", json=visit, headers={"Idempotency-Key": "arabic"})
    assert answer.status_code == 201, answer.get_json()
    return str(answer.get_json()["id"])


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site on which every text that people enter is hostile."""
    site = Site(tmp_path)
    site.hire()
    for name in NAMES:
        site.staff.members.add(name, Role.CLERK, "", site.clock(), name)
        site.staff.members.add(name, Role.KIOSK, "", site.clock(), name)
        site.staff.tokens.make(name, [Scope.READ], site.clock(), name)
    return site


def planted(client: FlaskClient) -> list[str]:
    """Plant the names in visits, readings, suspicions and corrections; return the visits."""
    visits = [record(client, name) for name in NAMES]
    for name, visit in zip(NAMES, visits, strict=True):
        body = {"payload": bhyt(name), "reader": "typed"}
        reading = client.post("/api/scans", json=body).get_json()["attempt"]
        form = {"ground": "other", "note": name}
        client.post(f"/logbook/suspicions/new?reading={reading}", data=form)
        form = {"phone": "0999999901", "why": name, "version": "1", "service_name": name}
        client.post(f"/logbook/visits/{visit}/correct", data=form)
        client.post("/paper", data={"count": "1"})
    return visits


def paths(site: Site, visits: list[str]) -> Iterator[str]:
    """Yield the paths of all pages; those about a visit or a reading, for each of them."""
    for rule in site.app.url_map.iter_rules():
        if "GET" not in (rule.methods or set()) or rule.endpoint in ("static", "events.stream"):
            continue
        if rule.endpoint == "patient_display.events":
            continue
        for which in range(len(visits)):
            path = _path(site, rule, visits[which], 2 * which + 1)
            yield path
            if not rule.arguments:
                break


def _path(site: Site, rule: Rule, visit: str, number: int) -> str:
    values = {name: ARGUMENTS.get(name, number) for name in rule.arguments}
    values |= {"visit_id": visit} if "visit_id" in rule.arguments else {}
    with site.app.test_request_context():
        return str(site.app.url_map.bind("localhost").build(rule.endpoint, values))


def wrong_in(path: str, answer: Any) -> list[str]:
    """Return what is wrong with an answer."""
    kind, body = answer.mimetype, answer.get_data()
    wrong = []
    if kind == "text/html":
        page = Page()
        page.feed(body.decode())
        wrong += page.wrong
    elif kind == "text/csv":
        rows = list(csv.reader(io.StringIO(body.decode())))
        wrong += [cell for line in rows for cell in line if cell.startswith(("=", "+", "@"))]
    elif kind == "application/pdf":
        text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(body)).pages)
        wrong += ["a control character"] if "\x1b" in text else []
    if kind.startswith("text/") and any(sign in body.decode() for sign in "\x1b\x9b\x07\u202e"):
        wrong.append("a control character")
    if answer.status_code >= 500:
        wrong.append(f"status {answer.status_code}")
    return [f"{path}: {each}" for each in wrong]


def test_a_hostile_name_is_text_in_every_page_file_and_paper(site: Site) -> None:
    client = site.signed_in(Role.ADMINISTRATOR)
    visits = planted(client)
    seen, wrong = "", []
    for path in paths(site, visits):
        answer = client.get(path)
        seen += answer.get_data(as_text=True) if answer.mimetype == "text/html" else ""
        wrong += wrong_in(path, answer)

    assert not wrong, "\n".join(wrong)
    assert "&lt;img src=x onerror" in seen  # the names are shown, as text
    assert "drop table visit" in seen
    paper = client.get(f"/logbook/visits/{visits[0]}/evidence.pdf")
    pages = pypdf.PdfReader(io.BytesIO(paper.get_data())).pages
    assert "onerror=alert" in "".join(page.extract_text() for page in pages)


def test_a_hostile_name_changes_no_table(site: Site) -> None:
    client = site.signed_in(Role.ADMINISTRATOR)
    visits = planted(client)
    for name in NAMES:
        client.post("/logbook", data={"q": name})
        client.post("/enquiry/typed", json={"holder": name, "number": name})
        client.get("/staff/accesses", query_string={"visit": name, "member": name})

    assert [site.kiosk.visits.by_id(visit).card.holder for visit in visits] == [  # type: ignore[union-attr]
        MARKUP, SQL, FORMULA, ARABIC,
    ]  # fmt: skip
    assert site.kiosk.database.rows("pragma quick_check")[0][0] == "ok"


@pytest.mark.parametrize("name", [ANSI, TURNED, "An\nBình", "An\u2028Bình", "An\x00"])
def test_signs_that_do_not_show_are_refused_or_left_out(site: Site, name: str) -> None:
    client = site.signed_in(Role.ADMINISTRATOR)
    body = {"payload": bhyt(name), "reader": "typed"}
    reading = client.post("/api/scans", json=body).get_json()["attempt"]
    client.post("/api/scans", json={"payload": f"{CCCD}{name}", "reader": "typed"})
    with_name = {"attempt": reading, "holder": name, "clerk_reason": name, "room": name}
    client.post("/api/visits", json=with_name, headers={"Idempotency-Key": "k"})
    client.post("/staff", data={"name": name, "role": "clerk", "citizen_number": ""})
    wrong = []
    for path in ("/", f"/desk/attempts/{reading}", "/desk/recent", "/logbook", "/staff"):
        wrong += wrong_in(path, client.get(path))

    assert wrong == []


def test_commands_and_logs_show_signs_as_escapes(tmp_path: Path) -> None:
    options = site_options(tmp_path, "")
    for name in NAMES:
        done = call("staff", "add", "--name", name, "--role", "clerk", *options)
        assert json.loads(done.stdout)["name"] == name
    listed = call("staff", "list", *options).stdout.decode()
    assert [json.loads(line)["name"] for line in listed.splitlines()] == list(NAMES)
    refused = call("staff", "add", "--name", ANSI, "--role", "clerk", *options)
    judged = call("verify", *options, payload=bhyt(ANSI).encode())

    assert refused.returncode == 2
    for done in (refused, judged, call("doctor", "--config", f"{tmp_path}/{ANSI[:9]}.toml")):
        for sign in ("\x1b", "\x9b", "\x07"):
            assert sign not in (done.stdout + done.stderr).decode("utf-8", "replace")


def test_a_line_of_the_log_stays_one_line_without_commands() -> None:
    record = logging.LogRecord("n", logging.ERROR, "", 1, "seen: %s", (f"{ANSI}\nfake",), None)
    line = LogLines("%(levelname)s %(message)s").format(record)

    assert line == "ERROR seen: \\u001b[31mAn\\u009b2J\\u0007\\u000afake"
    try:
        raise ValueError(ANSI)
    except ValueError:
        failed = logging.LogRecord("n", logging.ERROR, "", 1, "failed", (), None)
        failed.exc_info = sys.exc_info()
    text = LogLines("%(message)s").format(failed)
    assert "\x1b" not in text
    assert len(text.splitlines()) > 2


@pytest.mark.parametrize("text", ["=1+1", "+84", "-1", "@sum", "\t=1", " =1"])
def test_a_formula_in_a_spreadsheet_is_text(text: str) -> None:
    assert spreadsheet_cell(text) == f"'{text}"
    assert spreadsheet_cell(-5) == -5
    assert spreadsheet_cell("An") == "An"


def test_an_escape_is_one_of_json() -> None:
    assert json.loads(f'"{visible(ANSI + TURNED)}"') == ANSI + TURNED
    assert json.loads(f'"{visible(chr(0xE0001))}"') == chr(0xE0001)
