"""How long a scan and each page take with a logbook of several years and many pages open.

    python bench/pages.py [VISITS] [STREAMS] [--no-goals]

Fills a data directory with visits of invented people (by default 200,000) through the product's
own schema, starts the program on it as a separate process beside the sandbox, and holds event
streams open (by default 50), as that many pages would.  Then, 40 times: a scan, the confirmation
of its visit, and each page.  Prints a JSON line for each: the median and the 95th percentile in
milliseconds, and the median as a multiple of the floor.  The floor is a static file that the same
server gives in the same rounds.  Every run fills the database from the same seed.  Exit 1 if a
median is above its goal (a scan 30 ms, pages 60 ms), unless there is --no-goals.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.goals import Goals
from kiosk.insurer import message_composer
from kiosk.logbook import Arrival, Attempts, CardOnVisit, Database, NewVisit, Visits, VisitService
from kiosk.runtime.webserver import WebServer
from kiosk.sandbox import SandboxInsurer
from tests.process import SERVE, command
from verify import Birth, Card, Outcome, Reason, Sex, Verdict

SEED = 20_261_125
VISITS_PER_DAY = 400
PEOPLE = 60_000
REFUSED_MESSAGES = 60  # of the newest days
ROUNDS = 40
WARM_UP = 3  # rounds that do not count: each thread of the server has to open the logbook first
PAUSE_S = 0.1  # between two calls: the streams write what the last call changed

MOST_MS = {"scan": 30} | dict.fromkeys(
    ("desk page", "tray page", "logbook page", "visit page", "nightly page"), 60
)

SETTINGS = """
[facility]
code = "01999"
name = "Bệnh viện Mẫu"
level = "co_ban"
[insurer]
url = "{url}"
username = "01999_BV"
password_file = '{password}'
staff_name = "Nhân Viên Thử"
staff_cccd = "001999999999"
[visit]
room = "Phòng khám 1"
[web]
screens = {screens}
"""

# The content of a card's code, with an invented number and name.
PAYLOAD = (
    "99999{tail:05d}|4e677579e1bb856e2056c4836e204de1baab75|01/02/1980|1|-|01 - 999|01/01/2024|-|"
    "05/01/2024|0101999{tail:05d}|-|4| 01/01/2029|123456789abcdef0-1202|4|-|$"
)

# Each row is a copy of the first, which the product itself wrote, with some other values.
ATTEMPTS = """
insert into attempt (id, at, reader, outcome, reason, verdict, number)
select :id, :at, reader, outcome, reason, verdict, :number from attempt where id = 1
"""
VISITS = """
insert into visit (id, attempt, verdict_of, idempotency_key, arrived_at, day, ticket, outcome,
                   reason, number, person, record)
select :visit, :id, :id, :visit, :at, :day, :ticket, outcome, reason, :number, :person,
       json_set(record, '$.attempt', :id, '$.verdict_of', :id, '$.arrived_at', :at,
                '$.number', :number, '$.person', :person, '$.card_number', :number)
from visit where row = 1
"""
TICKETS = """
insert into ticket (visit, reading, day, room, room_key, prefix, number, priority, state,
                    issued_at)
select :visit, :id, :day, room, room_key, prefix, :ticket, priority, 'done', :at
from ticket where id = 1
"""
MESSAGES = """
insert into outbox (id, visit, person, state, body, tries, next_try_at, transaction_code, code,
                    message, answer, changed_at, answered_at)
