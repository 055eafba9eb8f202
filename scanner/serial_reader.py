"""Readers on a serial port, USB-COM (`usb:…`) or a network port (`socket://`, `rfc2217://`).

The port is opened for this program alone, and opened again for as long as it is away.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime

import serial

from scanner.errors import ReaderLost
from scanner.framing import ENDS, SILENCE_S, Framer, IsWhole
from scanner.ports import device_of
from scanner.profile import DEFAULT_PROFILE, ReaderProfile
from scanner.reader import Deliver, Reader

NETWORK_SILENCE_S = 0.5  # a network may pause within a payload
READ_TIMEOUT_S = 0.05  # shorter than the silence that ends a payload

# What pyserial lets out when a port goes away; TypeError comes from a read on a closed port.
LOST: tuple[type[Exception], ...] = (serial.SerialException, OSError, TypeError)
if sys.platform != "win32":
    import termios

    LOST = (*LOST, termios.error)

OPENING: tuple[type[Exception], ...] = (*LOST, ValueError)  # a name that is no port


class SerialReader(Reader):
    """One reader by its port."""

    def __init__(
        self,
        name: str,
        port: str,
        clock: Callable[[], datetime],
        habits: ReaderProfile = DEFAULT_PROFILE,
        is_whole: IsWhole | None = None,
    ) -> None:
        """`is_whole` tells whole payloads; without it each end mark ends one."""
        super().__init__(name, clock)
        self._port = port
        self._habits = habits
        self._is_whole = is_whole and (lambda payload: is_whole(habits.strip_affixes(payload)))

    def _read(self, deliver: Deliver, stop: threading.Event) -> None:
        with self._open() as port:
            self._report(up=True)
            self._read_from(port, deliver, stop)

    def strip_affixes(self, raw: bytes) -> bytes:
        """Return what the settings make of what this reader sends, with its end marks."""
        body = raw.rstrip(bytes(ENDS))
        return self._habits.strip_affixes(body) + raw[len(body) :]

    def _open(self) -> serial.Serial:
        by_url = "://" in self._port
        device = device_of(self._port)
        try:
            port = serial.serial_for_url(device, self._habits.baud, do_not_open=True)
            port.timeout = READ_TIMEOUT_S
            if not by_url:
                port.exclusive = True
            port.open()
            if not by_url:
                port.reset_input_buffer()  # what was sent while nobody listened is nobody's scan
        except OPENING as exc:
            raise ReaderLost(f"{self._port}: {_words(exc)}") from exc
        return port

    def _read_from(self, port: serial.Serial, deliver: Deliver, stop: threading.Event) -> None:
        usual_s = NETWORK_SILENCE_S if "://" in self._port else SILENCE_S
        ends = ENDS if self._habits.framing == "marks" else frozenset[int]()
        framer = Framer(self._habits.silence_s or usual_s, self._is_whole, ends)
        while not stop.is_set():
            try:
                data = port.read(port.in_waiting or 1)
            except LOST as exc:
                raise ReaderLost(f"{self._port}: {_words(exc)}") from exc
            now = time.monotonic()
            if data and framer.is_idle and self._is_overheard(data, now):
                continue
            for payload in framer.feed(data, now) if data else framer.tick(now):
                self._hand_over(self._habits.strip_affixes(payload), deliver)


def _words(exc: BaseException) -> str:
    """Return why, without the device's own bytes."""
    errno = getattr(exc, "errno", None)
    return f"{type(exc).__name__} {errno}" if errno else type(exc).__name__
