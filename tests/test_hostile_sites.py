"""Hostile sites in the clerk's own browser: none of them reads, changes, frames or holds our pages.

Each attack is tried against a program that serves this machine, and against one that listens on
every address under a name.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from kiosk.logbook import Database
from kiosk.runtime.steady_clock import SteadyClock
from kiosk.staff import Role, Staff
from tests.browser import CHROMIUM, lend_browser
from tests.process import Server, serving

pytestmark = pytest.mark.slow

NAME, EVIL = "tiepdon.example", "evil.example"
RESOLVER = f"--host-resolver-rules=MAP {NAME} 127.0.0.1, MAP {EVIL} 127.0.0.1"
KINDS = ["this machine", "every address"]


class EvilSite(ThreadingHTTPServer):
    """A site whose pages are what a test says."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), EvilPages)
        self.page = ""


class EvilPages(BaseHTTPRequestHandler):
    """Answers everything with the page of the site."""

    def do_GET(self) -> None:
        """Answer with the page."""
        assert isinstance(self.server, EvilSite)
        content = self.server.page.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@dataclass
class Attack:
    """A browser at an evil site, and the program that it attacks."""

    program: Server
    url: str  # of the program, as the clerk's browser knows it
    site: EvilSite
    context: Any

    def visit(self, page: str, host: str = EVIL) -> Any:
        """Let the clerk open a page of the evil site; return the page."""
        self.site.page = f"<!doctype html><title>evil</title><body>{page}"
        tab = self.context.new_page()
        tab.goto(f"http://{host}:{self.site.server_port}/")
        return tab

    def attempts(self) -> int:
        """Return how many scans the program has recorded, as its own page says."""
        tab = self.context.new_page()
        tab.goto(self.url)
        count = tab.evaluate("Number(document.querySelector('#desk').dataset.lastEvent)")
        tab.close()
        return int(count)


