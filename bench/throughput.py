"""How many scans a second many clients get, beside the least that a server must do for each.

    python bench/throughput.py [--clients 16] [--rounds 9] [--seconds 3] [--before CHECKOUT]
                               [--no-goals]

Starts the program as a process of its own, as a clinic does, and beside it the floor: a Flask
application on the same web server that writes the payload of each call to an SQLite file (WAL,
`synchronous = full`) and answers with the row's id.  Clients post different cards of invented
people over connections that stay open; they are threads of this process.  The servers take turns
in each round, and the order changes from round to round.  `--before` names another checkout of
the program, for instance the one before a change, which is measured in the same rounds.

First with many clients and then with one alone, prints a JSON line for each server: scans a
second, their ratio to the floor (and the lowest and the highest of the rounds), and the
percentiles of the answers in milliseconds.  Each figure is the median of its values in the rounds.
`quietest_ms` are the percentiles of the round with the lowest p95: other programs on the same
processors make the others longer.  Exit 1 if a goal is missed, unless there is --no-goals.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.goals import Goals

ROOT = Path(__file__).parents[1]
SERVER_THREADS = 16  # as the program has with the settings below
WARM_UP_S = 1.0
LEAST_RATIO, LEAST_PER_S, MOST_P95_MS = 0.55, 500, 50  # with many clients
ALONE_P95_MS, ALONE_P99_MS = 10, 20
CLOSE_TIMEOUT_S = 10
SETTINGS = """
[facility]
code = "01999"
name = "Bệnh viện Mẫu"
level = "co_ban"
[visit]
room = "Phòng khám 1"
"""

# The content of a card's code, with an invented number and name.
PAYLOAD = (
    "DN40199999{tail:05d}|4e677579e1bb856e2056c4836e204de1baab75|01/02/1980|1|"
    "53e1bb91203120c490c6b0e1bb9d6e67205468e1bbad|01 - 999|01/01/2024|-|05/01/2024|"
    "010199999{tail:05d}|-|4| 01/01/2029|0123456789abcde-7102|$"
)


def serve_floor(folder: Path) -> None:
    """Serve the floor until the process is ended: one insert on disk for each request."""
    from flask import Flask, Response, jsonify, request
    from waitress.server import create_server

    local, writing = threading.local(), threading.Lock()

    def connection() -> sqlite3.Connection:
        if not hasattr(local, "connection"):
            local.connection = sqlite3.connect(folder / "floor.db", isolation_level=None)
            local.connection.execute("pragma journal_mode = wal")
            local.connection.execute("pragma synchronous = full")
        opened: sqlite3.Connection = local.connection
        return opened

    connection().execute("create table scan (id integer primary key, body text not null)")
    app = Flask("floor")

    @app.post("/api/scans")
    def scan() -> Response:
        values = [request.get_json()["payload"]]
        with writing:  # without it, writers wait for each other in SQLite's sleeps
            row = connection().execute("insert into scan (body) values (?)", values).lastrowid
        return jsonify({"attempt": row})

    server = create_server(app, host="127.0.0.1", port=0, threads=SERVER_THREADS)
    print(f"Ready: http://127.0.0.1:{cast(Any, server).effective_port}", flush=True)
    server.run()


@contextlib.contextmanager
def process(*arguments: str, python: str = sys.executable) -> Iterator[int]:
    """Run a server in a process of its own, with an interpreter; give its port."""
    running = subprocess.Popen(
        [python, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert running.stdout is not None
        line = running.stdout.readline()
        if not line.startswith("Ready: "):
            raise SystemExit(f"{arguments[0]} did not start")
        yield int(line.rsplit(":", 1)[1])
    finally:
        running.terminate()
        running.wait(CLOSE_TIMEOUT_S)


def kiosk(checkout: Path, folder: Path) -> contextlib.AbstractContextManager[int]:
    """Run the program of a checkout on an empty data directory; give its port."""
    folder.mkdir()
    config = folder / "kiosk.toml"
    config.write_text(SETTINGS, "utf-8")
    program = str(checkout / "run_kiosk.py")
    serve = "serve --port 0 --no-browser".split()
    return process(program, *serve, "--config", str(config), "--data", str(folder))


def scan_request(card: int) -> bytes:
    """Return the request that posts the code of an invented card."""
    body = json.dumps({"payload": PAYLOAD.format(tail=card % 100_000)}).encode()
    return (
        b"POST /api/scans HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    )


Ask = Callable[[int], bytes]  # the request for a card, by its number


class Client:
    """One connection that stays open. It reads no more of an answer than it must."""

    def __init__(self, port: int, ask: Ask = scan_request) -> None:
        self._ask = ask
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def scan(self, card: int) -> None:
        """Post a card and wait for the whole answer."""
        self._socket.sendall(self._ask(card))
        answer = self._socket.recv(65_536)
        while (end := answer.find(b"\r\n\r\n")) < 0:
            more = self._socket.recv(65_536)
            if not more:
                raise SystemExit("the server ended the connection")
            answer += more
        head = answer[:end].lower()
        if not head.startswith((b"http/1.1 200", b"http/1.1 201")):
            raise SystemExit(f"answered {head[:40]!r}")
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        missing = end + 4 + length - len(answer)
        while missing > 0:
            missing -= len(self._socket.recv(65_536))

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


@dataclass(frozen=True)
class Round:
    """What one server did in one round."""

    per_s: float
    took_ms: list[float]  # of each answer, sorted


def measure(
    port: int, clients: int, seconds: float, cards: Iterator[int], ask: Ask = scan_request
) -> Round:
    """Let clients post cards to a server for some seconds."""
    start = threading.Barrier(clients + 1)
    took: list[list[float]] = [[] for _ in range(clients)]

    def run(own: list[float]) -> None:
        client = Client(port, ask)
        start.wait()
        end = time.perf_counter() + seconds
        now = time.perf_counter()
        while now < end:
            client.scan(next(cards))
            done = time.perf_counter()
            own.append((done - now) * 1000)
            now = done
        client.close()

    threads = [threading.Thread(target=run, args=(own,)) for own in took]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    passed = time.perf_counter() - began
    times = sorted(itertools.chain.from_iterable(took))
    return Round(len(times) / passed, times)


def percentiles(sorted_ms: list[float]) -> dict[str, float]:
    """Return p50, p95 and p99 of sorted times."""
    last = len(sorted_ms) - 1
    return {f"p{p}": round(sorted_ms[last * p // 100], 1) for p in (50, 95, 99)}


def take_turns(
    ports: dict[str, int],
    clients: int,
    rounds: int,
    seconds: float,
    asks: Mapping[str, Ask] | None = None,
) -> dict[str, list[Round]]:
    """Measure all servers in turn; return the rounds of each.

    `asks` are the requests of servers that take others than ours.
    """
    asks = asks or {}
    cards = itertools.count()
    for name, port in ports.items():
        measure(port, clients, WARM_UP_S, cards, asks.get(name, scan_request))
    measured: dict[str, list[Round]] = {name: [] for name in ports}
    for number in range(rounds):
        names = list(ports)[number % len(ports) :] + list(ports)[: number % len(ports)]
        for name in names:
            ask = asks.get(name, scan_request)
            measured[name].append(measure(ports[name], clients, seconds, cards, ask))
    return measured


def print_figures(goals: Goals, measured: dict[str, list[Round]], clients: int) -> None:
    """Print a line for each server, and the goals of the program."""
    for name, rounds in measured.items():
        ratios = [
            own.per_s / floor.per_s for own, floor in zip(rounds, measured["floor"], strict=True)
        ]
        quantiles = [percentiles(each.took_ms) for each in rounds]
        ratio = statistics.median(ratios)
        ms = {p: round(statistics.median(q[p] for q in quantiles), 1) for p in quantiles[0]}
        per_s = statistics.median(each.per_s for each in rounds)
        line: dict[str, object] = {
            "per_s": round(per_s),
            "ratio": round(ratio, 2),
            "ratios": [round(min(ratios), 2), round(max(ratios), 2)],
            "ms": ms,
            "quietest_ms": min(quantiles, key=lambda each: each["p95"]),
        }
        what = f"{name}, {clients} clients" if clients > 1 else f"{name}, one client"
        goals.show(what, **line)
        if name == "kiosk" and clients > 1:
            unit = "times the floor"
            goals.check_least(what, ratio, LEAST_RATIO, unit=unit, ratio=round(ratio, 2))
            goals.check_least(f"{what}: scans", per_s, LEAST_PER_S, unit="a second")
            goals.check(f"{what}: an answer", ms["p95"], MOST_P95_MS, unit="ms, p95")
        elif name == "kiosk":
            goals.check(f"{what}: an answer", ms["p95"], ALONE_P95_MS, unit="ms, p95")
            goals.check(f"{what}: the longest", ms["p99"], ALONE_P99_MS, unit="ms, p99")


def main() -> None:
    """Start the servers, measure them, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--before", type=Path, help="another checkout, measured too")
    parser.add_argument("--no-goals", action="store_true", help="exit 0 whatever is measured")
    parser.add_argument("--floor", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.floor:
        serve_floor(options.floor)
        return
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name,
        contextlib.ExitStack() as servers,
    ):
        folder = Path(name)
        run = servers.enter_context
        ports = {"floor": run(process(__file__, "--floor", str(folder)))}
        if options.before:
            ports["before"] = run(kiosk(options.before, folder / "before"))
        ports["kiosk"] = run(kiosk(ROOT, folder / "kiosk"))
        goals = Goals(not options.no_goals)
        for clients in (options.clients, 1):
            measured = take_turns(ports, clients, options.rounds, options.seconds)
            print_figures(goals, measured, clients)
    goals.end()


if __name__ == "__main__":
    main()
