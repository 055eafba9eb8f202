"""The clock of a running program: over New Year, put forward, put back."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.hard_days.hospital import DESKS, Arrival, Hospital, a_hospital
from tests.hard_days.kills import check

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="the readers are pseudo-terminals"),
]
CLINIC = ZoneInfo("Asia/Ho_Chi_Minh")
LAST_MINUTES = datetime(2026, 12, 31, 23, 55, tzinfo=CLINIC)


def serve(hospital: Hospital, numbers: range) -> list[str]:
    """Serve patients one after the other; return the queue numbers that they got."""
    for number in numbers:
        hospital.serve(Arrival(number), DESKS[number % len(DESKS)])
    return [hospital.given[number].ticket for number in numbers]


def days(hospital: Hospital) -> list[str]:
    with closing(sqlite3.connect(hospital.logbook)) as database:
        return [row[0] for row in database.execute("select day from visit order by row")]


def test_numbers_begin_again_at_new_year(tmp_path: Path) -> None:
    with a_hospital(tmp_path, LAST_MINUTES, known=10) as (hospital, _):
        hospital.start()
        old = serve(hospital, range(4))
        hospital.clock.go(timedelta(minutes=6).total_seconds())
        new = serve(hospital, range(4, 8))

        assert old == new == ["1", "2", "3", "4"]
        assert days(hospital) == ["2026-12-31"] * 4 + ["2027-01-01"] * 4
        for page in ("/", "/day", "/logbook", "/reports"):
            assert hospital.get(page)
        assert hospital.stop() == 0
        assert check(hospital) == []


@pytest.mark.parametrize("hours", [-3, -24 * 40, 3, 24 * 400])
def test_a_clock_that_a_person_sets_costs_no_visit_and_doubles_no_number(
    hours: int, tmp_path: Path
) -> None:
    """Visits before, under and after the wrong time: all are there, no number is given twice."""
    morning = LAST_MINUTES.replace(hour=9)
    with a_hospital(tmp_path, morning, known=20) as (hospital, _):
        hospital.start()
        serve(hospital, range(3))
        hospital.clock.set_ahead(hours * 3600)
        serve(hospital, range(3, 6))
        assert json.loads(hospital.get("/healthz"))["alive"]
        hospital.clock.set_ahead(-hours * 3600)
        serve(hospital, range(6, 9))

        assert len(days(hospital)) == 9
        assert hospital.compare({given.visit: 1 for given in hospital.given.values()}) == []
        assert hospital.stop() == 0
        assert check(hospital) == []
