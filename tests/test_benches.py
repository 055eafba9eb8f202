"""The benches that have goals say which goal was missed, and fail then."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench import sign_in
from bench.decode import OURS, OURS_AS_CAMERA, ZXING, Sample, behind, figures, timed
from bench.goals import Goals
from bench.hostile import Cost, summary
from bench.phones import SIZES, pictures, write
from bench.verify import FLOOR, GOALS, RATIO, US, Goal, measure, print_against_floor

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
    found = [json.loads(line) for line in done.stdout.splitlines()]
    last = next(line for line in found if "passed" in line)
    lines = found[: found.index(last)]

    assert done.returncode == code
    assert last["passed"] == ([line["what"] for line in lines] if code else [])
    assert last["ms"] == max(line["ms"] for line in lines)


@pytest.mark.parametrize(
    ("took_us", "goal", "is_met"),
    [
        (200.0, Goal(2.0, RATIO), True),
        (201.0, Goal(2.0, RATIO), False),
        (60.0, Goal(60.0, US), True),
        (61.0, Goal(60.0, US), False),
    ],
)
def test_a_missed_goal_is_printed_beside_the_figure(
    took_us: float, goal: Goal, is_met: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    times = {FLOOR: [90.0, 100.0, 110.0], "a card": [took_us - 9, took_us, took_us + 9]}
    goals = Goals()
    print_against_floor(goals, times, {"a card": goal})

    floor, card = map(json.loads, capsys.readouterr().out.splitlines())
    assert floor == {"what": FLOOR, "us": 100.0, "p99_us": 110.0, "ratio": 1.0}
    assert (card["met"], card["goal"], card["unit"]) == (is_met, goal.most, goal.unit)
    assert goals.missed == ([] if is_met else ["a card"])


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


def lines_of(**read: int) -> dict[str, dict[str, Any]]:
    return {name: {"pictures": 20, "read": count} for name, count in read.items()}


@pytest.mark.parametrize(
    ("read", "named"),
    [
        ({"all_stages": 9, "four_frames": 9, "zxing": 9, "pyzbar": 3}, []),
        ({"all_stages": 9, "four_frames": 8, "zxing": 8, "pyzbar": 9}, ["pyzbar reads 9"]),
        ({"all_stages": 7, "four_frames": 7, "zxing": 8, "pyzbar": 0}, ["zxing-cpp reads 8"] * 2),
    ],
)
def test_a_library_that_reads_more_of_a_folder_is_named(
    read: dict[str, int], named: list[str]
) -> None:
    names = {"all_stages": OURS, "four_frames": OURS_AS_CAMERA, "zxing": ZXING}
    lines = {names.get(name, name): line for name, line in lines_of(**read).items()}

    found = behind(Sample("dark", "frame", []), lines)

    assert all(line.startswith("dark, frame: ") for line in found)
    assert [re.search(r"[\w-]+ reads \d+", line)[0] for line in found] == named  # type: ignore[index]  # each has it


def test_all_readers_are_timed_on_the_same_pictures() -> None:
    shown: list[tuple[Any, bytes | None]] = [(number, None) for number in range(7)]
    seen: list[tuple[str, int]] = []

    def reader(name: str, reads: Callable[[int], bool]) -> Callable[[Any], list[bytes]]:
        def read(picture: int) -> list[bytes]:
            seen.append((name, picture))
            return [b"code"] if reads(picture) else []

        return read

    readers = {
        OURS: reader(OURS, lambda _: True),
        ZXING: reader(ZXING, lambda picture: picture < 3),
        "OpenCV": reader("OpenCV", lambda _: False),
    }
    lines = figures(timed(readers, Sample("folder", "frame", shown)))

    assert [picture for _, picture in seen] == [picture for picture in range(7) for _ in readers]
    assert {name for name, _ in seen[::3]} == set(readers)  # none is always the first
    assert {line["pictures"] for line in lines.values()} == {7}
    assert all("median_ms" in line and "p95_ms" in line for line in lines.values())
    assert [line["shared"] for line in lines.values()] == [3, 3, 3]
    assert [line["read"] for line in lines.values()] == [7, 3, 0]


@pytest.mark.slow
def test_the_bench_of_decoders_measures_frames_and_photos_beside_busy_processes(
    tmp_path: Path,
) -> None:
    write(tmp_path / "frames", pictures(SIZES["vga"], "plain", 1))
    write(tmp_path / "photos", pictures((1600, 1200), "far", 1))
    command = [sys.executable, str(ROOT / "bench" / "decode.py"), "--busy", "1"]
    done = subprocess.run(
        [*command, *map(str, tmp_path.iterdir())],
        capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    *lines, last = map(json.loads, done.stdout.splitlines())

    measured = {(line["folder"], line["size"]) for line in lines if "folder" in line}
    assert {("frames", "frame"), ("photos", "frame"), ("photos", "as it came")} <= measured
    assert sum("empty" in line for line in lines) == 6
    assert lines[-1]["busy"] == 1
    assert done.returncode == bool(last["missed"])


def test_a_clerk_signs_in_beside_guesses_from_one_and_many_addresses(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert sign_in.main(["--rounds", "0", "--tries", "120"]) == 0

    every = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    lines = [line for line in every if "looked_at" in line]
    assert [line["looked_at"] + line["slowed"] for line in lines] == [120, 120]
    assert all(line["looked_at"] <= 12 for line in lines)
