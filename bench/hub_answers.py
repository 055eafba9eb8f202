"""How large a hub with many visits is, and how fast it answers what desks and pages ask it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bench.goals import Goals, quantile
from bench.hub_rows import FACILITIES, bytes_of, fill
from bench.hub_server import BenchHub, load
from kiosk.hub.figures import read_figures
from kiosk.hub.search import ALL_DAYS, LATELY, HubQuery, HubSearch
from kiosk.logbook import read_query
from kiosk.reports import ReportPeriod
from verify import clinic_day

ASKED = "01900"  # the facility whose desk asks
ROUNDS = 3
LOOKS = 200
MOST_MONTH_S, MOST_HERE_MS = 5.0, 5.0
HERE_TODAY = """
select id, desk, arrived_at, room, ticket from hub.lately
where facility = %(facility)s and day = %(day)s and person = %(person)s
"""


def measure_rows(goals: Goals, count: int, with_records: int) -> None:
    """Fill a hub, and print bytes of a visit and how long answers take."""
    with BenchHub() as hub:
        today = clinic_day(datetime.now(UTC))
        filled_s = fill(hub.database, count, min(count, with_records), today)
        goals.show(
            "filled", visits=count, facilities=FACILITIES, seconds=round(filled_s), load=load()
        )
        show_sizes(goals, hub, count, min(count, with_records))
        desk = hub.database.desk(1, ASKED, limit_s=60)
        month = ReportPeriod(today - timedelta(days=today.day), today - timedelta(days=today.day))
        month = ReportPeriod(month.last.replace(day=1), month.last)
        year = ReportPeriod(today - timedelta(days=364), today)
        seconds = median_s(lambda: read_figures(desk.rows, ASKED, month))
        goals.check("a facility's month", seconds, MOST_MONTH_S, unit="s, median", load=load())
        goals.show("a facility's year", median_s=median_s(lambda: read_figures(desk.rows, ASKED, year)))
        day = ReportPeriod(today, today)
        goals.show("a facility's day", median_s=median_s(lambda: read_figures(desk.rows, ASKED, day)))
        took = []
        for number in range(LOOKS):
            values = {"facility": ASKED, "day": today, "person": f"9999{number * 7:06}"}
            begun = time.perf_counter()
            desk.rows(HERE_TODAY, values)
            took.append((time.perf_counter() - begun) * 1000)
        median_ms = round(statistics.median(took), 2)
        goals.check(
            "whether a person is here today", quantile(took, 0.99), MOST_HERE_MS,
            unit="ms, p99", median_ms=median_ms, load=load(),
        )  # fmt: skip


def median_s(call: Callable[[], object]) -> float:
    """Return the median of the seconds of some calls."""
    took = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        call()
        took.append(time.perf_counter() - begun)
    return round(statistics.median(took), 3)


def show_sizes(goals: Goals, hub: BenchHub, count: int, with_records: int) -> None:
    """Print how many bytes of the hub's tables a visit takes."""
    rows, indexes = bytes_of(hub.database, "visit")
    goals.show("bytes of a visit", row=round(rows / count), indexes=round(indexes / count))
    rows, indexes = bytes_of(hub.database, "visit_version")
    goals.show(
        "bytes of a version",
        row=round(rows / with_records),
        indexes=round(indexes / with_records),
    )
