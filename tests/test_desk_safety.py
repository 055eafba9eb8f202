"""In a browser: no keystroke, slow scan or lost answer records the wrong patient or loses one."""

from __future__ import annotations

import os
import re
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.browser import READY, chromium, wait_until
from tests.cast import hold_answers, running_insurer
from tests.process import Server, card, serving, site
from tests.wedge import wedge

PASS = ".pass[data-ready]"
UNFINISHED = "#unfinished li:not([hidden])"
VERDICT = re.compile(r"/desk/attempts/\d+$")
NOTICED_WITHIN_MS = 5_500  # five seconds, and a little for the test itself
pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes are stopped by signals")


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


@pytest.mark.parametrize("before", ["Tab", "Enter"])
def test_a_key_just_before_a_scan_leaves_none_of_its_letters_behind(
    server: Server, page: Any, before: str
) -> None:
    visit = server.confirm(card("an"), "k")
    page.goto(f"{server.url}/logbook/visits/{visit['id']}")
    page.focus("#why")
    values = page.evaluate("() => [...document.querySelectorAll('input')].map((i) => i.value)")
    page.keyboard.press("Tab")
    wedge(page, f"<{before}>" + card("binh") + "<Enter>")
    page.wait_for_selector("#elsewhere:not([hidden])")

    after = page.evaluate("() => [...document.querySelectorAll('input')].map((i) => i.value)")
    assert after == values
    assert page.url.endswith(visit["id"])


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


@pytest.mark.parametrize("kind", ["serial", "typed"])
def test_a_verdict_that_does_not_come_is_said_after_two_seconds(
    server: Server, page: Any, kind: str
) -> None:
    scan(page, "an")
    held: list[Any] = []
    page.route(VERDICT, lambda route: held.append(route))
    if kind == "serial":
        server.post("/api/scans", {"payload": card("binh"), "reader": "front"})
    else:
        wedge(page, card("binh") + "<Enter>")
    page.wait_for_selector("#verdict.left")
    page.wait_for_selector(".pass.calm .wheel")
    page.wait_for_selector(".pass.fault", timeout=NOTICED_WITHIN_MS)
    page.press("#payload", "Enter")
    assert visits(server) == []

    held[0].continue_()  # the answer comes late, and is shown
    page.wait_for_selector(".pass[data-card]:has-text('Trần Thị Bình')")


def test_a_newer_verdict_on_the_patient_before_does_not_bring_them_back(tmp_path: Path) -> None:
    with running_insurer(lambda: datetime.now(UTC)) as (insurer, url):
        free = hold_answers(insurer)
        with serving(*site(tmp_path, url)) as server, chromium() as context:
            page = context.new_page()
            page.goto(server.url)
            page.wait_for_selector("#status *")
            wedge(page, card("an") + "<Enter>")
            page.wait_for_selector('.pass.wait[data-ready][data-outcome="unconfirmed"]')
            page.route("**/api/scans", lambda _: None)  # never answered
            wedge(page, card("binh") + "<Enter>")
            page.wait_for_selector(".pass.calm .wheel")
            free.set()
            until_refined(page, server)
            assert page.locator("#confirm").count() == 0
            page.press("#payload", "Enter")
            page.wait_for_timeout(500)
            assert visits(server) == []


def until_refined(page: Any, server: Server) -> None:
    """Wait until the first reading has a newer verdict, and its event has come."""
    for _ in range(100):
        if 'data-outcome="admitted"' in page.request.get(f"{server.url}/desk/attempts/1").text():
            break
        page.wait_for_timeout(100)
    page.wait_for_timeout(1_000)


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


