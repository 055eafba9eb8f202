"""The checks that are going on, and what they found.

A reader that is being checked sends to its check and not to the desk, for as long as the page
that checks it keeps asking; a page that was closed gives the reader back within seconds.
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

LEASE_S = 6.0  # without a question from the page, after which the desk hears the reader again
SILENCE_S = 0.6  # behind a code: longer than a reader pauses that sends it twice
LONGEST_S = 5.0  # of a reader that sends and sends, after which it is judged all the same
PATIENCE_S = 120.0  # without a code of the sheet: a page left open does not keep a reader
MOST = 16 * 1024  # bytes of one code

log = logging.getLogger(__name__)


class NoSuchReader(LookupError):
    """No reader of the settings has this name."""


class CheckEnded(Exception):
    """The check went on for long without a code of the sheet: the desk has the reader again."""


class ReaderCheckups:
    """Checks of this kiosk's readers, by name; and of the browsers' keyboard-type readers."""

    def __init__(
        self,
        readers: Iterable[Reader],
        checks: ReaderChecks,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._readers = {reader.name: reader for reader in readers}
        self._checks = checks
        self._clock = clock
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._open: dict[str, _Check] = {}

    def knows(self, name: str) -> bool:
        """Tell whether the settings name this reader."""
        return name in self._readers

    def look(self, name: str) -> Diagnosis | None:
        """Begin or go on with a check; return what the reader sent since, if it is done sending.

        NoSuchReader, CheckEnded, or NotRecorded where the finding cannot be kept.
        """
        reader = self._readers.get(name)
        if reader is None:
            raise NoSuchReader(name)
        now = self._monotonic()
        with self._lock:
            check = self._open.get(name)
            if check is None or not check.is_open(now):
                check = self._open[name] = _Check(now)
                reader.ear = check.hear
            if check.is_idle(now):
                self._forget(reader)
                raise CheckEnded(name)
            raw = check.take(now)
        if not raw:
            return None
        diagnosis = self._judge_reader(reader, raw)
        if diagnosis.code is not None:
            check.saw_code(now)
        return diagnosis

    def end(self, name: str) -> None:
        """Give a reader back to the desk."""
        with self._lock:
            if name in self._readers:
                self._forget(self._readers[name])

    def is_open(self, name: str) -> bool:
        """Tell whether a reader is being checked just now, so that the desk does not hear it."""
        with self._lock:
            check = self._open.get(name)
            return check is not None and check.is_open(self._monotonic())

    def _forget(self, reader: Reader) -> None:
        reader.ear = None
        check = self._open.pop(reader.name, None)
        if check is not None and check.has_rest():
            log.warning("reader %s: what it sent at the end of its check was dropped", reader.name)

    def _judge_reader(self, reader: Reader, raw: bytes) -> Diagnosis:
        """Diagnose what a reader of the settings sent, with and without what they put right."""
        may_end = not isinstance(reader, Camera)
        diagnosis = diagnose(ReaderSample(raw, may_end=may_end))
        if not diagnosis.is_good:
            cured = diagnose(ReaderSample(reader.strip_affixes(raw), may_end=may_end))
            if cured.code == diagnosis.code and cured.is_good:
                diagnosis = Diagnosis(cured.code, (*cured.found, Found(Finding.BY_SETTINGS)))
        return self._kept(reader.name, diagnosis)

    def judge(self, name: str, heard: ReaderSample) -> Diagnosis:
        """Diagnose what a reader sent, and keep what was found."""
        return self._kept(name, diagnose(heard))

    def note_not_read(self, name: str, code: str) -> Diagnosis:
        """Keep that a reader does not read a code of the sheet."""
        return self._kept(name, not_read(code))

    def newest(self, name: str) -> dict[str, ReaderCheck]:
        """Return what was found last of one reader, by the codes' keys."""
        return {check.code: check for check in self._checks.by_reader(name)}

    def checked(self) -> list[str]:
        """Return the readers that were ever checked, by name."""
        return self._checks.readers()

    def _kept(self, name: str, diagnosis: Diagnosis) -> Diagnosis:
        if diagnosis.code is not None:
            self._checks.record(name, diagnosis.code, self._clock(), diagnosis.found)
        return diagnosis


class _Check:
    """What one reader has sent that nobody has taken yet; `hear` is called by its thread."""

    def __init__(self, now: float) -> None:
        self._lock = threading.Lock()
        self._buffer = bytearray()
        self._asked_at = self._heard_at = self._begun_at = self._coded_at = now

    def is_idle(self, now: float) -> bool:
        """Tell whether no code of the sheet has come for long."""
        return now - self._coded_at > PATIENCE_S

    def saw_code(self, now: float) -> None:
        """Note that a code of the sheet came."""
        self._coded_at = now

    def has_rest(self) -> bool:
        """Tell whether something came that nobody took."""
        return bool(self._buffer)

    def is_open(self, now: float) -> bool:
        """Tell whether the page still asks."""
        return now - self._asked_at <= LEASE_S

    def hear(self, data: bytes, now: float) -> bool:
        """Take what a reader sends, while the check is open."""
        with self._lock:
            if not self.is_open(now):
                return False
            if not self._buffer:
                self._begun_at = now
            self._buffer += data[: MOST - len(self._buffer)]
            self._heard_at = now
            return True

    def take(self, now: float) -> bytes:
        """Return what came, once the reader is silent."""
        with self._lock:
            self._asked_at = now
            if now - self._heard_at < SILENCE_S and now - self._begun_at < LONGEST_S:
                return b""
            raw = bytes(self._buffer)
            self._buffer.clear()
            return raw
