"""In a browser: a card is looked up without a visit, and its picture is shown to the patient."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import chromium, wait_until
from tests.process import READER, Server, card, serving
from tests.wedge import wedge

RESULT = ".enquiry-result"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving("--demo") as running:
        yield running


@pytest.fixture
def page(server: Server) -> Iterator[Any]:
    with chromium() as context:
        page = context.new_page()
        page.goto(f"{server.url}/enquiry")
        yield page


def left(page: Any) -> int:
    return int(page.inner_text("#left"))


def test_a_card_that_is_read_here_is_looked_up_and_leaves_no_patient(
    server: Server, page: Any
) -> None:
    before = left(page)
    page.focus("#holder")
    wedge(page, card("an") + "<Enter>")
    page.wait_for_selector(RESULT)
    assert "Nguyễn Văn An" in page.inner_text("#result")
    assert [page.input_value(name) for name in ("#number", "#holder", "#born")] == ["", "", ""]

    page.click("[data-do=ask]")
    page.wait_for_selector(f"{RESULT}[data-asked=answered]")
    wait_until(page, f"document.getElementById('left').textContent === '{before - 1}'")
    wedge(page, card("chi") + "<Tab>")
    page.wait_for_selector(f"{RESULT}[data-reason=ended]")
    assert "Nguyễn Văn An" not in page.inner_text("#result")

    assert page.url == f"{server.url}/enquiry"
    assert server.get("/api/visits")["visits"] == []
    with urllib.request.urlopen(f"{server.url}/desk/unfinished") as answer:
        assert "data-attempt" not in answer.read().decode()
    page.goto(server.url)
    page.wait_for_selector("#status *", state="attached")
    assert page.query_selector(".verdict") is None


@pytest.mark.slow
def test_a_number_is_typed_then_name_and_birth_and_all_is_cleared(page: Any) -> None:
    page.fill("#number", "9999900002")
    page.press("#number", "Enter")
    page.wait_for_selector("#add-name:focus")
    page.fill("#add-name", "Trần Thị Bình")
    page.fill("#add-born", "20/11/75")
    page.press("#add-born", "Enter")
    page.wait_for_selector("#fault:not(:empty)")
    assert page.input_value("#add-name") == "Trần Thị Bình"  # nothing typed is lost
    page.fill("#add-born", "20/11/1975")
    page.press("#add-born", "Enter")
    page.wait_for_selector(f"{RESULT}[data-asked=answered]")

    page.click("#clear")
    page.wait_for_selector(RESULT, state="detached")
    assert page.input_value("#number") == ""
    assert "Bình" not in page.inner_text("main")


@pytest.mark.slow
def test_what_was_looked_up_is_gone_when_the_page_is_come_back_to(
    server: Server, page: Any
) -> None:
    wedge(page, card("an") + "<Enter>")
    page.wait_for_selector(RESULT)
    page.goto(f"{server.url}/rooms")
    page.go_back()
    page.wait_for_selector("#typed")

    assert page.query_selector(RESULT) is None


@pytest.mark.slow
def test_without_the_program_it_is_said_and_nothing_stays(server: Server, page: Any) -> None:
    wedge(page, card("an") + "<Enter>")
    page.wait_for_selector(RESULT)
    server.kill()
    wedge(page, card("chi") + "<Enter>")
    page.wait_for_selector("#fault:not(:empty)")

    assert page.query_selector(RESULT) is None


@pytest.mark.slow
def test_a_facility_is_found_while_its_name_is_typed(page: Any) -> None:
    page.fill("#words", "tinh mau")
    page.wait_for_selector("#found td:has-text('01998')")
    page.fill("#words", "khong co")
    page.wait_for_selector("#found p")


@pytest.mark.slow
def test_a_serial_reader_reads_for_the_page_while_it_is_open_and_then_for_the_desk(
    tmp_path: Path,
) -> None:
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    config = tmp_path / "kiosk.toml"
    config.write_text(READER.format(port=os.ttyname(theirs)), "utf-8")
    with serving("--demo", "--config", str(config)) as server, chromium() as context:
        page = context.new_page()
        page.goto(f"{server.url}/enquiry")
        with page.expect_response("**/enquiry/next"):
            pass  # the page listens
        os.write(ours, card("an").encode() + b"\r\n")
        page.wait_for_selector(RESULT)
        assert "Nguyễn Văn An" in page.inner_text("#result")
        page.goto(server.url)
        page.wait_for_selector("#status *", state="attached")
        assert page.query_selector(".verdict") is None  # it was no attempt

        os.write(ours, card("chi").encode() + b"\r\n")
        page.wait_for_selector(".verdict[data-reason=ended]")
    os.close(ours)
    os.close(theirs)


def displayed(page: Any) -> Any:
    """Return the patient's screen in a second window of the same browser."""
    display = page.context.new_page()
    display.goto(page.url.replace("/enquiry", "/display/patient"))
    display.wait_for_timeout(300)
    return display


