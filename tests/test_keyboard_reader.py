"""Keyboard-type readers are distinguished from people by time, wherever the focus is."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser import READY, chromium
from tests.cast import BHYT17
from tests.process import Server, card, serving
from tests.sampling import sample_and_all
from tests.wedge import wedge

SIMULATE = """async ([keys, quiet]) => {
  const {Keystrokes} = await import('/static/keystrokes.js');
  const strokes = new Keystrokes();
  let readers = 0, taken = [], time = 1000;
  for (const [key, code, gap] of keys) {
    for (let passed = 0; passed < gap; passed += 10) {
      const text = strokes.taken(time + passed);
      if (text !== null) taken.push(text);
    }
    time += gap;
    readers += strokes.press({key, code, shift: false}, time);
  }
  for (let passed = 0; passed <= quiet; passed += 10) {
    const text = strokes.taken(time + passed);
    if (text !== null) taken.push(text);
  }
  return {readers, taken};
}"""


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Server, Any]]:
    with serving("--demo") as server, chromium() as context:
        yield server, context


@pytest.fixture
def page(served: tuple[Server, Any]) -> Iterator[Any]:
    server, context = served
    page = context.new_page()
    page.goto(server.url)
    yield page
    page.close()


def steady_gaps(gap: float) -> Iterator[float]:
    return itertools.repeat(gap)


def random_gaps(chance: random.Random, shortest: float, longest: float) -> Iterator[float]:
    while True:
        yield chance.uniform(shortest, longest)


def simulate(page: Any, keys: list[tuple[str, str, float]], quiet: float = 300) -> Any:
    return page.evaluate(SIMULATE, [[list(key) for key in keys], quiet])


def as_keys(text: str, gaps: Iterator[float]) -> list[tuple[str, str, float]]:
    return [(letter, "", next(gaps)) for letter in text]


@sample_and_all("count", sample=20, whole=200, mark=pytest.mark.long)
def test_many_readers_and_people_are_distinguished(page: Any, count: int) -> None:
    chance = random.Random(5)
    for _ in range(count):
        reader = random_gaps(chance, chance.uniform(5, 20), 40)
        end = chance.choice([[], [("Enter", "Enter", 10.0)], [("Tab", "Tab", 20.0)]])
        found = simulate(page, [*as_keys(BHYT17, reader), *end])
        assert found["taken"] == [BHYT17]
    for _ in range(count):
        person = random_gaps(chance, chance.uniform(55, 120), 250)
        found = simulate(page, as_keys("DN4019999900001 Nguyen Van Mau", person))
        assert found == {"readers": 0, "taken": []}


def test_a_pause_does_not_cut_a_scan_and_an_enter_in_the_middle_is_a_line_end(page: Any) -> None:
    keys = as_keys(BHYT17, steady_gaps(12.0))
    keys.insert(100, ("Enter", "Enter", 12.0))
    keys[150] = (*keys[150][:2], 140.0)

    assert simulate(page, keys)["taken"] == [f"{BHYT17[:100]}\n{BHYT17[100:]}"]


def test_a_label_typed_directly_before_a_card_is_a_line_of_its_own(page: Any) -> None:
    enter = ("Enter", "Enter", 10.0)
    label, card_keys = (as_keys(text, steady_gaps(10.0)) for text in ("8934567890123", BHYT17))
    late = [(*card_keys[0][:2], 60.0), *card_keys[1:]]

    for second in (card_keys, late):
        found = simulate(page, [*label, enter, *second, enter])
        assert found["taken"] == [f"8934567890123\n{BHYT17}"]


@pytest.mark.parametrize("line", ["8934567890123", "https://bhxh.example/app", "AB12", "AT"])
def test_a_line_before_a_card_does_not_swallow_it(page: Any, line: str) -> None:
    wedge(page, f"{line}<Enter>{card('an')}<Enter>")

    page.wait_for_selector('.verdict[data-reason="in_force"]')


def test_an_enter_within_a_card_does_not_cut_it(page: Any) -> None:
    text = card("an")
    with page.expect_response("**/api/scans") as response:
        wedge(page, f"{text[:90]}<Enter>{text[90:]}<Enter>")

    assert response.value.json()["reason"] == "in_force"


@pytest.mark.parametrize("noise", ["   <Enter>", "          <Enter>"])
def test_blanks_of_a_reader_confirm_no_visit(page: Any, noise: str) -> None:
    wedge(page, card("an") + "<Enter>")
    page.wait_for_selector(READY)
    shown = page.get_attribute(".verdict", "data-reading")

    wedge(page, noise)
    page.wait_for_timeout(300)

    assert page.get_attribute(".verdict", "data-reading") == shown
    assert page.locator(".ticket").count() == 0


def test_a_short_label_read_while_another_field_has_the_focus_confirms_no_visit(page: Any) -> None:
    wedge(page, card("an") + "<Enter>")
    page.wait_for_selector(READY)
    page.focus("#room")

    wedge(page, "AB12<Enter>")
    page.wait_for_timeout(300)

    assert page.locator(".ticket").count() == 0


@pytest.mark.parametrize("at", range(2, 7))
def test_a_pause_at_the_beginning_loses_no_letter(page: Any, at: int) -> None:
    keys = as_keys(BHYT17, steady_gaps(10.0))
    keys[at] = (*keys[at][:2], 120.0)

    assert simulate(page, keys)["taken"] == [BHYT17]


def test_letters_typed_just_before_are_not_part_of_a_scan(page: Any) -> None:
    person = as_keys("Mau", steady_gaps(110.0))
    keys = as_keys("9999900001", steady_gaps(10.0))
    keys[0] = (*keys[0][:2], 110.0)

    assert simulate(page, person + keys)["taken"] == ["9999900001"]


def test_a_person_with_an_input_method_is_not_taken_for_a_reader(page: Any) -> None:
    keys: list[tuple[str, str, float]] = []
    for typed, deleted, rewritten in (
        ("Nguyen", 2, "ên"),
        ("x", 2, "ễn"),
        ("Thuong", 4, "ương"),
        ("f", 4, "ường"),
    ):
        keys += as_keys(typed, steady_gaps(80.0))
        keys += [("Backspace", "Backspace", 1.0)] * deleted + as_keys(rewritten, steady_gaps(1.0))

    assert simulate(page, keys) == {"readers": 0, "taken": []}


def test_two_scans_with_a_pause_between_are_two(page: Any) -> None:
    first, second = (as_keys(text, steady_gaps(8.0)) for text in ("9999900001", "9999900002"))
    second[0] = (*second[0][:2], 400.0)

    assert simulate(page, first + second)["taken"] == ["9999900001", "9999900002"]


def test_a_layout_that_is_not_american_is_read_by_the_places_of_the_keys(page: Any) -> None:
    wrong = {"1": "ă", "2": "â", "3": "ê", "4": "ô", "5": "\u0300", "6": "\u0309", "9": "đ"}
    keys = [(wrong.get(digit, digit), f"Digit{digit}", 10.0) for digit in "9999912345"]

    assert simulate(page, keys)["taken"] == ["9999912345"]


@pytest.mark.parametrize(
    "digit_row",
    ["à&é\"'(-è_ç)", "0ăâêô\u0300\u0309\u0303\u0301đ-"],
    ids=["French", "Vietnamese"],
)
def test_the_code_of_a_ticket_is_read_in_layouts_with_another_digit_row(
    page: Any, digit_row: str
) -> None:
    code = "TD1-01999-20261128-Q7-4711-0356841290"
    keys = [
        (letter, f"Key{letter}", 10.0)
        if letter.isalpha()
        else (digit_row["0123456789-".index(letter)], _place(letter), 10.0)
        for letter in code
    ]

    (text,) = simulate(page, keys)["taken"]

    assert text.upper() == code


def _place(letter: str) -> str:
    return "Minus" if letter == "-" else f"Digit{letter}"


def test_letters_that_an_input_method_deletes_are_deleted(page: Any) -> None:
    keys = as_keys("9999900020|e1bbe", steady_gaps(8.0))
    keys += [("Backspace", "Backspace", 8.0), ("é", "", 8.0), ("9", "Digit9", 8.0)]

    assert simulate(page, keys)["taken"] == ["9999900020|e1bbé9"]


@pytest.mark.parametrize("end", ["<Enter>", "<Tab>", ""])
def test_a_scan_is_taken_while_the_clerk_is_in_another_field_which_is_restored(
    page: Any, end: str
) -> None:
    wedge(page, card("an"))
    page.wait_for_selector(READY)
    page.fill("#room", "Phòng 7")
    page.focus("#room")
    before = page.get_attribute(".verdict", "data-reading")

    wedge(page, card("chi") + end)

    page.wait_for_selector("#unfinished b:has-text('Lê Thị Chi')")
    assert page.get_attribute(".verdict", "data-reading") == before
    assert page.input_value("#room") == "Phòng 7"
    assert page.locator(".ticket").count() == 0  # the reader's Enter confirmed no visit
    assert page.input_value("#payload") == ""


def test_no_help_with_typing_stays_after_a_reader_has_typed(page: Any) -> None:
    page.wait_for_load_state()
    wedge(page, card("an") + "<Enter>")
    page.wait_for_selector(READY)
    page.wait_for_timeout(300)

    assert page.input_value("#payload") == ""
    assert page.is_hidden("#typing-help")


def test_what_a_clerk_had_begun_to_type_does_not_cover_the_next_patient(page: Any) -> None:
    page.wait_for_load_state()
    page.wait_for_selector("#status *", state="attached")
    page.type("#payload", "ab", delay=200)
    page.wait_for_selector("#typing-help:visible")
    page.wait_for_timeout(400)  # a person pauses before the reader types
    wedge(page, card("an") + "<Enter>")
    page.wait_for_selector(READY)
    page.wait_for_timeout(400)

    assert page.is_hidden("#typing-help")
    assert page.input_value("#payload") == "ab"
    page.type("#payload", "c")
    page.wait_for_selector("#typing-help:visible")


def test_a_field_keeps_what_the_person_had_typed(page: Any) -> None:
    page.focus("#payload")
    page.keyboard.type("99999", delay=70)
    page.wait_for_timeout(200)
    wedge(page, card("an"))
    page.wait_for_selector('.verdict[data-reason="in_force"]')

    assert page.input_value("#payload") == "99999"


def test_a_number_that_a_person_types_is_checked(page: Any) -> None:
    page.focus("#payload")
    page.keyboard.type("9999900077", delay=60)
    page.wait_for_timeout(200)
    page.keyboard.press("Enter")
    page.wait_for_selector('.verdict[data-reason="not_yet_known"]')


def test_a_held_key_is_not_taken_for_a_reader(page: Any) -> None:
    page.focus("#payload")
    for _ in range(20):
        page.keyboard.down("9")  # each after the first repeats
    page.keyboard.up("9")
    page.wait_for_timeout(300)

    assert page.input_value("#payload") == "9" * 20
    assert page.locator(".verdict").count() == 0


def test_the_readers_name_contains_the_browser_it_is_at(page: Any) -> None:
    with page.expect_response("**/api/scans") as response:
        wedge(page, card("an"))
    sent = json.loads(response.value.request.post_data)

    assert sent["reader"].startswith("keyboard-")
    assert len(sent["reader"]) == len("keyboard-") + 6


def test_scans_that_the_page_takes_late_are_not_lost(page: Any) -> None:
    late = """async () => {
      const {Keystrokes} = await import('/static/keystrokes.js');
      const strokes = new Keystrokes();
      let time = 1000;
      for (const text of ['9999900001', '9999900002']) {
        for (const key of text) strokes.press({key, code: '', shift: false}, time += 10);
        time += 400;
      }
      return [strokes.taken(time), strokes.taken(time), strokes.taken(time)];
    }"""

    assert page.evaluate(late) == ["9999900001", "9999900002", None]


def test_the_enter_of_a_reader_that_is_too_slow_confirms_no_visit(page: Any) -> None:
    hasty = """async (gap) => {
      const {Keystrokes} = await import('/static/keystrokes.js');
      const strokes = new Keystrokes();
      let time = 1000;
      for (const key of [...'9999900001', 'Enter']) {
        strokes.press({key, code: '', shift: false}, time += gap);
      }
      return strokes.hasty;
    }"""

    assert [page.evaluate(hasty, gap) for gap in (60, 90, 110, 200)] == [True, True, False, False]


def test_a_scan_before_the_page_hears_it_is_not_sent_in_an_address(
    served: tuple[Server, Any],
) -> None:
    server, context = served
    page = context.new_page()
    page.route("**/*.js", lambda route: route.abort())
    page.goto(server.url)
    wedge(page, card("an") + "<Enter>")

    assert page.url == f"{server.url}/"
    assert page.input_value("#payload") == card("an")
    page.close()
