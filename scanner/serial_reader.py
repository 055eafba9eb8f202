"""Readers on a serial port, USB-COM or a network port (`socket://`, `rfc2217://`).

The port is opened for this program alone, and opened again for as long as it is away.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import serial

from scanner.errors import ReaderLost
from scanner.framing import SILENCE_S, Framer
from scanner.scan import Scan

log = logging.getLogger(__name__)

NETWORK_SILENCE_S = 0.5  # a network may pause within a payload
READ_TIMEOUT_S = 0.05  # shorter than the silence that ends a payload
FIRST_WAIT_S, LONGEST_WAIT_S = 0.1, 1.0

# What pyserial lets out when a port goes away; TypeError comes from a read on a closed port.
LOST: tuple[type[Exception], ...] = (serial.SerialException, OSError, TypeError)
if sys.platform != "win32":
    import termios

    LOST = (*LOST, termios.error)

OPENING: tuple[type[Exception], ...] = (*LOST, ValueError)  # a name that is no port


@dataclass(frozen=True, slots=True)
class ReaderState:
    """How a reader is: up, or absent since when (aware) and why."""

    name: str
    up: bool
    since: datetime
    why: str = ""
    last_scan: datetime | None = None


class SerialReader:
    """One reader by name. `run` is its thread; `state` may be asked from any other."""

    def __init__(
        self, name: str, port: str, clock: Callable[[], datetime], baud: int = 115_200
    ) -> None:
        self.name = name
        self._port = port
        self._baud = baud
        self._clock = clock
        self.state = ReaderState(name, up=False, since=clock(), why="not opened yet")

    def run(self, deliver: Callable[[Scan], None], stop: threading.Event) -> None:
        """Deliver scans until `stop` is set; a lost port is opened again within a second."""
        wait_s = FIRST_WAIT_S
        while not stop.is_set():
            try:
                with self._open() as port:
                    wait_s = FIRST_WAIT_S
                    self._report(up=True)
                    self._read(port, deliver, stop)
            except ReaderLost as exc:
                self._report(up=False, why=str(exc))
                stop.wait(wait_s)
                wait_s = min(wait_s * 2, LONGEST_WAIT_S)

    def _open(self) -> serial.Serial:
        by_url = "://" in self._port
        try:
            port = serial.serial_for_url(self._port, self._baud, do_not_open=True)
            port.timeout = READ_TIMEOUT_S
            if not by_url:
                port.exclusive = True
            port.open()
            if not by_url:
                port.reset_input_buffer()  # what was sent while nobody listened is nobody's scan
        except OPENING as exc:
            raise ReaderLost(f"{self._port}: {_words(exc)}") from exc
        return port

    def _read(
        self, port: serial.Serial, deliver: Callable[[Scan], None], stop: threading.Event
    ) -> None:
        framer = Framer(silence_s=NETWORK_SILENCE_S if "://" in self._port else SILENCE_S)
        while not stop.is_set():
            try:
                data = port.read(port.in_waiting or 1)
            except LOST as exc:
                raise ReaderLost(f"{self._port}: {_words(exc)}") from exc
            now = time.monotonic()
            for payload in framer.feed(data, now) if data else framer.tick(now):
                read_at = self._clock()
                self.state = ReaderState(self.name, True, self.state.since, last_scan=read_at)
                deliver(Scan(payload, self.name, read_at))

    def _report(self, up: bool, why: str = "") -> None:
        """Note a change of state, and log it once."""
        if (self.state.up, self.state.why) == (up, why):
            return
        since = self._clock() if self.state.up != up else self.state.since
        self.state = ReaderState(self.name, up, since, why, self.state.last_scan)
        if up:
            log.info("reader %s is up", self.name)
        else:
            log.warning("reader %s is absent: %s", self.name, why)


def _words(exc: BaseException) -> str:
    """Return why, without the device's own bytes."""
    errno = getattr(exc, "errno", None)
    return f"{type(exc).__name__} {errno}" if errno else type(exc).__name__
