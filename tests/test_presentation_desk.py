"""What the desk's page asks about how a patient came, in a browser: one press, or a field more."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser import READY, chromium
from tests.cast import BHYT17, CCCD
from tests.process import Server, serving, site

CHILD = "001099999902||Trần Thị Bé|01022023|Nữ|Số 1, Phường Thử, Hà Nội|15082024||||"
TICKET = ".ticket-number"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A site whose insurer does not answer: a verdict stays as it is while a test types."""
    settings = site(tmp_path_factory.mktemp("site"), "http://127.0.0.1:1")
    with serving(*settings) as running:
        yield running


@pytest.fixture
def page(server: Server) -> Iterator[Any]:
    with chromium() as context:
        page = context.new_page()
        page.goto(server.url)
        yield page


def scan(page: Any, text: str) -> None:
    page.fill("#payload", text)
    page.keyboard.press("Enter")
    page.wait_for_selector(READY)


def newest(server: Server) -> Any:
    with urllib.request.urlopen(f"{server.url}/api/visits?limit=500", timeout=10) as answer:
        return json.load(answer)["visits"][-1]


def test_one_key_records_the_holder_of_an_id_card_without_insurance(
    server: Server, page: Any
) -> None:
    page.keyboard.press("Alt+k")  # nothing is on screen yet
    scan(page, CCCD.replace("001099999901", "001099999911"))

    page.keyboard.press("Alt+k")

    page.wait_for_selector(TICKET)
    visit = newest(server)
    assert visit["insurer"]["state"] == "not_sent"
    assert (visit["presented_as"], visit["presented_at"]) == ("id_card", None)


@pytest.mark.slow
def test_enter_still_confirms_an_id_card_as_insured(server: Server, page: Any) -> None:
    scan(page, CCCD.replace("001099999901", "001099999922"))
    page.wait_for_selector('.verdict[data-outcome="unconfirmed"]')

    page.keyboard.press("Enter")

    page.wait_for_selector(TICKET)
    assert newest(server)["presented_at"] is not None


@pytest.mark.slow
def test_a_guardian_and_an_appointment_are_typed_beside_the_verdict(
    server: Server, page: Any
) -> None:
    scan(page, CHILD)
    assert page.is_hidden("#appointment_number")
    page.select_option("#arrival", "reappointment")
    page.wait_for_selector("#appointment_number")
    page.fill("#appointment_number", "HK 7/2026")
    page.fill("#guardian_name", "Trần Thị Mẹ")
    page.select_option("#guardian_relation", "mother")
    page.fill("#guardian_phone", "0999999901")

    page.click("[data-primary]")

    page.wait_for_selector(TICKET)
    page.goto(f"{server.url}/logbook/visits/{newest(server)['id']}")
    text = page.inner_text("main")
    for words in ("HK7/2026", "Trần Thị Mẹ, mẹ", "0999999901"):
        assert words in text


@pytest.mark.slow
def test_a_card_is_scanned_into_the_page_of_a_visit(server: Server, page: Any) -> None:
    page.click("#no-card")
    page.wait_for_selector("#holder")
    page.keyboard.press("Alt+k")
    page.fill("#holder", "Nguyễn Văn Mẫu")
    page.click("[data-primary]")
    page.wait_for_selector(TICKET)
    page.goto(f"{server.url}/logbook/visits/{newest(server)['id']}")
    page.click("text=Xuất trình thẻ sau")

    page.wait_for_selector("#card:focus")
    page.keyboard.insert_text(BHYT17)  # the field has the focus, as for a reader that types
    page.keyboard.press("Enter")

    page.wait_for_selector("text=quỹ BHYT không thanh toán")
    assert newest(server)["presented_at"] is not None
