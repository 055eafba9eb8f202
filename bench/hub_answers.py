"""How large a hub with many visits is, and how fast it answers what desks and pages ask it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from bench.goals import Goals, quantile
from bench.hub_rows import FACILITIES, bytes_of, fill
from bench.hub_server import BenchHub, load
from kiosk.hub.figures import read_figures
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
        with_records = min(count, with_records)
        seconds = round(fill(hub.database, count, with_records, today))
        goals.show("filled", visits=count, facilities=FACILITIES, seconds=seconds, load=load())
        show_sizes(goals, hub, count, with_records)
        show_answers(goals, hub, today)


def show_answers(goals: Goals, hub: BenchHub, today: date) -> None:
    """Print how long the hub takes for what pages and desks ask, as the login of a desk."""
    desk = hub.database.desk(1, ASKED, limit_s=60)
    last = today.replace(day=1) - timedelta(days=1)
    periods = {
        "day": ReportPeriod(today, today),
        "month": ReportPeriod(last.replace(day=1), last),
        "year": ReportPeriod(today - timedelta(days=364), today),
    }
    for name, period in periods.items():
        took = seconds_of(lambda period=period: read_figures(desk.rows, ASKED, period))  # type: ignore[misc]
        if name == "month":
            goals.check("a facility's month", took, MOST_MONTH_S, unit="s, median", load=load())
        else:
            goals.show(f"a facility's {name}", median_s=round(took, 3), load=load())
    took_ms = []
    for number in range(LOOKS):
        values = {"facility": ASKED, "day": today, "person": f"9999{number * 7:06}"}
        begun = time.perf_counter()
        desk.rows(HERE_TODAY, values)
        took_ms.append((time.perf_counter() - begun) * 1000)
    goals.check(
        "whether a person is here today",
        quantile(took_ms, 0.99),
        MOST_HERE_MS,
        unit="ms, p99",
        median_ms=round(statistics.median(took_ms), 2),
        load=load(),
    )


def seconds_of(call: Callable[[], object]) -> float:
    """Return the median of the seconds of some calls."""
    took = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        call()
        took.append(time.perf_counter() - begun)
    return statistics.median(took)


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
