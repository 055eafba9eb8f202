"""Printers for tickets, through python-escpos: network, USB, serial, a file, a Windows queue.

A job is printed in this order, and each step has a time limit:

1.  Open the printer.
2.  Ask how it is (DLE EOT), which printers answer at once: out of paper and an open cover are known
    before anything is sent.
3.  Send the pictures (GS v 0) in small pieces.
4.  Ask for the state of the paper (GS r), which printers answer only after they have printed what
    came before.

What fails before step 3 has certainly printed nothing.  From then on paper may have come out, and
only a person can see whether it did.  A printer that never answers (`answers = "no"`) has steps 1
and 3 only.

The library is imported when it is first needed: a desk without a printer works without it.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import socket
import time
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from PIL import Image

from kiosk.settings import PrinterPort
from kiosk.tickets.errors import PrinterFailed, PrinterTrouble

log = logging.getLogger(__name__)

TIME_LIMIT_S = 3.0  # to connect, to answer, and to take one piece
MORE_FOR_EACH_TICKET_S = 2.0  # to print it
PIECE_BYTES = 4_096
LAST_LOOK_S = 1.0  # to say why the ticket was not confirmed
READ_PAUSE_S = 0.05
DEFAULT_NETWORK_PORT = 9100
USB_IN = 0x80  # the bit of an end point that sends to us

INITIALISE = b"\x1b@"
ASK_ONLINE, ASK_PAPER = b"\x10\x04\x01", b"\x10\x04\x04"  # DLE EOT 1 and 4
ASK_WHEN_PRINTED = b"\x1dr\x01"  # GS r 1
IS_OFFLINE, IS_PAPER_OUT = 0x08, 0x60  # bits of the answers
REAL_TIME_MASK, REAL_TIME = 0x93, 0x12  # the fixed bits of an answer to DLE EOT
CLOSED = b""  # what is read from a connection that the other side has closed
IN_ORDER_MASK, IN_ORDER = 0x90, 0x00  # … and to GS r


class Device(Protocol):
    """What we use of a printer of python-escpos."""

    def open(self) -> None: ...
    def _raw(self, msg: bytes) -> None: ...
    def _read(self) -> bytes: ...
    def close(self) -> None: ...


class Printer:
    """A printer. One thread may use it at a time."""

    def __init__(self, port: PrinterPort) -> None:
        self.port = port
        self._has_sent = False  # whether something of the job was sent, which may be printed
        self._answers = port.answers == "yes" or (
            port.answers == "" and port.kind in ("network", "usb", "serial")
        )

    @property
    def name(self) -> str:
        """The printer's name in the settings."""
        return self.port.name

    def print_pictures(self, pictures: Sequence[Image.Image]) -> None:
        """Print pictures in black and white, one ticket each, and cut the paper behind each.

        Raises PrinterFailed if it is not certain that all were printed.
        """
        self._has_sent = False
        unopened = _device(self.port)
        data = [_encoded(picture) for picture in pictures]
        with self._opened(unopened) as device:
            if self._answers:
                self._look(device)
            for ticket in data:
                self._send(device, ticket)
            if self._answers:
                self._await_printed(device, len(data))
            elif self.port.kind == "windows":
                device.finish()

    def look(self) -> None:
        """Open the printer and ask how it is; nothing is printed. Raises PrinterFailed."""
        unopened = _device(self.port)
        if self.port.kind == "windows":
            trouble = unopened.look()
            if trouble is not None:
                raise PrinterFailed(trouble)
            return
        with self._opened(unopened) as device:
            if self._answers:
                self._look(device)

    @contextlib.contextmanager
    def _opened(self, device: Any) -> Iterator[Any]:
        try:
            device.open()
        except RuntimeError as exc:  # the library for USB or for serial ports is missing
            raise PrinterFailed(PrinterTrouble.NOT_INSTALLED) from exc
        except PrinterFailed:
            raise
        except Exception as exc:  # of the system, the library, or a driver
            raise PrinterFailed(PrinterTrouble.UNREACHABLE) from exc
        try:
            yield device
        except PrinterFailed:
            _abandon(device)
            raise
        except Exception as exc:
            # Drivers raise errors of many kinds, and none of them may end the program.
            log.warning("printer %s: %s", self.name, type(exc).__name__)
            _abandon(device)
            raise PrinterFailed(PrinterTrouble.BROKE_OFF, self._has_sent) from exc
        finally:
            with contextlib.suppress(Exception):  # of a driver, too
                device.close()

    def _look(self, device: Device) -> None:
        """Raise PrinterFailed if the printer cannot print now."""
        paper = _ask(device, ASK_PAPER, TIME_LIMIT_S)
        if paper is None:
            raise PrinterFailed(PrinterTrouble.NO_ANSWER)
        if paper & IS_PAPER_OUT:
            raise PrinterFailed(PrinterTrouble.PAPER_OUT)
        online = _ask(device, ASK_ONLINE, TIME_LIMIT_S)
        if online is not None and online & IS_OFFLINE:
            raise PrinterFailed(PrinterTrouble.OFFLINE)

    def _send(self, device: Device, data: bytes) -> None:
        """Send a ticket.

        A piece that fails counts as sent: the system may have handed over a part of it.
        """
        for start in range(0, len(data), PIECE_BYTES):
            was_sent, self._has_sent = self._has_sent, True
            try:
                device._raw(data[start : start + PIECE_BYTES])
            except _NothingTaken as exc:
                raise PrinterFailed(PrinterTrouble.BROKE_OFF, was_sent) from exc
            except OSError as exc:
                raise PrinterFailed(PrinterTrouble.BROKE_OFF, may_have_printed=True) from exc

    def _await_printed(self, device: Device, tickets: int) -> None:
        limit_s = TIME_LIMIT_S + (tickets - 1) * MORE_FOR_EACH_TICKET_S
        try:
            paper = _ask(device, ASK_WHEN_PRINTED, limit_s, IN_ORDER_MASK, IN_ORDER)
            if paper is not None:
                return
            late = _ask(device, ASK_PAPER, LAST_LOOK_S)
        except PrinterFailed as exc:  # the connection was lost
            raise PrinterFailed(PrinterTrouble.BROKE_OFF, may_have_printed=True) from exc
        is_paper_out = late is not None and late & IS_PAPER_OUT
        trouble = PrinterTrouble.PAPER_OUT if is_paper_out else PrinterTrouble.NOT_CONFIRMED
        raise PrinterFailed(trouble, may_have_printed=True)


