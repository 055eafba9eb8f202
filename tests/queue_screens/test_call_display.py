"""In a browser: the waiting room's display shows and speaks each call."""

from __future__ import annotations

import time
from typing import Any

from tests.queue_screens.site import (
    QUEUE,
    ROOM,
    SETTLED_MS,
    WITHIN_MS,
    Site,
    call,
    open_page,
)

# In place of the browser's voices, which a test machine lacks.
FAKE_SPEECH = """
window.spoken = [];
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
Object.defineProperty(window, 'speechSynthesis', {value: {
  getVoices: () => VOICES,
  speak(words) { window.spoken.push(`${words.lang}: ${words.text}`); setTimeout(() => { words.onstart?.(); words.onend?.({}); }, 50); },
  cancel() {},
}});
"""  # noqa: E501


VIETNAMESE = "[{lang: 'en-US'}, {lang: 'vi-VN'}]"


def test_the_display_gets_a_call_and_holds_it_for_five_seconds(site: Site, context: Any) -> None:
    for person in ("an", "binh"):
        site.record(person)
    display = open_page(context, site, "/display/calls")
    display.wait_for_selector("#nobody:visible")
    queue = open_page(context, site, QUEUE)
    call(queue, "1")
    display.wait_for_selector("#label:text-is('1')", timeout=WITHIN_MS)
    began = time.monotonic()
    queue.wait_for_timeout(SETTLED_MS)
    call(queue, "2")
    display.wait_for_timeout(1500)
    assert display.inner_text("#label") == "1"
    assert display.inner_text("#list") == ""  # the second call is in no list before it was shown
    display.wait_for_selector("#label:text-is('2')", timeout=6_000)
    assert time.monotonic() - began > 4
    assert display.inner_text("#list b") == "1"


def test_a_call_is_spoken_twice_in_vietnamese(site: Site, context: Any) -> None:
    site.record("an")
    context.add_init_script(FAKE_SPEECH.replace("VOICES", VIETNAMESE))
    queue = open_page(context, site, QUEUE)
    display = open_page(context, site, "/display/calls?lang=en")
    call(queue, "1")
    display.wait_for_selector("#label:text-is('1')")
    display.wait_for_timeout(2500)
    assert display.evaluate("spoken") == [f"vi-VN: Mời số 1, đến {ROOM}."] * 2
    display.reload()  # an old call is not spoken again
    display.wait_for_selector("#label:text-is('1')")
    display.wait_for_timeout(1500)
    assert display.evaluate("spoken") == []


def test_without_a_vietnamese_voice_the_display_is_silent(site: Site, context: Any) -> None:
    site.record("an")
    context.add_init_script(FAKE_SPEECH.replace("VOICES", "[{lang: 'en-US'}]"))
    display = open_page(context, site, "/display/calls")
    call(open_page(context, site, QUEUE), "1")
    display.wait_for_selector("#label:text-is('1')")
    display.wait_for_timeout(500)
    assert display.evaluate("spoken") == []
    assert display.is_hidden("#sound")


def test_sound_is_allowed_once(site: Site, context: Any) -> None:
    context.add_init_script(FAKE_SPEECH.replace("VOICES", VIETNAMESE))
    display = open_page(context, site, "/display/calls")
    display.click("#sound")
    display.wait_for_selector("#sound", state="hidden")


def test_a_display_without_the_program_keeps_no_call(site: Site, context: Any) -> None:
    site.record("an")
    call(open_page(context, site, QUEUE), "1")
    display = open_page(context, site, "/display/calls")
    display.wait_for_selector("#label:text-is('1')")
    site.web.stop()
    display.wait_for_selector("#away:visible", timeout=9_000)
    assert display.is_hidden("#label")
    assert display.is_hidden("#list")
    site.start_again()
    display.wait_for_selector("#label:text-is('1')")


def test_the_digits_are_480_px_at_1080p(site: Site, context: Any) -> None:
    site.record("an")
    call(open_page(context, site, QUEUE), "1")
    display = context.new_page()
    display.set_viewport_size({"width": 1920, "height": 1080})
    display.goto(site.url + "/display/calls")
    display.wait_for_selector("#label:text-is('1')")
    size = display.evaluate("getComputedStyle(document.getElementById('label')).fontSize")
    assert abs(float(size.removesuffix("px")) - 480) < 1
