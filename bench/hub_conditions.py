"""What desks notice of their hub: scans and visits at many, with the hub in each condition."""

from __future__ import annotations

import contextlib
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bench.goals import Goals, quantile
from bench.hub_desks import BenchDesk, Times, morning, start_desks
from bench.hub_server import BenchHub, load

WITHOUT, BEHIND, LIVE, HANGS, DOWN = "without a hub", "catching up", "live", "hangs", "down"
CONDITIONS = (WITHOUT, LIVE, BEHIND, HANGS, DOWN)
MOST_RATIO = 1.2
SETTLE_S = 1.0
# A program is slow with its first patients, and none of that is the hub's.
FIRST_PATIENTS, FIRST_PATIENTS_S = 16, 24.0
CATCH_UP_S = 180  # at most
SEED = 20_261_129


def measure_desks(
    goals: Goals, count: int, rounds: int, seconds: float, every_s: float, waiting: int
) -> None:
    """Measure scans and visits under each condition, by turns, and print them."""
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name,
        BenchHub() as hub,
        start_desks(Path(name), hub, count, waiting) as (joined, alone),
    ):
        goals.show("desks", joined=count, alone=count, waiting_each=waiting, load=load())
        morning([*joined, *alone], FIRST_PATIENTS_S, FIRST_PATIENTS_S / FIRST_PATIENTS, Times())
        times = {condition: Times() for condition in CONDITIONS}
        rounds_caught_up = [
            one_round(hub, joined, alone, seconds, every_s, times, random.Random(SEED + number))
            for number in range(rounds)
        ]
        show_times(goals, times)
        rates, logs = zip(*rounds_caught_up, strict=True)
        goals.show(
            "catching up",
            desks=count,
            rows_per_s=round(statistics.median(rates)),
            least=round(min(rates)),
            most=round(max(rates)),
            log_bytes_of_a_visit=round(statistics.median(logs)),
        )
        hub.start()
        missing = wait_for_all(hub, joined)
        goals.check("visits that are not at the hub", missing, 0)


def one_round(
    hub: BenchHub,
    joined: Sequence[BenchDesk],
    alone: Sequence[BenchDesk],
    seconds: float,
    every_s: float,
    times: dict[str, Times],
    chance: random.Random,
) -> tuple[float, float]:
    """Measure each condition once; return what came while desks caught up.

    That is rows a second, and bytes of the write-ahead log for each.

    The hub is down when a round begins and ends.  Desks without a hub take their turn at a place
    in the round that changes.
    """
    rate = wal = 0.0

    def without() -> None:
        with paused(joined):
            morning(alone, seconds, every_s, times[WITHOUT])

    def up() -> None:
        hub.start()
        wait_for_all(hub, joined)
        morning(joined, seconds, every_s, times[LIVE])

    def behind() -> None:
        nonlocal rate, wal
        hub.forget()
        begun, before = time.monotonic(), hub.wal_bytes()
        morning(joined, seconds, every_s, times[BEHIND])
        rate = hub.rows() / (time.monotonic() - begun)
        wait_for_all(hub, joined)
        wal = (hub.wal_bytes() - before) / hub.rows()

    def hangs() -> None:
        with hub.hanging():
            time.sleep(SETTLE_S)
            morning(joined, seconds, every_s, times[HANGS])

    def down() -> None:
        hub.stop()
        time.sleep(SETTLE_S)
        morning(joined, seconds, every_s, times[DOWN])

    steps: list[Callable[[], None]] = [up, behind, hangs, down]
    steps.insert(chance.randrange(len(steps) + 1), without)
    for step in steps:
        step()
    return rate, wal


@contextlib.contextmanager
def paused(desks: Sequence[BenchDesk]) -> Iterator[None]:
    """Stop the processes of some desks, so that they take nothing from others' turn."""
    for desk in desks:
        desk.pause()
    try:
        yield
    finally:
        for desk in desks:
            desk.go_on()
        time.sleep(SETTLE_S)


def wait_for_all(hub: BenchHub, desks: Sequence[BenchDesk]) -> int:
    """Wait until the hub has what all desks have; return how many visits it lacks in the end."""
    deadline = time.monotonic() + CATCH_UP_S
    expected = sum(desk.visits() for desk in desks)
    while (there := hub.rows()) < expected and time.monotonic() < deadline:
        time.sleep(0.5)
    return max(0, expected - there)


def show_times(goals: Goals, times: dict[str, Times]) -> None:
    """Print percentiles under each condition, and the ratios that have a goal."""
    for what in ("scan", "visit"):
        floor = quantile(getattr(times[WITHOUT], what), 0.99)
        for condition in CONDITIONS:
            took = getattr(times[condition], what)
            figures = {
                "count": len(took),
                "median_ms": round(statistics.median(took), 1) if took else None,
                "p95_ms": round(quantile(took, 0.95), 1),
                "p99_ms": round(quantile(took, 0.99), 1),
                "load": load(),
            }
            ratio = quantile(took, 0.99) / floor
            name = f"{what}, {condition}"
            if condition == WITHOUT:
                goals.show(name, **figures)
            elif what == "scan" and condition != LIVE:
                unit = "times the p99 without a hub"
                goals.check(name, ratio, MOST_RATIO, unit=unit, ratio=round(ratio, 2), **figures)
            else:
                goals.show(name, ratio=round(ratio, 2), **figures)