@pytest.mark.slow
def test_a_picture_is_turned_and_shown_to_the_patient_by_a_press_only(page: Any) -> None:
    display = displayed(page)
    wedge(page, card("an") + "<Enter>")
    page.wait_for_selector(RESULT)
    assert display.inner_html("#card") == ""

    page.click("[data-card=show]")
    display.wait_for_selector("#card .card-face.new.front")
    assert "9999900001" in display.inner_text("#card")
    assert "không phải thẻ" in display.inner_text("#card")
    page.click("[data-card=turn]")
    display.wait_for_selector("#card .card-face.new.back")
    page.click("[data-card=form]")
    page.click("[data-card=turn]")
    display.wait_for_selector("#card .card-face.old.front")
    page.click("[data-card=take]")
    display.wait_for_selector("[data-when=ready]:visible")
    assert display.inner_html("#card") == ""
    page.wait_for_selector("[data-card=take]", state="hidden")


def test_the_next_patient_wipes_the_picture_and_so_does_the_next_enquiry(
    server: Server, page: Any
) -> None:
    display = displayed(page)
    for next_one in (
        lambda: server.post("/api/scans", {"payload": card("dung")}),
        lambda: wedge(page, card("chi") + "<Enter>"),
        lambda: page.goto(f"{server.url}/rooms"),
    ):
        if page.query_selector(f"{RESULT}[data-reason=in_force]") is None:
            wedge(page, card("an") + "<Enter>")
            page.wait_for_selector(f"{RESULT}[data-reason=in_force]")
        page.click("[data-card=show]")
        display.wait_for_selector("#card .card-face")
        next_one()
        display.wait_for_selector("#card .card-face", state="detached")
        assert "Nguyễn Văn An" not in display.inner_text("body")


@pytest.mark.slow
def test_the_picture_disappears_after_a_time(page: Any) -> None:
    display = page.context.new_page()
    display.route("**/static/open/patient.js", sooner)
    display.goto(page.url.replace("/enquiry", "/display/patient"))
    wedge(page, card("an") + "<Enter>")
    page.wait_for_selector(RESULT)
    page.click("[data-card=show]")
    display.wait_for_selector("#card .card-face")
    display.wait_for_selector("#card .card-face", state="detached")

    page.wait_for_selector("[data-card=take]", state="hidden")
    assert display.is_visible("[data-when=ready]")


def sooner(route: Any) -> None:
    """Serve the display's script with a second in place of half a minute."""
    script = route.fetch().text()
    assert "CARD_MS = 30_000" in script
    route.fulfill(
        body=script.replace("CARD_MS = 30_000", "CARD_MS = 1000"), content_type="text/javascript"
    )


@pytest.mark.slow
def test_without_a_patients_screen_the_clerk_is_told_where_to_open_one(page: Any) -> None:
    wedge(page, card("an") + "<Enter>")
    page.wait_for_selector(RESULT)
    page.click("[data-card=show]")
    page.wait_for_selector(".card-said a:visible")

    assert page.get_attribute(".card-said a", "href") == "/display/patient"


@pytest.mark.slow
def test_the_screen_of_another_desk_shows_no_picture(page: Any) -> None:
    display = displayed(page)
    wedge(page, card("an") + "<Enter>")
    page.wait_for_selector(RESULT)
    page.evaluate("document.querySelector('.card-part').dataset.desk = 'another'")
    page.click("[data-card=show]")
    page.wait_for_selector(".card-said a:visible")

    assert display.inner_html("#card") == ""
