"""In a browser: the desk by keyboard alone, by touch alone, and as a screen reader is given it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.browser import CHROMIUM, TIMEOUT_MS, chromium
from tests.process import Server, card
from tests.wedge import wedge

VERDICT = ".pass[data-ready]"


def focused(page: Any) -> str:
    return str(page.evaluate("document.activeElement.id || document.activeElement.tagName"))


def write(page: Any, text: str) -> None:
    """Type as a person does: what comes faster is a reader's."""
    page.keyboard.type(text, delay=80)


def tab_to(page: Any, selector: str, key: str = "Tab") -> None:
    """Press Tab until the focus is on an element; fail after a whole round."""
    for _ in range(150):
        if page.evaluate("(part) => document.activeElement.matches(part)", selector):
            return
        page.keyboard.press(key)
        page.wait_for_timeout(60)  # as a person does
    raise AssertionError(f"the keyboard does not reach {selector}")


def test_the_whole_path_by_keyboard_alone(page: Any) -> None:
    # Typed, judged, the room changed, recorded, and the next.
    write(page, "9999900001")
    page.keyboard.press("Enter")
    page.wait_for_selector(VERDICT)
    assert focused(page) == "payload"
    if page.query_selector("#holder"):
        tab_to(page, "#holder")
        write(page, "Nguyễn Văn An")
        tab_to(page, "#born")
        write(page, "01/02/1980")
    tab_to(page, "#room")
    page.keyboard.press("Control+A")
    write(page, "pk1")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".ticket")
    assert page.inner_text(".ticket .room") == "Phòng khám 1"
    page.wait_for_selector(VERDICT)
    assert focused(page) == "payload"
    page.keyboard.press("Enter")
    page.wait_for_selector(".pass .ready")
    assert focused(page) == "payload"


def test_the_list_of_unfinished_patients_by_keyboard_alone(page: Any) -> None:
    for key, name in (("an", "Nguyễn Văn An"), ("binh", "Trần Thị Bình")):
        wedge(page, card(key) + "<Enter>")
        page.wait_for_selector(f"{VERDICT}:has-text('{name}')")
    page.keyboard.press("Escape")
    page.wait_for_selector("#unfinished li:not([hidden]) >> nth=1")
    page.keyboard.press("F8")
    tab_to(page, "#unfinished [data-open]:not([hidden])")
    name = page.evaluate("document.activeElement.querySelector('b').textContent")
    page.keyboard.press("Enter")
    page.wait_for_selector(VERDICT)
    assert page.inner_text(".pass h1") == name
    assert focused(page) == "payload"
    page.keyboard.press("Enter")
    page.wait_for_selector(".ticket")


def test_a_visit_is_cancelled_by_keyboard_alone(server: Server, page: Any) -> None:
    visit = server.confirm(card("an"), "k")
    page.goto(f"{server.url}/logbook/visits/{visit['id']}")
    tab_to(page, "#cancel-why")
    if page.evaluate("document.activeElement.tagName") == "SELECT":
        page.keyboard.press("ArrowDown")
    else:
        write(page, "ghi nhầm")
    tab_to(page, "form[action$=cancel] button")
    page.keyboard.press("Enter")
    page.wait_for_url("**?said=*")
    assert page.query_selector("#cancel-why") is None  # it is cancelled


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
@pytest.mark.parametrize(("width", "height"), [(390, 844), (1024, 768)])
def test_the_whole_path_by_touch_alone(server: Server, width: int, height: int) -> None:
    with chromium() as plain:
        context = plain.browser.new_context(
            viewport={"width": width, "height": height}, has_touch=True, locale="vi-VN"
        )
        context.set_default_timeout(TIMEOUT_MS)
        page = context.new_page()
        page.goto(server.url)
        page.wait_for_selector("#status *", state="attached")
        wedge(page, card("an") + "<Enter>")
        page.wait_for_selector(VERDICT)
        page.tap("[data-do=next]")  # later
        page.wait_for_selector(".pass .ready")
        page.tap("#unfinished li:not([hidden]) [data-open]")
        page.wait_for_selector(VERDICT)
        assert page.inner_text(".pass h1") == "Nguyễn Văn An"
        page.tap("[data-primary]")
        page.wait_for_selector(".ticket")
        page.wait_for_selector(VERDICT)
        page.tap("[data-primary]")
        page.wait_for_selector(".pass .ready")
        page.tap(".rail a[href*=logbook]")
        page.wait_for_selector("h1")
        context.close()
    assert len(server.get("/api/visits")["visits"]) == 1


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        ("an", ["Được tiếp nhận", "Thẻ còn giá trị", "Nguyễn Văn An"]),
        ("chi", ["Nhân viên quyết định", "Thẻ đã hết giá trị", "Lê Thị Chi"]),
    ],
)
def test_a_screen_reader_is_given_word_title_and_name(
    page: Any, key: str, parts: list[str]
) -> None:
    wedge(page, card(key) + "<Enter>")
    page.wait_for_selector(VERDICT)
    said = page.inner_text("#announcement")
    assert page.get_attribute("#announcement", "aria-live")
    places = [said.find(part) for part in parts]
    assert -1 not in places, said
    assert places == sorted(places)


@pytest.mark.parametrize("is_verdict", [True, False])
def test_the_tree_has_one_heading_of_the_first_level_and_its_landmarks(
    page: Any, is_verdict: bool
) -> None:
    if is_verdict:
        wedge(page, card("an") + "<Enter>")
        page.wait_for_selector(VERDICT)
    tree = page.locator("body").aria_snapshot()
    headings = re.findall(r"heading \"([^\"]+)\" \[level=1\]", tree)
    assert headings == ["Nguyễn Văn An" if is_verdict else "Mời người bệnh tiếp theo"]
    for landmark in ("navigation", "main", "search", "complementary"):
        assert len(re.findall(rf"- {landmark}\b", tree)) >= 1, landmark
    assert len(re.findall(r"- main\b", tree)) == 1
