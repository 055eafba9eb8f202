"""The reader checks that are open, and what they found.

1.  A reader that is being checked sends to its check and not to the desk, for as long as the page
    that checks it polls.  After `LEASE_S` without a poll the desk has the reader again.
2.  What the reader sent is judged when it has been silent for `SILENCE_S`, or after
    `MAX_SENDING_S`.
3.  A check without a code of the sheet for `MAX_IDLE_S` ends: a page left open does not keep the
    reader from the desk.
4.  Only what was found about a code of the sheet is recorded.  Of anything else nothing is kept,
    since it may be a patient's card.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime

from kiosk.logbook import ReaderCheck, ReaderChecks
from kiosk.readers.diagnosis import Diagnosis, diagnose, not_read
from kiosk.readers.finding import Finding, Found
from kiosk.readers.sample import ReaderSample
from scanner import Camera, Reader

LEASE_S = 6.0  # without a poll
SILENCE_S = 0.6  # longer than the pause of a reader that sends a code twice
MAX_SENDING_S = 5.0
MAX_IDLE_S = 120.0
MAX_CODE_BYTES = 16 * 1024

log = logging.getLogger(__name__)


class NoSuchReader(LookupError):
    """No reader of the settings has this name."""


class CheckEnded(Exception):
    """The check went on for too long without a code of the sheet; the desk has the reader."""


class ReaderCheckups:
    """Checks of this kiosk's readers, by name, and of keyboard-type readers at browsers.

    Any thread may call.
    """

    def __init__(
        self,
        readers: Iterable[Reader],
        checks: ReaderChecks,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` (aware) dates what is recorded, `monotonic` (seconds) measures pauses."""
        self._readers = {reader.name: reader for reader in readers}
        self._checks = checks
        self._clock = clock
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._open: dict[str, _Check] = {}

    def knows(self, name: str) -> bool:
        """Return whether the settings name this reader."""
        return name in self._readers

    def poll(self, name: str) -> Diagnosis | None:
        """Begin or continue a check; return the diagnosis of what the reader has sent since.

        None if it sent nothing, or is still sending.  Raises NoSuchReader if the settings do not
        name this reader, CheckEnded if the check has taken too long, and NotRecorded if the
        diagnosis cannot be recorded.
        """
        reader = self._readers.get(name)
        if reader is None:
            raise NoSuchReader(name)
        now = self._monotonic()
        with self._lock:
            check = self._open.get(name)
            if check is None or not check.is_open(now):
                check = self._open[name] = _Check(now)
                reader.tap = check.receive
            if check.is_idle(now):
                self._close(reader)
                raise CheckEnded(name)
            raw = check.take(now)
        if not raw:
            return None
        diagnosis = self._judge_reader(reader, raw)
        if diagnosis.code is not None:
            check.note_code(now)
        return diagnosis

    def end(self, name: str) -> None:
        """Give a reader back to the desk; without effect if the settings do not name it."""
        with self._lock:
            if name in self._readers:
                self._close(self._readers[name])

    def is_open(self, name: str) -> bool:
        """Return whether a reader is being checked just now, so that the desk gets no scans."""
        with self._lock:
            check = self._open.get(name)
            return check is not None and check.is_open(self._monotonic())

    def _close(self, reader: Reader) -> None:
        reader.tap = None
        check = self._open.pop(reader.name, None)
        if check is not None and check.has_untaken():
            log.warning("reader %s: what it sent at the end of its check was dropped", reader.name)

    def _judge_reader(self, reader: Reader, raw: bytes) -> Diagnosis:
        """Diagnose what a reader of the settings sent, and record it.

        A fault that the settings correct already is reported as corrected.
        """
        sends_end_mark = not isinstance(reader, Camera)
        diagnosis = diagnose(ReaderSample(raw, sends_end_mark=sends_end_mark))
        if not diagnosis.is_good:
            stripped = reader.strip_affixes(raw)
            corrected = diagnose(ReaderSample(stripped, sends_end_mark=sends_end_mark))
            if corrected.code == diagnosis.code and corrected.is_good:
                found = (*corrected.found, Found(Finding.BY_SETTINGS))
                diagnosis = Diagnosis(corrected.code, found)
        return self._recorded(reader.name, diagnosis)

    def judge(self, name: str, sample: ReaderSample) -> Diagnosis:
        """Diagnose what a reader sent, record it and return it; `name` need not be known.

        Raises NotRecorded if it cannot be recorded.
        """
        return self._recorded(name, diagnose(sample))

    def note_not_read(self, name: str, code: str) -> Diagnosis:
        """Record that a reader does not read the code with this key; return the diagnosis.

        Raises NotRecorded if it cannot be recorded.
        """
        return self._recorded(name, not_read(code))

    def newest(self, name: str) -> dict[str, ReaderCheck]:
        """Return the last check of each code by one reader, by the codes' keys."""
        return {check.code: check for check in self._checks.by_reader(name)}

    def checked(self) -> list[str]:
        """Return the names of the readers that were ever checked, sorted."""
        return self._checks.readers()

    def _recorded(self, name: str, diagnosis: Diagnosis) -> Diagnosis:
        if diagnosis.code is not None:
            self._checks.record(name, diagnosis.code, self._clock(), diagnosis.found)
        return diagnosis


class _Check:
    """What one reader has sent and no poll has taken yet; the reader's thread calls `receive`.

    All times are seconds of the monotonic clock.
    """

    def __init__(self, now: float) -> None:
        self._lock = threading.Lock()
        self._buffer = bytearray()
        self._polled_at = self._received_at = self._begun_at = self._code_at = now

    def is_idle(self, now: float) -> bool:
        """Return whether no code of the sheet has come for too long."""
        return now - self._code_at > MAX_IDLE_S

    def note_code(self, now: float) -> None:
        """Note that a code of the sheet has come."""
        self._code_at = now

    def has_untaken(self) -> bool:
        """Return whether something came that no poll took."""
        return bool(self._buffer)

    def is_open(self, now: float) -> bool:
        """Return whether the page still polls."""
        return now - self._polled_at <= LEASE_S

    def receive(self, data: bytes, now: float) -> bool:
        """Take what a reader sends; return False, and take nothing, if the check is not open."""
        with self._lock:
            if not self.is_open(now):
                return False
            if not self._buffer:
                self._begun_at = now
            self._buffer += data[: MAX_CODE_BYTES - len(self._buffer)]
            self._received_at = now
            return True

    def take(self, now: float) -> bytes:
        """Return what came, once the reader is silent or has sent for too long; else b""."""
        with self._lock:
            self._polled_at = now
            if now - self._received_at < SILENCE_S and now - self._begun_at < MAX_SENDING_S:
                return b""
            raw = bytes(self._buffer)
            self._buffer.clear()
            return raw
