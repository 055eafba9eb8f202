"""One scan in a real process: from the reader's cable through a browser to the insurer."""

from __future__ import annotations

import json
import os
import socketserver
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kiosk.sandbox import PEOPLE, SandboxInsurer
from tests.browser import READY, chromium
from tests.cast import hold_answers, running_insurer
from tests.process import READER, Server, card, serving, site, until
from tests.wedge import wedge

Running = tuple[SandboxInsurer, str]


@pytest.fixture
def gateway() -> Iterator[Running]:
    with running_insurer(lambda: datetime.now(UTC)) as running:
        yield running


@pytest.fixture
def page() -> Iterator[Any]:
    """A page in the browser of the system."""
    with chromium() as context:
        yield context.new_page()


@pytest.mark.skipif(sys.platform == "win32", reason="a pty needs POSIX")
def test_a_scan_goes_from_the_readers_cable_to_the_insurer(
    tmp_path: Path, gateway: Running, page: Any
) -> None:
    import pty
    import tty

    device, port = pty.openpty()
    tty.setraw(device)
    tty.setraw(port)
    insurer, url = gateway
    settings = site(tmp_path, url, READER.format(port=os.ttyname(port)))
    with serving(*settings) as server:
        page.goto(server.url)
        page.wait_for_selector("text=Đầu đọc front: sẵn sàng")

        os.write(device, card("giang").encode() + b"\r")

        # This card is not known here: the first verdict is ours, the second the insurer's.
        page.wait_for_selector('.verdict[data-outcome="admitted"][data-reason="in_force"]')
        page.wait_for_selector(READY)
        assert "Hoàng Thị Giang" in page.inner_text("#verdict")
        page.keyboard.press("Enter")
        page.wait_for_selector(".ticket")
        assert page.inner_text(".ticket-number") == "1"
        until(lambda: insurer.ledger.visits())
        page.wait_for_selector(".ticket:has-text('đã nhận')")
        page.goto(server.url + "/logbook")
        assert "Hoàng Thị Giang" in page.inner_text("table.log")
        assert "đã nhận" in page.inner_text("table.log")
    os.close(device)
    os.close(port)

    [received] = insurer.ledger.visits()
    assert received.fields["HO_TEN"] == "Hoàng Thị Giang"
    assert received.fields["MA_THE_BHYT"] == "DN4019999900005"
    assert received.times == 1


def test_a_late_list_of_visits_takes_no_focus_from_the_next_patient(page: Any) -> None:
    held: list[Any] = []
    released = False

    def hold(route: Any) -> None:
        if released:
            route.continue_()
        else:
            held.append(route)

    with serving("--demo") as server:
        page.goto(server.url)
        page.route("**/desk/recent", hold)
        wedge(page, card("an") + "<Enter>")
        page.wait_for_selector(READY)
        page.keyboard.press("Enter")
        page.wait_for_selector(".ticket")
        wedge(page, card("chi") + "<Enter>")
        page.wait_for_selector('.verdict[data-outcome="desk"]')
        page.wait_for_selector(READY)
        page.keyboard.press("Alt+n")  # asks for a reason
        assert page.evaluate("document.activeElement.id") == "reason-1"
        released = True
        for route in held:
            route.continue_()
            route.request.response().finished()
        page.evaluate("new Promise(requestAnimationFrame)")  # the page has used the answers

        assert held
        assert page.evaluate("document.activeElement.id") == "reason-1"


