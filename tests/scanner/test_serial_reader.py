"""Readers on a pty and on a socket: what a reader delivers, and what happens if it goes away."""

from __future__ import annotations

import os
import queue
import socket
import sys
import threading
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kiosk.readers.scans import extent_of
from scanner import Reader, ReaderProfile, Scan, SerialReader
from scanner.framing import SILENCE_S, ExtentOf
from scanner.reader import SAME_CODE_S
from tests.cast import BHYT15, CCCD

if sys.platform == "win32":
    pytest.skip("a pty needs POSIX", allow_module_level=True)

import pty
import tty

DEADLINE_S = 10
PROFILE = ReaderProfile()
LONG_SILENCE = ReaderProfile(silence_s=DEADLINE_S)  # a busy machine may pause between two writes


class Running:
    """A reader in its thread, and what it delivered."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.scans: queue.Queue[Scan] = queue.Queue()
        self.stop = threading.Event()
        self._thread = threading.Thread(target=reader.run, args=(self.scans.put, self.stop))
        self._thread.start()

    def payload(self) -> bytes:
        return self.scans.get(timeout=DEADLINE_S).payload

    def wait_until(self, up: bool) -> None:
        until(lambda: self.reader.state.up is up)

    def end(self) -> None:
        self.stop.set()
        self._thread.join(DEADLINE_S)
        assert not self._thread.is_alive()


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline, "the deadline passed"
        time.sleep(0.01)


@contextmanager
def running(
    port: str, profile: ReaderProfile = PROFILE, extent_of: ExtentOf | None = None
) -> Iterator[Running]:
    here = Running(SerialReader("front", port, lambda: datetime.now(UTC), profile, extent_of))
    try:
        yield here
    finally:
        here.end()


def plug_in(link: Path) -> int:
    """Attach a simulated reader under a link; return the file descriptor that it writes to."""
    device, port = pty.openpty()
    tty.setraw(device)
    tty.setraw(port)
    name = os.ttyname(port)
    os.close(port)
    link.unlink(missing_ok=True)
    link.symlink_to(name)
    return device


@pytest.fixture
def link(tmp_path: Path) -> Path:
    return tmp_path / "reader"


@pytest.mark.parametrize(
    ("sent", "payloads"),
    [
        ([b"card\r"], [b"card"]),
        ([b"one\r\ntwo\n", b"three\t"], [b"one", b"two", b"three"]),
        (["Nguyễn Văn Mẫu\r".encode()], ["Nguyễn Văn Mẫu".encode()]),
        ([b"no end mark"], [b"no end mark"]),
        ([b"x" * 5000 + b"\r", b"card\r"], [b"card"]),
    ],
)
def test_a_reader_delivers_what_was_scanned(
    link: Path, sent: list[bytes], payloads: list[bytes]
) -> None:
    device = plug_in(link)
    with running(str(link)) as here:
        here.wait_until(up=True)
        for piece in sent:
            os.write(device, piece)
        assert [here.payload() for _ in payloads] == payloads
        assert here.reader.state.last_scan is not None
    os.close(device)


CARD = BHYT15.encode()
WOMAN = unicodedata.normalize("NFD", CCCD.replace("Nam", "Nữ")).encode()


@pytest.mark.parametrize(
    ("sent", "payloads"),
    [
        (b"8934567890123\r{}\r", [b"8934567890123", CARD]),
        (b"https://bhxh.example/app\r{}\r", [b"https://bhxh.example/app", CARD]),
        (b"00020101021138540010A00000072763040ABC\r{}\r",
         [b"00020101021138540010A00000072763040ABC", CARD]),
        (b"AT\rAT+GCAP\r{}\r", [b"AT", b"AT+GCAP", CARD]),
        (b"So 1, Pho Thu\r\n{}\r\n", [b"So 1, Pho Thu", CARD]),
        (b"12\r\n{}", [b"12", CARD]),
        (b"{}\r{}\r", [CARD, CARD]),
        (b"{}{}", [CARD, CARD]),
        (b"\x02{}\x03", [b"\x02" + CARD]),
        (b"\x02{}\x03\r", [b"\x02" + CARD]),
        (b"{} \r", [CARD]),
        (b"{}\0\r", [CARD]),
        (b"{}\0noise\r", [CARD]),
        (b"{}!!\r", [CARD]),
        (b"\0\0\r \r\x02\x03\r\xff\r\n\t{}\r", [CARD]),
        (bytes(4_095) + b"{}\r", [bytes(6) + CARD]),
        (b"9999900051\0noise\r", [b"9999900051"]),
        (b"9999900051\r", [b"9999900051"]),
        (WOMAN + b"\r", [WOMAN]),
        (WOMAN[:12] + b"\r" + WOMAN[12:] + b"\r", [WOMAN]),
        (CCCD.encode("utf-16-le") + b"\r\0", [CCCD.encode("utf-16-le")]),
        (CCCD.encode("utf-16-be") + b"\0\r", [CCCD.encode("utf-16-be") + b"\0"]),
        (CCCD.encode("utf-16") + b"\r\0", [CCCD.encode("utf-16")]),
        (b"\x03" + len(CARD).to_bytes(2) + b"{}\xab\xcd", [b"\x03" + len(CARD).to_bytes(2) + CARD]),
        (b"BEGIN:VCARD\r\nN:Mau\r\nEND:VCARD\r\n", [b"BEGIN:VCARDN:MauEND:VCARD"]),
    ],
)  # fmt: skip
def test_stray_lines_and_noise_neither_swallow_nor_cover_a_card(
    link: Path, sent: bytes, payloads: list[bytes]
) -> None:
    device = plug_in(link)
    with running(str(link), extent_of=extent_of) as here:
        here.wait_until(up=True)
        os.write(device, sent.replace(b"{}", CARD))
        assert [here.payload() for _ in payloads] == payloads
        os.write(device, b"\r8934567890123\r")  # nothing came between
        assert here.payload() == b"8934567890123"
    os.close(device)


@pytest.mark.parametrize(
    ("profile", "sent", "payloads"),
    [
        (ReaderProfile(prefix="\x02QR:"), b"\x02QR:{}\r", [CARD]),
        (ReaderProfile(prefix="QR:"), b"\0\x02QR:{}\r", [CARD]),
        (ReaderProfile(prefix="QR:"), b"QR\r:{}\r", [CARD]),
        (ReaderProfile(suffix="!!"), b"9999900051!!\x03\r", [b"9999900051"]),
        (ReaderProfile(prefix="<", suffix=">"), b"<8934567890123>\r<{}>\r",
         [b"8934567890123", CARD]),
    ],
)  # fmt: skip
def test_affixes_of_the_settings_and_noise_go_together(
    link: Path, profile: ReaderProfile, sent: bytes, payloads: list[bytes]
) -> None:
    device = plug_in(link)
    with running(str(link), profile, extent_of) as here:
        here.wait_until(up=True)
        os.write(device, sent.replace(b"{}", CARD))
        assert [here.payload() for _ in payloads] == payloads
    os.close(device)


def test_a_payload_that_comes_in_pieces_is_one_scan(link: Path) -> None:
    device = plug_in(link)
    with running(str(link), LONG_SILENCE) as here:
        here.wait_until(up=True)
        os.write(device, b"ca")
        time.sleep(2 * SILENCE_S)
        os.write(device, b"rd\r")
        assert here.payload() == b"card"
    os.close(device)


@pytest.mark.parametrize(
    ("profile", "sent", "payloads"),
    [
        (ReaderProfile(prefix="QR:"), b"QR:card\rcard\r", [b"card", b"card"]),
        (ReaderProfile(suffix="!!"), b"card!!\r", [b"card"]),
        (ReaderProfile(suffix="!!"), b"card\r!!\rcard\r", [b"card", b"card"]),
        (ReaderProfile(encoding="gb18030"), "Nguyễn\r".encode("gb18030"), ["Nguyễn".encode()]),
        (ReaderProfile(encoding="gb18030"), b"x\xff\xff\r", [b"x\xff\xff"]),
        (ReaderProfile(framing="silence"), b"one\rtwo\n", [b"one\rtwo\n"]),
        (ReaderProfile(silence_s=0.02), b"no end mark", [b"no end mark"]),
    ],
)
def test_what_a_reader_adds_is_removed_as_the_settings_say(
    link: Path, profile: ReaderProfile, sent: bytes, payloads: list[bytes]
) -> None:
    device = plug_in(link)
    with running(str(link), profile) as here:
        here.wait_until(up=True)
        os.write(device, sent)
        assert [here.payload() for _ in payloads] == payloads
    os.close(device)


def test_the_check_of_a_reader_gets_its_bytes_and_the_desk_does_not(link: Path) -> None:
    device = plug_in(link)
    with running(str(link)) as here:
        received, is_open = bytearray(), True

        def tap(data: bytes, _now: float) -> bool:
            received.extend(data)
            return is_open

        here.wait_until(up=True)
        here.reader.tap = tap
        os.write(device, b"]Q1code\r\n")
        until(lambda: bytes(received) == b"]Q1code\r\n")
        assert here.scans.empty()
        is_open = False
        time.sleep(SAME_CODE_S + 0.1)  # bytes that come sooner belong to the code of the check
        os.write(device, b"card\r")
        assert here.payload() == b"card"
    os.close(device)


def test_the_rest_of_a_code_that_a_check_got_is_not_a_scan() -> None:
    reader = Reader("front", lambda: datetime.now(UTC))
    reader.tap = lambda _data, now: now < 10

    taken = [reader._is_tapped(b"x", now) for now in (9.9, 10.05, 10.05 + SAME_CODE_S * 0.9, 11.0)]

    assert taken == [True, True, True, False]


def test_a_scan_that_began_before_a_check_goes_whole_to_the_desk(link: Path) -> None:
    device = plug_in(link)
    with running(str(link), LONG_SILENCE) as here:
        here.wait_until(up=True)
        began = threading.Event()

        def tap(_data: bytes, _now: float) -> bool:
            was_begun = began.is_set()
            began.set()
            return was_begun  # the check begins behind the first half

        here.reader.tap = tap
        os.write(device, b"001099999901|half ")
        assert began.wait(DEADLINE_S)
        os.write(device, b"a card\r")
        assert here.payload() == b"001099999901|half a card"
    os.close(device)


def test_an_unplugged_reader_is_absent_and_a_plugged_in_one_is_up_again(link: Path) -> None:
    device = plug_in(link)
    with running(str(link)) as here:
        here.wait_until(up=True)
        os.write(device, b"half a ca")
        os.close(device)
        here.wait_until(up=False)
        device = plug_in(link)  # as the operating system does it: as another device
        here.wait_until(up=True)
        os.write(device, b"card\r")
        assert here.payload() == b"card"
    os.close(device)


def test_a_reader_that_is_not_there_is_absent_and_says_why(link: Path) -> None:
    with running(str(link)) as here:
        until(lambda: here.reader.state.why != "not opened yet")
        assert here.reader.state.up is False
        assert "2" in here.reader.state.why  # ENOENT
        device = plug_in(link)
        here.wait_until(up=True)
    os.close(device)


def test_a_port_is_opened_for_one_program_alone(link: Path) -> None:
    device = plug_in(link)
    with running(str(link)) as first:
        first.wait_until(up=True)
        with running(str(link)) as second:
            until(lambda: second.reader.state.why != "not opened yet")
            assert second.reader.state.up is False
            os.write(device, b"card\r")
            assert first.payload() == b"card"
    os.close(device)


def test_bytes_sent_before_the_port_was_opened_are_not_a_scan(link: Path) -> None:
    device = plug_in(link)
    os.write(device, b"stale\r")
    with running(str(link)) as here:
        here.wait_until(up=True)
        os.write(device, b"card\r")
        assert here.payload() == b"card"
    os.close(device)


@pytest.mark.parametrize("scheme", ["socket", "rfc2217"])
def test_a_reader_on_the_network_is_read_and_found_again(scheme: str) -> None:
    if scheme == "rfc2217":
        with rfc2217_server() as (port, device), running(f"rfc2217://127.0.0.1:{port}") as here:
            here.wait_until(up=True)
            device.write(b"card\r")
            assert here.payload() == b"card"
        return
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with running(f"socket://127.0.0.1:{port}") as here:
            for payload in (b"one", b"two"):
                connection, _ = server.accept()
                here.wait_until(up=True)
                connection.sendall(payload + b"\r\n")
                assert here.payload() == payload
                connection.close()
                here.wait_until(up=False)


@contextmanager
def rfc2217_server() -> Iterator[tuple[int, Any]]:
    """Run pyserial's port server on a loop-back port, which sends back what is written to it."""
    import serial
    import serial.rfc2217

    device: Any = serial.serial_for_url("loop://", timeout=0.05)
    server = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def serve() -> None:
        connection, _ = server.accept()
        connection.settimeout(0.05)
        lock = threading.Lock()

        class Connection:
            @staticmethod
            def write(data: bytes) -> None:
                with lock:
                    connection.sendall(data)

        line: Any = Connection()
        manager = serial.rfc2217.PortManager(device, line)
        with connection:
            while not done.is_set():
                for block in manager.escape(device.read(device.in_waiting)):
                    Connection.write(block)
                try:
                    data = connection.recv(1024)
                    if not data:
                        return
                    device.write(b"".join(manager.filter(data)))
                except TimeoutError:
                    continue

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server.getsockname()[1], device
    finally:
        done.set()
        thread.join(DEADLINE_S)
        server.close()
        device.close()


def test_a_name_that_is_not_a_port_is_reported_as_absent() -> None:
    with running("nonsense://x") as here:
        until(lambda: here.reader.state.why != "not opened yet")
        assert here.reader.state.up is False
