"""How long a registry takes to build, how large it is, and whether the desk feels it change.

    python bench/registry.py [--cards N] [--folder DIR]

Writes a CSV of N invented cards (a million where nothing is said) and builds a registry from it
by the command line, in a process of its own as a site would.  Then looks people up who are there
and people who are not, judges scans at rest, and judges them while 100,000 changes are taken up,
five times, again by processes of their own.

Prints a JSON line for each part.  Memory (Linux) is that of the process and its children together,
each shared page counted once (PSS); resident sizes counted over and over (RSS) stand beside it.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(ROOT := Path(__file__).parents[1]))

from kiosk.data import AnswersCache, DataStore
from kiosk.data.knowledge import site_knowledge
from kiosk.runtime.paths import synced_folder
from tests.cast import BHYT15, NOW, settings_for
from tests.data_store import store_at
from verify import Card, judge

HEADING = "number,holder,born,standing,valid_from,valid_until\n"
FAMILIES = "Nguyễn Trần Lê Phạm Huỳnh Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý".split()
MIDDLES = "Văn Thị Hữu Đức Ngọc Minh Thanh Quang Thu Xuân".split()
GIVEN = "An Bình Chi Dũng Giang Hà Hương Khánh Lan Mai Nam Oanh Phúc Quân Sơn Tâm Uyên Việt".split()
GROUPS = "DN4 HN2 GD4 TE1 HT3".split()
TEST_NUMBERS = 9_999_900_000  # of 100,000 people who do not exist; more are counted from 1
ISSUED = datetime(2026, 11, 20, 6)
CHANGES, TIMES = 100_000, 5  # in a change, and so many changes one after the other
LOOK_UPS, WARM_UP = 20_000, 5_000
SCAN_EVERY_S, REST_S = 0.002, 10.0
SAMPLE_S, SHARES_EVERY = 0.05, 10
MIB = 1 << 20


def tail(place: int, cards: int) -> int:
    """Return the person's number of a card."""
    return place + (TEST_NUMBERS if cards <= 100_000 else 1)


def number(place: int, cards: int) -> str:
    """Return the number of a card."""
    return f"{GROUPS[place % len(GROUPS)]}{place % 63 + 1:02d}{tail(place, cards):010d}"


def write_cards(path: Path, places: range, cards: int, until: int) -> None:
    """Write invented cards; names and dates repeat as they do in a nation."""
    names = [" ".join(parts) for parts in itertools.product(FAMILIES, MIDDLES, MIDDLES, GIVEN)]
    random.Random(1).shuffle(names)
    days = [(date(2026, 1, 1) + timedelta(days=day)).isoformat()[4:] for day in range(365)]
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADING)
        for place in places:
            day = days[place * 31 % 365]
            file.write(
                f"{number(place, cards)},{names[place * 7919 % len(names)]},"
                f"{1930 + place % 95}{days[place % 365]},in_force,2026{day},{until}{day}\n"
            )


def family(pid: int) -> list[int]:
    """Return a process and all below it."""
    found = [pid]
    for parent in found:
        with contextlib.suppress(OSError):
            for thread in Path(f"/proc/{parent}/task").iterdir():
                found += map(int, (thread / "children").read_text("ascii").split())
    return found


def resident_mib(pid: int) -> float:
    """Return what a process and all below it hold, what they share counted for each."""
    held = 0
    for one in family(pid):
        with contextlib.suppress(OSError, IndexError):  # it has ended meanwhile
            held += int(Path(f"/proc/{one}/statm").read_text("ascii").split()[1])
    return held * os.sysconf("SC_PAGE_SIZE") / MIB


def memory_mib(pid: int) -> float:
    """Return what a process and all below it hold, what they share counted once."""
    held = 0
    for one in family(pid):
        with contextlib.suppress(OSError):
            text = Path(f"/proc/{one}/smaps_rollup").read_text("ascii")
            held += sum(int(line.split()[1]) for line in text.splitlines() if line[:4] == "Pss:")
    return held / 1024