def test_the_demo_can_be_used_with_the_keyboard_only(page: Any) -> None:
    with serving("--demo") as server:
        page.goto(server.url)
        for key, outcome in (("an", "admitted"), ("nam", "unconfirmed")):
            wedge(page, card(key) + "<Enter>")
            page.wait_for_selector(f'.verdict[data-outcome="{outcome}"]')
            page.wait_for_selector(READY)
            page.keyboard.press("Enter")
            page.wait_for_selector(".ticket")
        wedge(page, card("chi") + "<Enter>")
        page.wait_for_selector('.verdict[data-outcome="desk"]')
        page.wait_for_selector(READY)
        page.keyboard.press("Alt+n")  # does not admit the patient: it asks why
        assert page.evaluate("document.activeElement.id") == "reason-1"
        page.keyboard.type("thẻ đã gia hạn", delay=60)
        page.keyboard.press("Control+Enter")
        page.wait_for_selector(".ticket-number:text-is('3')")
        page.keyboard.press("Escape")
        page.wait_for_selector(".ready")
        insurer = page.get_attribute("#people .help a", "href")
        until(lambda: len(received_by(insurer)) == 3)

        assert {row["fields"]["HO_TEN"] for row in received_by(insurer)} == {
            "Nguyễn Văn An",
            "Đặng Văn Nam",
            "Lê Thị Chi",
        }


def test_the_second_enter_of_a_reader_confirms_no_visit(page: Any) -> None:
    with serving("--demo") as server:
        page.goto(server.url)
        page.keyboard.insert_text(card("an"))
        page.keyboard.press("Enter")
        page.wait_for_selector(READY)
        page.keyboard.insert_text(card("khoi"))
        page.keyboard.press("Enter")
        page.keyboard.press("Enter")
        page.wait_for_selector(".verdict:has-text('Vũ Minh Khôi')")
        page.wait_for_selector(READY)

        assert server.get("/api/visits")["visits"] == []


def newest_verdict(server: Server) -> str:
    """Return the HTML of the newest verdict on the first reading."""
    with urllib.request.urlopen(f"{server.url}/desk/attempts/1", timeout=10) as answer:
        return str(answer.read().decode())


def test_a_page_that_was_cleared_stays_clear(tmp_path: Path, gateway: Running, page: Any) -> None:
    release = hold_answers(gateway[0])
    with serving(*site(tmp_path, gateway[1])) as server:
        page.goto(server.url)
        page.keyboard.insert_text(card("giang").replace("99999000", "99998000"))  # asked live
        page.keyboard.press("Enter")
        page.wait_for_selector('.verdict[data-outcome="unconfirmed"]')
        page.keyboard.press("Escape")
        release.set()
        until(lambda: 'data-reason="no_record"' in newest_verdict(server))
        page.wait_for_timeout(500)

        assert page.query_selector('.verdict[data-reason="no_record"]') is None


@pytest.mark.slow
def test_typed_text_survives_a_newer_verdict(tmp_path: Path, gateway: Running, page: Any) -> None:
    release = hold_answers(gateway[0])
    with serving(*site(tmp_path, gateway[1])) as server:
        page.goto(server.url)
        page.keyboard.insert_text(card("giang").replace("99999000", "99998000"))
        page.keyboard.press("Enter")
        page.wait_for_selector('.verdict[data-outcome="unconfirmed"]')
        page.click("#more-fold summary")
        page.focus("#phone")
        page.keyboard.type("0900", delay=60)
        release.set()
        page.wait_for_selector('.verdict[data-reason="no_record"]')
        page.keyboard.type("123", delay=60)

        assert page.input_value("#phone") == "0900123"


def received_by(insurer: str) -> Any:
    with urllib.request.urlopen(insurer + "/received.json", timeout=10) as answer:
        return json.load(answer)


