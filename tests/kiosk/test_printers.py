"""Printers: what they get is the ticket, and whatever is wrong with them is said within seconds."""

from __future__ import annotations

import importlib
import os
import sys
import threading
import time
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zxingcpp

from kiosk.settings import PrinterPort
from kiosk.tickets import printers
from kiosk.tickets.drawing import draw_ticket
from kiosk.tickets.errors import PrinterFailed, PrinterTrouble
from kiosk.tickets.printers import Printer
from tests.kiosk.printing import (
    COVER_OPEN,
    PAPER_OUT,
    PretendPrinter,
    free_port,
    pictures_in,
    pretend_printer,
    ticket,
)

PICTURE = draw_ticket(ticket())


def failure_of(port: PrinterPort) -> PrinterFailed:
    """Print a ticket that does not come out; return the error, which comes within ten seconds."""
    begun = time.monotonic()
    with pytest.raises(PrinterFailed) as raised:
        Printer(port).print_pictures([PICTURE])
    assert time.monotonic() - begun < 10
    return raised.value


def test_a_printer_gets_the_ticket_dot_by_dot() -> None:
    with pretend_printer() as printer:
        Printer(printer.settings()).print_pictures([PICTURE])

    (printed,) = pictures_in(printer.received)
    assert printed.tobytes() == PICTURE.tobytes()
    (code,) = zxingcpp.read_barcodes(np.asarray(printed.convert("L")))
    assert code.text == ticket().code


def test_a_household_is_one_job_with_a_cut_behind_each_ticket() -> None:
    pictures = [draw_ticket(ticket(label=label)) for label in ("12", "13", "14")]

    with pretend_printer() as printer:
        Printer(printer.settings()).print_pictures(pictures)

    printed = pictures_in(printer.received)
    assert [picture.tobytes() for picture in printed] == [picture.tobytes() for picture in pictures]


def test_nothing_is_sent_to_a_printer_without_paper() -> None:
    with pretend_printer(paper=PAPER_OUT) as printer:
        failed = failure_of(printer.settings())

    assert (failed.trouble, failed.may_have_printed) == (PrinterTrouble.PAPER_OUT, False)
    assert b"\x1dv0" not in printer.received


def test_an_open_cover_is_noticed_before_anything_is_sent() -> None:
    with pretend_printer(online=COVER_OPEN) as printer:
        failed = failure_of(printer.settings())

    assert (failed.trouble, failed.may_have_printed) == (PrinterTrouble.OFFLINE, False)


def test_a_printer_that_is_switched_off_is_unreachable() -> None:
    failed = failure_of(PrinterPort("front", "network", f"127.0.0.1:{free_port()}"))

    assert (failed.trouble, failed.may_have_printed) == (PrinterTrouble.UNREACHABLE, False)


def test_a_printer_that_hangs_is_given_up_within_seconds() -> None:
    with pretend_printer(reads=False) as printer:
        begun = time.monotonic()
        failed = failure_of(printer.settings())

        assert time.monotonic() - begun < 4
    assert (failed.trouble, failed.may_have_printed) == (PrinterTrouble.NO_ANSWER, False)


def test_a_printer_that_is_unplugged_in_the_middle_may_have_printed() -> None:
    with pretend_printer(closes_after=10_000) as printer:
        failed = failure_of(printer.settings())

    assert (failed.trouble, failed.may_have_printed) == (PrinterTrouble.BROKE_OFF, True)


def test_a_ticket_that_is_not_confirmed_may_have_been_printed() -> None:
    with pretend_printer(printed_answer=b"") as printer:
        failed = failure_of(printer.settings())

    assert (failed.trouble, failed.may_have_printed) == (PrinterTrouble.NOT_CONFIRMED, True)


def test_paper_that_ends_in_the_middle_is_named() -> None:
    with pretend_printer(printed_answer=b"") as printer:
        watch = threading.Thread(target=_end_paper, args=(printer,))
        watch.start()
        failed = failure_of(printer.settings())
        watch.join()

    assert (failed.trouble, failed.may_have_printed) == (PrinterTrouble.PAPER_OUT, True)


def _end_paper(printer: PretendPrinter) -> None:
    while b"\x1dv0" not in printer.received:
        time.sleep(0.005)
    printer.paper = PAPER_OUT


def test_a_printer_that_never_answers_prints_if_the_settings_say_so() -> None:
    with pretend_printer(paper=b"", online=b"", printed_answer=b"") as printer:
        Printer(printer.settings(answers="no")).print_pictures([PICTURE])
        until = time.monotonic() + 5
        while not pictures_in(printer.received) and time.monotonic() < until:
            time.sleep(0.01)

    (printed,) = pictures_in(printer.received)
    assert printed.tobytes() == PICTURE.tobytes()


def test_to_look_at_a_printer_prints_nothing() -> None:
    with pretend_printer() as printer:
        Printer(printer.settings()).look()

    assert bytes(printer.received) == b"\x10\x04\x04\x10\x04\x01"


