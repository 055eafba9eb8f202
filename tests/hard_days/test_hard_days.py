"""A morning of kills, and two days of a hospital: samples of what `.ci/long` plays in full."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.hard_days import kills, two_days

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="the readers are pseudo-terminals"),
]


@pytest.mark.parametrize(
    "count", [pytest.param(8, id="sample"), pytest.param(200, id="all", marks=pytest.mark.long)]
)
def test_a_morning_of_kills_loses_nothing(count: int, tmp_path: Path) -> None:
    result = kills.play(tmp_path, count, seed=20261129)

    assert result["wrong"] == []
    assert result["visits"] > count


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize(
    ("hours", "visits_a_day"),
    [
        pytest.param(22, 400, id="sample"),
        pytest.param(two_days.HOURS, two_days.VISITS_A_DAY, id="all", marks=pytest.mark.long),
    ],
)
def test_two_days_of_a_hospital_leave_nothing_behind(
    hours: int, visits_a_day: int, tmp_path: Path
) -> None:
    result = two_days.play(tmp_path, hours, visits_a_day)

    assert result["wrong"] == []
    assert result["visits"] == sum(two_days.visits_of_each_step(hours, visits_a_day))
    assert result["nightly jobs, exit codes"]
    shutil.rmtree(tmp_path)
