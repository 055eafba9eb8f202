"""In a browser: paper sheets are entered with the keyboard and a reader alone."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from tests.browser import chromium
from tests.process import Server, card, serving
from tests.wedge import wedge
from verify import CLINIC_ZONE

AN, CHI, DUNG = "9999900001", "9999900003", "9999900004"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving("--demo") as running:
        yield running


@pytest.fixture
def page(server: Server) -> Iterator[Any]:
    with chromium() as context:
        page = context.new_page()
        page.goto(f"{server.url}/paper")
        page.fill("#count", "1")
        page.press("#count", "Enter")
        page.wait_for_selector(".message.good")
        page.goto(f"{server.url}/paper/entry?sheet=1")
        page.wait_for_selector("li.now")
        yield page


def codes(page: Any) -> list[str]:
    return [str(row.get_attribute("data-code")) for row in page.query_selector_all("#lines li")]


def type_line(page: Any, *texts: str) -> None:
    """Type texts where the focus is, with an Enter after each."""
    for text in texts:
        page.keyboard.type(text, delay=60)
        page.keyboard.press("Enter")


def now_text() -> str:
    return f"{datetime.now(CLINIC_ZONE):%H%M}"


def visits(server: Server) -> list[Any]:
    return list(server.get("/api/visits")["visits"])


def focus_of(page: Any) -> str:
    return str(page.evaluate("document.activeElement.id"))


def test_a_sheet_is_entered_line_after_line_without_a_mouse(server: Server, page: Any) -> None:
    first, second, third, fourth, *_ = codes(page)
    type_line(page, now_text(), AN, "")
    page.wait_for_selector(f"li.now[data-code='{second}']")
    type_line(page, now_text(), "", "", "Nguyễn Thị Mẫu", "1980")
    page.keyboard.press("ArrowDown")
    type_line(page, "", "")
    page.wait_for_selector(f"li.now[data-code='{third}']")
    wedge(page, f"TIEPDON-G{fourth}<Enter>")
    page.wait_for_selector(f"li.now[data-code='{fourth}']")
    page.wait_for_selector("#time:focus")
    type_line(page, now_text(), CHI, "")
    page.wait_for_selector("#fault:not(:empty)")
    page.wait_for_selector("#clerk_reason_field.fault")
    assert focus_of(page) == "clerk_reason"
    page.keyboard.press("Enter")
    page.wait_for_selector("#time:focus")
    page.wait_for_selector(f"#lines li:has-text('{fourth}') a")

    recorded = visits(server)
    labels = page.query_selector_all("#lines li:not(.open) strong")
    assert len(recorded) == 3
    assert [label.inner_text().replace("\xa0", " ") for label in labels] == ["G 1", "G 2", "G 4"]
    assert first in page.inner_text("#lines")


def test_a_wrong_line_keeps_all_that_was_typed_and_says_where(server: Server, page: Any) -> None:
    type_line(page, "2561", AN, "")
    page.wait_for_selector(".fault #time")
    assert focus_of(page) == "time"
    assert page.input_value("#number") == AN

    page.fill("#time", now_text())
    page.fill("#number", "99999")
    page.press("#room", "Enter")
    page.wait_for_selector(".fault #number")

    assert page.input_value("#number") == "99999"
    assert visits(server) == []


def test_a_card_that_is_read_here_fills_no_field_and_waits_at_the_desk(
    server: Server, page: Any
) -> None:
    wedge(page, card("dung") + "<Enter>")
    page.wait_for_selector("#fault:not(:empty)")

    assert page.input_value("#time") == ""
    assert visits(server) == []
    page.goto(server.url)
    assert page.wait_for_selector("#unfinished li:not([hidden])")


@pytest.mark.skipif(os.name != "posix", reason="processes are stopped by signals")
def test_a_program_that_hangs_while_a_line_is_entered_loses_nothing_and_doubles_nothing(
    server: Server, page: Any
) -> None:
    second = codes(page)[1]
    page.fill("#time", now_text())
    page.fill("#number", AN)
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        page.press("#room", "Enter")
        page.wait_for_selector("#fault:not(:empty)")
        assert page.input_value("#number") == AN
    finally:
        os.kill(server.process.pid, signal.SIGCONT)
    page.press("#room", "Enter")
    page.wait_for_selector(f"li.now[data-code='{second}'], .fault #code")

    assert len(visits(server)) == 1


def test_a_reader_takes_no_line_away_that_is_not_recorded_yet(server: Server, page: Any) -> None:
    first, second, *_ = codes(page)
    page.fill("#time", now_text())
    page.fill("#number", AN)
    wedge(page, f"TIEPDON-G{second}<Enter>")
    page.wait_for_selector("#fault:not(:empty)")
    assert page.input_value("#code") == first

    page.press("#room", "Enter")
    page.wait_for_selector(f"li.now[data-code='{second}']")
    [visit] = visits(server)
    assert visit["ticket_label"].replace("\xa0", " ") == "G 1"


def test_what_is_typed_while_the_answer_is_on_its_way_stays(server: Server, page: Any) -> None:
    second = codes(page)[1]
    held: list[Any] = []
    page.route("**/paper/entry", lambda route: held.append(route))
    page.fill("#time", now_text())
    page.fill("#number", AN)
    page.press("#room", "Enter")
    page.evaluate("() => new Promise(requestAnimationFrame)")
    page.fill("#number", DUNG)
    held[0].continue_()
    page.wait_for_selector(f"li.now[data-code='{second}']")
    assert page.input_value("#number") == DUNG
    assert len(visits(server)) == 1
