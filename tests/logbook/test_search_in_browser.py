"""The search in a browser: results while typing, by keys, and by a reader that types."""

from __future__ import annotations

from typing import Any

import pytest

from tests.process import Server, card
from tests.wedge import wedge

pytestmark = pytest.mark.slow
ONE = "table:not(:has(tr + tr)) a.open"  # the only result


def opened(page: Any, server: Server) -> None:
    for key in ("giang", "khoi", "an"):
        server.confirm(card(key), f"k-{key}")
    page.goto(f"{server.url}/logbook")
    page.wait_for_selector("a.open")


def test_results_come_while_one_types_and_the_address_names_nobody(
    page: Any, server: Server
) -> None:
    opened(page, server)
    page.keyboard.type("giang ho", delay=120)  # a reader types faster
    page.wait_for_selector(ONE)
    assert page.inner_text(ONE) == "Hoàng Thị Giang"
    assert page.url == f"{server.url}/logbook"
    page.click(".filters summary")
    page.select_option("#cancelled", "without")
    page.wait_for_url("**/logbook?cancelled=without")
    assert page.inner_text(ONE) == "Hoàng Thị Giang"
    page.fill("#q", "zzz")
    page.wait_for_selector(".nothing-found")


def test_a_program_that_does_not_answer_leaves_no_older_results(page: Any, server: Server) -> None:
    opened(page, server)
    page.route("**/logbook/found", lambda route: route.abort())
    page.fill("#q", "giang")

    page.wait_for_selector("#scan-said:has-text('Chương trình không trả lời')")
    assert page.inner_text("#found") == ""


def test_arrows_go_through_the_results_and_enter_opens(page: Any, server: Server) -> None:
    opened(page, server)
    focused = "document.activeElement.textContent"
    page.keyboard.press("ArrowDown")
    first = page.evaluate(focused)
    page.keyboard.press("ArrowDown")
    assert page.evaluate(focused) != first
    page.keyboard.press("ArrowUp")
    assert page.evaluate(focused) == first
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.type("khoi", delay=120)
    page.keyboard.press("Enter")
    page.wait_for_url("**/logbook/visits/*")
    assert "Vũ Minh Khôi" in page.inner_text("h1")


def test_a_card_that_is_read_opens_its_person_and_types_nothing(page: Any, server: Server) -> None:
    opened(page, server)
    wedge(page, card("an") + "<Enter>")
    page.wait_for_url("**/person")
    assert "Nguyễn Văn An" in page.inner_text("h1")
    page.click("details.exam summary")
    page.wait_for_selector(".exam-body .facts")
    page.goto(f"{server.url}/logbook")
    wedge(page, card("chi") + "<Enter>")
    page.wait_for_selector("#scan-said:not(:empty)")
    assert page.input_value("#q") == ""


def test_two_desks_see_each_other_s_correction(page: Any, server: Server) -> None:
    visit = server.confirm(card("giang"), "k")["id"]
    other = page.context.new_page()
    for desk in (page, other):
        desk.goto(f"{server.url}/logbook/visits/{visit}")
    for desk, phone in ((page, "0999000001"), (other, "0999000002")):
        desk.fill("#phone", phone)
        desk.fill("#why", "số mới")
        desk.press("#why", "Enter")
        desk.wait_for_selector("main > .message")
    assert other.input_value("#phone") == "0999000002"
    assert "0999000001" in other.inner_text("#correct-form")
    other.fill("#citizen_number", "12")
    other.press("#citizen_number", "Tab")
    other.wait_for_selector("#citizen_number-typed:not(:empty)")
