"""In a browser: patients without a card, families, typed numbers, and the reasons of a clerk."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser import chromium
from tests.process import Server, card, serving, until
from tests.wedge import wedge

PASS = ".pass[data-ready]"
TICKET = ".ticket-number"
BY_HAND_MS = 60  # between two keys of a person
KHOI = "khoi"  # a child of three


def scan(page: Any, key: str) -> None:
    wedge(page, card(key) + "<Enter>")
    page.wait_for_selector(PASS)


def no_card(page: Any) -> None:
    page.keyboard.press("F4")
    page.wait_for_selector(f"{PASS}[data-reason=no_card_shown]")
    until(lambda: page.evaluate("document.activeElement.id === 'holder'"))


def focus(page: Any) -> str:
    return str(page.evaluate("document.activeElement.id"))


def shown(page: Any) -> set[str]:
    """Return the ids of the fields that are on screen for the case."""
    return set(
        page.evaluate(
            "[...document.querySelectorAll('#confirm input:not([name=case]), #confirm select')]"
            ".filter((input) => input.checkVisibility()).map((input) => input.id)"
        )
    )


def visits(server: Server) -> list[Any]:
    return list(server.get("/api/visits")["visits"])


# --- No card


CASES = {
    "newborn": {"birth_time", "papers", "papers-record", "guardian_name", "guardian_relation"}
    | {"guardian_phone"},
    "child": {"guardian_name", "guardian_relation", "guardian_phone"},
    "receipt": {"phone"},
    "donor": {"phone"},
    "emergency": {"phone"},
    "uninsured": {"phone"},
}


def test_each_case_without_a_card_asks_only_what_it_needs(page: Any) -> None:
    no_card(page)
    for number, (case, fields) in enumerate(CASES.items()):
        page.click(f"label[for=case-{case}]")
        expected = {"holder", "born", "sex", "sex-female", "room", "priority"} | fields
        assert shown(page) == expected, (number, case)
    page.click("label[for=case-unknown]")
    unknown = {"sex", "sex-female", "room", "priority", "estimated_age", "description"}
    assert shown(page) == unknown
    assert page.input_value("#priority") == "emergency"
    page.click("label[for=case-donor]")
    assert page.input_value("#priority") == ""


def test_arrows_choose_the_case_and_what_was_typed_stays(page: Any) -> None:
    no_card(page)
    page.keyboard.press("ArrowRight")
    assert page.is_checked("#case-child")
    page.keyboard.type("Bé Thử", delay=BY_HAND_MS)
    page.keyboard.press("ArrowRight")  # it moves the cursor now
    assert page.is_checked("#case-child")
    page.focus("#case-child")
    page.keyboard.press("ArrowRight")
    assert page.is_checked("#case-receipt")
    assert page.input_value("#holder") == "Bé Thử"
    assert page.inner_text("[data-primary]").startswith("Ghi BHYT, chưa có thẻ")
    page.keyboard.press("Alt+k")
    assert page.is_checked("#case-uninsured")
    assert page.inner_text("[data-primary]").startswith("Ghi không BHYT")
    assert page.input_value("#holder") == "Bé Thử"


def test_a_child_without_a_card_is_recorded_with_the_keyboard_alone(
    server: Server, page: Any
) -> None:
    no_card(page)
    page.keyboard.press("ArrowRight")
    page.keyboard.type("Bé Thử", delay=BY_HAND_MS)
    page.keyboard.press("Enter")
    assert focus(page) == "born"
    page.keyboard.type("01/02/2024", delay=BY_HAND_MS)
    page.keyboard.press("Enter")
    assert focus(page) == "sex"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(TICKET)
    page.goto(f"{server.url}/logbook/visits/{visits(server)[0]['id']}")
    text = page.inner_text("main")
    assert "Bé Thử" in text
    assert "Giấy chứng sinh hoặc giấy khai sinh".lower() in text.lower()


def test_enter_in_the_empty_scan_field_records_nobody_without_a_card(
    server: Server, page: Any
) -> None:
    no_card(page)
    page.fill("#holder", "Nguyễn Văn Mẫu")
    page.keyboard.press("Alt+c")
    page.focus("#payload")
    page.keyboard.press("Enter")
    assert focus(page) == "born"
    assert visits(server) == []
    page.focus("#payload")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(TICKET)


def test_an_unread_scan_leads_to_the_same_cases(server: Server, page: Any) -> None:
    page.fill("#payload", "abc12")
    page.keyboard.press("Enter")
    page.wait_for_selector(PASS)
    page.keyboard.press("Alt+c")
    assert focus(page) == "holder"
    page.keyboard.type("Trần Thị Thử", delay=BY_HAND_MS)
    page.click(".rail a[hreflang=en]")
    until(lambda: page.evaluate("document.getElementById('holder')?.value === 'Trần Thị Thử'"))
    assert page.is_checked("#case-emergency")
    page.wait_for_selector("#confirm[data-ready]")
    page.press("#holder", "Control+Enter")
    page.wait_for_selector(TICKET)
    assert [visit["insurer"]["state"] for visit in visits(server)] == ["not_sent"]


def test_a_misused_card_opens_no_case_of_an_insured_patient(page: Any) -> None:
    scan(page, "oanh")
    page.keyboard.press("Alt+k")
    cases = page.locator("#confirm input[name=case]")
    assert cases.evaluate_all("(all) => all.map(({value}) => value)") == [
        "emergency",
        "unknown",
        "uninsured",
    ]


# --- The reason for admitting anyway


@pytest.mark.parametrize("digit", ["1", "4"])
def test_a_usual_reason_takes_three_keys(server: Server, page: Any, digit: str) -> None:
    scan(page, "mai")
    page.keyboard.press("Alt+n")
    page.keyboard.press(digit)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(TICKET)
    page.goto(f"{server.url}/logbook")
    reasons = {"1": "căn cước khớp với thẻ", "4": "người phụ trách đồng ý"}
    assert reasons[digit] in page.inner_text("main")


def test_a_reason_of_one_s_own_is_typed_at_once_and_none_is_refused(
    server: Server, page: Any
) -> None:
    scan(page, "mai")
    page.keyboard.press("Alt+n")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#reason-sheet .message")
    page.keyboard.press("Escape")
    assert page.is_visible(".pass[data-card]")  # only the reasons were closed
    assert visits(server) == []
    page.wait_for_timeout(200)  # two presses at once are one
    page.keyboard.press("Alt+n")
    page.keyboard.type("gọi BHXH rồi", delay=BY_HAND_MS)
    assert page.input_value("#clerk_reason") == "gọi BHXH rồi"
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(TICKET)


# --- A family


def test_a_family_goes_on_with_who_brought_the_children_and_lists_the_numbers(
    server: Server, page: Any
) -> None:
    no_card(page)
    page.keyboard.press("ArrowRight")
    page.fill("#holder", "Bé Một")
    page.fill("#born", "1/2/2024")
    page.fill("#guardian_name", "Trần Thị Mẹ")
    page.select_option("#guardian_relation", "mother")
    page.fill("#guardian_phone", "0999999901")
    page.press("#guardian_phone", "Control+Enter")
    page.wait_for_selector(TICKET)
    page.click("[data-do=family]")
    page.wait_for_selector("#family-numbers li")
    scan(page, KHOI)
    assert page.input_value("#guardian_name") == "Trần Thị Mẹ"
    assert page.input_value("#guardian_relation") == "mother"
    assert page.input_value("#guardian_phone") == "0999999901"
    assert page.input_value("#room") == "Phòng khám 1"
    page.press("#payload", "Enter")
    page.wait_for_selector(".ticket .name:has-text('Khôi')")
    until(lambda: page.evaluate("document.querySelectorAll('.middle .family li').length === 2"))

    server_visits = visits(server)
    assert len({visit["ticket"] for visit in server_visits}) == 2
    page.click("[data-do=family]")
    page.click(".rail a[hreflang=en]")  # the family goes on in the other language
    page.wait_for_selector("#family:not([hidden])")
    page.keyboard.press("Escape")
    assert page.is_hidden("#family")
    no_card(page)
    assert not page.input_value("#guardian_name")


def test_an_adult_scanned_just_before_is_offered_and_never_taken_silently(page: Any) -> None:
    scan(page, "an")
    page.keyboard.press("Escape")
    scan(page, KHOI)
    assert page.input_value("#guardian_name") == ""
    assert "Nguyễn Văn An" in page.inner_text(".family-offer")
    page.keyboard.press("Alt+g")
    assert page.input_value("#guardian_name") == "Nguyễn Văn An"


def test_a_cancelled_visit_looks_cancelled_in_every_list(server: Server, page: Any) -> None:
    scan(page, "an")
    page.press("#payload", "Enter")
    page.wait_for_selector(TICKET)
    page.click("[data-do=family]")
    visit = visits(server)[0]["id"]
    other = page.context.new_page()
    other.goto(f"{server.url}/logbook/visits/{visit}")
    version = other.evaluate("document.querySelector('input[name=version]')?.value ?? ''")
    answer = other.request.post(
        f"{server.url}/logbook/visits/{visit}/cancel",
        form={"why": "ghi nhầm", "version": version},
        headers={"Origin": server.url},
    )
    assert answer.ok
    other.goto(f"{server.url}/logbook/visits/{visit}")
    assert other.is_visible("h1.cancelled")
    other.goto(f"{server.url}/logbook")
    assert other.is_visible("tr.cancelled")
    other.close()
    page.reload()
    page.wait_for_selector("#family-numbers li.cancelled")
    page.wait_for_selector("#recent li.cancelled")


def test_nothing_of_a_patient_or_a_family_goes_to_another_logbook() -> None:
    """Its readings have the same numbers, and are other patients."""
    with chromium() as context:
        page = context.new_page()
        with serving("--demo") as server:
            page.goto(server.url)
            page.wait_for_selector("#status *")
            scan(page, "an")
            page.press("#payload", "Enter")
            page.wait_for_selector(TICKET)
            page.click("[data-do=family]")
            scan(page, KHOI)
            page.fill("#guardian_phone", "0999999901")
            page.goto("about:blank")
        with serving("--demo", "--port", server.url.rpartition(":")[2].strip("/")) as other:
            for person in ("binh", KHOI):
                other.post("/api/scans", {"payload": card(person)})
            page.goto(other.url)
            page.wait_for_timeout(1000)  # long enough to open a reading
            assert page.locator(".pass[data-reading]").count() == 0
            assert page.is_hidden("#family")


# --- A number that is typed


def test_help_while_a_number_is_typed_points_at_the_one_character_at_fault(page: Any) -> None:
    page.focus("#payload")
    page.keyboard.type("99999", delay=BY_HAND_MS)
    page.wait_for_selector("#typing-help:has-text('còn thiếu 5')")
    page.keyboard.type("O", delay=BY_HAND_MS)
    page.wait_for_selector("#typing-help mark")
    assert page.inner_text("#typing-help mark") == "O"
    assert "số 0" in page.inner_text("#typing-help")
    page.keyboard.type("001", delay=BY_HAND_MS)
    page.wait_for_selector("#typing-help:has-text('số 0 ở đầu')")
    page.keyboard.press("Escape")
    page.wait_for_selector("#typing-help", state="hidden")


def test_a_wrong_number_comes_back_with_the_fault_selected(page: Any) -> None:
    page.focus("#payload")
    page.keyboard.type("99999X0001", delay=BY_HAND_MS)
    page.keyboard.press("Enter")
    page.wait_for_selector(PASS)
    page.wait_for_timeout(200)
    page.keyboard.press("Enter")
    until(lambda: page.evaluate("document.getElementById('payload').selectionStart === 5"))
    assert page.evaluate("document.getElementById('payload').selectionEnd") == 6


def test_a_good_number_that_is_typed_takes_twelve_keys(server: Server, page: Any) -> None:
    page.focus("#payload")
    page.keyboard.type("9999900001", delay=BY_HAND_MS)
    page.keyboard.press("Enter")
    page.wait_for_selector(PASS)
    page.keyboard.press("Enter")
    page.wait_for_selector(TICKET)
    assert len(visits(server)) == 1
