"""A hospital: three desks with readers, a camera, clerks, the insurer, the program as a process.

Clerks are threads that do what the desk's page does: they hear of a verdict by the event stream,
confirm the visit with a key of its own, and send the same again if no answer came.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import pty
import queue
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import tty
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import segno

from kiosk.data import AnswersCache
from tests.cast import make_coverage, running_insurer
from tests.hard_days.driven_clock import DrivenClock
from tests.process import ROOT, site

DESKS = ("A", "B", "C")
CAMERA = "camera"
PATIENCE_S = 1.5  # then the clerk scans again, and waits twice as long …
MAX_PATIENCE_S = 30.0  # … up to this: a busy machine must not get more and more scans
GIVEN_UP_S = 180.0
MAX_VISITS = 10**6  # that the pretend insurer keeps
FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Vũ", "Đặng")
LETTERS = "BCDGHKLMNT"
# What a client sees of a program that is away, or is killed in the middle of an answer.
CUT_OFF = (OSError, ValueError, http.client.HTTPException)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A patient who comes: a number that only this one has."""

    number: int

    @property
    def card(self) -> str:
        """The insurance number."""
        return f"99999{self.number:05d}"

    @property
    def holder(self) -> str:
        """The name, which only this patient has."""
        given = "".join(LETTERS[int(digit)] for digit in f"{self.number:05d}").capitalize()
        return f"{FAMILY[self.number % len(FAMILY)]} {given}"

    @property
    def payload(self) -> str:
        """The code on the card."""
        return (
            f"{self.card}|{self.holder.encode().hex()}|01/02/1980|1|-|01 - 999|01/01/2024|-"
            f"|05/01/2024|0101{self.card}|-|4| 01/01/2029|123456789abcdef0-1202|4|-|$"
        )


@dataclass(frozen=True, slots=True)
class Given:
    """What a clerk was told: the visit and its queue number."""

    visit: str
    ticket: str


