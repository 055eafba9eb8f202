"""The browser of the system, with a film in place of its camera if a test needs one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.process import until

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
READY = "#confirm[data-ready]"  # a verdict that appeared just now cannot be confirmed yet
TIMEOUT_MS = 20_000
CLEAN_UP = ExitStack()  # closed by conftest after the last test


def film_arguments(film: Path) -> list[str]:
    """Return the arguments that make Chromium play a film of JPEGs as its camera."""
    return [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]


@cache
def _driver() -> Any:
    """Start Playwright, once for all tests of a process: it takes a second."""
    playwright = pytest.importorskip("playwright.sync_api")
    return CLEAN_UP.enter_context(playwright.sync_playwright())


def _launch(*arguments: str) -> Any:
    return _driver().chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, *arguments])


@cache
def _shared_browser() -> Any:
    """Start the browser in which every test without a film has its own context."""
    browser = _launch()
    CLEAN_UP.callback(browser.close)
    return browser


def open_desk(page: Any, url: str, desk: str) -> None:
    """Open the desk's page in a browser, and say at which desk it is."""
    page.goto(url)
    page.click(f'.desks button[value="{desk}"]')
    page.wait_for_selector(f'.desks button[value="{desk}"][aria-current]')


@contextmanager
def chromium(film: Path | None = None) -> Iterator[Any]:
    """Lend a browser context in Vietnamese; skip the test if there is no Chromium."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    browser = _launch(*film_arguments(film)) if film else _shared_browser()
    context = browser.new_context(
        locale="vi-VN",
        timezone_id="Asia/Ho_Chi_Minh",
        permissions=["camera"] if film else [],
    )
    context.set_default_timeout(TIMEOUT_MS)
    try:
        yield context
    finally:
        context.close()
        if film:
            browser.close()


@contextmanager
def lend_browser(*arguments: str) -> Iterator[Any]:
    """Lend a browser of its own, which is started with more arguments."""
    browser = _launch(*arguments)
    try:
        yield browser
    finally:
        browser.close()


def wait_until(page: Any, condition: str, value: object = None) -> None:
    """Wait until an expression, or a function of `value`, is true in a page.

    Playwright's own way asks again by `eval`, which our pages forbid.
    """
    until(lambda: page.evaluate(condition, value))


def place_of(locator: Any) -> dict[str, float]:
    """Return where an element is: x, y, width and height, in pixels.

    Waits until it has a place: a newer verdict may replace the page's part at this very moment.
    """
    found: dict[str, float] = {}

    def has_place() -> bool:
        found.update(locator.bounding_box() or {})
        return bool(found)

    until(has_place)
    return found
