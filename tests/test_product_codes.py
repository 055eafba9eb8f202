"""A product's bar code that is scanned behind a card leaves the card on the desk's page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser import READY, chromium
from tests.process import Server, card, serving
from tests.wedge import wedge

MEDICINE = "8934567890123"
PRODUCT, CARD = '.verdict[data-format="product"]', ".verdict:has-text('Nguyễn Văn An')"
STAYS = "#message:has-text('Thẻ của người bệnh vẫn ở trên màn hình')"
Read = Callable[[str], None]


@pytest.fixture
def served() -> Iterator[tuple[Server, Any]]:
    with serving("--demo") as server, chromium() as context:
        yield server, context


@pytest.fixture
def page(served: tuple[Server, Any]) -> Iterator[Any]:
    server, context = served
    page = context.new_page()
    page.goto(server.url)
    page.wait_for_selector("#status *")
    yield page
    page.close()


@pytest.fixture(params=["attached reader", "keyboard-type reader"])
def read(request: pytest.FixtureRequest, served: tuple[Server, Any], page: Any) -> Read:
    """Return how a reader reads a code."""

    def attached(payload: str) -> None:
        served[0].post("/api/scans", {"payload": payload, "reader": "front"})

    def typing(payload: str) -> None:
        wedge(page, payload + "<Enter>")

    return attached if request.param == "attached reader" else typing


def test_a_product_s_code_behind_a_card_leaves_the_card_on_screen(read: Read, page: Any) -> None:
    read(card("an"))
    page.wait_for_selector(READY)
    read(MEDICINE)
    page.wait_for_selector(STAYS)
    read(MEDICINE)
    page.wait_for_selector(STAYS)

    page.wait_for_selector(CARD)  # once the second reading was looked at
    page.click("[data-primary]")
    page.wait_for_selector(".ticket")
    read(MEDICINE)
    page.wait_for_selector(STAYS)
    page.wait_for_selector(".ticket")
    read(card("chi"))
    page.wait_for_selector(".verdict:has-text('Lê Thị Chi')")
    assert not page.is_visible(STAYS)


def test_a_newer_state_of_the_ticket_leaves_the_message_about_a_product_s_code(
    served: tuple[Server, Any], page: Any
) -> None:
    server, _ = served
    server.post("/api/scans", {"payload": card("an"), "reader": "front"})
    page.wait_for_selector(READY)
    page.click("[data-primary]")
    page.wait_for_selector(".ticket")
    server.post("/api/scans", {"payload": MEDICINE, "reader": "front"})
    page.wait_for_selector(STAYS)

    # Another page records a visit: the outbox changes, and the ticket is fetched again.
    scan = server.post("/api/scans", {"payload": card("binh"), "reader": "typed-elsewhere"})
    with page.expect_response(lambda answer: "/desk/attempts/" in answer.url) as fetched:
        server.post("/api/visits", {"attempt": scan["attempt"]}, **{"Idempotency-Key": "elsewhere"})
    fetched.value.finished()
    page.evaluate("new Promise(requestAnimationFrame)")  # what waited for the answer has run
    assert page.is_visible(STAYS)


def test_a_product_s_code_without_a_card_on_screen_is_shown(read: Read, page: Any) -> None:
    read(MEDICINE)
    page.wait_for_selector(PRODUCT)

    assert "mã vạch" in page.inner_text(PRODUCT)
    assert not page.is_visible(STAYS)


def test_digits_that_a_clerk_types_are_judged_on_screen(page: Any) -> None:
    wedge(page, card("an") + "<Enter>")
    page.wait_for_selector(READY)
    page.fill("#payload", MEDICINE)
    page.press("#payload", "Enter")

    page.wait_for_selector(PRODUCT)


def test_a_product_s_code_is_recorded_like_any_scan(served: tuple[Server, Any]) -> None:
    server, _ = served
    verdict = server.post("/api/scans", {"payload": MEDICINE, "reader": "front"})

    assert (verdict["reason"], verdict["format"]) == ("number_wrong", "product")
    assert verdict["attempt"] > 0
