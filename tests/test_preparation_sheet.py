"""In a browser: cards fill the preparation sheet, it is printed, and nothing of it stays."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import chromium, wait_until
from tests.cast import BHYT15, CCCD
from tests.process import READER, Server, card, serving, site, until
from tests.wedge import wedge

PLACE = "/help/preparation"
PHONE, STREET = "0912345678", "Số 1, đường Bí Mật"
SECRETS = (PHONE, "Bí Mật", "001099999901", "DN4019999900021", "9999900021", "Nguyễn Văn Mẫu")
OTHER_ID = CCCD.replace("001099999901", "001099999902").replace("Văn Mẫu", "Thị Khác")
# Everything that the page holds: its texts, what is in its fields, and what the browser stores.
HELD = """() => [
  document.documentElement.outerHTML,
  ...[...document.querySelectorAll('input, select, textarea')].map((field) => field.value),
  JSON.stringify(sessionStorage), JSON.stringify(localStorage), document.cookie, location.href,
].join(' ')"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(*site(tmp_path, "")) as running:
        yield running


@pytest.fixture
def page(server: Server) -> Iterator[Any]:
    with chromium() as context:
        page = context.new_page()
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto(server.url + PLACE)
        wait_until(page, "document.querySelector('#key').value !== ''")
        page.evaluate("window.print = () => {}")
        yield page


def scan(page: Any, payload: str, part: str) -> None:
    """Scan a card with a keyboard-type reader, and wait until it has filled its part."""
    wedge(page, payload + "<Enter>")
    page.wait_for_selector(f"#{part}-part.read")


def fill(page: Any) -> None:
    """Scan both cards, and type what is asked."""
    scan(page, CCCD, "id")
    scan(page, BHYT15, "card")
    for name, value in {
        "phone": PHONE,
        "phone_again": PHONE,
        "street": STREET,
        "commune": "Phường Mẫu",
        "province": "Hà Nội",
    }.items():
        page.fill(f"#{name}", value)


def check(page: Any) -> None:
    """Have the form checked, and wait for the sheet."""
    page.press("#province", "Control+Enter")
    page.wait_for_selector("#preview:not([hidden])")


def held(page: Any) -> str:
    return str(page.evaluate(HELD))


def assert_wiped(page: Any) -> None:
    page.wait_for_url("**?wiped")
    page.wait_for_selector("#said:not(:empty)")
    found = [secret for secret in SECRETS if secret in held(page)]
    assert not found


def test_cards_fill_the_sheet_it_is_printed_and_nothing_stays(
    server: Server, page: Any, tmp_path: Path
) -> None:
    page.click("#street")
    fill(page)
    assert page.input_value("#street") == STREET  # the reader's letters are in no field
    assert page.input_value("#id_number") == "001099999901"
    assert page.input_value("#card_number") == "DN4019999900021"
    assert not page.is_visible("#insurance_number")
    check(page)
    sheet = page.inner_text("#sheet")
    assert "Phiếu chuẩn bị, không phải tờ khai của cơ quan BHXH" in sheet
    assert "9999 900 021" in sheet
    assert "0912 345 678" in sheet
    page.click("#print-browser")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.wait_for_selector("#printed:not([hidden])")
    page.click("#preview .wipe")

    assert_wiped(page)
    page.go_back()
    assert page.url == "about:blank"  # the wiped page is no step of the history
    assert server.get("/api/visits")["visits"] == []
    code, log = server.end()
    assert code == 0
    assert not any(secret in log for secret in SECRETS)
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert not [secret for secret in SECRETS if secret.encode() in kept]
    assert attempts(tmp_path) == 0


def test_the_pdf_is_opened_by_a_form_and_names_nobody_in_its_address(
    server: Server, page: Any
) -> None:
    fill(page)
    check(page)
    asked: list[Any] = []
    page.context.on("request", lambda request: asked.append(request))
    with page.context.expect_event("request", lambda r: r.url.endswith("sheet.pdf")):
        page.click("#print-a5")

    [request] = [request for request in asked if "sheet.pdf" in request.url]
    assert (request.method, request.url) == ("POST", f"{server.url}{PLACE}/sheet.pdf")
    assert "size=a5" in request.post_data
    page.wait_for_selector("#printed:not([hidden])")
    assert len(page.context.pages) == 2
    page.click("#preview .wipe")
    assert_wiped(page)
    assert len(page.context.pages) == 1


def test_faults_are_shown_at_their_fields_and_everything_stays(page: Any) -> None:
    fill(page)
    page.fill("#phone", "912345678")
    page.fill("#province", "Hà Giang")
    page.press("#province", "Control+Enter")
    page.wait_for_selector("#phone-fault")

    assert "Tuyên Quang" in page.inner_text("#province-fault")
    assert page.evaluate("document.activeElement.id") == "phone"
    assert page.get_attribute("#phone", "aria-describedby") == "phone-fault"
    assert page.input_value("#street") == STREET
    assert page.input_value("#id_holder") == "Nguyễn Văn Mẫu"
    page.fill("#phone", PHONE)
    page.fill("#province", "tuyen quang")
    check(page)
    assert page.query_selector(".fault-words") is None
    page.click("#back")
    assert page.input_value("#phone") == PHONE


