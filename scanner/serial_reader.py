"""Readers on a serial port, USB-COM (`usb:…`) or a network port (`socket://`, `rfc2217://`).

The port is opened for this program alone.  While it is away, opening it is tried again and again.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime

import serial

from scanner.errors import ReaderLost
from scanner.framing import END_MARKS, SILENCE_S, ExtentOf, Framer
from scanner.ports import device_of
from scanner.profile import DEFAULT_PROFILE, ReaderProfile
from scanner.reader import Deliver, Reader

NETWORK_SILENCE_S = 0.5  # ends a payload: longer than a network may pause within one
READ_TIMEOUT_S = 0.05  # has to be shorter than the silence that ends a payload

# What pyserial raises if a port goes away; TypeError comes from a read on a closed port.
PORT_ERRORS: tuple[type[Exception], ...] = (serial.SerialException, OSError, TypeError)
if sys.platform != "win32":
    import termios

    PORT_ERRORS = (*PORT_ERRORS, termios.error)

# ValueError: the name cannot be that of a port.
OPEN_ERRORS: tuple[type[Exception], ...] = (*PORT_ERRORS, ValueError)


class SerialReader(Reader):
    """One reader on a port."""

    def __init__(
        self,
        name: str,
        port: str,
        clock: Callable[[], datetime],
        profile: ReaderProfile = DEFAULT_PROFILE,
        extent_of: ExtentOf | None = None,
    ) -> None:
        """Set up the reader; without `extent_of`, each end mark ends a payload."""
        super().__init__(name, clock)
        self._port = port
        self._profile = profile
        self._extent_of = extent_of and (lambda payload: extent_of(profile.strip_affixes(payload)))

    def _read(self, deliver: Deliver, stop: threading.Event) -> None:
        with self._open() as port:
            self._report(up=True)
            self._read_from(port, deliver, stop)

    def strip_affixes(self, raw: bytes) -> bytes:
        """Return bytes that this reader sent, without what its settings say it adds.

        The end marks are kept.
        """
        body = raw.rstrip(bytes(END_MARKS))
        return self._profile.strip_affixes(body) + raw[len(body) :]

    def _open(self) -> serial.Serial:
        is_url = "://" in self._port
        device = device_of(self._port)
        try:
            port = serial.serial_for_url(device, self._profile.baud, do_not_open=True)
            port.timeout = READ_TIMEOUT_S
            if not is_url:
                port.exclusive = True
            port.open()
            if not is_url:
                port.reset_input_buffer()  # what was sent while the port was closed is not a scan
        except OPEN_ERRORS as exc:
            raise ReaderLost(f"{self._port}: {_reason(exc)}") from exc
        return port

    def _read_from(self, port: serial.Serial, deliver: Deliver, stop: threading.Event) -> None:
        default_silence_s = NETWORK_SILENCE_S if "://" in self._port else SILENCE_S
        end_marks = END_MARKS if self._profile.framing == "marks" else frozenset[int]()
        framer = Framer(self._profile.silence_s or default_silence_s, self._extent_of, end_marks)
        while not stop.is_set():
            try:
                data = port.read(port.in_waiting or 1)
            except PORT_ERRORS as exc:
                raise ReaderLost(f"{self._port}: {_reason(exc)}") from exc
            now = time.monotonic()
            if data and framer.is_idle and self._is_tapped(data, now):
                continue
            for payload in framer.feed(data, now) if data else framer.tick(now):
                self._hand_over(self._profile.strip_affixes(payload), deliver)


def _reason(exc: BaseException) -> str:
    """Return the kind of an error and its number; its text could hold bytes of the device."""
    errno = getattr(exc, "errno", None)
    return f"{type(exc).__name__} {errno}" if errno else type(exc).__name__
