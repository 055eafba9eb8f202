"""The system's own browser, and films in the place of its camera."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

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
READY = "#confirm[data-ready]"  # a card that came on screen just now is not confirmed yet
PATIENCE_MS = 20_000
AT_THE_END = ExitStack()  # conftest closes it


def film_in(camera: Path) -> list[str]:
    """Return the words that make Chromium play a film of JPEGs as its camera."""
    return [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={camera}",
    ]


@cache
def _driver() -> Any:
    """Start Playwright, once for all tests of a process: it takes a second."""
    playwright = pytest.importorskip("playwright.sync_api")
    return AT_THE_END.enter_context(playwright.sync_playwright())


def _launch(*words: str) -> Any:
    return _driver().chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, *words])


@cache
def _shared_browser() -> Any:
    """Start the browser that every test without a film has a context of its own in."""
    browser = _launch()
    AT_THE_END.callback(browser.close)
    return browser


@contextmanager
def chromium(film: Path | None = None) -> Iterator[Any]:
    """Lend a browser context in Vietnamese; skip the test where there is no Chromium."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    browser = _launch(*film_in(film)) if film else _shared_browser()
    context = browser.new_context(
        locale="vi-VN",
        timezone_id="Asia/Ho_Chi_Minh",
        permissions=["camera"] if film else [],
    )
    context.set_default_timeout(PATIENCE_MS)
    try:
        yield context
    finally:
        context.close()
        if film:
            browser.close()
