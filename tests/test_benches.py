"""The benches that have goals say which goal was missed, and fail then."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.hostile import Cost, summary
from bench.verify import FLOOR, GOALS, Goal, measure, print_against_floor

ROOT = Path(__file__).parents[1]
HARMLESS = Cost("harmless", 10, "desk", "unreadable", 1.0, 100.0)


@pytest.mark.parametrize(
    ("cost", "passed"),
    [
        (HARMLESS._replace(what="slow", ms=20.5), ["slow"]),
        (HARMLESS._replace(what="large", kib=1_001.0), ["large"]),
        (HARMLESS._replace(what="admitted", outcome="admitted"), ["admitted"]),
        (HARMLESS._replace(what="at the limit", ms=20.0, kib=1_000.0), []),
    ],
)
def test_a_payload_that_passes_a_limit_is_named(cost: Cost, passed: list[str]) -> None:
    line = summary([HARMLESS, cost], max_ms=20, max_kib=1_000)

    assert line["passed"] == passed
    if cost.ms > HARMLESS.ms:
        assert (line["longest"], line["ms"]) == (cost.what, cost.ms)
    if cost.kib > HARMLESS.kib:
        assert (line["largest"], line["kib"]) == (cost.what, cost.kib)


@pytest.mark.parametrize(("limit", "code"), [("0", 1), ("1000000000", 0)])
def test_the_bench_of_hostile_payloads_fails_if_a_limit_is_passed(limit: str, code: int) -> None:
    command = [sys.executable, str(ROOT / "bench" / "hostile.py"), "--max-ms", "1000000000"]
    done = subprocess.run(
        [*command, "--max-kib", limit], capture_output=True, encoding="utf-8", check=False
    )
    *lines, last = map(json.loads, done.stdout.splitlines())

    assert done.returncode == code
    assert last["passed"] == ([line["what"] for line in lines] if code else [])
    assert last["ms"] == max(line["ms"] for line in lines)


@pytest.mark.parametrize(
    ("took_us", "goal", "is_met"),
    [
        (200.0, Goal(ratio=2.0), True),
        (201.0, Goal(ratio=2.0), False),
        (60.0, Goal(us=60.0), True),
        (61.0, Goal(us=60.0), False),
        (61.0, Goal(ratio=2.0, us=60.0), False),
    ],
)
def test_a_missed_goal_is_printed_beside_the_figure(
    took_us: float, goal: Goal, is_met: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    times = {FLOOR: [90.0, 100.0, 110.0], "a card": [took_us - 9, took_us, took_us + 9]}
    assert print_against_floor(times, {"a card": goal}) is is_met

    floor, card = map(json.loads, capsys.readouterr().out.splitlines())
    assert floor == {"what": FLOOR, "us": 100.0, "p99_us": 110.0, "ratio": 1.0}
    assert card["met"] is is_met
    assert {f"goal_{name}": most for name, most in goal._asdict().items() if most}.items() <= (
        card.items()
    )


def test_the_kinds_take_turns_call_by_call() -> None:
    called: list[str] = []
    work = {kind: (lambda kind=kind: called.append(kind)) for kind in ("a", "b", "c")}
    times = measure(work, calls=40, warm_up=10)  # type: ignore[arg-type]

    assert {kind: len(took) for kind, took in times.items()} == {"a": 40, "b": 40, "c": 40}
    rounds = ["".join(called[start : start + 3]) for start in range(0, len(called), 3)]
    assert all(sorted(turn) == ["a", "b", "c"] for turn in rounds)
    assert len(set(rounds)) > 1  # no kind always follows the same one


def test_verdicts_are_measured_beside_a_small_registry(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "bench" / "verify.py"), "--folder", str(tmp_path)]
    options = ["--cards", "3000", "--calls", "5", "--no-goals"]
    done = subprocess.run([*command, *options], capture_output=True, encoding="utf-8", check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines()]

    assert done.returncode == 0, done.stderr
    with_goals = {line["what"].partition(",")[0] for line in lines if "met" in line}
    assert with_goals == set(GOALS)
    assert (tmp_path / "registry-3000" / "complete").exists()
