"""What the patient is entitled to, on the desk's page in a browser, as the clerk chooses."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.browser import chromium
from tests.cast import hold_answers, running_insurer
from tests.process import Server, card, serving, site
from tests.wedge import wedge

HALF_TIER = '[facility]\ncode = "01999"\nlevel = "co_ban"\nscore = 60\nformer_tier = "tinh"\n'


@pytest.fixture
def page() -> Iterator[Any]:
    with chromium() as context:
        yield context.new_page()


def share(page: Any) -> Any:
    return page.locator("#entitlement .share")


@pytest.mark.slow
def test_the_share_depends_on_how_the_patient_came(page: Any, tmp_path: Path) -> None:
    arguments = site(tmp_path, "")
    config = tmp_path / "kiosk.toml"
    text = config.read_text("utf-8").partition("[insurer]")[2].partition("[visit]")[2]
    config.write_text(
        f"{HALF_TIER}[visit]{text}".replace('self_arrival_code = "1.12"', ""), "utf-8"
    )
    with serving(*arguments) as server:
        page.goto(server.url)
        page.fill("#payload", card("an").replace("01 - 999", "01 - 005"))
        page.keyboard.press("Enter")
        share(page).filter(has_text="40").wait_for()
        assert "nếu có phiếu chuyển còn hạn" in page.inner_text("#entitlement")

        page.select_option("#arrival", "referral")
        share(page).filter(has_text="80").wait_for()
        page.fill("#signed", "1/9/2026")
        page.keyboard.press("Tab")
        page.get_by_text("Phiếu đã hết hạn").wait_for()
        share(page).filter(has_text="40").wait_for()
        page.check("#year")
        share(page).filter(has_text="80").wait_for()

        page.keyboard.press("Escape")
        page.click("#no-card")
        page.get_by_role("heading", name="Không có thẻ").wait_for()
        page.click("label[for=case-child]")
        page.fill("#holder", "Bé Thử")
        page.fill("#born", "1/2/2024")
        page.get_by_role("button", name="Ghi BHYT, chưa có thẻ").click()
        page.locator(".ticket-number").wait_for()


def test_the_referral_in_the_form_is_recorded_as_data(page: Any, tmp_path: Path) -> None:
    with serving(*site(tmp_path, "")) as server:
        page.goto(server.url)
        page.fill("#payload", card("an"))
        page.keyboard.press("Enter")
        page.select_option("#arrival", "referral")
        page.fill("#signed", "31/2/2026")
        page.fill("#referral_facility", "01a05")
        page.fill("#referral_number", "12/CT")
        page.check("#year")
        page.select_option("#papers", "vneid")
        page.get_by_role("button", name="Xác nhận lượt khám").click()
        page.get_by_text("Ngày ký phiếu chuyển: Không đọc được ngày này").wait_for()
        page.fill("#signed", "1/9/2026")
        page.get_by_role("button", name="Xác nhận lượt khám").click()
        page.locator(".ticket-number").wait_for()

        page.goto(f"{server.url}/logbook")
        page.locator("table a").first.click()
        page.get_by_text(
            "VNeID; phiếu chuyển ký ngày 01/09/2026, có giá trị một năm,"
            " do cơ sở 01A05 cấp, số 12/CT"
        ).wait_for()


def test_the_demonstration_shows_cautions(page: Any) -> None:
    with serving("--demo") as server:
        page.goto(server.url)
        page.click("#people-button")
        page.locator("#people li", has_text="Đoàn Văn Sơn").get_by_role("button").click()
        page.locator(".verdict.admitted").wait_for()
        page.locator(".caution", has_text="01005, 01006, 01007").wait_for()
        assert page.locator(".caution").count() == 3
        share(page).filter(has_text="95").wait_for()
        page.get_by_role("button", name="Hỏi cổng số đã cùng chi trả").click()
        share(page).filter(has_text="100").wait_for()
        assert "đã đủ 5 năm" in page.inner_text("#entitlement")

        page.get_by_role("button", name="Xác nhận lượt khám").click()
        page.locator(".ticket-number").wait_for()
        page.locator(".face details summary").first.click()
        share(page).filter(has_text="100").wait_for()  # as it was shown before


def test_what_is_unfolded_on_a_ticket_stays_so_when_it_is_shown_again(page: Any) -> None:
    with serving("--demo") as server:
        page.goto(server.url)
        page.wait_for_selector("#status *", state="attached")
        page.fill("#payload", card("an"))
        page.press("#payload", "Enter")
        page.get_by_role("button", name="Xác nhận lượt khám").click()
        page.wait_for_selector(".ticket-number")
        fold = page.locator(".face details").first
        fold.locator("summary").first.click()
        page.evaluate(
            "import('/static/desk/live.js').then(({refreshTicket}) => {"
            " document.querySelector('.ticket-number').textContent = '';"
            " return import('/static/desk/screen.js').then(({screen}) => {"
            " screen.html = ''; return refreshTicket(); }); })"
        )
        page.locator(".ticket-number", has_text="1").wait_for()

        assert fold.get_attribute("open") is not None


def test_a_newer_verdict_keeps_what_the_clerk_has_chosen(page: Any, tmp_path: Path) -> None:
    with running_insurer(lambda: datetime.now(UTC)) as (insurer, url):
        release = hold_answers(insurer)
        with serving(*site(tmp_path, url)) as server:
            choose_before_the_answer(page, server, release)


def choose_before_the_answer(page: Any, server: Server, release: threading.Event) -> None:
    page.goto(server.url)
    wedge(page, card("son") + "<Enter>")
    page.locator(".verdict.unconfirmed").wait_for()
    page.select_option("#arrival", "referral")
    page.fill("#signed", "1/9/2026")
    page.check("#year")
    release.set()
    page.locator(".verdict.admitted").wait_for()

    page.get_by_text("Phiếu còn hạn đến hết 01/09/2027").wait_for()
    assert page.input_value("#signed") == "1/9/2026"
    assert page.is_checked("#year")
    assert page.locator("[data-referral]").is_visible()
