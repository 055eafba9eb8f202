"""Measure what signing in costs others: scans beside log-ins, and a clerk beside guesses of PINs.

    python bench/sign_in.py [--rounds N] [--tries N] [--browser]

The program runs as a process of its own.  Prints a JSON line for each of these:

scans     the 99th percentile of scans beside a log-in a second, and without; the goal is a ratio of
          at most 1.2.  Rounds of both kinds take turns
guesses   wrong PINs, from one address and from many (through the proxy's header, as the program
          sees them): how many were looked at, and how often and how soon a clerk signed in at a
          known PC meanwhile; the goal is every time
browser   with --browser: from the last key of the PIN to the desk; the goal is 3 s

Ends with 1 if a goal was missed.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.goals import Goals
from kiosk.logbook import Database
from kiosk.runtime.secret_file import read_or_make_secret
from kiosk.staff import Role
from kiosk.staff.members import Members
from kiosk.staff.pins import Pins
from tests.cast import BHYT17
from tests.process import Server, serving, site

CLERK, GUESSED, PIN = 101, 102, "402957"
ROUND_S, SCANS_A_SECOND = 10.0, 20
THREADS = 4
NAME = "tiepdon.example"
PROXIED = f'[web]\nnames = ["{NAME}"]\nproxy = "127.0.0.1"\n'
MAX_RATIO, MAX_BROWSER_S = 1.2, 3.0


class Browser:
    """A connection that keeps its cookies, at an address that the proxy names."""

    def __init__(self, server: Server, address: str = "10.0.0.1") -> None:
        self._port = int(server.url.rpartition(":")[2])
        self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        self._cookies: dict[str, str] = {}
        self.address = address

    def post(self, path: str, value: object) -> tuple[int, float]:
        """Send JSON; return the status, and how long the answer took in seconds."""
        headers = {
            "Content-Type": "application/json",
            "Host": NAME,
            "X-Forwarded-For": self.address,
            "X-Forwarded-Proto": "https",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items()),
        }
        begun = time.perf_counter()
        self._connection.request("POST", path, json.dumps(value), headers)
        answer = self._connection.getresponse()
        answer.read()
        took = time.perf_counter() - begun
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _, rest = line.partition("=")
            self._cookies[name] = rest.partition(";")[0]
        return answer.status, took

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def sign_in(self, account: int, pin: str = PIN) -> tuple[int, float]:
        """Try to sign in."""
        return self.post("/sign-in", {"account": str(account), "pin": pin})


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; return 1 if a goal was missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=12, help="of ten seconds, half with log-ins")
    parser.add_argument("--tries", type=int, default=10_000, help="wrong PINs, of each kind")
    parser.add_argument("--browser", action="store_true", help="also sign in in Chromium")
    options = parser.parse_args(arguments)
    goals = Goals()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        words = site(Path(folder), "", PROXIED)
        _hire(Path(folder) / "data")
        with serving(*words) as server:
            if options.rounds:
                _scans(goals, server, options.rounds)
            for kind in ("one", "many"):
                _guesses(goals, server, options.tries, kind)
            if options.browser:
                _browser(goals, words)
    return goals.code()


def _hire(data: Path) -> None:
    data.mkdir()
    database, now = Database(data / "logbook.db"), datetime.now(UTC)
    members = Members(database)
    pins = Pins(database, read_or_make_secret(data / "secrets" / "staff.key"))
    for name in ("Lê Thu Hà", "Trần Minh Đức"):
        number = members.add(name, Role.CLERK, "", now, "a bench").id
        pins.set(number, PIN, now, "a bench")
    database.close()


def _scans(goals: Goals, server: Server, rounds: int) -> None:
    times: dict[bool, list[float]] = {False: [], True: []}
    scanning = Browser(server)
    scanning.sign_in(CLERK)
    number = 0
    for each in range(2 * ((rounds + 1) // 2)):
        with _log_ins(server) if each % 2 else contextlib.nullcontext():
            end = time.monotonic() + ROUND_S
            while time.monotonic() < end:
                number += 1
                payload = BHYT17.replace("9999900020", f"99999{number:05d}")
                status, took = scanning.post("/api/scans", {"payload": payload})
                assert status == 200, status
                times[bool(each % 2)].append(took * 1000)
                time.sleep(max(0.0, 1 / SCANS_A_SECOND - took))
    scanning.close()
    p99 = {beside: _quantile(took, 0.99) for beside, took in times.items()}
    ratio = p99[True] / p99[False]
    line = {
        "alone_ms": {"median": _median(times[False]), "p99": round(p99[False], 2)},
        "beside_log_ins_ms": {"median": _median(times[True]), "p99": round(p99[True], 2)},
        "ratio": round(ratio, 2),
    }
    goals.check("scans beside log-ins", ratio, MAX_RATIO, unit="times the p99 alone", **line)


@contextlib.contextmanager
def _log_ins(server: Server) -> Iterator[None]:
    """Sign in once a second meanwhile, at another PC."""
    stop, other = threading.Event(), Browser(server, "10.0.0.2")

    def run() -> None:
        while not stop.wait(1.0):
            status, _took = other.sign_in(GUESSED)
            assert status == 200, status

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        other.close()


def _guesses(goals: Goals, server: Server, tries: int, kind: str) -> None:
    """Try wrong PINs of an account, while its clerk signs in at a PC where they were before."""
    home = Browser(server, "10.0.0.3")
    home.sign_in(CLERK)
    stop, signed = threading.Event(), list[tuple[int, float]]()

    def clerk() -> None:
        while True:
            signed.append(home.sign_in(CLERK))
            if stop.wait(1.0):
                return

    statuses: Counter[int] = Counter()
    lock = threading.Lock()

    def guess(first: int) -> None:
        with contextlib.closing(Browser(server)) as browser:
            tried(browser, first)

    def tried(browser: Browser, first: int) -> None:
        for each in range(first, tries, THREADS):
            wide = f"10.{each // 65536 + 1}.{each // 256 % 256}.{each % 256}"
            browser.address = "10.0.0.9" if kind == "one" else wide
            status, _took = browser.sign_in(CLERK, f"{580_000 + each % 100_000:06d}")
            with lock:
                statuses[status] += 1

    threads = [threading.Thread(target=clerk)]
    threads += [threading.Thread(target=guess, args=[first]) for first in range(THREADS)]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads[1:]:
        thread.join()
    took = time.monotonic() - begun
    stop.set()
    threads[0].join()
    home.close()
    signed_in = sum(status == 200 for status, _took in signed)
    times = [took * 1000 for _status, took in signed]
    what = f"wrong PINs from {kind} address" + ("es" if kind == "many" else "")
    line = {
        "tries": tries,
        "seconds": round(took, 1),
        "looked_at": statuses[401],
        "slowed": statuses[429],
        "others": sum(n for status, n in statuses.items() if status not in (401, 429)),
        "clerk": f"{signed_in} of {len(signed)} signed in",
        "clerk_ms": {"median": _median(times), "max": round(max(times), 1)},
    }
    goals.check(what, statuses[200], 0, unit="signed in", **line)
    goals.check(f"{what}: the clerk", len(signed) - signed_in, 0, unit="kept out")


def _browser(goals: Goals, words: list[str]) -> None:
    """Sign in in Chromium, at this PC; the program is started again, without the proxy."""
    from tests.browser import chromium

    config = Path(words[1])
    config.write_text(config.read_text("utf-8").replace(PROXIED, ""), "utf-8")
    times = []
    with serving(*words) as server, chromium() as context:
        for _ in range(5):
            page = context.new_page()
            page.context.clear_cookies()
            page.goto(server.url)
            page.fill("#account", str(CLERK))
            page.fill("#pin", PIN)
            begun = time.perf_counter()
            page.press("#pin", "Enter")
            page.wait_for_selector("#status *")
            page.wait_for_selector("#payload:focus")
            times.append(time.perf_counter() - begun)
            page.close()
    what, median_s = "sign-in in a browser, to the desk", round(statistics.median(times), 2)
    goals.check(what, max(times), MAX_BROWSER_S, unit="s, longest", median_s=median_s)


def _quantile(times: list[float], part: float) -> float:
    return sorted(times)[int(part * (len(times) - 1))]


def _median(times: list[float]) -> float:
    return round(statistics.median(times), 2)


if __name__ == "__main__":
    raise SystemExit(main())
