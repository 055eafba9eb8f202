"""Readers on a port, and those that type, are checked in a browser with the codes of the sheet."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kiosk.readers import SHEET
from kiosk.readers.sheet import LONG, NAMES, SIGNS
from scanner import decode_picture
from tests.browser import chromium
from tests.process import READER, Server, card, serving, site, until
from tests.wedge import wedge

if sys.platform == "win32":
    pytest.skip("a pty needs POSIX", allow_module_level=True)

import pty
import tty


@pytest.fixture
def reader() -> Iterator[tuple[int, str]]:
    """Attach a pretend reader; return the end it writes to, and the name of its port."""
    device, port = pty.openpty()
    tty.setraw(device)
    tty.setraw(port)
    yield device, os.ttyname(port)
    os.close(port)
    os.close(device)


@pytest.fixture
def page() -> Iterator[Any]:
    with chromium() as context:
        yield context.new_page()


def fault_of(page: Any, code: str) -> Any:
    return page.locator(f"[data-result={code}] .fault")


def good_result_of(page: Any, code: str) -> Any:
    return page.locator(f"[data-result={code}] .fine")


def is_up(server: Server) -> bool:
    return bool(server.get("/healthz")["readers"][0]["up"])


def readings(server: Server) -> int:
    """Return how many readings there were; this adds one."""
    return int(server.post("/api/scans", {"payload": "x"})["attempt"]) - 1


@pytest.mark.slow
def test_a_reader_on_a_port_is_checked_and_then_sends_to_the_desk_again(
    reader: tuple[int, str], page: Any, tmp_path: Path
) -> None:
    device, port = reader
    with serving(*site(tmp_path, "", READER.format(port=port))) as server:
        until(lambda: is_up(server))
        page.goto(server.url + "/readers/")
        with page.expect_response("**/api/reader-checks/look"):
            page.get_by_role("link", name="Kiểm tra").first.click()

        os.write(device, b"QR:" + SIGNS.encode() + b"\r")
        fault_of(page, "signs").wait_for()
        assert "QR:" in fault_of(page, "signs").inner_text()

        os.write(device, SIGNS.encode() + b"\r")
        fault_of(page, "signs").wait_for(state="detached")
        page.locator(
            "[data-code=names]:not([hidden])"
        ).wait_for()  # the page shows the next code by itself

        os.write(device, NAMES.encode("gb18030") + b"\r")
        fault_of(page, "names").wait_for()
        assert "GB 18030" in fault_of(page, "names").inner_text()

        os.write(device, card("an").encode() + b"\r")  # a patient's card, by mistake
        page.get_by_text("Mã này không có trên tờ").wait_for()
        assert readings(server) == 0

        page.get_by_role("link", name="Xong").click()
        page.get_by_text("cần xem lại: 1").wait_for()
        page.goto(server.url)
        page.get_by_text("Đầu đọc front: sẵn sàng").wait_for()
        os.write(device, card("an").encode() + b"\r")
        page.locator(".verdict:has-text('Nguyễn')").wait_for()
        assert readings(server) == 2  # `readings` above made the first one
        assert "Nguyễn" not in server.end()[1]


def test_our_own_decoder_reads_the_codes_on_the_page(page: Any) -> None:
    with serving("--demo") as server:
        page.goto(server.url + "/readers/sheet")
        for picture, code in zip(page.locator(".code").all(), SHEET, strict=True):
            found = decode_picture(picture.screenshot())
            assert [barcode.payload.decode() for barcode in found] == [code.text]


@pytest.mark.slow
def test_a_reader_that_types_is_checked_in_the_page(page: Any) -> None:
    with serving("--demo") as server:
        page.goto(server.url + "/readers/check")
        page.locator("[data-result=signs]").wait_for()

        wedge(page, SIGNS.replace("dd aa af as ee ow", "đ â à á ê ơ"))
        fault_of(page, "signs").wait_for()
        assert "Telex" in fault_of(page, "signs").inner_text()

        wedge(page, LONG)
        good_result_of(page, "long").first.wait_for()
        assert "0 ms" in page.locator("[data-result=long]").inner_text()
        assert page.locator("#typed").input_value() == ""

        page.locator("[data-show=inverted]").click()
        page.locator("[data-not-read=inverted]").click()
        fault_of(page, "inverted").wait_for()
        assert "Video Reverse" in fault_of(page, "inverted").inner_text()

        page.locator("#typed").press_sequentially("a person", delay=60)
        page.get_by_text("Mã này không có trên tờ").wait_for()


@pytest.mark.slow
def test_the_enter_or_tab_behind_a_code_is_reported(page: Any) -> None:
    with serving("--demo") as server:
        page.goto(server.url + "/readers/check")
        page.locator("[data-result=signs]").wait_for()
        for key, seen in (("Enter", "LF (Enter)"), ("Tab", "TAB")):
            page.keyboard.insert_text(LONG)
            page.locator("#typed").press("a")  # so that the Tab does not count as a person's
            page.keyboard.press("Backspace")
            page.keyboard.press(key)
            ended = page.locator("[data-result=long] code", has_text=seen)
            ended.wait_for()
            assert ended.inner_text() == seen
