"""Help with VssID and VNeID in a browser: finding, the key at the desk, the displays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser import chromium
from tests.process import Server, card, serving, until

SETTINGS = """
[display]
help = "yes"
[[readers]]
name = "front"
kind = "serial"
port = "socket://127.0.0.1:9"
desk = "2"
[[self_service]]
name = "hall"
desk = "2"
help = "yes"
"""
PORTRAIT = {"width": 1080, "height": 1920}
GUIDES = 'section[data-screen="guides"]'
GUIDE = 'section[data-screen="guide"]'
# How much of a screen is cut off, and the buttons that are small or out of reach.
CUT = """() => {
  const main = document.querySelector('main');
  const far = [...document.querySelectorAll('button')].filter((one) => one.checkVisibility())
      .map((one) => one.getBoundingClientRect())
      .filter((place) => place.height < 96 || place.top < 850 || place.bottom > 1850);
  return [main.scrollHeight - main.clientHeight, document.documentElement.scrollWidth - innerWidth,
          document.querySelector('#screen').scrollHeight
            - document.querySelector('#screen').clientHeight, far.length];
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    config = tmp_path_factory.mktemp("help") / "kiosk.toml"
    config.write_text(SETTINGS, "utf-8")
    with serving("--demo", "--config", str(config)) as running:
        yield running


@pytest.fixture
def context() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


def titles(page: Any) -> list[str]:
    return [text.strip() for text in page.locator("#found h3").all_inner_texts()]


def test_a_question_is_found_while_it_is_typed_and_stands_in_no_address(
    server: Server, context: Any
) -> None:
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(server.url + "/help?lang=vi")

    page.type("#q", "quen mk vssid", delay=60)
    page.wait_for_selector("#found > :nth-child(-n + 4) >> text='Quên mật khẩu VssID?'")
    assert not page.is_visible("#contents")
    assert page.url.endswith("/help?lang=vi")
    assert not any("quen" in url for url in asked)

    page.fill("#q", "")
    page.wait_for_selector("#contents:visible")
    assert titles(page) == []


def test_a_press_is_counted_and_the_page_is_ready_for_the_next_patient(
    server: Server, context: Any
) -> None:
    page = context.new_page()
    page.goto(server.url + "/help?lang=en")
    page.fill("#q", "no otp")
    page.press("#q", "Enter")
    page.click("#found article form button >> nth=0")

    page.wait_for_selector('[role="status"]:has-text("Counted")')
    assert page.input_value("#q") == ""
    page.goto(server.url + "/help/counts")
    assert page.inner_text("tr.total td") == "1"  # the first column: helped


def test_f1_at_the_desk_leads_to_the_help_and_back_to_what_was_typed(
    server: Server, context: Any
) -> None:
    page = context.new_page()
    page.goto(server.url)
    page.wait_for_selector("#status *", state="attached")
    page.fill("#payload", "12345")
    page.keyboard.press("F1")

    page.wait_for_url("**/help")
    page.click(".rail a[href='/'] >> nth=1")
    until(lambda: page.input_value("#payload") == "12345")


@pytest.mark.slow
def test_a_guide_is_on_the_display_until_it_is_taken_off_or_the_next_scan(
    server: Server, context: Any
) -> None:
    clerk, display = context.new_page(), context.new_page()
    display.set_viewport_size({"width": 1280, "height": 800})
    display.goto(server.url + "/display/patient?desk=2")
    context.request.post(server.url + "/desk", form={"desk": "2"})
    clerk.goto(server.url + "/help/guides/register-vssid?lang=en")
    show = "form[action$='/show'] button"

    clerk.click(show)
    display.wait_for_selector("#guide h1:has-text('Register for VssID')")
    assert display.evaluate("document.documentElement.scrollHeight") <= 800
    clerk.click("form[action$='/hide'] button")
    display.wait_for_selector("[data-when='ready'] h1:visible")
    assert display.locator("#guide *").count() == 0

    clerk.click(show)
    display.wait_for_selector("#guide h1")
    clerk.goto(server.url)
    clerk.wait_for_selector("#status *", state="attached")
    clerk.fill("#payload", card("an"))
    clerk.press("#payload", "Enter")
    display.wait_for_selector("#guide", state="hidden")


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_guide_fits_a_screen_for_self_service_and_ends_by_itself(
    server: Server, context: Any, language: str
) -> None:
    page = context.new_page()
    page.set_viewport_size(PORTRAIT)
    page.goto(server.url + "/self?device=hall")
    with page.expect_response("**/self/turns"):
        page.click("button")
    if language == "en":
        page.click('[data-event="en"]')
    page.click('[data-event="help"]')
    page.click('[data-event="guides"]')
    page.wait_for_selector(GUIDES)
    page.evaluate("document.querySelector('.still')?.removeAttribute('hidden')")
    page.evaluate("document.querySelector('.clock')?.setAttribute('hidden', '')")
    assert page.evaluate(CUT) == [0, 0, 0, 0]
    keys = page.eval_on_selector_all("[data-guide-key]", "all => all.map(e => e.dataset.guideKey)")
    assert len(keys) >= 12
    for key in keys:
        page.click(f'[data-guide-key="{key}"]')
        page.wait_for_selector(f'[data-guide="{key}"]')
        assert page.evaluate(CUT)[:3] == [0, 0, 0], key
        page.click('[data-event="up"]')
        page.wait_for_selector(GUIDES)

    page.click(f'[data-guide-key="{keys[-1]}"]')
    page.wait_for_selector(GUIDE)
    page.evaluate("() => { const now = performance.now() + 91_000; performance.now = () => now; }")
    page.wait_for_selector('section[data-screen="welcome"]')
    assert page.evaluate("document.documentElement.lang") == "vi"


def test_without_the_program_the_help_stays_and_a_card_still_counts(
    server: Server, context: Any
) -> None:
    page = context.new_page()
    page.set_viewport_size(PORTRAIT)
    page.goto(server.url + "/self?device=hall")
    with page.expect_response("**/self/turns"):
        page.click("button")
    page.click('[data-event="help"]')
    page.route("**/self/guides*", lambda route: route.abort())
    page.click('[data-event="guides"]')
    page.wait_for_timeout(300)
    assert page.locator('section[data-screen="help"]').count() == 1
    page.unroute("**/self/guides*")
    page.click('[data-event="guides"]')
    page.wait_for_selector(GUIDES)
    page.evaluate(
        """(payload) => [...payload, 'Enter'].forEach((key) => document.dispatchEvent(
            new KeyboardEvent('keydown', {key, code: '', bubbles: true})))""",
        card("an"),
    )
    page.wait_for_selector('section[data-screen="number"]')