def _ask(
    device: Device,
    question: bytes,
    limit_s: float,
    mask: int = REAL_TIME_MASK,
    fixed: int = REAL_TIME,
) -> int | None:
    """Return the printer's answer, a byte with these fixed bits. None if it does not come in time.

    Raises PrinterFailed if the connection is lost.
    """
    until = time.monotonic() + limit_s
    try:
        device._raw(question)
        while time.monotonic() < until:
            _limit(device, until - time.monotonic())
            data = _read(device)
            found = [byte for byte in data or b"" if byte & mask == fixed]
            if found:
                return found[-1]
            if data == CLOSED and _is_connection(device):
                raise PrinterFailed(PrinterTrouble.UNREACHABLE)
            time.sleep(READ_PAUSE_S)
    except OSError as exc:
        raise PrinterFailed(PrinterTrouble.UNREACHABLE) from exc
    finally:
        _limit(device, TIME_LIMIT_S)
    return None


def _read(device: Device) -> bytes | None:
    """Return what the printer has sent. None if it sent nothing in time."""
    try:
        return bytes(device._read())
    except OSError as exc:
        if isinstance(exc, TimeoutError) or exc.errno == errno.ETIMEDOUT:  # of a socket, of USB
            return None
        raise


def _is_connection(device: Any) -> bool:
    """Return whether reading nothing means that the other side has closed the connection."""
    return hasattr(device, "host")


def _limit(device: Any, seconds: float) -> None:
    """Set how long the next read may take."""
    if _is_connection(device):
        device.device.settimeout(max(seconds, 0.01))


def _abandon(device: Any) -> None:
    """Drop what was begun: a job of Windows, and what a serial port has not sent yet.

    Closing a serial port would wait until that is sent.
    """
    # To read `device.device` would open a device of the library again that is closed, and begin
    # another job.
    opened: Any = getattr(device, "_device", None)
    with contextlib.suppress(Exception):  # of a driver: the first error is the one that counts
        if hasattr(device, "abandon"):
            device.abandon()
        elif hasattr(opened, "reset_output_buffer"):
            opened.reset_output_buffer()


