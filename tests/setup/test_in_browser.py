"""The whole assistant as an IT person does it: a fresh data directory, a browser, real devices."""

from __future__ import annotations

import os
import sqlite3
import sys
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kiosk.sandbox import PASSWORD, USERNAME, SandboxFeed, SandboxInsurer
from kiosk.settings import load_settings
from kiosk.setup import TEST_TEXT
from tests.browser import chromium
from tests.process import DEADLINE_S, Server, serving, started, until
from tests.setup.conftest import FACILITY, served
from tests.setup.test_trials import SECRET, key_file
from tests.wedge import wedge

AS_A_PERSON_MS = 90  # between two keys; whatever types faster is taken for a reader

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal"),
]


def now() -> datetime:
    return datetime.now(UTC)


class Site:
    """A fresh site: its folder, a pretend insurer with a feed, a reader and a printer."""

    def __init__(self, folder: Path, insurer: str, feed: SandboxFeed) -> None:
        self.folder, self.insurer, self.feed = folder, insurer, feed
        self.data, self.copies = folder / "data", folder / "copies"
        self.reader, device = os.openpty()
        for end in (self.reader, device):
            tty.setraw(end)
        self.port = os.ttyname(device)
        self.printer = folder / "lp0"
        self.printer.write_bytes(b"")
        self.key = folder / "key.p12"
        self.key.write_bytes(key_file(ends=now() + timedelta(days=400)))
        self.server = self.start()

    def start(self) -> Server:
        return started("--data", str(self.data))

    def scan(self, text: str) -> None:
        os.write(self.reader, text.encode() + b"\r")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    feed = SandboxFeed(tmp_path / "publisher", now)
    with served(SandboxInsurer(now, 0.0, feed)) as url:
        site = Site(tmp_path, url, feed)
        try:
            yield site
        finally:
            site.server.close()


@contextmanager
def browser() -> Iterator[Any]:
    with chromium() as context:
        page = context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        yield page
        assert not faults


def fill(page: Any, **fields: str) -> None:
    """Fill the fields of a step; a choice is made by its value."""
    for name, value in fields.items():
        choice = page.locator(f'input[type=radio][name={name}][value="{value}"]')
        if choice.count():
            choice.check()
        else:
            page.fill(f"#{name}", value)


def press(page: Any, do: str) -> None:
    page.click(f'.setup-form button.primary[value="{do}"], .actions button[value="{do}"] >> nth=0')


def open_step(page: Any, site: Site, step: str) -> None:
    page.goto(f"{site.server.url}/setup/{step}?lang=vi")


def restart(page: Any) -> None:
    """Press the button, and wait until the page has come back by itself."""
    page.click(".restart button")
    page.wait_for_selector("#restarting")
    page.wait_for_selector(".setup-step", timeout=DEADLINE_S * 1000)


