"""Pages follow the program: the tabs of a browser share a stream; one too many is closed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from kiosk.runtime.webserver import WebServer
from tests.browser import chromium, place_of, wait_until
from tests.cast import payload
from tests.conftest import Kiosk
from tests.process import card, serving, site

LIMIT = 4  # streams that the kiosk of these tests lets in
TIMEOUT_S = 20
WATCH_S = 4  # several times the pause after which a browser connects again
CLOSED = "#closed:not([hidden])"
# How the tabs of a browser share their stream, and the script that takes away what is better.
SHARING = {
    "worker": "",
    "leader": "delete globalThis.SharedWorker",
}
FORBIDDEN_WORKER = """
  globalThis.SharedWorker = class {
    constructor() { throw new DOMException('', 'SecurityError'); }
  };
"""
FAILING_WORKER = """
  const Real = globalThis.SharedWorker;
  globalThis.made = 0;
  globalThis.SharedWorker = function (...args) {
    made += 1;
    const isFirst = made === 1;  // it works for a second; the others cannot be loaded
    const worker = isFirst ? new Real(...args) : {port: {postMessage() {}, close() {}}};
    setTimeout(() => {
      worker.port.close();
      worker.onerror(new Event('error'));
    }, isFirst ? 1000 : 0);
    return worker;
  };
"""
NO_SHARING = """
  delete globalThis.SharedWorker;
  Object.defineProperty(Navigator.prototype, 'locks', {value: undefined});
"""


class CountedPages:
    """The pages of the kiosk, with a count of the event streams requested and open."""

    def __init__(self, app: Any) -> None:
        self._app, self._lock = app, threading.Lock()
        self.asked = self.open = 0
        self.url = ""

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        """Answer as the kiosk does."""
        answer = self._app(environ, start)
        return self._counted(answer) if environ["PATH_INFO"] == "/events" else answer

    def _counted(self, answer: Any) -> Iterator[bytes]:
        self._add(1, asked=1)
        try:
            yield from answer
        finally:
            self._add(-1)
            answer.close()

    def _add(self, streams: int, asked: int = 0) -> None:
        with self._lock:
            self.open += streams
            self.asked += asked


@pytest.fixture
def watched(client: FlaskClient, stop: threading.Event) -> Iterator[CountedPages]:
    app: Any = client.application
    app.wsgi_app = watched = CountedPages(app.wsgi_app)
    server = WebServer(app, "127.0.0.1", 0, threads=4 * LIMIT)
    server.start()
    watched.url = f"http://127.0.0.1:{server.port}"
    yield watched
    stop.set()
    server.stop()


@pytest.fixture
def context() -> Iterator[Any]:
    with chromium() as context:
        yield context


def open_tabs(context: Any, url: str, count: int, script: str = "") -> list[Any]:
    """Open tabs of one browser; the script runs first in each of them."""
    if script:
        context.add_init_script(script)
    tabs = [context.new_page() for _ in range(count)]
    for tab in tabs:
        tab.goto(url)
    return tabs


def open_browsers(context: Any, url: str, count: int) -> list[Any]:
    """Open the page in several separate browsers, one after the other."""
    pages = [context.browser.new_context(locale="vi-VN").new_page() for _ in range(count)]
    for page in pages:
        page.set_default_timeout(TIMEOUT_S * 1000)
        with page.expect_response("**/desk/status"):  # then its stream has a place
            page.goto(url)
    return pages


def wait_for(page: Any, condition: Callable[[], bool]) -> None:
    """Wait until a condition holds, while the browser goes on."""
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline, "the deadline passed"
        page.wait_for_timeout(50)


def assert_all_show(kiosk: Kiosk, key: str, pages: list[Any]) -> None:
    """Scan a card at the desk's reader; check that every page shows it."""
    attempt = kiosk.attempts.get(kiosk.scan(payload(key)))
    assert attempt is not None
    for page in pages:
        page.wait_for_selector(f'.verdict[data-reading="{attempt.reading}"]')


@pytest.mark.parametrize("way", list(SHARING))
def test_eight_tabs_of_one_browser_share_one_stream_and_all_show_a_scan(
    kiosk: Kiosk, watched: CountedPages, context: Any, way: str
) -> None:
    tabs = open_tabs(context, watched.url, 8, SHARING[way])
    assert_all_show(kiosk, "an", tabs)
    wait_for(tabs[0], lambda: watched.open == 1)
    assert_all_show(kiosk, "mai", tabs)

    assert watched.open == 1
    assert not any(tab.query_selector(CLOSED) for tab in tabs)


@pytest.mark.slow
@pytest.mark.parametrize("way", list(SHARING))
def test_tabs_go_on_when_the_first_one_is_closed(
    kiosk: Kiosk, watched: CountedPages, context: Any, way: str
) -> None:
    first, *others = open_tabs(context, watched.url, 3, SHARING[way])
    assert_all_show(kiosk, "an", [first, *others])
    first.close()
    assert_all_show(kiosk, "mai", others)
    for tab in others:
        tab.close()
    page = context.new_page()

    wait_for(page, lambda: watched.open == 0)


