"""In a browser: numbers are called one by one, whoever presses."""

from __future__ import annotations

from typing import Any

from tests.cast import payload
from tests.queue_screens.site import (
    OTHER,
    QUEUE,
    ROOM,
    SETTLED_MS,
    WITHIN_MS,
    Site,
    call,
    open_page,
)
from tests.wedge import wedge


def test_two_browsers_never_call_the_same_number(site: Site, context: Any) -> None:
    site.record("an")
    site.record("binh")
    mine, theirs = (open_page(context, site, QUEUE) for _ in range(2))
    # The other desk's page is as it was before, whatever it asks.
    theirs.route("**/queue/state*", lambda route: route.abort())
    call(mine, "1")
    theirs.locator(".next-up button").click()
    theirs.wait_for_selector("#said:not(:empty)")
    assert "Người khác vừa xử lý số này" in theirs.inner_text("#said")
    assert theirs.inner_text(".next-up button").startswith("Mời số 2")
    assert site.calls() == ["1 called"]


def test_enter_walks_a_number_through_the_room(site: Site, context: Any) -> None:
    site.record("an")
    site.record("binh")
    page = open_page(context, site, QUEUE)
    for primary in ("Vào phòng", "Xong", "Mời số 2"):
        page.wait_for_timeout(SETTLED_MS)
        page.keyboard.press("Enter")
        page.wait_for_selector(f"[data-primary]:has-text('{primary}')")
    assert site.calls() == ["1 done"]


def test_a_storm_of_presses_calls_one_number(site: Site, context: Any) -> None:
    for person in ("an", "binh", "dung"):
        site.record(person)
    page = open_page(context, site, QUEUE)
    page.evaluate("for (let n = 0; n < 20; n++) document.querySelector('[data-key=m]').click()")
    for _ in range(5):
        page.keyboard.press("Alt+m")
    page.wait_for_selector(".current.called")
    assert site.calls() == ["1 called"]


def test_the_queue_is_live_and_keeps_what_was_opened(site: Site, context: Any) -> None:
    site.record("an")
    page = open_page(context, site, QUEUE)
    page.locator(".numbers summary").click()
    page.select_option(".numbers select[name=to]", OTHER)
    page.evaluate("document.activeElement.blur()")
    site.record("binh")
    page.wait_for_selector(".numbers li:nth-child(2)", timeout=2 * WITHIN_MS)
    assert page.input_value(".numbers li:first-child select[name=to]") == OTHER
    page.locator(".numbers li:first-child button[value=move]").click()
    page.wait_for_selector(f".room-tabs a:has-text('{OTHER}') b:text-is('1')")
    assert [visit.service.room for visit in site.visits()] == [ROOM, OTHER]


def test_a_button_that_another_desk_took_gives_enter_nothing_to_do(
    site: Site, context: Any
) -> None:
    site.record("an")
    site.record("binh")
    mine, theirs = (open_page(context, site, QUEUE) for _ in range(2))
    theirs.bring_to_front()
    call(mine, "1")
    theirs.wait_for_selector(".current.called")
    theirs.keyboard.press("Enter")
    theirs.wait_for_timeout(500)
    assert site.calls() == ["1 called"]


def test_a_card_that_is_read_on_the_queue_s_page_does_nothing_there(
    site: Site, context: Any
) -> None:
    site.record("an")
    page = open_page(context, site, QUEUE)
    page.wait_for_selector("[data-primary]:focus")
    wedge(page, payload("binh").decode() + "<Enter>")
    page.wait_for_selector("#elsewhere:not([hidden])")
    assert site.calls() == []


def test_a_room_that_is_removed_while_numbers_are_open(site: Site, context: Any) -> None:
    site.record("an")
    page = open_page(context, site, "/rooms")
    page.click(f"[aria-label='Bỏ “{ROOM}”']")
    page.wait_for_selector("text=Chưa lưu.")
    page.click(".room-save button")
    page.wait_for_selector("text=Còn chờ phòng này: 1 người")
    page.click("text=Gọi tiếp, hoặc chuyển sang phòng khác")
    call(page, "1")
    page.wait_for_timeout(SETTLED_MS)
    page.click(".current.called summary")
    page.select_option(".current.called select[name=to]", OTHER)
    page.click(".current.called button[value=move]")
    page.wait_for_selector(".room-tabs a:has-text('đã bỏ')", state="detached")
    assert site.visits()[0].service.room == OTHER
