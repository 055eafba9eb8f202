"""In a browser: no keystroke, slow scan or lost answer records the wrong patient or loses one."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.browser import READY, chromium
from tests.cast import hold_answers, running_insurer
from tests.process import Server, card, serving, site
from tests.wedge import wedge

PASS = ".pass[data-ready]"
UNFINISHED = "#unfinished li:not([hidden])"
NOTICED_WITHIN_MS = 5_500  # five seconds, and a little for the test itself
pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes are stopped by signals")


@pytest.fixture
def server() -> Iterator[Server]:
    with serving("--demo") as running:
        yield running


@pytest.fixture
def page(server: Server) -> Iterator[Any]:
    with chromium() as context:
        page = context.new_page()
        page.goto(server.url)
        page.wait_for_selector("#status *")
        yield page


def scan(page: Any, key: str) -> None:
    """Read a card at the desk with a keyboard-type reader."""
    wedge(page, card(key) + "<Enter>")
    page.wait_for_selector(PASS)


def visits(server: Server) -> list[Any]:
    return list(server.get("/api/visits")["visits"])


def names(page: Any) -> list[str]:
    return [row.inner_text() for row in page.query_selector_all(f"{UNFINISHED} b")]


@pytest.mark.parametrize("field", ["#cancel-why", "#phone", "#why", "#sex"])
def test_a_reader_in_a_field_of_a_visit_s_page_changes_nothing(
    server: Server, page: Any, field: str
) -> None:
    visit = server.confirm(card("an"), "k")
    page.goto(f"{server.url}/logbook/visits/{visit['id']}")
    before = page.input_value(field)
    page.focus(field)
    wedge(page, card("binh") + "<Enter>")
    page.wait_for_selector("#elsewhere:not([hidden])")

    assert page.input_value(field) == before
    assert page.url.endswith(visit["id"])  # nothing was sent
    page.goto(server.url)
    page.wait_for_selector(f"{UNFINISHED} b")
    assert names(page) == ["Trần Thị Bình"]
    assert len(visits(server)) == 1


def test_a_reader_while_the_clerk_types_leaves_the_patient_on_screen(page: Any) -> None:
    scan(page, "an")
    page.click("#more-fold summary")
    page.fill("#phone", "0912")
    page.focus("#phone")
    wedge(page, card("binh") + "<Enter>")
    page.wait_for_selector(f"{UNFINISHED} b")

    assert (page.inner_text(".pass h1"), page.input_value("#phone")) == ("Nguyễn Văn An", "0912")
    assert names(page) == ["Trần Thị Bình"]
    assert page.evaluate("document.activeElement.id") == "phone"


def test_a_slow_scan_takes_the_patient_before_off_and_enter_records_nobody(
    server: Server, page: Any
) -> None:
    scan(page, "an")
    held: list[Any] = []
    page.route("**/api/scans", lambda route: held.append(route))
    wedge(page, card("binh") + "<Enter>")
    page.wait_for_selector("#verdict.left")
    page.press("#payload", "Enter")
    page.wait_for_selector(".pass.calm .wheel")
    page.press("#payload", "Enter")
    page.wait_for_selector(".pass.fault", timeout=NOTICED_WITHIN_MS)
    page.press("#payload", "Enter")
    assert visits(server) == []

    held[0].continue_()  # the answer comes late, and is shown
    page.wait_for_selector(".pass[data-card]:has-text('Trần Thị Bình')")
    page.wait_for_selector(f"{UNFINISHED} b")
    assert names(page) == ["Nguyễn Văn An"]


def test_a_scan_without_an_answer_leaves_nobody_armed(server: Server, page: Any) -> None:
    scan(page, "an")
    page.route("**/api/scans", lambda route: route.abort())
    wedge(page, card("binh") + "<Enter>")
    page.wait_for_selector(".pass.fault")
    page.press("#payload", "Enter")
    page.wait_for_timeout(500)
    assert visits(server) == []


@pytest.mark.parametrize("path", ["/", "/logbook", "/data", "/readers"])
def test_a_program_that_hangs_or_was_killed_is_noticed_on_every_page(
    server: Server, page: Any, path: str
) -> None:
    page.goto(server.url + path)
    page.wait_for_timeout(200)
    server.process.send_signal(signal.SIGSTOP)
    try:
        page.wait_for_selector("#silent:not([hidden])", timeout=NOTICED_WITHIN_MS)
    finally:
        server.process.send_signal(signal.SIGCONT)
    page.wait_for_selector("#silent[hidden]", state="attached", timeout=NOTICED_WITHIN_MS)
    server.process.kill()
    page.wait_for_selector("#silent:not([hidden])", timeout=NOTICED_WITHIN_MS)


def test_a_patient_who_is_here_already_is_not_recorded_by_enter(server: Server, page: Any) -> None:
    scan(page, "an")
    page.press("#payload", "Enter")
    page.wait_for_selector(".ticket")
    wedge(page, card("an") + "<Enter>")
    page.wait_for_selector(".pass.here[data-ready]")
    assert page.inner_text(".outcome-word").lower() == "hôm nay đã có số"
    page.press("#payload", "Enter")
    page.wait_for_selector(".ticket-number")
    assert page.inner_text(".ticket-number") == "1"
    assert len(visits(server)) == 1


def test_a_second_visit_needs_a_chosen_reason(server: Server, page: Any) -> None:
    server.confirm(card("an"), "k")
    scan(page, "an")
    page.get_by_role("button", name="Khám lần nữa").click()
    page.get_by_role("button", name="Ghi lượt khám thứ hai").click()
    page.wait_for_selector("#message:has-text('phải ghi lý do')")
    assert len(visits(server)) == 1
    page.select_option("#repeat_reason", index=1)
    page.get_by_role("button", name="Ghi lượt khám thứ hai").click()
    page.wait_for_selector(".ticket")
    assert [visit["ticket"] for visit in visits(server)] == [1, 2]


@pytest.mark.parametrize("is_recorded", [True, False])
def test_a_lost_answer_to_a_recording_is_asked_for_until_it_is_known(
    server: Server, page: Any, is_recorded: bool
) -> None:
    def lose(route: Any) -> None:
        if is_recorded:
            route.fetch()
        route.abort()

    scan(page, "an")
    page.click("#more-fold summary")
    page.fill("#phone", "0912345678")
    page.route("**/api/visits", lose, times=1)
    page.route("**/api/visits/outcome", lambda route: route.abort(), times=1)
    page.get_by_role("button", name="Xác nhận lượt khám").click()
    page.wait_for_selector(".pass.fault:has-text('Đang kiểm lại')")
    if not is_recorded:
        page.wait_for_selector("#message:has-text('Chưa ghi gì cả')")
        assert visits(server) == []
        page.wait_for_selector(READY)
        assert page.input_value("#phone") == "0912345678"
        page.press("#payload", "Enter")
    page.wait_for_selector(".ticket")
    assert [visit["ticket"] for visit in visits(server)] == [1]


def test_a_second_press_while_recording_does_nothing(server: Server, page: Any) -> None:
    scan(page, "an")
    calls: list[str] = []
    page.on("request", lambda call: calls.append(call.url) if call.method == "POST" else None)
    page.evaluate(
        "() => { const go = document.querySelector('[data-primary]');"
        " for (let n = 0; n < 20; n += 1) go.click(); }"
    )
    page.wait_for_selector(".ticket")
    assert len([url for url in calls if url.endswith("/api/visits")]) == 1
    assert len(visits(server)) == 1


def test_scanned_patients_stay_listed_and_one_key_returns_to_them(
    server: Server, page: Any
) -> None:
    scan(page, "an")
    page.keyboard.press("Escape")
    scan(page, "binh")
    page.goto(f"{server.url}/logbook")
    page.goto(server.url)
    page.wait_for_selector(f"{UNFINISHED} b")
    assert names(page) == ["Trần Thị Bình", "Nguyễn Văn An"]

    page.keyboard.press("F8")
    page.keyboard.press("Enter")
    page.wait_for_selector(".pass[data-ready]:has-text('Trần Thị Bình')")
    page.press("#payload", "Enter")
    page.wait_for_selector(".ticket")
    page.wait_for_function("document.querySelectorAll('#unfinished li:not([hidden])').length === 1")
    page.select_option("#unfinished select", index=1)
    page.wait_for_selector("#unfinished li", state="detached")
    assert len(visits(server)) == 1


@pytest.mark.parametrize("way", ["language", "theme", "reload", "another page"])
def test_nothing_that_was_typed_is_lost_by_leaving_the_page(
    server: Server, page: Any, way: str
) -> None:
    scan(page, "an")
    page.click("#more-fold summary")
    page.fill("#phone", "0912345678")
    if way == "language":
        page.click(".rail a[hreflang=en]")
    elif way == "theme":
        page.click(".rail a[href*=theme]")
    elif way == "reload":
        page.reload()
    else:
        page.click(".rail a[href='/logbook']")
        page.wait_for_selector("h1")
        page.goto(server.url)
    page.wait_for_selector(".pass[data-ready]:has-text('Nguyễn Văn An')")
    page.wait_for_function("document.getElementById('phone').value === '0912345678'")
    assert page.evaluate("sessionStorage.length") == 0


@pytest.mark.parametrize("key", ["chi", "mai", "oanh", "long", "phuc"])
def test_enter_does_not_record_against_the_advice(server: Server, page: Any, key: str) -> None:
    scan(page, key)
    page.press("#payload", "Enter")
    page.wait_for_timeout(600)
    page.press("#payload", "Enter")
    page.wait_for_timeout(300)
    assert visits(server) == []


def test_a_name_that_differs_stands_beside_the_one_on_the_card(page: Any) -> None:
    scan(page, "mai")
    both = page.inner_text(".two")
    assert "Ngô Thị Mai" in both
    assert "tại BHXH" in both


def test_a_newer_verdict_keeps_what_was_typed_and_the_keyboard_works(tmp_path: Path) -> None:
    with running_insurer(lambda: datetime.now(UTC)) as (insurer, url):
        free = hold_answers(insurer)
        with serving(*site(tmp_path, url)) as server, chromium() as context:
            page = context.new_page()
            page.goto(server.url)
            page.wait_for_selector("#status *")
            wedge(page, card("an") + "<Enter>")
            page.wait_for_selector('.pass.wait[data-ready][data-outcome="unconfirmed"]')
            page.click("#more-fold summary")
            page.fill("#phone", "0912345678")
            free.set()
            page.wait_for_selector('.pass.go[data-ready][data-outcome="admitted"]')
            assert page.input_value("#phone") == "0912345678"
            assert page.evaluate("document.activeElement.id") == "phone"
            page.keyboard.press("Control+Enter")
            page.wait_for_selector(".ticket")
            assert len(visits(server)) == 1
