"""In a browser, with printers on the network: each visit gets its ticket, whatever they do."""

from __future__ import annotations

import io
import json
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zxingcpp
from pypdf import PdfReader

from kiosk.tickets.printers import TIME_LIMIT_S
from tests.browser import chromium, wait_until
from tests.kiosk.printing import PAPER_OUT, PretendPrinter, pictures_in, pretend_printer
from tests.process import Server, card, serving, until
from tests.wedge import wedge

PASS = ".pass[data-ready]"
STATE = ".paper-state"


@contextmanager
def serving_with(folder: Path, *printers: PretendPrinter, name: str = "front") -> Iterator[Server]:
    """Run the demonstration with printers on the network."""
    config = folder / "printers.toml"
    config.write_text(
        "".join(
            f'[[printers]]\nname = "{name}"\nkind = "network"\nport = "127.0.0.1:{printer.port}"\n'
            for printer in printers
        ),
        "utf-8",
    )
    with serving("--demo", "--data", str(folder / "data"), "--config", str(config)) as server:
        yield server


@pytest.fixture
def page() -> Iterator[Any]:
    with chromium() as context:
        yield context.new_page()


def open_desk(page: Any, server: Server) -> None:
    page.goto(server.url)
    page.wait_for_selector("#status *", state="attached")


def record(page: Any, key: str) -> None:
    """Scan the card of a pretend patient and confirm the visit."""
    wedge(page, card(key) + "<Enter>")
    page.wait_for_selector(PASS)
    page.press("#payload", "Enter")
    page.wait_for_selector(".ticket-number")


def state_of(server: Server, ticket: int) -> str | None:
    found = server.get(f"/api/tickets/{ticket}/prints")["prints"][0]["state"]
    return None if found is None else str(found)


def code_on(picture: Any) -> str:
    (code,) = zxingcpp.read_barcodes(np.asarray(picture.convert("L")))
    return str(code.text)


def test_a_visit_s_ticket_is_printed_and_its_code_leads_back_to_it(
    tmp_path: Path, page: Any
) -> None:
    with pretend_printer() as printer, serving_with(tmp_path, printer) as server:
        open_desk(page, server)
        record(page, "an")
        page.wait_for_selector(f"{STATE}:has-text('Phiếu đã in')")
        (picture,) = pictures_in(printer.received)
        code = code_on(picture)
        number = page.inner_text(".ticket-number")
        page.wait_for_selector(PASS)  # a ticket that has just changed takes no Enter yet
        page.press("#payload", "Enter")
        page.wait_for_selector(".pass.calm .ready")
        wedge(page, code + "<Enter>")
        page.wait_for_selector(".pass[data-format=ticket]")

        assert page.inner_text(".ticket-number") == number
        assert "Của hôm nay" in page.inner_text(".why")
        assert page.query_selector_all("#unfinished li:not([hidden])") == []
        page.press("#payload", "Enter")
        page.wait_for_timeout(200)
        assert len(server.get("/api/visits")["visits"]) == 1


def test_a_printer_that_hangs_delays_no_number_and_the_clerk_reads_it_out(
    tmp_path: Path, page: Any
) -> None:
    with pretend_printer(reads=False) as printer, serving_with(tmp_path, printer) as server:
        open_desk(page, server)
        wedge(page, card("an") + "<Enter>")
        page.wait_for_selector(PASS)
        page.press("#payload", "Enter")
        page.wait_for_selector(".ticket-number")
        took_ms = page.evaluate(
            "performance.getEntriesByType('resource')"
            ".find(({name}) => name.endsWith('/api/visits')).duration"
        )
        assert took_ms < 1_000 * TIME_LIMIT_S  # nobody waited for the printer

        page.wait_for_selector(f"{STATE}:has-text('Máy in không trả lời: đọc số cho người bệnh.')")
        assert "chưa in phiếu" in page.inner_text("#recent")
        printer.reads = True
        number = page.inner_text(".ticket-number")
        page.keyboard.press("Alt+i")
        page.wait_for_selector(f"{STATE}:has-text('Phiếu đã in')")

        assert len(pictures_in(printer.received)) == 1
        assert page.inner_text(".ticket-number") == number


def test_a_reprint_has_the_same_number_and_a_mark(tmp_path: Path, page: Any) -> None:
    with pretend_printer() as printer, serving_with(tmp_path, printer) as server:
        open_desk(page, server)
        record(page, "an")
        page.wait_for_selector(f"{STATE}:has-text('Phiếu đã in')")
        page.keyboard.press("Alt+i")
        until(lambda: len(pictures_in(printer.received)) == 2)

        first, again = pictures_in(printer.received)
        assert again.height > first.height
        assert code_on(first) == code_on(again)
        assert len(server.get("/api/visits")["visits"]) == 1


def test_a_printer_without_paper_prints_once_it_has_some(tmp_path: Path, page: Any) -> None:
    with pretend_printer(paper=PAPER_OUT) as printer, serving_with(tmp_path, printer) as server:
        open_desk(page, server)
        record(page, "an")
        page.wait_for_selector(f"{STATE}:has-text('Máy in hết giấy')")
        printer.paper = b"\x12"
        page.wait_for_selector(f"{STATE}:has-text('Phiếu đã in')")

        assert len(pictures_in(printer.received)) == 1