select :id, :visit, :person, :state, body, 1, :at, :id, :code, :message, :answer, :at, :at
from outbox where id = 1
"""
EVENTS = """
insert into outbox_event (outbox, at, state, code, message, transaction_code)
values (:id, :at, 'queued', null, null, null), (:id, :at, :state, :code, :message, :id)
"""
ANSWER = json.dumps({"maKetQua": "200", "maGiaoDich": "x" * 32, "thongDiep": "." * 120})


def now() -> datetime:
    """Return the current time (aware)."""
    return datetime.now(UTC)


def fill(path: Path, count: int, until: datetime, desk: int = 0) -> None:
    """Write a logbook of `count` visits, the newest from the day before `until` (aware).

    Visits of different desks have different ids.
    """
    database = Database(path)
    first_day = until - timedelta(days=-(-count // VISITS_PER_DAY))
    _first_visit(database, first_day)
    rows = list(_rows(count, first_day, desk))
    with database.transaction() as db:
        for statement in (ATTEMPTS, VISITS, TICKETS, MESSAGES, EVENTS):
            db.conn.executemany(statement, rows)
        db.conn.execute(
            "update outbox set state = 'accepted', answered_at = changed_at where id = 1"
        )
    database.close()


def _first_visit(database: Database, at: datetime) -> None:
    """Let the product write one visit, which the others are copied from."""
    card = Card("GD4019999900000", holder="Nguyễn Văn A")
    Attempts(database).record(Verdict(Reason.IN_FORCE, card=card), "front", at)
    visits = Visits(database, message_composer(lambda _visit: "1.12"))
    visit = NewVisit(
        attempt=1,
        verdict_of=1,
        facility="01999",
        arrived_at=at,
        outcome=Outcome.ADMITTED,
        reason=Reason.IN_FORCE,
        person="9999900000",
        card=CardOnVisit(
            number="GD4019999900000",
            card_number="GD4019999900000",
            holder="Nguyễn Văn A",
            born=Birth(1980, 2, 1),
            sex=Sex.MALE,
            registered_at="01999",
        ),
        service=VisitService("KB", "Khám bệnh", "1", "01"),
        arrival=Arrival("registered"),
    )
    visits.confirm(visit, "first")


def _rows(count: int, first_day: datetime, desk: int) -> Iterator[dict[str, Any]]:
    chance = random.Random(SEED)
    for number in range(2, count + 1):
        place = number - 1
        at = first_day + timedelta(
            days=place // VISITS_PER_DAY, seconds=40 * (place % VISITS_PER_DAY)
        )
        person = f"99999{chance.randrange(PEOPLE):05d}"
        refused = number > count - REFUSED_MESSAGES
        yield {
            "id": number,
            "visit": f"01999-{at:%Y%m%d}-{desk:06x}{number:010x}",
            "at": at.isoformat(timespec="microseconds"),
            "day": (at + timedelta(hours=7)).date().isoformat(),
            "ticket": number,
            "number": f"GD401{person}",
            "person": person,
            "state": "refused" if refused else "accepted",
            "code": "205" if refused else "200",
            "message": "Sai MA_THE" if refused else None,
            "answer": ANSWER,
        }


@contextlib.contextmanager
def served(folder: Path, insurer_url: str, streams: int) -> Iterator[int]:
    """Run the program on a data directory; give its port."""
    password, config = folder / "password", folder / "kiosk.toml"
    password.write_text("sandbox\n", "utf-8")
    text = SETTINGS.format(url=insurer_url, password=password, screens=streams)
    config.write_text(text, "utf-8")
    process = subprocess.Popen(
        command(*SERVE, "--config", str(config), "--data", str(folder)),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.startswith("Ready: "):
            raise SystemExit("the program did not start")
        yield int(line.rsplit(":", 1)[1])
    finally:
        process.terminate()
        process.wait()


class Streams:
    """Open event streams, read by one thread."""

    def __init__(self, port: int, count: int) -> None:
        self.bytes_read = 0
        self.broken = 0
        self._stop = threading.Event()
        self._selector = selectors.DefaultSelector()
        for _ in range(count):
            stream = socket.create_connection(("127.0.0.1", port))
            stream.sendall(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            self._selector.register(stream, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        while not self._stop.is_set():
            for key, _ in self._selector.select(0.2):
                stream = key.fileobj
                assert isinstance(stream, socket.socket)
                got = len(stream.recv(65_536))
                self.bytes_read += got
                if not got:
                    self.broken += 1
                    self._selector.unregister(stream)

    def close(self) -> None:
        """Close all streams."""
        self._stop.set()
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()
        self._selector.close()


class Caller:
    """Timed calls over one connection, as a browser makes them."""

    def __init__(self, port: int) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self.took_ms: dict[str, list[float]] = {}

    def call(self, name: str, path: str, body: object = None, **headers: str) -> bytes:
        """Call a path and record its duration under a name; return the body of the answer."""
        time.sleep(PAUSE_S)
        start = time.perf_counter()
        if body is None:
            self._connection.request("GET", path)
        else:
            headers |= {"Content-Type": "application/json"}
            self._connection.request("POST", path, json.dumps(body), headers)
        response = self._connection.getresponse()
        answer = response.read()
        self.took_ms.setdefault(name, []).append((time.perf_counter() - start) * 1000)
        if response.status >= 400:
            raise SystemExit(f"{path} answered {response.status}: {answer[:200]!r}")
        return answer


def one_round(caller: Caller, number: int, visit: str, since: str) -> None:
    """Scan a card, confirm its visit, and open each page."""
    caller.call("floor", "/static/icon.svg")
    payload = PAYLOAD.format(tail=90_000 + number)
    attempt = json.loads(caller.call("scan", "/api/scans", {"payload": payload}))["attempt"]
    body = {"attempt": attempt, "clerk_reason": "bench"}
    key = {"Idempotency-Key": f"bench {number}"}
    caller.call("confirm", "/api/visits", body, **key)
    caller.call("desk page", "/")
    caller.call("desk status", "/desk/status")
    caller.call("logbook page", "/logbook")
    caller.call("tray page", "/logbook/tray")
    caller.call("visit page", f"/logbook/visits/{visit}")
    caller.call("nightly page", "/logbook/nightly")
    caller.call("reporting page", "/logbook/reporting")
    caller.call("visits of a figure", f"/logbook/reporting/{since[:7]}/accepted")
    caller.call("visits since", f"/api/visits?since={since}")
    caller.call("health", "/healthz")


def main() -> None:
    """Fill a logbook, serve it, make the calls, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("visits", type=int, nargs="?", default=200_000)
    parser.add_argument("streams", type=int, nargs="?", default=50)
    parser.add_argument("--no-goals", action="store_true", help="exit 0 whatever is measured")
    wanted = parser.parse_args()
    goals, count, streams = Goals(not wanted.no_goals), wanted.visits, wanted.streams
    insurer = SandboxInsurer(now)
    server = WebServer(insurer.app, "127.0.0.1", 0, threads=4)
    server.start()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        fill(folder / "logbook.db", count, now())
        since = (now() - timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
        newest = f"01999-{now() - timedelta(days=1):%Y%m%d}-{count:016x}"
        with served(folder, f"http://127.0.0.1:{server.port}", streams) as port:
            caller = Caller(port)
            visits = json.loads(caller.call("first", f"/api/visits?since={since}"))["visits"]
            visit = visits[-1]["id"] if visits else newest
            open_streams = Streams(port, streams)
            for number in range(WARM_UP + ROUNDS):
                if number == WARM_UP:
                    caller.took_ms.clear()
                one_round(caller, number, visit, since)
            open_streams.close()
    server.stop()
    floor = statistics.median(caller.took_ms["floor"])
    for what, took in caller.took_ms.items():
        median = statistics.median(took)
        figures = {
            "p95_ms": round(statistics.quantiles(took, n=20)[-1], 1),
            "ratio": round(median / floor, 1),
        }
        if what in MOST_MS:
            goals.check(what, median, MOST_MS[what], unit="ms, median", **figures)
        else:
            goals.show(what, median_ms=round(median, 1), **figures)
    kib = open_streams.bytes_read // 1024
    goals.check("streams that broke", open_streams.broken, 0, streams=streams, streamed_kib=kib)
    goals.end()


if __name__ == "__main__":
    main()