@pytest.mark.parametrize("way", ["F8", "click"])
def test_the_list_cannot_be_opened_while_a_visit_is_being_recorded(
    server: Server, page: Any, way: str
) -> None:
    scan(page, "binh")
    page.keyboard.press("Escape")
    scan(page, "an")
    held: list[Any] = []
    page.route("**/api/visits", lambda route: held.append(route), times=1)
    with page.expect_request("**/api/visits"):
        page.press("#payload", "Enter")
    if way == "click":
        page.click(f"{UNFINISHED} [data-open]")
    else:
        page.keyboard.press("F8")
        page.keyboard.press("Enter")
    page.wait_for_timeout(600)
    assert page.locator("h1:has-text('Trần Thị Bình')").count() == 0
    page.keyboard.press("Escape")  # this and the other buttons change nothing either
    page.evaluate("document.querySelectorAll('#verdict [data-do]').forEach((it) => it.click())")
    page.evaluate("document.getElementById('no-card').click()")
    page.wait_for_selector(".pass.fault:has-text('Đang kiểm lại')")

    held[0].fetch()  # it is recorded, but the answer is lost
    held[0].abort()
    page.wait_for_selector(".ticket")
    assert "Nguyễn Văn An" in page.inner_text("#verdict")
    [visit] = visits(server)
    assert visit["ticket"] == 1
    assert page.locator("#message:has-text('Chưa ghi gì cả')").count() == 0
    page.wait_for_selector(f"{UNFINISHED} b")
    assert names(page) == ["Trần Thị Bình"]


def test_a_newer_verdict_that_comes_while_recording_does_not_offer_it_again(
    tmp_path: Path,
) -> None:
    with running_insurer(lambda: datetime.now(UTC)) as (insurer, url):
        free = hold_answers(insurer)
        with serving(*site(tmp_path, url)) as server, chromium() as context:
            page = context.new_page()
            page.goto(server.url)
            page.wait_for_selector("#status *")
            wedge(page, card("an") + "<Enter>")
            page.wait_for_selector('.pass.wait[data-ready][data-outcome="unconfirmed"]')
            held: list[Any] = []
            page.route("**/api/visits", lambda route: held.append(route), times=1)
            page.press("#payload", "Enter")
            page.wait_for_selector(".pass.fault:has-text('Đang kiểm lại')")
            free.set()
            page.wait_for_timeout(1_500)
            assert page.is_visible(".pass.fault:has-text('Đang kiểm lại')")
            held[0].continue_()
            page.wait_for_selector(".ticket")
            assert len(visits(server)) == 1


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
    page.wait_for_selector(".pass[data-ready] h1:has-text('Trần Thị Bình')")
    page.press("#payload", "Enter")
    page.wait_for_selector(".ticket")
    wait_until(page, "document.querySelectorAll('#unfinished li:not([hidden])').length === 1")
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
    page.wait_for_selector(".pass[data-ready] h1:has-text('Nguyễn Văn An')")
    wait_until(page, "document.getElementById('phone').value === '0912345678'")
    assert page.evaluate("sessionStorage.length") == 0


@pytest.mark.parametrize(("number", "is_kept"), [("9999900001", False), ("99999", True)])
def test_a_card_s_number_is_not_kept_while_another_page_is_shown(
    page: Any, number: str, is_kept: bool
) -> None:
    page.fill("#payload", number)
    page.click(".rail a[href='/logbook']")
    page.wait_for_selector("h1")
    kept = page.evaluate("JSON.stringify({...sessionStorage})")
    assert (number in kept) == is_kept


def test_what_was_typed_is_forgotten_after_ten_minutes_on_another_page(page: Any) -> None:
    scan(page, "an")
    page.click("#more-fold summary")
    page.fill("#phone", "0912345678")
    page.clock.install()
    page.click(".rail a[href='/logbook']")
    page.wait_for_url("**/logbook")
    assert "0912345678" in page.evaluate("JSON.stringify({...sessionStorage})")
    page.clock.fast_forward(10 * 60_000 + 1_000)
    wait_until(page, "sessionStorage.length === 0")


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


def test_f4_after_a_patient_without_a_card_begins_a_new_form(page: Any) -> None:
    faults: list[Any] = []
    page.on("pageerror", lambda fault: faults.append(fault))
    page.keyboard.press("F4")
    page.wait_for_selector(PASS)
    page.keyboard.press("Alt+k")
    page.fill("#holder", "Nguyễn Thị Mẫu")
    page.fill("#born", "01/02/1980")
    page.press("#born", "Control+Enter")
    page.wait_for_selector(".ticket")
    page.wait_for_selector(PASS)
    page.keyboard.press("F4")
    page.wait_for_selector("#confirm.no-card:visible")
    assert page.input_value("#holder") == ""
    assert faults == []


