"""In a browser: a tone for each outcome, once switched on, and never for what a clerk opened."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import chromium
from tests.process import Server, card, serving, until
from tests.wedge import wedge

# Counts the tones that a page starts, by their frequency.
COUNT = """
window.tones = [];
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...when) {
  window.tones.push(Math.round(this.frequency.value));
  return start.apply(this, when);
};
"""
HIGH, EVEN, LOW = 1047, 659, 262
READY = ".pass[data-ready]"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving("--demo") as running:
        yield running


@pytest.fixture
def page(server: Server) -> Iterator[Any]:
    with chromium() as context:
        yield _open(context, server.url)


def _open(context: Any, url: str) -> Any:
    page = context.new_page()
    page.add_init_script(COUNT)
    page.goto(url)
    page.wait_for_selector("#status *")
    return page


def scan(page: Any, payload: str) -> None:
    wedge(page, payload + "<Enter>")
    page.wait_for_selector(READY)


def switch_on(page: Any) -> None:
    """Switch the sounds on, and forget the tone that says so."""
    page.click("#sounds")
    forget(page)


def forget(page: Any) -> None:
    page.evaluate("window.tones.length = 0")


def tones(page: Any) -> list[int]:
    return list(page.evaluate("window.tones"))


def test_a_desk_is_silent_until_its_clerk_switches_the_sounds_on(page: Any) -> None:
    scan(page, card("an"))
    assert tones(page) == []
    assert page.get_attribute("#sounds", "aria-pressed") == "false"
    page.click("#sounds")
    assert tones(page) == [HIGH]
    page.reload()
    page.wait_for_selector("#status *")
    assert page.get_attribute("#sounds", "aria-pressed") == "true"
    page.click("#sounds")
    assert page.get_attribute("#sounds", "aria-pressed") == "false"


@pytest.mark.parametrize(
    ("key", "expected"),
    [("an", [HIGH]), ("nam", [EVEN, EVEN]), ("chi", [LOW]), ("oanh", [LOW])],
    ids=["admitted", "unconfirmed", "desk", "forged"],
)
def test_each_outcome_has_its_tones(page: Any, key: str, expected: list[int]) -> None:
    switch_on(page)
    scan(page, card(key))
    assert tones(page) == expected


def test_a_program_that_does_not_answer_has_three_low_tones(page: Any) -> None:
    switch_on(page)
    page.route("**/api/scans", lambda route: route.abort())
    wedge(page, card("an") + "<Enter>")
    page.wait_for_selector(".pass.fault")
    assert tones(page) == [LOW, LOW, LOW]


def test_what_is_opened_from_a_list_or_recorded_has_no_tone(page: Any) -> None:
    switch_on(page)
    scan(page, card("binh"))
    page.keyboard.press("Escape")
    forget(page)
    page.click("#unfinished li:has-text('Bình') [data-open]")
    page.wait_for_selector(READY)
    page.press("#payload", "Enter")
    page.wait_for_selector(".ticket")
    assert tones(page) == []


def test_a_patient_who_waits_because_the_clerk_types_is_heard(page: Any) -> None:
    scan(page, card("an"))
    page.click("#more-fold summary")
    page.fill("#phone", "0912")
    switch_on(page)
    page.focus("#phone")
    wedge(page, card("chi") + "<Enter>")
    page.wait_for_selector("#unfinished li:has-text('Chi')")
    until(lambda: tones(page) == [LOW])


def test_a_site_can_have_no_sounds(tmp_path: Path) -> None:
    (tmp_path / "kiosk.toml").write_text('[web]\nsounds = "no"\n', "utf-8")
    with (
        serving("--demo", "--config", str(tmp_path / "kiosk.toml")) as quiet,
        chromium() as context,
    ):
        page = _open(context, quiet.url)
        page.evaluate("localStorage.sounds = 'on'")  # from a time when they were allowed
        scan(page, card("an"))
        assert tones(page) == []
        assert page.query_selector("#sounds") is None
