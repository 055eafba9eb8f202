"""Printers for the tests: servers on a TCP port that behave as printers do, and their paper."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from PIL import Image

from kiosk.settings import PrinterPort
from kiosk.tickets.ticket import Payment, PrintedTicket

AT = datetime(2026, 11, 28, 0, 42, tzinfo=UTC)  # 07:42 on a Saturday at the clinic
GOOD, PAPER_OUT, COVER_OPEN = b"\x12", b"\x72", b"\x1a"  # answers to DLE EOT
HAS_PAPER = b"\x00"  # the answer to GS r
RASTER = b"\x1dv0"


def ticket(**values: Any) -> PrintedTicket:
    """Return a ticket of a pretend patient, with other values if a test passes some."""
    usual: dict[str, Any] = {
        "facility": "Bệnh viện Mẫu",
        "label": "12",
        "room": "Phòng khám 1",
        "person": "N. V. AN",
        "at": AT,
        "payment": Payment.SHARE,
        "share_percent": 80.0,
        "way": "Tầng 2, theo vạch xanh.",
        "desk": "2",
        "visit": "0742-12",
        "code": "TD1-01999-20261128-12-4711-0123456789",
    }
    return PrintedTicket(**{**usual, **values})


@dataclass
class PretendPrinter:
    """A printer on the network. What it does wrong is set before a job."""

    paper: bytes = GOOD  # its answer to DLE EOT 4; empty: it never answers
    online: bytes = GOOD  # … and to DLE EOT 1
    printed_answer: bytes = HAS_PAPER  # … and to GS r; empty: none
    closes_after: int | None = None  # bytes; then it closes the connection in the middle
    reads: bool = True  # False: it takes the connection and hangs
    received: bytearray = field(default_factory=bytearray)
    port: int = 0

    def settings(self, **values: Any) -> PrinterPort:
        """Return the settings of this printer."""
        return PrinterPort(
            **{"name": "front", "kind": "network", "port": f"127.0.0.1:{self.port}", **values}
        )

    def serve(self, connection: socket.socket, stop: threading.Event) -> None:
        """Be the printer on one connection."""
        connection.settimeout(0.1)
        pending = b""
        while not stop.is_set():
            if not self.reads:
                stop.wait(0.05)
                continue
            try:
                data = connection.recv(65_536)
            except TimeoutError:
                continue
            if not data:
                return
            self.received += data
            if self.closes_after is not None and len(self.received) > self.closes_after:
                return
            pending = (pending + data)[-4_200:]
            for question, answer in (
                (b"\x10\x04\x04", self.paper),
                (b"\x10\x04\x01", self.online),
                (b"\x1dr\x01", self.printed_answer),
            ):
                if pending.endswith(question) and answer:
                    connection.sendall(answer)


@contextlib.contextmanager
def pretend_printer(**values: Any) -> Iterator[PretendPrinter]:
    """Run a printer on a free port of this machine."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        printer = PretendPrinter(port=server.getsockname()[1], **values)

        def accept() -> None:
            while not stop.is_set():
                try:
                    connection, _address = server.accept()
                except TimeoutError:
                    continue
                with connection, contextlib.suppress(OSError):
                    printer.serve(connection, stop)

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield printer
        finally:
            stop.set()
            thread.join()


def free_port() -> int:
    """Return a port of this machine on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def pictures_in(data: bytes | bytearray) -> list[Image.Image]:
    """Return the tickets in what a printer got: the raster pictures between two cuts."""
    tickets: list[Image.Image] = []
    for job in bytes(data).split(b"\x1dV")[:-1]:
        parts = []
        start = job.find(RASTER)
        while start >= 0:
            wide, high = (
                int.from_bytes(job[start + place : start + place + 2], "little") for place in (4, 6)
            )
            end = start + 8 + wide * high
            bits = bytes(byte ^ 0xFF for byte in job[start + 8 : end])
            parts.append(Image.frombytes("1", (8 * wide, high), bits))
            start = job.find(RASTER, end)
        whole = Image.new("1", (parts[0].width, sum(part.height for part in parts)), 1)
        y = 0
        for part in parts:
            whole.paste(part, (0, y))
            y += part.height
        tickets.append(whole)
    return tickets