@dataclass
class Hospital:
    """The program on a folder, by a driven clock, with its readers and its insurer's URL."""

    folder: Path
    clock: DrivenClock
    insurer_url: str
    known: int = 0  # how many patients the insurer has told us of before
    given: dict[int, Given] = field(default_factory=dict)  # by the patient's number
    scan_s: list[float] = field(default_factory=list)  # from the reading to the verdict
    visit_s: list[float] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.readers: dict[str, tuple[int, int]] = {}
        for desk in DESKS:
            self._plug_in(desk)
        self.picture = self.folder / "picture.png"
        self._show("")
        self.options = self._write_site()
        self.verdicts: dict[str, queue.Queue[int]] = {
            name: queue.Queue() for name in (*DESKS, CAMERA)
        }
        self.url = ""
        self.process: subprocess.Popen[str] | None = None
        self.log = (self.folder / "log.txt").open("a", encoding="utf-8")
        self._ended = threading.Event()
        self._listener = threading.Thread(target=self._listen, daemon=True)

    # The program

    def start(self) -> None:
        """Start the program and wait until it serves."""
        words = [f"picture={self.picture}", "serve", "--no-browser", *self._port(), *self.options]
        self.process = subprocess.Popen(
            self.command(*words), stdout=subprocess.PIPE, stderr=self.log, text=True, cwd=ROOT
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("Ready: "), (self.folder / "log.txt").read_text("utf-8")[-2000:]
        self.url = line.split()[1]
        if not self._listener.is_alive():
            self._listener.start()

    def _port(self) -> tuple[str, str]:
        return ("--port", self.url.rsplit(":", 1)[1] if self.url else "0")

    def command(self, *words: str) -> list[str]:
        """Return the command line that runs a command of the program by the driven clock."""
        file = str(self.folder / "clock")
        return [sys.executable, "-m", "tests.hard_days.driven_clock", file, *words]

    def kill(self) -> None:
        """End the program as a power switch would."""
        assert self.process is not None
        self.process.kill()
        self._wait()

    def stop(self) -> int:
        """End the program as the service manager does; return its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self._wait()

    def close(self) -> None:
        """End everything."""
        self._ended.set()
        if self.process is not None and self.process.poll() is None:
            self.kill()
        for desk in DESKS:
            self._unplug(desk)
        self.log.close()

    def _wait(self) -> int:
        assert self.process is not None
        code = self.process.wait(30)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    # What happens in it

    def serve(self, patient: Arrival, place: str) -> None:
        """Let a clerk serve a patient at a desk, or at the camera, until there is a number."""
        deadline, patience_s = time.monotonic() + GIVEN_UP_S, PATIENCE_S
        while time.monotonic() < deadline:
            began = time.monotonic()
            attempt = self._scan(patient, place, patience_s)
            if attempt is None:
                self.counts["scanned again"] += 1
                patience_s = min(2 * patience_s, MAX_PATIENCE_S)
                continue
            self.scan_s.append(time.monotonic() - began)
            began = time.monotonic()
            visit = self._confirm(attempt, patient, deadline)
            if visit is None:
                continue
            self.visit_s.append(time.monotonic() - began)
            given = Given(visit["id"], str(visit["ticket"]))
            before = self.given.setdefault(patient.number, given)
            assert before == given, f"patient {patient.number} was told {before} and {given}"
            return
        raise AssertionError(f"patient {patient.number} got no number in {GIVEN_UP_S:.0f} s")

    def _scan(self, patient: Arrival, place: str, patience_s: float) -> int | None:
        """Read a card; return the attempt, or None if no verdict on it came in time."""
        heard = self.verdicts[place]
        with contextlib.suppress(queue.Empty):
            while True:
                heard.get_nowait()
        if place == CAMERA:
            self._show(patient.payload)
        else:
            os.write(self.readers[place][0], patient.payload.encode() + b"\r")
        deadline = time.monotonic() + patience_s
        try:
            while True:
                attempt = heard.get(timeout=max(0.0, deadline - time.monotonic()))
                if self._is_of(attempt, patient):
                    return attempt
                self.counts["of another patient"] += 1  # an event that came again after a kill
        except queue.Empty:
            return None
        finally:
            if place == CAMERA:
                self._show("")

    def _is_of(self, attempt: int, patient: Arrival) -> bool:
        """Return whether the desk's page shows this patient's name, as a clerk looks at it."""
        try:
            return patient.holder in self.get(f"/desk/attempts/{attempt}").decode()
        except CUT_OFF:
            return False

    def _confirm(self, attempt: int, patient: Arrival, deadline: float) -> dict[str, Any] | None:
        """Confirm a visit, again with the same key while nobody answers; None: it is not there."""
        while time.monotonic() < deadline:
            try:
                return self.post("/api/visits", {"attempt": attempt}, f"patient-{patient.number}")
            except urllib.error.HTTPError as exc:
                if exc.code == 404:  # the attempt was not acknowledged before the kill
                    return None
                with exc:
                    why = json.load(exc).get("title")
                self.counts[f"refused: {why}"] += 1
            except CUT_OFF:
                self.counts["confirmed again"] += 1
            time.sleep(0.05)
        return None

    def post(self, path: str, value: object, key: str = "") -> dict[str, Any]:
        """Send JSON; return the JSON of the answer."""
        headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
        request = urllib.request.Request(self.url + path, json.dumps(value).encode(), headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            result = json.load(answer)
            assert isinstance(result, dict)
            return result

    def get(self, path: str) -> bytes:
        """Return a page."""
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            body: bytes = answer.read()
            return body

    def _listen(self) -> None:
        """Hear of verdicts by the event stream, and connect again when it ends."""
        last = ""
        while not self._ended.is_set():
            headers = {"Last-Event-ID": last} if last else {}
            with contextlib.suppress(*CUT_OFF):
                request = urllib.request.Request(f"{self.url}/events", headers=headers)
                with urllib.request.urlopen(request, timeout=10) as stream:
                    for line in stream:
                        if line.startswith(b"id: "):
                            last = line[4:].decode("ascii").strip()
                        elif line.startswith(b"data: "):
                            self._hear(json.loads(line[6:]))
            self._ended.wait(0.1)

    def _hear(self, event: dict[str, Any]) -> None:
        if "attempt" in event and event["attempt"] == event["reading"]:
            place = event["reader"].removeprefix("reader ")
            if place in self.verdicts:
                self.verdicts[place].put(event["attempt"])

    def _show(self, payload: str) -> None:
        """Hold a code before the camera, or an empty sheet."""
        part = self.picture.with_suffix(".part.png")
        segno.make(payload or ".", micro=False).save(str(part), scale=4, border=8)
        if not payload:  # the smallest code there is, painted over: nothing to read
            segno.make(".", micro=False).save(str(part), scale=4, border=8, dark="white")
        part.replace(self.picture)

    def plug_in_again(self, desk: str) -> None:
        """Pull a reader out of its socket, and plug it in again: it gets a new device."""
        self._unplug(desk)
        self._plug_in(desk)

    def _plug_in(self, desk: str) -> None:
        self.readers[desk] = device, port = pty.openpty()
        tty.setraw(device)
        tty.setraw(port)
        link = self.folder / f"reader-{desk}"
        link.unlink(missing_ok=True)
        link.symlink_to(os.ttyname(port))

    def _unplug(self, desk: str) -> None:
        for end in self.readers[desk]:
            os.close(end)

    # Its data

    def _write_site(self) -> list[str]:
        readers = "".join(
            f'[[desks]]\nname = "{desk}"\nask = "never"\n[[readers]]\nname = "{desk}"\n'
            f'kind = "serial"\ndesk = "{desk}"\nport = \'{self.folder / f"reader-{desk}"}\'\n'
            for desk in DESKS
        )
        readers += f'[[readers]]\nname = "{CAMERA}"\nkind = "camera"\nport = "0"\ndesk = "A"\n'
        options = site(self.folder, self.insurer_url, readers, timeout_s=2)
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        cache, now = AnswersCache(data / "coverage.db"), self.clock()
        for number in range(0, self.known, 2):  # the others go in unconfirmed
            patient = Arrival(number)
            until = date(now.year + 2, 12, 31)
            coverage = make_coverage(
                patient.card, as_of=now, valid_until=until, holder=patient.holder
            )
            cache.remember(coverage, now)
        return options

    @property
    def logbook(self) -> Path:
        """The logbook's file."""
        return self.folder / "data" / "logbook.db"

    def compare(self, received: dict[str, int]) -> list[str]:
        """Return what differs between what clerks were told, the logbook and the insurer.

        `received` has how often the insurer took each visit as a new one.
        """
        wrong = []
        with contextlib.closing(sqlite3.connect(self.logbook)) as database:
            rows = database.execute(
                "select v.id, t.label, t.day, t.room from visit v join ticket t on t.visit = v.id"
            ).fetchall()
        wrong += self._doubles(rows)
        recorded = {str(row[0]): str(row[1]) for row in rows}
        for number, given in self.given.items():
            if recorded.get(given.visit) != given.ticket:
                wrong.append(f"patient {number} was told {given}, which is not in the logbook")
        if len(rows) != len(self.given):
            wrong.append(f"{len(rows)} visits of {len(self.given)} patients")
        for visit in recorded.keys() | received.keys():
            if visit not in received or visit not in recorded:
                wrong.append(f"visit {visit} is not both here and at the insurer")
        return wrong

    def _doubles(self, rows: list[Any]) -> list[str]:
        numbers = Counter((day, room, number) for _, number, day, room in rows)
        return [f"number {key} was given {n} times" for key, n in numbers.items() if n > 1]


def is_settled(hospital: Hospital) -> bool:
    """Return whether nothing waits to be sent."""
    with contextlib.closing(sqlite3.connect(hospital.logbook, timeout=5)) as database:
        waiting = database.execute(
            "select count(*) from outbox where state in ('queued', 'in_flight')"
        ).fetchone()
    return bool(waiting[0] == 0)


@contextlib.contextmanager
def a_hospital(folder: Path, begin: datetime, known: int) -> Any:
    """Yield a hospital whose clock begins at a moment, and its pretend insurer. It does not run."""
    clock = DrivenClock(folder / "clock")
    clock.go((begin - clock()).total_seconds())
    with running_insurer(clock) as (insurer, url):
        insurer.ledger.max_visits = MAX_VISITS
        hospital = Hospital(folder, clock, url, known)
        try:
            yield hospital, insurer
        finally:
            hospital.close()


def show(result: dict[str, Any], began: float) -> int:
    """Print what a day gave, then what is wrong; return the exit code.

    `began` is when it began, by `time.monotonic`.
    """
    wrong = result.pop("wrong")
    minutes = round((time.monotonic() - began) / 60, 1)
    print(json.dumps(result | {"wrong": len(wrong), "minutes": minutes}))
    for fault in wrong[:40]:
        print(fault)
    return 1 if wrong else 0
