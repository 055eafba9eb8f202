"""In a browser: hasty hands, two scans at once, many tabs and long names record nobody wrongly."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser import chromium, place_of, wait_until
from tests.morning import Patient
from tests.process import Server, card
from tests.wedge import wedge

PASS = ".pass[data-ready]"
LONG = "Nguyễn Thị Phương Thảo Quỳnh Ưỡng Hoàng Ngọc Diễm Khuê Trường"


def opened(context: Any, server: Server) -> Any:
    page = context.new_page()
    page.goto(server.url)
    page.wait_for_selector("#status *")
    return page


def names(page: Any) -> list[str]:
    return sorted(
        row.inner_text() for row in page.query_selector_all("#unfinished li:not([hidden]) b")
    )


def recorded(server: Server) -> int:
    return len(server.get("/api/visits")["visits"])


def test_two_scans_within_100_ms_leave_one_on_screen_and_one_in_the_list(
    server: Server, page: Any
) -> None:
    wedge(page, card("an") + "<Enter>")
    wedge(page, card("binh") + "<Enter>")
    page.wait_for_selector(f"{PASS}:has-text('Trần Thị Bình')")
    page.wait_for_selector("#unfinished li b:has-text('Nguyễn Văn An')")
    page.press("#payload", "Enter")
    page.wait_for_selector(".pass:has(.ticket-number):has-text('Trần Thị Bình')")
    assert recorded(server) == 1
    assert names(page) == ["Nguyễn Văn An"]


def test_an_enter_between_two_scans_records_at_most_the_one_that_was_seen(
    server: Server, page: Any
) -> None:
    wedge(page, card("an") + "<Enter>")
    page.wait_for_selector(f"{PASS}:has-text('Nguyễn Văn An')")
    wedge(page, card("binh") + "<Enter><Enter>")
    page.wait_for_selector(f"{PASS}:has-text('Trần Thị Bình')")
    page.wait_for_timeout(600)
    assert recorded(server) == 0
    assert names(page) == ["Nguyễn Văn An"]


def test_a_scan_behind_the_open_drawer_waits_in_the_list_or_on_screen(
    server: Server, page: Any
) -> None:
    page.click("#people-button")
    page.wait_for_selector("dialog[open]")
    wedge(page, card("an") + "<Enter>")
    wait_until(
        page,
        "() => document.body.innerText.includes('Nguyễn Văn An') && !document.querySelector("
        "'#verdict.left')",
    )
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.wait_for_timeout(600)
    assert recorded(server) == 0


def test_a_click_storm_on_every_button_records_at_most_once(server: Server, page: Any) -> None:
    wedge(page, card("an") + "<Enter>")
    page.wait_for_selector(PASS)
    page.evaluate(
        "() => { for (let n = 0; n < 5; n += 1)"
        " for (const button of document.querySelectorAll('.acts button, .acts a')) {"
        " if (button.tagName === 'BUTTON') button.click(); } }"
    )
    page.wait_for_timeout(1500)
    assert recorded(server) <= 1


def test_seven_tabs_record_a_patient_once_and_one_shows_each_scan(server: Server) -> None:
    with chromium() as context:
        pages = [opened(context, server) for _ in range(7)]
        last = pages[-1]
        last.bring_to_front()
        wedge(last, card("an") + "<Enter>")
        last.wait_for_selector(f"{PASS}:has-text('Nguyễn Văn An')")
        for page in pages:
            if page.query_selector(PASS):
                page.press("#payload", "Enter")
        last.wait_for_selector(".ticket-number")
        assert recorded(server) == 1


@pytest.mark.slow
@pytest.mark.parametrize("size", [(1366, 640), (1024, 768), (1920, 1080), (390, 844), (320, 640)])
def test_a_long_name_is_whole_and_the_button_stays_in_reach(
    server: Server, size: tuple[int, int]
) -> None:
    with chromium() as context:
        page = opened(context, server)
        page.set_viewport_size({"width": size[0], "height": size[1]})
        wedge(page, Patient(77, LONG).payload + "<Enter>")
        page.wait_for_selector(PASS)
        name = page.locator(".pass h1")
        assert name.inner_text() == LONG
        assert name.evaluate("(h) => h.scrollWidth <= h.clientWidth + 1")
        box = place_of(page.locator(".face > .acts .primary"))
        assert box["y"] + box["height"] <= size[1]
        assert page.evaluate("() => document.documentElement.scrollWidth") <= size[0]