def processor_s() -> float:
    """Return how long processors have worked for processes that we started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(command: str, source: Path, issued: datetime, data: Path,
        meanwhile: Callable[[], object]) -> dict[str, float]:  # fmt: skip
    """Run a command of the registry; return its seconds and the most memory it held."""
    before, start = processor_s(), time.perf_counter()
    words = [str(ROOT / "run_kiosk.py"), "registry", command, str(source), "--data", str(data)]
    process = subprocess.Popen(
        [sys.executable, *words, "--issued", issued.isoformat()],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    most, resident, samples = 0.0, 0.0, 0
    while process.poll() is None:
        meanwhile()
        if time.perf_counter() - start >= samples * SAMPLE_S:
            samples += 1
            resident = max(resident, resident_mib(process.pid))
            if samples % SHARES_EVERY == 0:  # it costs a millisecond for each process
                most = max(most, memory_mib(process.pid))
    seconds, used = time.perf_counter() - start, processor_s() - before
    if process.returncode:
        raise SystemExit(f"registry {command}: exit {process.returncode}")
    return {"seconds": seconds, "processor_s": used, "memory_mib": most, "rss_mib": resident}


def spread(times: list[float]) -> dict[str, float]:
    """Return median and 99th of a hundred in microseconds."""
    times = sorted(times)
    return {"p50_us": times[len(times) // 2] * 1e6, "p99_us": times[len(times) * 99 // 100] * 1e6}


def timed(work: Callable[[], object], times: list[float]) -> None:
    """Do some work and note how long it took."""
    start = time.perf_counter()
    work()
    times.append(time.perf_counter() - start)


def look_ups(data: Path, cards: int) -> dict[str, float]:
    """Return how long people are looked for, every other of whom is not there."""
    store = store_at(synced_folder(data))
    draw, times = random.Random(2), list[float]()
    for turn in range(WARM_UP + LOOK_UPS):
        place = draw.randrange(cards) + turn % 2 * cards
        card = Card(number(place, cards))
        timed(lambda card=card: store.registered(card), times)  # type: ignore[misc]
    store.close()
    return spread(times[WARM_UP:])


def scanning(store: DataStore, cards: int, times: list[float]) -> Iterator[None]:
    """Judge a scan of somebody at each step, and rest."""
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
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder, ignore_cleanup_errors=True) as name:
        measure(Path(name), args.cards)


def measure(folder: Path, cards: int) -> None:
    """Measure all with so many cards."""
    source, data = folder / "cards.csv", folder / "data"
    data.mkdir()
    write_cards(source, range(cards), cards, 2027)
    said = {"cards": cards, "csv_mib": source.stat().st_size / MIB}
    built = run("build", source, ISSUED, data, lambda: time.sleep(SAMPLE_S))
    size = (synced_folder(data) / "registry-1.db").stat().st_size
    tell("build", said | built, rows_a_second=cards / built["seconds"], mib=size / MIB,
         bytes_a_card=size / cards, beside_two_integers=size / cards - 16)  # fmt: skip
    source.unlink()
    tell("look-up", look_ups(data, cards))

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
    tell("scans at rest", spread(rest), scans=len(rest))
    tell("scans while it changes", spread(during), scans=len(during),
         ratio_p99=spread(during)["p99_us"] / spread(rest)["p99_us"])  # fmt: skip
    tell("change", changed, changes=len(some), times=TIMES)
    stop.set()
    store.close()


def tell(part: str, *found: dict[str, float], **more: float) -> None:
    """Print what was found."""
    figures = {name: figure for one in (*found, more) for name, figure in one.items()}
    line: dict[str, object] = {"part": part, "processors": os.cpu_count()}
    line |= {name: round(figure, 1 if figure >= 10 else 2) for name, figure in figures.items()}
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
