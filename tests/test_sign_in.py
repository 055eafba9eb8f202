"""In a browser: signing in, the lock, the next clerk, and a badge at the desk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kiosk.logbook import Database
from kiosk.runtime.secret_file import read_or_make_secret
from kiosk.runtime.webserver import WebServer
from kiosk.staff import Role
from kiosk.staff.badges import Badges
from kiosk.staff.members import Members
from kiosk.staff.pins import Pins
from tests.browser import chromium, wait_until
from tests.cast import payload
from tests.process import Server, card, serving
from tests.process import site as site_options
from tests.staff.web import PIN, Site
from tests.wedge import wedge

HA, DUC, PINS = "Lê Thu Hà", "Trần Minh Đức", {101: "402957", 102: "718306"}
TYPED = "0999999901"
PAUSE_MS = 600  # after it, Enter is no longer taken for that of a reader, also on a busy machine


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[tuple[Server, Any, str]]:
    """A page at a site with two members, and the badge of the second."""
    options = site_options(tmp_path, "")
    data = tmp_path / "data"
    data.mkdir()
    database = Database(data / "logbook.db")
    members = Members(database)
    pins = Pins(database, read_or_make_secret(data / "secrets" / "staff.key"))
    now = datetime.now(UTC)
    for name, role in ((HA, Role.CLERK), (DUC, Role.SUPERVISOR)):
        number = members.add(name, role, "", now, "a test").id
        pins.set(number, PINS[number], now, "a test")
    badge = Badges(database).make(102, now, "a test")
    database.close()
    with serving(*options) as server, chromium() as context:
        yield server, context.new_page(), badge


def type_slowly(page: Any, *texts: str) -> None:
    """Type texts as a person does, with Tab between them and Enter behind; a reader is faster.

    On a busy machine keys arrive together, as those of a reader, whose characters no field keeps:
    they are typed again, as a person would who sees it.
    """
    for number, text in enumerate(texts):
        for _attempt in range(5):
            page.keyboard.type(text, delay=80)
            page.wait_for_timeout(PAUSE_MS)
            if page.evaluate("document.activeElement.value") == text:
                break
            page.keyboard.press("Control+A")
        page.keyboard.press("Tab" if number < len(texts) - 1 else "Enter")


def sign_in(server: Server, page: Any, number: int) -> None:
    page.goto(server.url)
    page.wait_for_selector("#account:focus")
    type_slowly(page, str(number), PINS[number])
    page.wait_for_selector("#payload:focus")
    page.wait_for_load_state()  # with its scripts, which hear the reader


def test_a_clerk_signs_in_by_keyboard_and_scans_with_no_further_key(
    desk: tuple[Server, Any, str],
) -> None:
    server, page, _badge = desk
    sign_in(server, page, 101)
    wedge(page, card("an") + "<Enter>")
    page.wait_for_selector(".pass[data-ready]")
    assert HA in page.inner_text("#change-clerk")


def test_a_locked_page_hides_its_person_and_keeps_what_was_typed(
    desk: tuple[Server, Any, str],
) -> None:
    server, page, _badge = desk
    sign_in(server, page, 101)
    page.fill("#payload", TYPED)
    other = page.context.new_page()
    other.goto(server.url + "/logbook")
    page.bring_to_front()
    page.keyboard.press("F7")
    page.click("#lock-now")

    for tab in (page, other):
        tab.wait_for_selector("html.locked", state="attached")
        assert not tab.is_visible(".frame main")
    page.keyboard.press("Escape")
    assert page.is_visible("#lock")
    assert page.evaluate("fetch('/desk/recent').then((answer) => answer.status)") == 401
    type_slowly(page, "000000")
    page.wait_for_selector("#lock .message:not(:empty)")
    assert page.input_value("#lock-pin") == ""
    type_slowly(page, PINS[101])
    page.wait_for_selector("html:not(.locked)", state="attached")
    assert page.input_value("#payload") == TYPED
    other.wait_for_selector("html:not(.locked)", state="attached")


def test_the_next_clerk_takes_over_with_f7(desk: tuple[Server, Any, str]) -> None:
    server, page, _badge = desk
    sign_in(server, page, 101)
    page.keyboard.press("F7")
    page.keyboard.press("Escape")
    assert not page.is_visible("#lock")
    page.keyboard.press("F7")
    type_slowly(page, "102", PINS[102])

    page.wait_for_selector(f"#change-clerk:has-text('{DUC}')")
    page.wait_for_selector("#payload:focus")


def test_what_is_typed_after_f7_stays_though_the_cover_was_closed_just_before(
    desk: tuple[Server, Any, str],
) -> None:
    server, page, _badge = desk
    sign_in(server, page, 101)
    page.evaluate(
        "() => { const dialog = document.getElementById('lock');"
        " const key = () => document.dispatchEvent(new KeyboardEvent('keydown', {key: 'F7'}));"
        " key(); dialog.close(); key();"
        " document.getElementById('lock-account').value = '1'; }"
    )
    page.wait_for_timeout(300)

    assert page.input_value("#lock-account") == "1"


def test_a_badge_at_the_desk_asks_for_the_pin(desk: tuple[Server, Any, str]) -> None:
    server, page, badge = desk
    sign_in(server, page, 101)
    wedge(page, badge + "<Enter>")
    page.wait_for_selector("#lock-pin:focus")
    assert page.input_value("#lock-account") == badge
    type_slowly(page, PINS[102])

    page.wait_for_selector(f"#change-clerk:has-text('{DUC}')")


@contextmanager
def served(site: Site) -> Iterator[str]:
    """Serve a site within this process; yield its address."""
    server = WebServer(site.app, "127.0.0.1", 0, threads=12)
    server.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        site.stop.set()
        server.stop()


def enter(page: Any, url: str, site: Site, role: Role) -> None:
    page.goto(url)
    page.fill("#account", str(site.numbers[role]))
    page.fill("#pin", PIN)
    page.press("#pin", "Enter")
    page.wait_for_selector("#payload:focus")
    page.wait_for_load_state()


def test_a_badge_at_a_wired_reader_fills_the_page_and_the_lock_of_its_desk(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.hire()
    badge = site.staff.badges.make(site.numbers[Role.SUPERVISOR], site.clock(), "a test")
    number = str(site.numbers[Role.SUPERVISOR])
    with served(site) as url, chromium() as context:
        page = context.new_page()
        enter(page, url, site, Role.CLERK)
        context.add_cookies([{"name": "desk", "value": "1", "url": url}])
        page.evaluate("fetch('/sign-out', {method: 'POST'})")
        page.goto(url)
        site.staff.shown_badges.show("1", badge)
        page.wait_for_selector("#pin:focus")
        assert page.input_value("#account") == number
        page.fill("#pin", PIN)
        page.press("#pin", "Enter")
        page.wait_for_selector(f"#change-clerk:has-text('{DUC}')")
        page.wait_for_load_state()
        page.keyboard.press("F7")
        page.click("#lock-now")
        site.staff.shown_badges.show("1", badge)
        wait_until(page, "document.activeElement.id === 'lock-pin'")
        assert page.input_value("#lock-account") == number


def test_a_supervisor_approves_at_the_desk_and_no_pin_stays_in_the_page(tmp_path: Path) -> None:
    site = Site(tmp_path, staff={"approve": ["admit"]})
    site.hire()
    with served(site) as url, chromium() as context:
        page = context.new_page()
        enter(page, url, site, Role.CLERK)
        page.fill("#payload", payload("chi").decode())
        page.press("#payload", "Enter")
        page.wait_for_selector(".pass[data-ready]")
        page.click("[data-do=reason]")
        page.wait_for_selector("#reason-sheet[open]")
        page.fill("#clerk_reason", "thẻ mới ở nhà")
        page.click("#reason-sheet button[type=submit]")
        page.wait_for_selector("#approver:focus")  # it is missing
        for pin, then in (("999123", "#approver_pin:focus"), (PIN, ".ticket-number")):
            page.fill("#approver", str(site.numbers[Role.SUPERVISOR]))
            page.fill("#approver_pin", pin)
            page.click("#reason-sheet button[type=submit]")
            page.wait_for_selector(then)
            assert page.locator("#approver_pin").count() == 0 or not page.input_value(
                "#approver_pin"
            )
        assert site.kiosk.visits.newest(1)[0].clerk_reason == "thẻ mới ở nhà"
