"""How long a registry takes to build, how large it is, and whether the desk feels it change.

    python bench/registry.py [--cards N] [--folder DIR] [--no-goals]

Writes a CSV of N invented cards (a million by default) and builds a registry from it with the
command line, in its own process as a site does.  Then it looks up people who are in the registry
and people who are not, judges scans while nothing changes, and judges scans while 100,000 changes
are adopted, five times, again by other processes.

Prints a JSON line for each part.  Memory (Linux) is that of the process and its children together,
with each shared page counted once (PSS), and with shared pages counted for each process (RSS).  The
floor of the build is one reading of the CSV, that of a look-up a row of a table by its key.

Exit 1 if a goal is missed, unless there is --no-goals: ten million cards are built in 60 s (fewer
in as much less, but 5 s at least) with 25 bytes a card (from a million cards on) and 200 MiB of
memory; a look-up's p99 is 0.1 ms, 100,000 changes take 10 s, and scans meanwhile twice as long.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import os
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(ROOT := Path(__file__).parents[1]))

from bench.cards import ISSUED, number, write_cards
from bench.goals import Goals
from kiosk.data import AnswersCache, DataStore
from kiosk.data.knowledge import site_knowledge
from kiosk.runtime.paths import synced_folder
from tests.cast import BHYT15, NOW, settings_for
from tests.data_store import store_at
from verify import Card, judge

CHANGES, TIMES = 100_000, 5  # cards in each change; changes one after the other
LOOK_UPS, WARM_UP = 20_000, 5_000
SCAN_EVERY_S, REST_S = 0.002, 10.0
SAMPLE_S, SHARES_EVERY = 0.05, 10
MIB = 1 << 20
MAX_BUILD_S, LEAST_BUILD_S = 60.0, 5.0  # for ten million cards; what starting takes anyway
MAX_BYTES, MAX_MIB, MAX_LOOK_UP_US, MAX_CHANGE_S, MAX_RATIO = 25.0, 200.0, 100.0, 10.0, 2.0
LARGE = 1_000_000  # cards, from which on the size of an empty file does not matter


def family(pid: int) -> list[int]:
    """Return the ids of a process and all its descendants."""
    found = [pid]
    for parent in found:
        with contextlib.suppress(OSError):
            for thread in Path(f"/proc/{parent}/task").iterdir():
                found += map(int, (thread / "children").read_text("ascii").split())
    return found


def resident_mib(pid: int) -> float:
    """Return the memory of a process and its descendants; shared pages count for each of them."""
    memory = 0
    for member in family(pid):
        with contextlib.suppress(OSError, IndexError):  # the process has ended meanwhile
            memory += int(Path(f"/proc/{member}/statm").read_text("ascii").split()[1])
    return memory * os.sysconf("SC_PAGE_SIZE") / MIB


def memory_mib(pid: int) -> float:
    """Return the memory of a process and its descendants; shared pages count once."""
    memory = 0
    for member in family(pid):
        with contextlib.suppress(OSError):
            text = Path(f"/proc/{member}/smaps_rollup").read_text("ascii")
            memory += sum(int(line.split()[1]) for line in text.splitlines() if line[:4] == "Pss:")
    return memory / 1024


def processor_s() -> float:
    """Return the processor time of child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(
    command: str, source: Path, issued: datetime, data: Path, meanwhile: Callable[[], object]
) -> dict[str, float]:
    """Run a command of the registry; return its seconds and the most memory that it used."""
    before, start = processor_s(), time.perf_counter()
    arguments = [str(ROOT / "run_kiosk.py"), "registry", command, str(source), "--data", str(data)]
    process = subprocess.Popen(
        [sys.executable, *arguments, "--issued", issued.isoformat()],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    most, resident, samples = 0.0, 0.0, 0
    while process.poll() is None:
        meanwhile()
        if time.perf_counter() - start >= samples * SAMPLE_S:
            samples += 1
            resident = max(resident, resident_mib(process.pid))
            if samples % SHARES_EVERY == 0:  # reading it takes a millisecond for each process
                most = max(most, memory_mib(process.pid))
    seconds, used = time.perf_counter() - start, processor_s() - before
    if process.returncode:
        raise SystemExit(f"registry {command}: exit {process.returncode}")
    return {"seconds": seconds, "processor_s": used, "memory_mib": most, "rss_mib": resident}


def spread(times: list[float]) -> dict[str, float]:
    """Return the median and the 99th percentile in microseconds."""
    times = sorted(times)
    return {"p50_us": times[len(times) // 2] * 1e6, "p99_us": times[len(times) * 99 // 100] * 1e6}


def timed(work: Callable[[], object], times: list[float]) -> None:
    """Do some work and append how long it took."""
    start = time.perf_counter()
    work()
    times.append(time.perf_counter() - start)


def look_ups(data: Path, cards: int) -> dict[str, float]:
    """Return how long look-ups take; every other person is not in the registry."""
    store = store_at(synced_folder(data))
    draw, times = random.Random(2), list[float]()
    for turn in range(WARM_UP + LOOK_UPS):
        place = draw.randrange(cards) + turn % 2 * cards
        card = Card(number(place, cards))
        timed(lambda card=card: store.registered(card), times)  # type: ignore[misc]
    store.close()
    return spread(times[WARM_UP:])


def scanning(store: DataStore, cards: int, times: list[float]) -> Iterator[None]:
    """At each step, judge the scan of a random card, and pause."""
    draw = random.Random(3)
    while True:
        payload = BHYT15.replace("DN4019999900021", number(draw.randrange(cards), cards)).encode()
        timed(lambda payload=payload: judge(payload, NOW, store.current().knowledge), times)  # type: ignore[misc]
        time.sleep(SCAN_EVERY_S)
        yield


def main() -> None:
    """Build, look up, change, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cards", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where the files are made; some GiB")
    parser.add_argument("--no-goals", action="store_true", help="exit 0 whatever is measured")
    args = parser.parse_args()
    goals = Goals(not args.no_goals)
    with tempfile.TemporaryDirectory(dir=args.folder, ignore_cleanup_errors=True) as name:
        measure(goals, Path(name), args.cards)
    goals.end()


def floor_of_csv(source: Path) -> float:
    """Return the seconds of one reading of a CSV file."""
    start = time.perf_counter()
    with source.open(encoding="utf-8", newline="") as file:
        for _row in csv.reader(file):
            pass
    return time.perf_counter() - start


def floor_of_look_up(cards: int) -> float:
    """Return the median of the look-ups of a key in a table of so many keys, in microseconds."""
    opened, draw = sqlite3.connect(":memory:"), random.Random(2)
    opened.execute("create table card (id integer primary key, standing integer)")
    opened.executemany("insert into card values (?, 1)", ((each,) for each in range(cards)))
    times = list[float]()
    ask = "select standing from card where id = ?"
    for _ in range(LOOK_UPS):
        key = [draw.randrange(cards)]
        timed(lambda key=key, ask=ask: opened.execute(ask, key).fetchone(), times)  # type: ignore[misc]
    opened.close()
    return spread(times)["p50_us"]


def measure(goals: Goals, folder: Path, cards: int) -> None:
    """Measure everything with so many cards."""
    source, data = folder / "cards.csv", folder / "data"
    data.mkdir()
    write_cards(source, range(cards), cards, 2027)
    input_size = {"cards": cards, "csv_mib": source.stat().st_size / MIB}
    floor_s = floor_of_csv(source)
    built = run("build", source, ISSUED, data, lambda: time.sleep(SAMPLE_S))
    size = (synced_folder(data) / "registry-1.db").stat().st_size
    goals.check(
        f"building {cards} cards",
        built["seconds"],
        max(LEAST_BUILD_S, MAX_BUILD_S * cards / 10_000_000),
        unit="s",
        ratio=round(built["seconds"] / floor_s, 1),
        **rounded(input_size | built, rows_a_second=cards / built["seconds"], mib=size / MIB),
    )
    if cards >= LARGE:
        goals.check("bytes a card", size / cards, MAX_BYTES, ratio=round(size / cards / 16, 2))
    else:
        goals.show("bytes a card", bytes=round(size / cards, 1))
    goals.check("memory of the build", built["memory_mib"], MAX_MIB, unit="MiB")
    source.unlink()
    look_up, bare_us = look_ups(data, cards), floor_of_look_up(min(cards, LARGE))
    goals.check(
        "look-up",
        look_up["p99_us"],
        MAX_LOOK_UP_US,
        unit="µs, p99",
        ratio=round(look_up["p50_us"] / bare_us, 1),
        **rounded(look_up),
    )

    site = site_knowledge(settings_for(folder), None, demo=False)
    store = store_at(synced_folder(data), site, AnswersCache(folder / "coverage.db"))
    stop = threading.Event()
    threading.Thread(target=store.run, args=(stop,), daemon=True).start()
    some = range(0, cards, max(1, cards // CHANGES))
    write_cards(source, some, cards, 2028)
    rest, during = list[float](), list[float]()
    scans, end = scanning(store, cards, rest), time.perf_counter() + REST_S
    while time.perf_counter() < end:
        next(scans)
    scans = scanning(store, cards, during)
    hours = [timedelta(hours=hour) for hour in range(1, TIMES + 1)]
    changes = [run("change", source, ISSUED + hour, data, lambda: next(scans)) for hour in hours]
    changed = max(changes, key=lambda change: change["seconds"])
    ratio = spread(during)["p99_us"] / spread(rest)["p99_us"]
    goals.show("scans at rest", **rounded(spread(rest), scans=len(rest)))
    goals.check(
        "scans while it changes",
        ratio,
        MAX_RATIO,
        unit="times the p99 at rest",
        ratio=round(ratio, 2),
        **rounded(spread(during), scans=len(during)),
    )
    more = rounded(changed, changes=len(some), times=TIMES)
    goals.check("adopting changes", changed["seconds"], MAX_CHANGE_S, unit="s", **more)
    stop.set()
    store.close()


def rounded(*found: dict[str, float], **more: float) -> dict[str, object]:
    """Return figures with as many digits as they are worth."""
    figures = {name: figure for group in (*found, more) for name, figure in group.items()}
    return {name: round(figure, 1 if figure >= 10 else 2) for name, figure in figures.items()}


if __name__ == "__main__":
    main()
