"""Desks as processes of their own, each with its own logbook, for `bench/hub.py`."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench.hub_server import BenchHub
from bench.pages import PAYLOAD, fill
from kiosk.logbook import Database
from tests.fork import Fork
from tests.process import SERVE, Server

SETTINGS = f"""
[facility]
code = "{BenchHub.facility}"
name = "Bệnh viện Mẫu"
level = "co_ban"
[visit]
room = "Phòng khám 1"
"""
HUB = """
[hub]
url = "{url}"
password_file = '{password_file}'
desk = {number}
"""
WARM_UP_S = 1.5  # of a turn, which does not count: another desk had the processor before


@dataclass(slots=True)
class Times:
    """Milliseconds of scans and visits under one condition."""

    scan: list[float] = field(default_factory=list)
    visit: list[float] = field(default_factory=list)


class BenchDesk:
    """A running desk, and the patients that come to it one after the other."""

    def __init__(self, folder: Path, settings: str, place: int) -> None:
        """Start it on `folder`; `place` keeps its patients apart from those of other desks."""
        self._data, self._place, self._patients = folder / "data", place, 0
        config = folder / "kiosk.toml"
        config.write_text(settings, "utf-8")
        self._process = Fork((*SERVE, "--config", str(config), "--data", str(self._data)))
        self._server = Server(self._process)

    def visit(self, times: Times) -> None:
        """Scan a card and record its visit; note how long each took."""
        self._patients += 1
        payload = PAYLOAD.format(tail=10_000 + self._place * 1_000 + self._patients)
        begun = time.perf_counter()
        attempt = self._server.post("/api/scans", {"payload": payload})["attempt"]
        middle = time.perf_counter()
        body = {"attempt": attempt, "clerk_reason": "thử", "repeat_reason": "thử"}
        key = {"Idempotency-Key": f"bench-{self._place}-{self._patients}"}
        self._server.post("/api/visits", body, **key)
        times.scan.append((middle - begun) * 1000)
        times.visit.append((time.perf_counter() - middle) * 1000)

    def visits(self) -> int:
        """Return how many visits its logbook has."""
        database = Database(self._data / "logbook.db")
        count = int(database.rows("select count(*) from visit")[0][0])
        database.close()
        return count

    def pause(self) -> None:
        """Stop all its threads where they are."""
        os.kill(self._process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Let its threads run again."""
        os.kill(self._process.pid, signal.SIGCONT)

    def end(self) -> None:
        """End its process."""
        with contextlib.suppress(ProcessLookupError):
            self.go_on()
        self._server.close()


@contextlib.contextmanager
def start_desks(
    folder: Path, hub: BenchHub, count: int, waiting: int
) -> Iterator[tuple[list[BenchDesk], list[BenchDesk]]]:
    """Yield desks that have a hub, and as many without one; each has `waiting` visits already."""
    numbers = range(1, count + 1)
    at = {number: hub.add_desk(number) for number in numbers}
    hub.stop()  # all visits wait when the desks start
    with contextlib.ExitStack() as stack:
        joined, alone = [], []
        for number in numbers:
            own, other = folder / f"joined-{number}", folder / f"alone-{number}"
            for place in (own, other):
                (place / "data").mkdir(parents=True)
            # In the morning, when the day of UTC is that of the clinic.
            until = datetime.now(UTC).replace(hour=1, minute=0)
            fill(own / "data" / "logbook.db", waiting, until, number)
            shutil.copy(own / "data" / "logbook.db", other / "data" / "logbook.db")
            address = HUB.format(
                url=at[number].url, password_file=at[number].password_file, number=number
            )
            joined.append(BenchDesk(own, SETTINGS + address, number))
            stack.callback(joined[-1].end)
            alone.append(BenchDesk(other, SETTINGS, count + number))
            stack.callback(alone[-1].end)
        yield joined, alone


def morning(desks: Sequence[BenchDesk], seconds: float, every_s: float, times: Times) -> None:
    """Let a patient come to each desk every so many seconds, spread over them.

    The first WARM_UP_S come on top, and do not count.
    """
    begun = time.monotonic()

    def serve(place: int, desk: BenchDesk) -> None:
        turn = begun + every_s * place / len(desks)
        while turn < begun + WARM_UP_S + seconds:
            time.sleep(max(0.0, turn - time.monotonic()))
            desk.visit(times if turn > begun + WARM_UP_S else Times())
            turn += every_s

    threads = [threading.Thread(target=serve, args=pair) for pair in enumerate(desks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