def test_the_next_patient_s_card_does_not_fill_the_sheet_of_the_one_before(page: Any) -> None:
    fill(page)
    wedge(page, OTHER_ID + "<Enter>")
    page.wait_for_selector("#another:not([hidden])")
    assert page.input_value("#id_number") == "001099999901"
    assert page.evaluate("document.activeElement.id") == "province"

    page.click("#another-ignore")
    assert page.input_value("#phone") == PHONE
    wedge(page, OTHER_ID + "<Enter>")
    page.wait_for_selector("#another:not([hidden])")
    page.click("#another-new")
    assert page.input_value("#id_number") == "001099999902"
    assert page.input_value("#phone") == ""
    assert page.input_value("#card_number") == ""


def test_a_code_that_is_no_card_fills_nothing_and_is_explained(page: Any) -> None:
    page.click("#phone")
    wedge(page, "https://example.org/a-code-of-something-else<Enter>")
    page.wait_for_selector("#fault:not(:empty)")

    assert page.input_value("#phone") == ""
    assert page.query_selector(".read-card.read") is None


def test_a_child_s_sheet_asks_for_the_guardian(page: Any) -> None:
    page.click("label[for=goal-child]")
    assert page.is_visible("#relation")
    assert not page.is_visible("#wrong")
    scan(page, CCCD, "id")
    scan(page, BHYT15.replace("01/02/1980", "04/05/2019").replace("DN4", "TE1"), "card")
    assert not page.is_visible("#another")
    page.fill("#phone", PHONE)
    page.press("#phone", "Control+Enter")
    page.wait_for_selector("#relation-fault")
    page.select_option("#relation", "mother")
    for name, value in {
        "phone_again": PHONE,
        "street": "1",
        "commune": "M",
        "province": "Huế",
    }.items():
        page.fill(f"#{name}", value)
    check(page)

    assert "Người giám hộ: họ tên" in page.inner_text("#sheet")


@pytest.mark.slow
def test_the_page_wipes_itself_after_ten_idle_minutes_and_after_printing(page: Any) -> None:
    page.clock.install()
    page.reload()
    wait_until(page, "document.querySelector('#key').value !== ''")
    page.fill("#phone", PHONE)
    page.clock.fast_forward(9 * 60_000)
    assert page.input_value("#phone") == PHONE
    page.press("#phone", "End")
    page.clock.fast_forward(9 * 60_000)
    assert page.input_value("#phone") == PHONE
    page.clock.fast_forward(70_000)
    assert_wiped(page)

    page.fill("#street", STREET)
    page.evaluate("document.querySelector('#preview').hidden = false")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.clock.fast_forward(60_000)
    page.click("#keep")
    page.clock.fast_forward(100_000)
    assert page.input_value("#street") == STREET
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.clock.fast_forward(121_000)
    assert_wiped(page)


def test_a_consent_is_written_down_when_it_is_printed_and_can_be_withdrawn(
    server: Server, page: Any, tmp_path: Path
) -> None:
    fill(page)
    assert not page.is_checked("#consent_help_call")
    page.check("#consent_help_call")
    assert page.is_visible("#how")
    check(page)
    page.click("#print-browser")
    page.wait_for_selector("#said:not(:empty)")
    page.click("#print-browser")
    page.goto(f"{server.url}{PLACE}/consents")
    page.wait_for_selector(".consents .panel")

    assert len(page.query_selector_all(".consents .panel")) == 1
    assert PHONE in page.inner_text(".consents")
    page.click(".consents button")
    page.wait_for_selector(".message.good")
    assert PHONE not in page.content()
    with sqlite3.connect(tmp_path / "data/logbook.db") as db:
        assert db.execute("select * from consent_value").fetchall() == []
        assert db.execute("select count(*) from consent").fetchone() == (2,)


@pytest.mark.skipif(sys.platform == "win32", reason="a pty needs POSIX")
def test_a_reader_on_a_cable_fills_the_page_in_front_and_the_desk_else(tmp_path: Path) -> None:
    import pty
    import tty

    device, port = pty.openpty()
    tty.setraw(device)
    tty.setraw(port)
    settings = site(tmp_path, "", READER.format(port=os.ttyname(port)))
    with serving(*settings) as server, chromium() as context:
        page = context.new_page()
        page.on("dialog", lambda dialog: dialog.accept())
        with page.expect_response("**/scanned"):
            page.goto(server.url + PLACE)
        os.write(device, CCCD.encode() + b"\r")
        page.wait_for_selector("#id-part.read")
        assert page.input_value("#id_holder") == "Nguyễn Văn Mẫu"
        assert attempts(tmp_path) == 0

        page.goto(server.url)
        os.write(device, card("an").encode() + b"\r")
        page.wait_for_selector(".verdict[data-outcome]")
        until(lambda: attempts(tmp_path) == 1)
    os.close(device)
    os.close(port)


def attempts(folder: Path) -> int:
    """Return how many readings the logbook has."""
    with sqlite3.connect(folder / "data/logbook.db") as db:
        return int(db.execute("select count(*) from attempt").fetchone()[0])