def test_a_fresh_site_is_set_up_in_the_browser_and_goes_on_after_a_kill(site: Site) -> None:
    with browser() as page:
        page.goto(site.server.url)
        assert page.url.endswith("/setup")
        page.keyboard.press("Tab")
        page.click(".summary-head .primary")
        fill(page, **{name: FACILITY[name] for name in ("code", "name", "score")})
        fill(page, level="co_ban", former_tier="huyen")
        page.press("#code", "Enter")  # by keyboard alone
        page.wait_for_selector(".good-note")

        open_step(page, site, "reader")
        fill(page, kind="serial", port_choice="other", port=site.port, name="front")
        press(page, "later")
        page.wait_for_selector(".summary")
        site.server.kill()
        site.server = site.start()

        open_step(page, site, "reader")
        assert page.input_value("#port") == site.port
        press(page, "save")
        page.wait_for_selector(".devices li")

        open_step(page, site, "printer")
        fill(page, kind="file", port=str(site.printer), name="ban 1")
        press(page, "try")
        page.wait_for_selector(".answer.is-good")
        assert site.printer.stat().st_size > 1_000
        press(page, "save")
        page.wait_for_selector(".devices li")

        open_step(page, site, "gateway")
        fill(page, url=site.insurer, username=USERNAME, password=PASSWORD)
        fill(page, staff_name="Nhân Viên Thử", staff_cccd="001999999999")
        press(page, "try")
        page.wait_for_selector(".answer.is-good")
        assert page.input_value("#password") == ""
        press(page, "save")
        page.wait_for_selector(".good-note")
        assert "• " not in page.input_value("#staff_cccd")
        assert "001999999999" not in page.content()

        open_step(page, site, "certificate")
        page.set_input_files("#key_file", site.key)
        fill(page, way="file", password=SECRET)
        press(page, "save")
        page.wait_for_selector(".answer.is-good")

        open_step(page, site, "feed")
        fill(page, url=f"{site.insurer}/feed")
        page.set_input_files("#key_file", site.feed.root_file)
        press(page, "save")
        page.wait_for_selector(".answer.is-good", timeout=DEADLINE_S * 1000)

        open_step(page, site, "backup")
        fill(page, folder=str(site.copies))
        press(page, "save")
        page.wait_for_selector(".answer.is-good")

        restart(page)
        open_step(page, site, "test")
        until(lambda: "front" in page.text_content(".test-card"))
        until(lambda: site.server.get("/healthz")["readers"][0]["up"])
        site.scan(TEST_TEXT)
        page.wait_for_selector(".answer.is-good", timeout=DEADLINE_S * 1000)

        page.goto(f"{site.server.url}/setup")
        states = page.locator(".summary a").evaluate_all("all => all.map(one => one.className)")
        assert states == ["done", "open", *["done"] * 7]
        page.goto(site.server.url)
        page.wait_for_selector("#payload")
    settings = load_settings(site.data / "kiosk.toml")
    assert settings.insurer.url == site.insurer
    assert site.server.get("/healthz")["insurer"]["configured"]
    with sqlite3.connect(f"file:{site.data}/logbook.db?mode=ro", uri=True) as db:
        assert db.execute("select count(*) from attempt").fetchone() == (0,)
        assert db.execute("select count(*) from visit").fetchone() == (0,)


def test_each_page_can_be_used_by_keyboard_alone(site: Site) -> None:
    with browser() as page:
        open_step(page, site, "backup")
        page.focus("#folder")
        page.keyboard.type("not a whole path", delay=AS_A_PERSON_MS)
        page.keyboard.press("Tab")
        page.wait_for_timeout(AS_A_PERSON_MS * 5)
        page.keyboard.press("Enter")  # the first button after the field saves
        page.wait_for_selector(".fault #folder[aria-invalid=true]")
        assert page.input_value("#folder") == "not a whole path"
        page.focus("#folder")
        page.keyboard.press("Control+A")
        page.keyboard.type(str(site.copies), delay=AS_A_PERSON_MS)
        page.wait_for_timeout(AS_A_PERSON_MS * 5)
        page.keyboard.press("Enter")
        page.wait_for_selector(".good-note")


def test_a_keyboard_reader_may_read_the_test_card_at_the_desk_and_elsewhere() -> None:
    with serving("--demo") as server, browser() as page:
        for path, notice in (("/", "#message"), ("/rooms", "#elsewhere")):
            page.goto(server.url + path + "?lang=vi")
            page.wait_for_selector("#status *" if path == "/" else "nav", state="attached")
            wedge(page, TEST_TEXT + "<Enter>")
            until(lambda: "thẻ thử" in page.text_content(notice))  # noqa: B023
        assert server.get("/healthz")["visits_today"] == 0
        assert server.post("/api/scans", {"payload": TEST_TEXT})["attempt"] == 1  # the first one
        page.goto(f"{server.url}/setup/test?lang=vi")
        wedge(page, TEST_TEXT + "<Enter>")
        page.wait_for_selector(".answer.is-good")