@pytest.mark.slow
def test_one_browser_too_many_closes_only_the_oldest_page_and_for_good(
    kiosk: Kiosk, watched: CountedPages, context: Any
) -> None:
    oldest, *others = pages = open_browsers(context, watched.url, LIMIT + 1)
    oldest.wait_for_selector(CLOSED)
    assert_all_show(kiosk, "an", others)

    asked, until_then = watched.asked, time.monotonic() + WATCH_S
    while time.monotonic() < until_then:
        assert watched.asked == asked, "a page connects again and again"
        assert [bool(page.query_selector(CLOSED)) for page in pages] == [True] + LIMIT * [False]
        oldest.wait_for_timeout(100)
    assert "trên quá nhiều trình duyệt" in oldest.inner_text("#closed")
    assert oldest.query_selector(".verdict") is None
    assert not oldest.is_visible("#status")
    oldest.set_viewport_size({"width": 390, "height": 500})
    oldest.evaluate("scrollTo(0, 400)")
    notice = place_of(oldest.locator("#closed"))
    assert 0 <= notice["y"] < 500 - notice["height"]  # visible however far the page is scrolled


@pytest.mark.slow
def test_a_closed_page_takes_a_place_again_when_a_person_clicks(
    kiosk: Kiosk, watched: CountedPages, context: Any
) -> None:
    first, second, *others = open_browsers(context, watched.url + "/?lang=en", LIMIT + 1)
    first.wait_for_selector(CLOSED)
    assert "Too many browsers" in first.inner_text("#closed")
    attempt = kiosk.scan(payload("an"))  # the closed page misses it

    first.click("#take-place")
    first.wait_for_selector(f'.verdict[data-attempt="{attempt}"]')
    second.wait_for_selector(CLOSED)
    assert_all_show(kiosk, "mai", [first, *others])
    assert not first.is_visible(CLOSED)
    assert first.is_visible("#status")


@pytest.mark.slow
def test_a_killed_shared_worker_is_started_again_and_no_scan_is_missed(
    kiosk: Kiosk, watched: CountedPages, context: Any
) -> None:
    tabs = open_tabs(context, watched.url, 3)
    assert_all_show(kiosk, "an", tabs)
    browser = context.browser.new_browser_cdp_session()
    targets = browser.send("Target.getTargets")["targetInfos"]
    [worker] = [
        target
        for target in targets
        if target["type"] == "shared_worker" and target["url"].startswith(watched.url)
    ]
    browser.send("Target.closeTarget", {"targetId": worker["targetId"]})
    wait_for(tabs[0], lambda: watched.open == 0)

    assert_all_show(kiosk, "mai", tabs)


def test_a_browser_that_cannot_share_says_which_tab_is_live(
    kiosk: Kiosk, watched: CountedPages, context: Any
) -> None:
    older, newer = open_tabs(context, watched.url, 2, NO_SHARING)
    older.wait_for_selector(CLOSED)
    assert "ở một tab khác" in older.inner_text("#closed")
    assert_all_show(kiosk, "an", [newer])

    older.click("#take-place")
    newer.wait_for_selector(CLOSED)
    assert_all_show(kiosk, "mai", [older])
    wait_for(older, lambda: watched.open == 1)


@pytest.mark.slow
@pytest.mark.parametrize("way", list(SHARING))
def test_tabs_show_what_was_scanned_while_they_were_disconnected(
    tmp_path: Path, context: Any, way: str
) -> None:
    settings = site(tmp_path, "http://127.0.0.1:9")
    with serving(*settings) as server:
        tabs = open_tabs(context, server.url, 3, SHARING[way])
        server.post("/api/scans", {"payload": card("an"), "reader": "front"})
        for tab in tabs:
            tab.wait_for_selector(".verdict")
        port = server.url.rpartition(":")[2]
        server.kill()
        for tab in tabs:
            tab.wait_for_selector("#message:has-text('Mất kết nối')")
    with serving(*settings, "--port", port) as server:
        verdict = server.post("/api/scans", {"payload": card("binh"), "reader": "front"})
        for tab in tabs:
            tab.wait_for_selector(f'.verdict[data-attempt="{verdict["attempt"]}"]')
            wait_until(tab, "document.getElementById('message').textContent === ''")


def test_a_browser_that_forbids_shared_workers_still_shows_scans(
    kiosk: Kiosk, watched: CountedPages, context: Any
) -> None:
    tabs = open_tabs(context, watched.url, 2, FORBIDDEN_WORKER)

    assert_all_show(kiosk, "an", tabs)


@pytest.mark.slow
def test_a_worker_that_fails_again_and_again_is_started_with_pauses(
    watched: CountedPages, context: Any
) -> None:
    [tab] = open_tabs(context, watched.url, 1, FAILING_WORKER)
    wait_for(tab, lambda: tab.evaluate("made") >= 3)  # it is started again …

    assert tab.evaluate("performance.now() > 3000")  # … with two seconds between the starts