@pytest.mark.slow
def test_the_page_of_a_bare_number_asks_for_name_and_birth(page: Any) -> None:
    with serving("--demo") as server:
        page.goto(server.url)
        page.keyboard.type("99999 00077", delay=60)
        page.keyboard.press("Enter")
        page.wait_for_selector('.verdict[data-reason="not_yet_known"]')
        page.wait_for_selector(READY)
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "holder"
        page.keyboard.type("Nguyễn Thị Thử", delay=60)
        page.keyboard.press("Tab")
        page.keyboard.type("5/4/1970", delay=60)
        page.keyboard.press("Control+Enter")  # asks the insurer, which does not know the number
        page.wait_for_selector('.verdict[data-reason="no_record"]')
        page.wait_for_selector(READY)
        page.keyboard.press("Enter")
        page.keyboard.type("trẻ mới đăng ký", delay=60)
        page.keyboard.press("Control+Enter")
        page.wait_for_selector(".ticket")
        insurer = page.get_attribute("#people .help a", "href")
        until(lambda: received_by(insurer))

        [row] = received_by(insurer)
        assert (row["fields"]["HO_TEN"], row["fields"]["NGAY_SINH"]) == (
            "Nguyễn Thị Thử",
            "197004050000",
        )


@pytest.mark.slow
def test_every_pretend_patient_can_be_sent_with_one_click(page: Any) -> None:
    with serving("--demo") as server:
        page.goto(server.url + "/?lang=en")
        page.click("#people-button")
        for patient in PEOPLE:
            page.click(f'button[data-scan="/demo/phones/{patient.key}/scan"]')
            page.wait_for_selector(f'.verdict[data-reason="{patient.reason}"]')
        page.goto(server.url + "/demo/phones/binh")
        page.click("button[data-scan]")
        page.wait_for_selector(".message.good")


@pytest.mark.slow
def test_a_typed_number_takes_the_id_cards_name_by_a_click_and_never_by_enter(
    page: Any,
) -> None:
    id_card = "001080999901||Nguyễn Văn An|01021980|Nam|Số 1, Phường Thử, Hà Nội|15082021"
    with serving("--demo") as server:
        page.goto(server.url)
        wedge(page, id_card + "<Enter>")
        page.wait_for_selector(READY)
        page.keyboard.type("9999900077", delay=60)
        page.keyboard.press("Enter")
        page.wait_for_selector("[data-take]")
        page.wait_for_selector(READY)

        page.click("#more-fold summary")
        page.focus("#phone")
        page.wait_for_timeout(400)
        page.keyboard.press("Enter")  # goes to the next field
        page.keyboard.press("Control+Enter")
        assert page.evaluate("document.activeElement.id") == "holder"  # asks for the name
        page.click("[data-take]")

        page.wait_for_selector(
            '.verdict[data-reason="no_record"]'
        )  # the insurer was asked with that name
        assert "Nguyễn Văn An" in page.inner_text(".verdict .face")


@contextmanager
def hanging_up(port: int) -> Iterator[list[bytes]]:
    """Hang up on each call in place of the program; give the first lines of the calls."""
    asked: list[bytes] = []

    class HangUp(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked.append(self.rfile.readline())

    class Listener(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Listener(("127.0.0.1", port), HangUp) as listener:
        threading.Thread(target=listener.serve_forever, args=(0.01,)).start()
        try:
            yield asked
        finally:
            listener.shutdown()


@pytest.mark.slow
def test_a_page_without_the_program_says_so_and_goes_on_when_it_is_back(
    tmp_path: Path, gateway: Running, page: Any
) -> None:
    settings = site(tmp_path, gateway[1])
    with serving(*settings) as server:
        page.goto(server.url)
        port = server.url.rpartition(":")[2]
        server.post("/api/scans", {"payload": card("an")})
        page.wait_for_selector(".verdict")  # so the page follows the events
        server.kill()
        page.keyboard.type("9999900077", delay=60)
        page.keyboard.press("Enter")
        page.wait_for_selector("#message:has-text('không trả lời')")
        with hanging_up(int(port)) as asked:  # the page connects again, and fails again
            until(lambda: sum(line.startswith(b"GET /events") for line in asked) >= 2)
        assert "không trả lời" in page.inner_text("#message")
    with serving(*settings, "--port", port) as server:
        server.post("/api/scans", {"payload": card("binh")})
        page.wait_for_selector(".verdict:has-text('Trần Thị Bình')")