def test_another_desk_was_quicker_and_enter_shows_the_number(server: Server, page: Any) -> None:
    scan(page, "an")
    page.click("#more-fold summary")
    page.fill("#phone", "0912345678")
    server.confirm(card("an"), "another desk")
    page.press("#payload", "Enter")
    page.wait_for_selector(".pass.here[data-ready]")
    assert "1" in page.inner_text(".why")
    assert page.input_value("#phone") == "0912345678"
    assert page.evaluate("document.activeElement.id") == "payload"
    page.press("#payload", "Enter")
    page.wait_for_selector(".ticket-number")
    assert len(visits(server)) == 1


def test_a_recorded_visit_s_number_is_shown_though_its_page_does_not_come(
    server: Server, page: Any
) -> None:
    scan(page, "an")
    page.route("**/desk/attempts/*", lambda route: route.abort())
    page.press("#payload", "Enter")
    page.wait_for_selector(".ticket-number:has-text('1')")
    assert page.inner_text(".room") == visits(server)[0]["room"]
    page.press("#payload", "Enter")
    page.unroute("**/desk/attempts/*")
    page.wait_for_selector(".pass[data-reading] .ticket")
    assert len(visits(server)) == 1


@pytest.mark.parametrize("is_recorded", [True, False])
def test_a_program_that_fails_while_recording_is_asked_what_became_of_it(
    server: Server, page: Any, is_recorded: bool
) -> None:
    def fail(route: Any) -> None:
        if is_recorded:
            route.fetch()
        body = '{"title": "internal_error", "detail": "?"}'
        route.fulfill(status=500, content_type="application/problem+json", body=body)

    scan(page, "an")
    page.route("**/api/visits", fail, times=1)
    page.press("#payload", "Enter")
    if not is_recorded:
        page.wait_for_selector("#message:has-text('Chưa ghi gì cả')")
        page.wait_for_selector(PASS)
        page.press("#payload", "Enter")
    page.wait_for_selector(".ticket")
    assert [visit["ticket"] for visit in visits(server)] == [1]


def open_from_list(page: Any, name: str) -> None:
    page.click(f"{UNFINISHED}:has-text('{name}') [data-open]")
    page.wait_for_selector(f".pass[data-ready] h1:has-text('{name}')")


@pytest.mark.parametrize("way", ["scan", "Escape", "F4"])
def test_what_was_typed_goes_to_the_list_with_its_patient_and_comes_back(
    page: Any, way: str
) -> None:
    scan(page, "an")
    page.click("#more-fold summary")
    page.fill("#phone", "0912345678")
    page.select_option("#arrival", "referral")
    page.focus("#payload")
    if way == "scan":
        wedge(page, card("binh") + "<Enter>")
        page.wait_for_selector(".pass[data-ready] h1:has-text('Trần Thị Bình')")
        assert page.input_value("#phone") == ""
    else:
        page.keyboard.press(way)
        page.wait_for_selector("#confirm.no-card" if way == "F4" else ".ready")
    open_from_list(page, "Nguyễn Văn An")
    assert page.input_value("#phone") == "0912345678"
    assert page.input_value("#arrival") == "referral"
    page.press("#payload", "Enter")
    page.wait_for_selector(".ticket")
    assert page.evaluate("sessionStorage.length") == 0


@pytest.mark.parametrize("at", ["#arrival", "#more-fold summary"])
def test_a_reader_after_something_was_chosen_leaves_the_patient_on_screen(
    page: Any, at: str
) -> None:
    scan(page, "an")
    page.click("#more-fold summary")
    page.select_option("#arrival", "referral")
    page.focus(at)
    wedge(page, card("binh") + "<Enter>")
    page.wait_for_selector(f"{UNFINISHED} b")
    assert names(page) == ["Trần Thị Bình"]
    assert page.inner_text(".pass h1") == "Nguyễn Văn An"
    assert page.input_value("#arrival") == "referral"