def test_a_file_gets_each_ticket_and_must_exist(tmp_path: Path) -> None:
    path = tmp_path / "lp0"
    assert failure_of(PrinterPort("front", "file", str(path))).trouble is PrinterTrouble.UNREACHABLE
    assert not path.exists()
    path.touch()

    for _ in range(2):
        Printer(PrinterPort("front", "file", str(path))).print_pictures([PICTURE])

    assert len(pictures_in(path.read_bytes())) == 2


@pytest.mark.parametrize("taken", [0, 1_000])
def test_a_first_piece_of_which_a_part_was_taken_may_have_been_printed(
    taken: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    room = taken  # bytes that the printer still takes

    def write(_device: int, data: bytes) -> int:
        nonlocal room
        if not room:
            raise BlockingIOError
        took, room = min(room, len(data)), 0
        return took

    path = tmp_path / "lp0"
    path.touch()
    monkeypatch.setattr(os, "write", write)

    failed = failure_of(PrinterPort("front", "file", str(path)))

    assert (failed.trouble, failed.may_have_printed) == (PrinterTrouble.BROKE_OFF, taken > 0)


def test_a_connection_that_breaks_in_the_first_piece_may_have_printed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def break_off(*_args: object) -> None:
        raise ConnectionResetError

    device = importlib.import_module("escpos.printer").Network
    with pretend_printer() as printer:
        monkeypatch.setattr(device, "_raw", break_off)
        failed = failure_of(printer.settings(answers="no"))

    assert (failed.trouble, failed.may_have_printed) == (PrinterTrouble.BROKE_OFF, True)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no ptys")
def test_a_serial_printer_gets_the_ticket() -> None:
    ours, theirs = os.openpty()
    received = bytearray()
    stop = threading.Event()

    def printer() -> None:
        while not stop.is_set():
            data = os.read(ours, 65_536)
            received.extend(data)
            if received.endswith((b"\x10\x04\x04", b"\x10\x04\x01")):
                os.write(ours, b"\x12")
            if received.endswith(b"\x1dr\x01"):
                os.write(ours, b"\x00")
                return

    thread = threading.Thread(target=printer)
    thread.start()
    Printer(PrinterPort("front", "serial", os.ttyname(theirs))).print_pictures([PICTURE])
    thread.join()
    os.close(ours)
    os.close(theirs)

    (printed,) = pictures_in(received)
    assert printed.tobytes() == PICTURE.tobytes()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no ptys")
@pytest.mark.parametrize(
    ("answers", "trouble"),
    [("yes", PrinterTrouble.NO_ANSWER), ("no", PrinterTrouble.BROKE_OFF)],
)
def test_a_serial_printer_that_hangs_is_given_up(answers: Any, trouble: PrinterTrouble) -> None:
    ours, theirs = os.openpty()  # nobody reads
    try:
        failed = failure_of(
            PrinterPort("front", "serial", os.ttyname(theirs), baud=921_600, answers=answers)
        )
    finally:
        os.close(ours)
        os.close(theirs)

    assert failed.trouble is trouble


def test_without_the_library_a_printer_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "escpos", None)

    failed = failure_of(PrinterPort("front", "network", "127.0.0.1"))

    assert (failed.trouble, failed.may_have_printed) == (PrinterTrouble.NOT_INSTALLED, False)


@pytest.mark.parametrize(("place", "may_have_printed"), [("open", False), ("_raw", True)])
def test_whatever_a_driver_raises_ends_nothing(
    place: str, may_have_printed: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class DriverError(Exception):
        """An error that the library does not know."""

    def fail(*_args: object) -> None:
        raise DriverError

    path = tmp_path / "lp0"
    path.touch()
    monkeypatch.setattr(printers._FileDevice, place, fail)

    failed = failure_of(PrinterPort("front", "file", str(path)))

    assert failed.may_have_printed is may_have_printed


class PretendWindows(types.ModuleType):
    """The module win32print of a Windows with one printer, whose states a test sets."""

    PRINTER_ENUM_NAME = 8

    def __init__(self) -> None:
        super().__init__("win32print")
        self.status = self.attributes = 0
        self.job_states: list[int] = []  # of our job, at each look; then it is gone
        self.status_while_printing: int | None = None  # of the printer, once a job has begun
        self.data = b""
        self.begun: list[str] = []  # the names of the documents
        self.breaks_off = False  # whether writing fails
        self.deleted: list[int] = []
        self.OpenPrinter, self.EnumPrinters = self.open_printer, self.printers
        self.GetPrinter, self.WritePrinter = self.printer_info, self.write
        self.EnumJobs, self.SetJob = self.jobs, self.set_job
        self.StartDocPrinter = self.begin

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("Start", "End", "Close")):
            return lambda *_args: None
        raise AttributeError(name)

    def open_printer(self, name: str) -> str:
        return f"handle of {name}"

    def begin(self, _handle: str, _level: int, info: tuple[str, str, str]) -> int:
        self.begun.append(info[0])
        if self.status_while_printing is not None:
            self.status = self.status_while_printing
        return 76 + len(self.begun)  # the number of the job

    def printers(self, *_args: object) -> list[dict[str, str]]:
        return [{"pPrinterName": "XP-80"}]

    def printer_info(self, _handle: str, _level: int) -> dict[str, int]:
        return {"Status": self.status, "Attributes": self.attributes}

    def write(self, _handle: str, data: bytes) -> None:
        self.data += data
        if self.breaks_off:
            raise sys.modules["pywintypes"].error

    def jobs(self, *_args: object) -> list[dict[str, int]]:
        return [{"JobId": 77, "Status": self.job_states.pop(0)}] if self.job_states else []

    def set_job(self, _handle: str, job: int, _level: int, _info: None, command: int) -> None:
        assert command == 5  # JOB_CONTROL_DELETE
        self.deleted.append(job)


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> PretendWindows:
    """Let python-escpos find the queues of a pretend Windows."""
    pretend = PretendWindows()
    errors = types.ModuleType("pywintypes")
    errors.error = type("error", (Exception,), {})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "win32print", pretend)
    monkeypatch.setitem(sys.modules, "pywintypes", errors)
    printer = importlib.import_module("escpos.printer")
    monkeypatch.delitem(sys.modules, "escpos.printer.win32raw", raising=False)
    monkeypatch.delitem(sys.modules, "kiosk.tickets.windows_queue", raising=False)
    monkeypatch.setattr(
        printer, "Win32Raw", importlib.import_module("escpos.printer.win32raw").Win32Raw
    )
    return pretend


