"""In a browser: whatever happens, the keyboard works and Enter does what is shown.

Nothing that was typed is lost, and what differs stays in sight.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.browser import chromium
from tests.cast import hold_answers, running_insurer
from tests.process import Server, card, serving, site, until
from tests.wedge import wedge

PASS = ".pass[data-ready]"
LONG_NAME = "Nguyễn " * 43  # 301 letters


def scan(page: Any, key: str) -> None:
    wedge(page, card(key) + "<Enter>")
    page.wait_for_selector(PASS)


def focus(page: Any) -> str:
    return str(page.evaluate("document.activeElement.id"))


def visits(server: Server) -> list[Any]:
    return list(server.get("/api/visits")["visits"])


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("born", f"01/02/{date.today().year + 2}", "chưa đến"),
        ("holder", LONG_NAME, "200 ký tự"),
        ("phone", "gọi chị Lan", "chỉ chữ số"),
    ],
)
def test_a_wrong_field_is_refused_where_it_is_and_the_rest_is_kept(
    server: Server, page: Any, field: str, value: str, words: str
) -> None:
    typed = {"holder": "Nguyễn Văn Mẫu", "born": "01/02/1980", "phone": "0912345678"}
    page.keyboard.press("F4")
    page.wait_for_selector(PASS)
    page.keyboard.press("Alt+k")
    for name, text in (typed | {field: value}).items():
        page.fill(f"#{name}", text)
    page.press("#room", "Control+Enter")
    page.wait_for_selector(f".field:has(#{field}) .message:has-text('{words}')")
    assert focus(page) == field
    assert {name: page.input_value(f"#{name}") for name in typed} == typed | {field: value}
    assert visits(server) == []
    page.fill(f"#{field}", typed[field])
    page.press(f"#{field}", "Control+Enter")
    page.wait_for_selector(".ticket")


def test_a_wrong_phone_of_a_card_s_holder_is_refused_at_the_field(page: Any) -> None:
    scan(page, "an")
    page.keyboard.press("F9")
    page.fill("#phone", "không có")
    page.press("#phone", "Control+Enter")
    page.wait_for_selector(".field:has(#phone) .message")
    assert focus(page) == "phone"
    assert page.input_value("#phone") == "không có"


def test_a_key_without_a_place_goes_to_the_scan_field(server: Server, page: Any) -> None:
    scan(page, "an")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Enter")
    page.wait_for_selector(".ticket")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.type("999", delay=60)
    assert page.input_value("#payload") == "999"
    assert len(visits(server)) == 1


def test_after_the_payments_were_asked_for_enter_records(server: Server, page: Any) -> None:
    page.click("#people-button")
    page.locator("#people li", has_text="Đoàn Văn Sơn").get_by_role("button").click()
    page.wait_for_selector(".verdict.admitted[data-ready]")
    page.get_by_role("button", name="Hỏi cổng số đã cùng chi trả").click()
    page.wait_for_selector("#entitlement:has-text('đã đủ 5 năm')")
    page.keyboard.press("Enter")
    page.wait_for_selector(".ticket")
    assert len(visits(server)) == 1


def test_a_closed_dialog_gives_the_keyboard_back(server: Server, page: Any) -> None:
    scan(page, "mai")
    page.keyboard.press("Alt+n")
    assert focus(page) == "reason-1"
    page.keyboard.press("Escape")
    assert page.is_visible(".pass[data-card]")
    page.wait_for_timeout(600)  # two presses at once are one
    page.keyboard.press("Enter")  # the advice: another card
    page.wait_for_selector(".ready")
    assert focus(page) == "payload"
    assert visits(server) == []


def test_the_language_link_keeps_a_number_that_is_being_typed(page: Any) -> None:
    page.focus("#payload")
    page.keyboard.type("99999", delay=60)
    page.click(".rail a[hreflang=en]")
    page.wait_for_selector("html[lang=en] #status *")
    until(lambda: page.input_value("#payload") == "99999")


def test_what_differs_stays_after_recording_and_on_the_visit(server: Server, page: Any) -> None:
    scan(page, "mai")
    assert page.locator(".middle > .two mark").all_inner_texts() == ["Mai", "Mây"]
    page.keyboard.press("Alt+n")
    page.keyboard.press("1")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".ticket")
    assert page.locator(".middle > .two mark").all_inner_texts() == ["Mai", "Mây"]
    page.goto(f"{server.url}/logbook/visits/{visits(server)[0]['id']}")
    assert page.locator("main .two mark").all_inner_texts() == ["Mai", "Mây"]


def test_a_newer_verdict_that_changes_what_enter_does_waits_before_it_takes_enter(
    tmp_path: Path,
) -> None:
    """An Enter that was meant for the verdict before must do nothing."""
    with running_insurer(lambda: datetime.now(UTC)) as (insurer, url):
        free = hold_answers(insurer)
        with serving(*site(tmp_path, url)) as server, chromium() as context:
            page = context.new_page()
            page.goto(server.url)
            page.wait_for_selector("#status *")
            wedge(page, card("mai") + "<Enter>")
            page.wait_for_selector('.pass.wait[data-ready][data-outcome="unconfirmed"]')
            page.evaluate(
                """() => new MutationObserver(() => {
                  if (document.querySelector('.pass.ask:not([data-ready])')) {
                    document.getElementById('scan').requestSubmit();
                  }
                }).observe(document.getElementById('verdict'), {childList: true})"""
            )
            free.set()
            page.wait_for_selector(".pass.ask[data-ready]")
            assert page.is_visible(".two")
            assert focus(page) == "payload"
            assert visits(server) == []
