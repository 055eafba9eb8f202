"""A page of which a part did not arrive says so, and loads again as soon as the program answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error

from tests.browser import chromium, place_of
from tests.process import Server, card, serving, site, until
from tests.wedge import wedge

SCREEN = """
[[readers]]
name = "front"
kind = "serial"
port = "socket://127.0.0.1:9"
desk = "1"
[[self_service]]
name = "hall"
desk = "1"
"""
IS_LOADED_AGAIN = """performance.getEntriesByType('navigation')[0].type === 'reload'
  && document.readyState === 'complete' && !document.getElementById('unready')"""

HAS_STYLE = "[...document.styleSheets].some(({href}) => href?.endsWith('desk.css'))"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(*site(Path(tmp_path_factory.mktemp("site")), "", SCREEN)) as running:
        yield running


@pytest.fixture
def page() -> Iterator[Any]:
    with chromium() as context:
        yield context.new_page()


def is_true(page: Any, condition: str) -> bool:
    """Return whether a condition holds in a page that may be loading just now."""
    try:
        return bool(page.evaluate(condition))
    except Error:
        return False


def fail_once(page: Any, part: str) -> None:
    """Let a part of the next page not arrive, as if the program was stopped at this moment."""
    page.route(part, lambda route: route.abort(), times=1)


@pytest.mark.parametrize("part", ["desk.js", "desk/verdict.js", "events/stream.js"])
def test_a_desk_that_did_not_load_completely_loads_again_and_takes_scans(
    server: Server, page: Any, part: str
) -> None:
    fail_once(page, f"**/static/{part}")
    page.goto(server.url)
    until(lambda: is_true(page, IS_LOADED_AGAIN))
    wedge(page, card("an") + "<Enter>")

    page.wait_for_selector(".pass[data-ready]")


def test_it_waits_until_the_program_answers(server: Server, page: Any) -> None:
    fail_once(page, "**/static/desk/verdict.js")
    page.route("**/ping", lambda route: route.abort(), times=2)
    page.goto(server.url)

    until(lambda: is_true(page, IS_LOADED_AGAIN))


def test_a_style_is_fetched_again_and_the_page_stays(server: Server, page: Any) -> None:
    fail_once(page, "**/static/desk.css")
    page.goto(server.url)
    page.fill("#payload", "12345")
    until(lambda: is_true(page, HAS_STYLE))

    assert page.input_value("#payload") == "12345"


@pytest.mark.parametrize(
    ("address", "words"), [("/", "chưa tải hết"), ("/logbook?lang=en", "did not load completely")]
)
def test_a_page_without_its_scripts_says_so(
    server: Server, page: Any, address: str, words: str
) -> None:
    page.route("**/*.js", lambda route: route.abort())
    page.goto(server.url + address)

    page.wait_for_selector("#unready")  # after some seconds
    assert words in page.inner_text("#unready")
    assert place_of(page.locator("#unready"))["y"] == 0


def test_a_screen_for_patients_loads_again(server: Server, page: Any) -> None:
    page.goto(f"{server.url}/self?device=hall")
    fail_once(page, "**/static/open/self.js")
    page.click("button")

    page.wait_for_selector("[data-event='card']")