QUEUE = PrinterPort("front", "windows", "XP-80")


def test_a_queue_of_windows_gets_the_ticket(windows: PretendWindows) -> None:
    windows.job_states = [0x08, 0x10]  # spooling, printing

    Printer(QUEUE).print_pictures([PICTURE])

    (printed,) = pictures_in(windows.data)
    assert printed.tobytes() == PICTURE.tobytes()
    assert windows.begun == ["Tiep Don"]
    assert not windows.deleted


@pytest.mark.parametrize(
    ("status", "attributes", "trouble"),
    [
        (0x10, 0, PrinterTrouble.PAPER_OUT),
        (0x80, 0, PrinterTrouble.OFFLINE),
        (0, 0x400, PrinterTrouble.OFFLINE),
    ],
)
def test_a_queue_whose_printer_cannot_print_gets_nothing(
    windows: PretendWindows, status: int, attributes: int, trouble: PrinterTrouble
) -> None:
    windows.status, windows.attributes = status, attributes

    failed = failure_of(QUEUE)

    assert (failed.trouble, failed.may_have_printed, windows.data) == (trouble, False, b"")
    assert not windows.begun


@pytest.mark.parametrize(
    ("states", "trouble", "may_have_printed"),
    [
        ([0x08, 0x40], PrinterTrouble.PAPER_OUT, False),
        ([0x10, 0x50], PrinterTrouble.PAPER_OUT, True),
        ([0x08, 0x20], PrinterTrouble.OFFLINE, False),
        ([0x08] * 100, PrinterTrouble.NOT_CONFIRMED, False),
    ],
)
def test_a_job_that_windows_does_not_print_is_taken_back(
    windows: PretendWindows, states: list[int], trouble: PrinterTrouble, may_have_printed: bool
) -> None:
    windows.job_states = states

    failed = failure_of(QUEUE)

    assert (failed.trouble, failed.may_have_printed) == (trouble, may_have_printed)
    assert windows.deleted == [77]
    assert windows.begun == ["Tiep Don"]


def test_paper_that_ends_while_windows_prints_leaves_it_unknown_whether_it_came_out(
    windows: PretendWindows,
) -> None:
    windows.job_states = [0x10, 0x50]
    windows.status_while_printing = 0x10

    failed = failure_of(QUEUE)

    assert (failed.trouble, failed.may_have_printed) == (PrinterTrouble.PAPER_OUT, True)
    assert (windows.begun, windows.deleted) == (["Tiep Don"], [77])


def test_a_job_that_windows_stops_taking_is_taken_back(windows: PretendWindows) -> None:
    windows.breaks_off = True

    failed = failure_of(QUEUE)

    assert (failed.trouble, failed.may_have_printed) == (PrinterTrouble.BROKE_OFF, True)
    assert windows.deleted == [77]


def test_to_look_at_a_queue_begins_no_job(windows: PretendWindows) -> None:
    Printer(QUEUE).look()
    windows.status = 0x10
    with pytest.raises(PrinterFailed) as raised:
        Printer(QUEUE).look()

    assert raised.value.trouble is PrinterTrouble.PAPER_OUT
    assert not windows.deleted  # there was no job to take back


@pytest.mark.usefixtures("windows")
def test_a_queue_that_windows_does_not_know_is_unreachable() -> None:
    failed = failure_of(PrinterPort("front", "windows", "another"))

    assert failed.trouble is PrinterTrouble.UNREACHABLE
