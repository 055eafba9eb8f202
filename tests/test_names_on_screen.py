"""Names and dates in a browser: garbled, unusual and long names; dates as people type them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from kiosk.runtime.webserver import WebServer
from tests.browser import READY, chromium, place_of, wait_until
from tests.conftest import Kiosk
from tests.kiosk.test_names_at_desk import GARBLED, NAME, bhyt
from verify import Birth

NARROW, WIDE = 390, 1366  # pixels: a phone, the usual screen of a desk
HEIGHT = 800
ZOOMED = 683  # the usual screen at 200 %
NAME_ROOM = 200  # pixels for the name beside a queue number
LONG = "Wolfeschlegelsteinhausenbergerdorff" * 4
RIGHT_TO_LEFT = "محمد بن عبد الله"
# Where the name in the heading and the number behind it begin, in pixels.
LEFT_ENDS = """() => {
  const heading = document.querySelector('h1');
  const range = document.createRange();
  range.selectNode(heading.lastChild);
  return [heading.querySelector('bdi'), range].map((part) => part.getBoundingClientRect().left);
}"""


IN_SIGHT = """(selector) => {
  const {top, bottom} = document.querySelector(selector).getBoundingClientRect();
  return top >= 0 && Math.floor(bottom) <= innerHeight;
}"""


@pytest.fixture
def page(client: FlaskClient, stop: threading.Event) -> Iterator[Any]:
    """The desk in a browser."""
    server = WebServer(client.application, "127.0.0.1", 0, threads=8)
    server.start()
    try:
        with chromium() as context:
            page = context.new_page()
            page.goto(f"http://127.0.0.1:{server.port}/")
            yield page
    finally:
        stop.set()  # ends the page's stream of events
        server.stop()


def scan(page: Any, text: str) -> None:
    page.fill("#payload", text)
    page.press("#payload", "Enter")
    page.wait_for_selector(READY)


def message_at(page: Any, field: str) -> str:
    """Return what the page says at a field."""
    return str(page.locator(f".field:has(#{field}) .message").inner_text())


def test_the_repaired_name_is_taken_by_a_click_and_the_visit_is_recorded_with_it(
    page: Any, kiosk: Kiosk
) -> None:
    scan(page, bhyt(GARBLED))
    assert page.input_value("#holder") == ""
    assert GARBLED not in page.inner_text("main")

    page.get_by_role("button", name=f"Đúng là {NAME}, đã so với giấy tờ").click()
    page.wait_for_selector("[data-take]", state="detached")
    assert NAME in page.inner_text(".verdict .face")
    page.wait_for_selector(READY)
    page.get_by_role("button", name="Xác nhận lượt khám").click()
    page.wait_for_selector(".ticket")

    assert kiosk.visits.newest()[0].card.holder == NAME


@pytest.mark.slow
def test_a_visit_without_the_garbled_name_waits_for_a_typed_one(page: Any, kiosk: Kiosk) -> None:
    scan(page, bhyt("Nguy\ufffdn V\ufffdn M\ufffdu"))
    page.click("#more-fold summary")
    page.fill("#phone", "0900\u00a0000 111")

    page.get_by_role("button", name="Xác nhận lượt khám").click()
    assert message_at(page, "holder") == "Hãy điền ô này."
    assert page.evaluate("document.activeElement.id") == "holder"
    assert kiosk.visits.newest() == []

    page.keyboard.type(NAME, delay=60)  # slower than a reader
    page.get_by_role("button", name="Xác nhận lượt khám").click()
    page.wait_for_selector(".ticket")
    [visit] = kiosk.visits.newest()
    assert (visit.card.holder, visit.arrival.phone) == (NAME, "0900 000 111")


@pytest.mark.slow
def test_an_unconscious_patient_goes_in_without_a_name(page: Any, kiosk: Kiosk) -> None:
    scan(page, bhyt(GARBLED))
    page.select_option("#arrival", "emergency")
    page.get_by_role("button", name="Xác nhận lượt khám").click()
    page.wait_for_selector(".ticket")

    assert kiosk.visits.newest()[0].insurer_state == "not_sent"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("typed", "born"),
    [
        ("00/00/1980", Birth(1980)),
        ("2/1980", Birth(1980, 2)),
        ("01021980", Birth(1980, 2, 1)),
        ("1 - 2 - 1980", Birth(1980, 2, 1)),
        ("01\u201302\u20131980", Birth(1980, 2, 1)),
    ],
)
def test_a_typed_birth_reaches_the_program_as_it_was_typed(
    typed: str, born: Birth, page: Any, kiosk: Kiosk
) -> None:
    page.set_viewport_size({"width": NARROW, "height": HEIGHT})
    scan(page, "9999900077")
    page.fill("#holder", NAME)
    page.fill("#born", "1/2/80")
    page.press("#born", "Control+Enter")
    page.wait_for_selector(".field .message")
    assert "bốn chữ số" in message_at(page, "born")
    assert "Ngày sinh: Năm phải" in page.inner_text("#message")
    wait_until(page, IN_SIGHT, "#born")
    assert (page.input_value("#holder"), page.input_value("#born")) == (NAME, "1/2/80")

    page.fill("#born", typed)
    page.press("#born", "Control+Enter")
    page.wait_for_selector("#born", state="detached")
    page.wait_for_selector(READY)
    page.get_by_role("button", name="Xác nhận lượt khám").click()
    page.wait_for_selector(".ticket")

    card = kiosk.visits.newest()[0].card
    assert (card.holder, card.born) == (NAME, born)


@pytest.mark.slow
def test_a_referral_without_its_day_is_named_and_nothing_typed_is_lost(
    page: Any, kiosk: Kiosk
) -> None:
    scan(page, bhyt(NAME))
    page.select_option("#arrival", "referral")
    page.fill("#signed", "11/2026")
    page.fill("#referral_facility", " 01005\u200b")
    page.fill("#referral_number", "12/CT")
    page.locator("#entitlement .message").wait_for()  # the entitlement beside says it too
    page.get_by_role("button", name="Xác nhận lượt khám").click()
    page.wait_for_selector(".field .message")
    assert message_at(page, "signed") == "Ở đây cần đủ ngày, tháng, năm."
    assert page.evaluate("document.activeElement.id") == "signed"

    page.fill("#signed", "20112026")
    page.get_by_role("button", name="Xác nhận lượt khám").click()
    page.wait_for_selector(".ticket")
    referral = kiosk.visits.newest()[0].arrival.referral
    assert referral is not None
    assert (str(referral.signed_on), referral.facility, referral.number) == (
        "2026-11-20",
        "01005",
        "12/CT",
    )


@pytest.mark.slow
def test_a_press_whose_button_would_move_away_is_not_lost(page: Any, kiosk: Kiosk) -> None:
    scan(page, bhyt(NAME))
    page.select_option("#arrival", "referral")
    page.fill("#signed", "11/2026")
    page.press("#signed", "Tab")
    page.locator("#entitlement .message").wait_for()
    page.fill("#signed", "20112026")

    button = page.get_by_role("button", name="Xác nhận lượt khám")
    button.hover()
    with page.expect_response(lambda answer: "/entitlement" in answer.url):
        page.mouse.down()  # leaves the field, so the entitlement above the button is fetched again
    page.wait_for_timeout(100)
    assert page.locator("#entitlement .message").is_visible()
    page.mouse.up()
    page.wait_for_selector(".ticket")
    assert kiosk.visits.newest()[0].arrival.referral is not None


@pytest.mark.slow
@pytest.mark.parametrize("width", [NARROW, WIDE])
@pytest.mark.parametrize("name", [LONG, RIGHT_TO_LEFT, "Trẻ sơ sinh <script>alert(1)</script>"])
def test_no_name_widens_a_page_or_turns_its_line_around(
    name: str, width: int, page: Any, kiosk: Kiosk
) -> None:
    page.set_viewport_size({"width": width, "height": HEIGHT})
    scan(page, bhyt(name))
    assert page.inner_text(".name bdi") == name
    page.get_by_role("button", name="Xác nhận lượt khám").click()
    page.wait_for_selector(".ticket")
    visit = kiosk.visits.newest()[0].id
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) <= 0

    for path in ("/logbook", f"/logbook/visits/{visit}"):
        page.goto(page.url.partition("/logbook")[0].rstrip("/") + path)
        assert page.evaluate(overflow) <= 0, path
    assert page.inner_text("h1").endswith("Số 1")
    name_left, number_left = page.evaluate(LEFT_ENDS)
    assert number_left >= name_left


@pytest.mark.slow
def test_a_typed_number_stays_if_the_program_does_not_answer(page: Any) -> None:
    page.route("**/api/scans", lambda route: route.abort())
    page.fill("#payload", "9999900001")
    page.press("#payload", "Enter")
    wait_until(page, "document.getElementById('payload').value === '9999900001'")

    page.unroute("**/api/scans")
    page.keyboard.type(
        "9999900002", delay=90
    )  # what stayed is selected: the next number replaces it
    assert page.input_value("#payload") == "9999900002"
    page.keyboard.press("Enter")
    page.wait_for_selector(READY)
    assert page.input_value("#payload") == ""


@pytest.mark.parametrize("label", ["B 12", "1234", "BB 123"])
def test_a_long_queue_number_leaves_the_name_its_room(page: Any, label: str) -> None:
    scan(page, bhyt(NAME))
    page.press("#payload", "Enter")
    page.wait_for_selector(".ticket-number")
    number = page.locator(".ticket-number")
    assert number.get_attribute("data-length") == str(len(number.inner_text()))
    page.evaluate(
        """(label) => {
          const number = document.querySelector('.ticket-number');
          number.textContent = label;
          number.dataset.length = label.length;
        }""",
        label,
    )

    for width in (NARROW, ZOOMED, 1024, WIDE):
        page.set_viewport_size({"width": width, "height": HEIGHT})
        assert place_of(page.locator(".ticket h1"))["width"] > NAME_ROOM, width
        assert page.evaluate(
            "document.querySelector('.middle').scrollWidth"
            " <= document.querySelector('.middle').clientWidth"
        ), width