def _encoded(picture: Image.Image) -> bytes:
    """Return the bytes that print a picture and cut the paper."""
    from escpos.printer import Dummy

    printer = Dummy()
    # Without a width in the profile, the library writes a hint to the standard output.
    printer.profile = _Paper(printer.profile, picture.width)
    printer._raw(INITIALISE)
    printer.image(picture)
    printer.cut()
    return bytes(printer.output)


class _Paper:
    """The library's default profile, for paper of a known width."""

    def __init__(self, profile: Any, width: int) -> None:
        self._profile = profile
        media = {"width": {"pixels": width}}
        self.profile_data = {**profile.profile_data, "media": media}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._profile, name)


def _device(port: PrinterPort) -> Any:
    """Return the library's device for a port; it is not opened. Raises PrinterFailed."""
    try:
        import escpos.printer  # noqa: F401  (imported late, because it takes half a second)
    except ImportError as exc:
        raise PrinterFailed(PrinterTrouble.NOT_INSTALLED) from exc
    try:
        if port.kind == "network":
            return _network_device(port)
        if port.kind == "usb":
            return _usb_device(port)
        if port.kind == "serial":
            return _serial_device(port)
        if port.kind == "windows":
            from kiosk.tickets.windows_queue import WindowsQueue

            return WindowsQueue(port.port)
    except ImportError as exc:  # of pywin32
        raise PrinterFailed(PrinterTrouble.NOT_INSTALLED) from exc
    return _FileDevice(port.port)


def _network_device(port: PrinterPort) -> Any:
    from escpos.printer import Network

    class AnyNetwork(Network):  # type: ignore[misc]
        """A printer on the network: the library knows IPv4 only, and leaks a failed socket."""

        def open(self, raise_not_found: bool = True) -> None:  # noqa: ARG002
            self.device = socket.create_connection((self.host, self.port), self.timeout)

    host, _, number = port.port.partition(":")
    return AnyNetwork(host, int(number or DEFAULT_NETWORK_PORT), timeout=TIME_LIMIT_S)


def _serial_device(port: PrinterPort) -> Any:
    from escpos.printer import Serial

    class TimedSerial(Serial):  # type: ignore[misc]
        """A serial printer whose writes end in time, too."""

        def open(self, raise_not_found: bool = True) -> None:
            super().open(raise_not_found)
            bits_per_byte = 10
            self.device.write_timeout = TIME_LIMIT_S + bits_per_byte * PIECE_BYTES / port.baud

    return TimedSerial(port.port, port.baud, timeout=READ_PAUSE_S, dsrdtr=False)


def _usb_device(port: PrinterPort) -> Any:
    from escpos.printer import Usb

    class AnyUsb(Usb):  # type: ignore[misc]
        """A USB printer whose end points are found: the library expects those of one maker."""

        def open(self, raise_not_found: bool = True) -> None:
            super().open(raise_not_found)
            for end_point in self.device.get_active_configuration()[(0, 0)]:
                address = end_point.bEndpointAddress
                if address & USB_IN:
                    self.in_ep = address
                else:
                    self.out_ep = address

    vendor, product = (int(part, 16) for part in port.port.split(":"))
    return AnyUsb(vendor, product, timeout=int(TIME_LIMIT_S * 1000))


class _NothingTaken(TimeoutError):
    """A printer took no byte of a piece in time."""


class _FileDevice:
    """A file, or a printer that the system shows as one, such as /dev/usb/lp0 or LPT1.

    The file must exist: a printer that is unplugged would else become an ordinary file.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self.device: int | None = None

    def open(self) -> None:
        # A printer without paper would hold a write for ever; only POSIX has such files.
        options = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        self.device = os.open(self._path, os.O_WRONLY | os.O_APPEND | options)

    def _raw(self, msg: bytes) -> None:
        assert self.device is not None
        until, rest = time.monotonic() + TIME_LIMIT_S, msg
        while rest:
            try:
                rest = rest[os.write(self.device, rest) :]
            except BlockingIOError:
                if time.monotonic() > until:
                    kind = _NothingTaken if len(rest) == len(msg) else TimeoutError
                    raise kind("the printer takes nothing") from None
                time.sleep(READ_PAUSE_S)

    def _read(self) -> bytes:
        return CLOSED

    def close(self) -> None:
        if self.device is not None:
            os.close(self.device)
            self.device = None