def test_a_print_that_a_kill_cut_off_is_not_repeated_without_its_mark(
    tmp_path: Path, page: Any
) -> None:
    with pretend_printer(printed_answer=b"") as printer:
        with serving_with(tmp_path, printer) as server:
            visit = server.confirm(card("an"), "k")
            until(lambda: pictures_in(printer.received))
            server.kill()
        first = pictures_in(printer.received)[0]
        printer.received.clear()
        printer.printed_answer = b"\x00"
        with serving_with(tmp_path, printer) as server:
            open_desk(page, server)
            assert state_of(server, 1) == "unknown"
            page.wait_for_timeout(1500)
            assert not pictures_in(printer.received)
            assert "phiếu đã ra chưa?" in page.inner_text("#recent")

            server.post("/api/tickets/1/prints", {})
            until(lambda: pictures_in(printer.received))
            again = pictures_in(printer.received)[0]
    assert again.height > first.height
    assert code_on(first) == code_on(again)
    assert visit["ticket_label"] == "1"


def test_without_a_printer_the_browser_prints_by_itself(tmp_path: Path, page: Any) -> None:
    with serving_with(tmp_path) as server:
        page.context.add_init_script(
            "window.print = () => { document.title = 'printed'; };"
            "window.close = () => { document.title = 'closed'; };"
        )
        open_desk(page, server)
        record(page, "an")
        page.wait_for_selector(f"{STATE}:has-text('không có máy in phiếu')")
        with page.context.expect_page() as opened:
            page.keyboard.press("Alt+i")
        paper = opened.value
        paper.wait_for_selector(".paper .code")
        wait_until(paper, "document.title === 'printed'")
        assert paper.query_selector(".again") is None
        assert state_of(server, 1) is None  # the browser has begun no print yet

        (sheet,) = PdfReader(io.BytesIO(paper.pdf(prefer_css_page_size=True))).pages
        width, length = (float(side) / 72 * 25.4 for side in sheet.mediabox[2:])
        assert (round(width), 90 < length < 150) == (80, True)  # millimetres
        wait_until(paper, "document.title === 'closed'")  # the tab, after the print
        assert paper.inner_text(".number") == "1"
        assert paper.inner_text(".person") == "N. V. AN"
        assert "Nguyễn" not in paper.content()
        assert card("an").split("|")[0] not in paper.content() + paper.url
        paper.close()
        page.wait_for_selector(f"{STATE}:has-text('Phiếu đã gửi cho máy in của trình duyệt')")
        with page.context.expect_page() as opened:
            page.keyboard.press("Alt+i")
        opened.value.wait_for_selector(".again")


def test_a_page_that_is_loaded_again_prints_with_the_mark(tmp_path: Path, page: Any) -> None:
    with serving_with(tmp_path) as server:
        server.confirm(card("an"), "k")
        page.add_init_script("window.print = window.close = () => {};")
        page.goto(server.url + "/tickets/1/print")
        page.wait_for_selector(".paper .code")
        page.reload()
        page.wait_for_selector(".paper .code")
        assert page.query_selector(".again") is None  # nothing was printed

        page.pdf()
        page.wait_for_selector(".again")  # for the next print of this tab
        until(lambda: state_of(server, 1) == "printed")
        page.reload()

        assert "In lại" in page.inner_text(".again")


def test_a_tab_that_the_browser_does_not_open_prints_nothing_and_says_so(
    tmp_path: Path, page: Any
) -> None:
    with serving_with(tmp_path) as server:
        page.add_init_script("window.open = () => null;")
        open_desk(page, server)
        record(page, "an")
        page.keyboard.press("Alt+i")
        page.wait_for_selector("#message:has-text('cửa sổ bật lên')")

        assert state_of(server, 1) is None
        assert "không có máy in phiếu" in page.inner_text(STATE)


def test_a_slow_answer_does_not_delay_the_browser_s_tab(tmp_path: Path, page: Any) -> None:
    with serving_with(tmp_path) as server:
        page.context.add_init_script("window.print = () => {};")
        open_desk(page, server)
        record(page, "an")
        page.route("**/api/**", lambda _route: None)  # never answered
        opened = page.evaluate(
            """() => {
                const opened = [];
                window.open = (path) => opened.push(path);
                document.querySelector('[data-print]').click();
                return opened;
            }"""
        )

    assert opened == ["/tickets/1/print"]  # within the press: else the browser would block it


def test_a_family_is_printed_together(tmp_path: Path) -> None:
    guardian = {"name": "Nguyễn Văn Mẫu", "number": "001099999901", "relation": "father"}
    with pretend_printer() as printer, serving_with(tmp_path, printer) as server:
        for number, key in enumerate(("an", "binh", "dung")):
            attempt = server.post("/api/scans", {"payload": card(key)})["attempt"]
            body: dict[str, Any] = {"attempt": attempt, "print": False}
            if key != "dung":
                body["guardian"] = guardian
            server.post("/api/visits", body, **{"Idempotency-Key": f"k{number}"})
        answer = server.post("/api/tickets/1/prints", {"household": True})
        until(lambda: state_of(server, 2) == "printed")

        assert [row["ticket"] for row in answer["prints"]] == [1, 2]
        assert len(pictures_in(printer.received)) == 2
        assert state_of(server, 3) is None


@pytest.mark.parametrize(
    ("path", "body", "status", "title"),
    [
        ("/api/tickets/99/prints", {}, 404, "no_such_ticket"),
        ("/api/tickets/1/prints", {"also": ["2"]}, 400, "bad_request"),
        ("/api/tickets/1/prints", {"language": "fr"}, 400, "bad_request"),
        ("/api/tickets/1/prints", {}, 409, "no_printer"),
    ],
)
def test_a_call_that_cannot_print_says_why(
    path: str, body: dict[str, Any], status: int, title: str
) -> None:
    with serving("--demo") as server:
        server.confirm(card("an"), "k")
        with pytest.raises(urllib.error.HTTPError) as raised:
            server.post(path, body)

        assert (raised.value.code, json.load(raised.value)["title"]) == (status, title)
