"""The pages of a large logbook over HTTP, and scans beside what takes long.

The program runs as a process of its own; a supervisor has signed in.  Scans come one each 20 ms.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import json
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

from bench.goals import Goals, quantile, timed
from bench.logbook_rows import SEED, UNTIL, known_people
from kiosk.logbook import Database
from kiosk.runtime.secret_file import read_or_make_secret
from kiosk.staff import Role
from kiosk.staff.members import Members
from kiosk.staff.pins import Pins
from tests.cast import BHYT17
from tests.process import serving, site

PIN = "402957"
EVERY_S = 0.02  # a scan
SCANS = 1_500  # of each kind; and at rest, before and after
MAX_SEARCH_MS, MAX_PERSON_MS = 50, 100
MAX_RATIO = 2.0  # of the p99 of scans to that at rest
MAX_LOG_MB = 64  # of the write-ahead log, whatever is read meanwhile
PIECE = 65_536


class Caller:
    """A browser that has signed in."""

    def __init__(self, url: str, account: int) -> None:
        host, _, port = url.removeprefix("http://").partition(":")
        self._connection = http.client.HTTPConnection(host, int(port.strip("/")), timeout=600)
        self._cookies: dict[str, str] = {}
        self.call("POST", "/sign-in", json.dumps({"account": str(account), "pin": PIN}))

    def call(self, method: str, path: str, body: str | None = None) -> bytes:
        """Call a path, with JSON or a form as the body; return what it answers."""
        self._send(method, path, body)
        answer = self._connection.getresponse()
        content = answer.read()
        self._keep(answer)
        if answer.status >= 400:
            raise SystemExit(f"{path} answered {answer.status}: {content[:300]!r}")
        return content

    def form(self, path: str, **values: str) -> bytes:
        """Send a form."""
        return self.call("POST", path, urlencode(values))

    def stream(self, method: str, path: str, body: str | None, stop: threading.Event) -> int:
        """Read an answer piece by piece, at most until `stop` is set; return the bytes."""
        self._send(method, path, body)
        answer = self._connection.getresponse()
        if answer.status >= 400:
            raise SystemExit(f"{path} answered {answer.status}: {answer.read()[:300]!r}")
        read = 0
        while not stop.is_set() and (piece := answer.read(PIECE)):
            read += len(piece)
        if stop.is_set():
            self._connection.close()
        return read

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _send(self, method: str, path: str, body: str | None) -> None:
        is_json = body is not None and body.startswith("{")
        kind = "application/json" if is_json else "application/x-www-form-urlencoded"
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if body is not None:
            headers["Content-Type"] = kind
        self._connection.request(method, path, body, headers)

    def _keep(self, answer: http.client.HTTPResponse) -> None:
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _, rest = line.partition("=")
            self._cookies[name] = rest.partition(";")[0]


def hire(database: Database, data: Path) -> int:
    """Return the account of a supervisor with PIN, who is hired if nobody is."""
    found = database.rows("select id from member order by id limit 1")
    now = datetime.now(UTC)
    pins = Pins(database, read_or_make_secret(data / "secrets" / "staff.key"))
    members = Members(database)
    account = (
        int(found[0]["id"])
        if found
        else members.add("Lê Thu Hà", Role.SUPERVISOR, "", now, "a bench").id
    )
    pins.set(account, PIN, now, "a bench")
    return account


def measure_pages(goals: Goals, folder: Path, database: Database, count: int) -> None:
    """Print how long pages take, and scans beside reports and exports."""
    account = hire(database, folder / "data")
    with serving(*site(folder, "")) as server:
        caller = Caller(server.url, account)
        _searches(goals, caller, count)
        _persons(goals, caller, database, count)
        year = UNTIL.year - 1
        export = urlencode({"q": ""})
        works: dict[str, Callable[[threading.Event, Caller], object]] = {
            "the report of a year is made": lambda stop, one: one.stream(
                "GET", f"/reports?period={year}", None, stop
            ),
            "a year's visits are taken out": lambda stop, one: one.stream(
                "GET", f"/reports/files/visits.csv?period={year}", None, stop
            ),
            "all visits are taken out": lambda stop, one: one.stream(
                "POST", "/logbook/export.csv", export, stop
            ),
        }
        rest = _scans(caller, SCANS)
        beside: dict[str, list[float]] = {}
        log = folder / "data" / "logbook.db-wal"
        for what, work in works.items():
            with _running(work, lambda: Caller(server.url, account)):
                beside[what] = _scans(caller, SCANS)
            goals.check("write-ahead log, MB", log.stat().st_size / 1e6, MAX_LOG_MB, beside=what)
        rest += _scans(caller, SCANS)
        caller.close()
    goals.times("scans at rest", rest)
    for what, took in beside.items():
        goals.times(f"scans while {what}", took)
        ratio = quantile(took, 0.99) / quantile(rest, 0.99)
        goals.check(f"p99 of scans while {what}, to that at rest", ratio, MAX_RATIO)


def _searches(goals: Goals, caller: Caller, count: int) -> None:
    chance = random.Random(SEED + 4)
    known, kinds = known_people(count), defaultdict[str, list[float]](list)
    for _ in range(40):
        holder, born, number, phone = chance.choice(known)
        parts = holder.split()
        forms = {
            "name": {"q": holder},
            "first letters": {"q": holder[: chance.randrange(1, 9)]},
            "name backwards, no marks": {"q": " ".join(parts[::-1]).lower()},
            "name and year": {"q": f"{parts[-1]} {born[:4]}"},
            "number": {"q": number},
            "telephone": {"q": phone},
            "room and verdict": {
                "room": f"Phòng khám {chance.randrange(1, 31)}",
                "outcome": "desk",
            },
            "refused": {"state": "refused"},
        }
        for kind, form in forms.items():
            find = functools.partial(caller.form, "/logbook/found", **form)
            kinds[kind].append(timed(find))
    everything = [took for each in kinds.values() for took in each]
    goals.times("search over HTTP", everything, MAX_SEARCH_MS)
    for kind, took in kinds.items():
        goals.times(f"search over HTTP: {kind}", took)


def _persons(goals: Goals, caller: Caller, database: Database, count: int) -> None:
    chance = random.Random(SEED)
    rows = [chance.randrange(2, count) for _ in range(100)]
    ids = [row[0] for row in database.rows(IDS, [json.dumps(rows)])]
    pages = [functools.partial(caller.call, "GET", PERSON.format(each)) for each in ids]
    took = [timed(page) for page in pages]
    goals.times("person's page over HTTP", took, MAX_PERSON_MS)


PERSON = "/logbook/visits/{}/person"
IDS = "select id from visit where row in (select value from json_each(?))"


def _scans(caller: Caller, count: int) -> list[float]:
    """Scan cards, one each 20 ms; return the milliseconds of each."""
    took, next_at = [], time.monotonic()
    for number in range(count):
        payload = BHYT17.replace("9999900020", f"99999{number:05d}")
        body = json.dumps({"payload": payload})
        took.append(timed(functools.partial(caller.call, "POST", "/api/scans", body)))
        next_at = max(next_at + EVERY_S, time.monotonic())
        time.sleep(max(0.0, next_at - time.monotonic()))
    return took


@contextlib.contextmanager
def _running(
    work: Callable[[threading.Event, Caller], object], connected: Callable[[], Caller]
) -> Iterator[None]:
    """Do a work again and again meanwhile."""
    stop, is_over = threading.Event(), threading.Event()

    def run() -> None:
        while not stop.is_set():
            one = connected()
            work(stop, one)
            one.close()
        is_over.set()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        time.sleep(1)  # until it is under way
        yield
    finally:
        stop.set()
        thread.join()
    if not is_over.is_set():
        raise SystemExit("what should go on beside the scans has failed")