@pytest.fixture(scope="module", params=KINDS)
def attacked(
    request: pytest.FixtureRequest, tmp_path_factory: Any
) -> Iterator[tuple[Server, str, str]]:
    """The program, its address in the browser, and the clerk's session where people sign in."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    folder = Path(tmp_path_factory.mktemp("site"))
    is_wide = request.param == KINDS[1]
    wide = f'host = "0.0.0.0"\nnames = ["{NAME}"]\nproxy = "127.0.0.9"\n' if is_wide else ""
    config = folder / "kiosk.toml"
    config.write_text(f'[facility]\ncode = "01999"\n[web]\n{wide}', "utf-8")
    session = signed_in(folder) if is_wide else ""
    site = ["--data", str(folder)] if is_wide else ["--demo"]
    with serving(*site, "--config", str(config)) as server:
        port = urlsplit(server.url).port
        yield server, f"http://{NAME if is_wide else 'localhost'}:{port}", session


def signed_in(folder: Path) -> str:
    """Return the session of a clerk in a data directory."""
    database = Database(folder / "logbook.db")
    staff = Staff(database, folder / "secret", SteadyClock(), 3600)
    now = datetime.now(UTC)
    clerk = staff.members.add("Trần Thị Bình", Role.CLERK, "", now, "a test")
    session = staff.sessions.begin(clerk.id, now, "127.0.0.1")
    database.close()
    return session


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with lend_browser(RESOLVER) as browser:
        yield browser


@pytest.fixture
def attack(attacked: tuple[Server, str, str], browser: Any) -> Iterator[Attack]:
    program, url, session = attacked
    site = EvilSite()
    thread = threading.Thread(target=site.serve_forever, args=(0.01,))
    thread.start()
    try:
        with contextlib.closing(browser.new_context(locale="vi-VN")) as context:
            if session:
                context.add_cookies([{"name": "staff_session", "value": session, "url": url}])
            yield Attack(program, url, site, context)
    finally:
        site.shutdown()
        site.server_close()
        thread.join()


# A site on another port of this machine is "same-site" for a browser, not "cross-site".
HOSTS = [EVIL, "localhost"]


def test_a_name_that_leads_here_is_refused(attack: Attack) -> None:
    port = urlsplit(attack.url).port
    tab = attack.context.new_page()

    page = tab.goto(f"http://{EVIL}:{port}/")

    refused = (400, 401)  # where people sign in, this name has no session either
    assert page.status in refused
    script = "fetch('/api/visits').then(a => a.status)"
    assert tab.evaluate(script) in refused
    post = "fetch('/api/scans', {method: 'POST', body: '{}'}).then(a => a.status)"
    assert tab.evaluate(post) in refused


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
def test_another_site_posts_no_form(attack: Attack, host: str, kind: str) -> None:
    tab = attack.visit(
        f'<form method="post" enctype="{kind}" action="{attack.url}/api/scans">'
        """<input name='{"payload": "x", "a' value='": "b"}'></form>""",
        host,
    )
    before = attack.attempts()
    with tab.expect_navigation() as landed:
        tab.evaluate("document.forms[0].submit()")

    assert landed.value.status == 403
    assert attack.attempts() == before


@pytest.mark.parametrize("host", HOSTS)
def test_another_site_calls_and_reads_nothing(attack: Attack, host: str) -> None:
    tab = attack.visit("", host)
    before = attack.attempts()
    for path in ("/", "/healthz", "/api/visits", "/static/kiosk.css", "/events"):
        for options in ("{}", "{mode: 'no-cors'}", "{credentials: 'include'}"):
            read = (
                f"fetch('{attack.url}{path}', {options}).then(a => a.text())"
                ".catch(error => error.name)"
            )
            assert tab.evaluate(read) in ("TypeError", ""), (path, options)
    for options in ("mode: 'no-cors'", "mode: 'cors'", "mode: 'no-cors', credentials: 'include'"):
        for path, body in (
            ("/api/scans", "new Blob(['x'], {type: 'application/octet-stream'})"),
            ("/api/scans", "'x'"),
            ("/desk", "new URLSearchParams({desk: ''})"),
        ):
            post = (
                f"fetch('{attack.url}{path}', {{method: 'POST', {options}, body: {body}}})"
                ".then(a => a.text()).catch(error => error.name)"
            )
            assert tab.evaluate(post) in ("TypeError", ""), (path, options)
    tab.evaluate(f"navigator.sendBeacon('{attack.url}/api/scans', 'x')")
    tab.wait_for_timeout(300)

    assert attack.attempts() == before
    assert not [c for c in attack.context.cookies() if c["name"] == "desk"]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize(
    ("element", "path"),
    [
        ("img", "/static/icon.svg"),
        ("script", "/static/desk/live.js"),
        ("script", "/healthz"),
        ("link", "/static/kiosk.css"),
    ],
)
def test_another_site_loads_nothing(attack: Attack, host: str, element: str, path: str) -> None:
    tab = attack.visit("", host)
    load = f"""new Promise(resolve => {{
        const element = document.createElement('{element}');
        element.onload = () => resolve('loaded');
        element.onerror = () => resolve('refused');
        element.rel = 'stylesheet';
        element[element.href === undefined ? 'src' : 'href'] = '{attack.url}{path}';
        document.body.append(element);
    }})"""

    assert tab.evaluate(load) == "refused"


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("element", ["iframe", "object", "embed"])
def test_another_site_frames_no_page(attack: Attack, host: str, element: str) -> None:
    source = "data" if element == "object" else "src"
    tab = attack.visit(f'<{element} {source}="{attack.url}/"></{element}>', host)
    tab.wait_for_timeout(800)

    for frame in tab.frames[1:]:
        assert 'id="status"' not in frame.content()


@pytest.mark.parametrize("host", HOSTS)
def test_another_site_keeps_no_hold_on_a_window_that_it_opened(attack: Attack, host: str) -> None:
    tab = attack.visit(f"<button onclick=\"w = window.open('{attack.url}/')\">x</button>", host)
    with attack.context.expect_page() as opened:
        tab.click("button")
    ours = opened.value
    ours.wait_for_selector("#status")

    tab.wait_for_timeout(300)
    # Over plain HTTP a browser keeps windows apart only on this machine itself; test_proxies.py has
    # the same over TLS.
    if "localhost" in attack.url:
        assert ours.evaluate("opener") is None
        assert tab.evaluate("w.closed") is True
    read = "(() => { try { return w.document.title } catch (error) { return error.name } })()"
    assert tab.evaluate(read) in ("SecurityError", "TypeError")


def test_a_link_from_another_site_opens_the_page_and_moves_no_desk(attack: Attack) -> None:
    tab = attack.visit(f'<a href="{attack.url}/?desk=2">x</a>')
    with tab.expect_navigation() as landed:
        tab.click("a")

    assert landed.value.status == 200
    assert not [c for c in attack.context.cookies() if c["name"] == "desk"]
