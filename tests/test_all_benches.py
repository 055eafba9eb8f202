"""`bench/all.py` runs each bench that the documents name, and fails if a goal is missed."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from bench import all as benches
from bench.picture import picture
from bench.rows import ROWS, Row

ROOT = Path(__file__).parents[1]
NAMED = re.compile(r"`python (?:bench/(\w+)\.py|-m bench\.(\w+))")
MET = {"what": "a ratio", "value": 1.5, "goal": 2.0, "met": True, "unit": "times the floor"}
BEHIND = MET | {"what": "a slow part", "value": 2.5, "met": False}
FEW = MET | {"what": "scans", "value": 400, "goal": 500, "met": False, "is_least": True}


def fake(lines: list[dict[str, Any]], code: int = 0, name: str = "fake") -> Row:
    """Return a bench that prints lines and ends with a code, and measures nothing."""

    class Fake(Row):
        def command(self, _root: Path, _kept: Path, _arguments: tuple[str, ...]) -> list[str]:
            text = "\n".join(json.dumps(line) for line in lines)
            return ["-c", f"print({text!r}); raise SystemExit({code})"]

    return Fake(name)


def test_each_bench_that_is_named_with_figures_is_run_and_each_that_is_run_is_named() -> None:
    page = (ROOT / "docs" / "measured.md").read_text("utf-8")
    named = {first or second for first, second in NAMED.findall(page)}

    assert named - {"all"} == {row.name for row in ROWS}
    assert "all" in named
    for row in ROWS:
        command = row.command(ROOT, ROOT, ())
        assert (ROOT / "bench" / f"{row.name}.py").exists()
        assert f"`python {' '.join(command).replace(f'{ROOT}/', '')}" in page


@pytest.mark.parametrize(
    ("lines", "bench_code", "code", "said"),
    [
        ([MET], 0, 0, []),
        ([MET, BEHIND], 1, 1, ["MISSED fake: a slow part: 2.5 times the floor, goal 2"]),
        ([FEW], 0, 1, ["MISSED fake: scans: 400 times the floor, goal 500"]),
        ([MET], 7, 1, ["FAILED fake: exit 7: "]),
        (
            [MET, {"what": "a peer", "not_run": "no wheel"}],
            0,
            0,
            ["NOT RUN fake: a peer: no wheel"],
        ),
    ],
)
def test_a_missed_goal_is_named_and_makes_exit_1(
    lines: list[dict[str, Any]],
    bench_code: int,
    code: int,
    said: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert benches.main([str(tmp_path)], [fake(lines, bench_code)]) == code

    _first, *found, _last = capsys.readouterr().out.splitlines()
    assert len(found) == len(said)
    assert all(line.startswith(start) for line, start in zip(found, said, strict=True))
    results = json.loads((tmp_path / "results.json").read_text("utf-8"))["results"]
    assert [line for line in results[0]["figures"] if "met" in line] == [
        line for line in lines if "met" in line
    ]
    table = (tmp_path / "results.md").read_text("utf-8")
    assert all(f"| fake | {line['what']} |" in table for line in lines if "met" in line)
    ElementTree.parse(tmp_path / "results.svg")


def test_what_cannot_be_run_is_not_met(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [fake([MET]), Row("absent", missing=lambda: "there is no camera")]

    assert benches.main([str(tmp_path)], rows) == benches.INCOMPLETE_CODE
    assert "NOT RUN absent: there is no camera" in capsys.readouterr().out
    assert "| absent |  | NOT RUN |" in (tmp_path / "results.md").read_text("utf-8")


def test_a_bench_that_hangs_is_ended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Hanging(Row):
        def command(self, _root: Path, _kept: Path, _arguments: tuple[str, ...]) -> list[str]:
            return ["-c", "import threading; threading.Event().wait()"]

    assert benches.main([str(tmp_path), "--limit", "0.01"], [Hanging("hanging")]) == 1
    assert "FAILED hanging: not done after" in capsys.readouterr().out


def test_only_the_benches_that_are_asked_for_are_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [fake([MET], name="one"), fake([BEHIND], name="two")]

    assert benches.main([str(tmp_path), "--only", "one"], rows) == 0
    assert benches.main([str(tmp_path), "--skip", "one"], rows) == 1
    assert "MISSED two" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "part"),
    [
        (MET, 0.75),
        (FEW, 1.25),
        (MET | {"value": None}, None),
        (MET | {"goal": 0, "value": 0}, 0.0),
        (MET | {"goal": 0, "value": 3}, None),
    ],
)
def test_a_figure_is_shown_as_a_part_of_its_goal(line: dict[str, Any], part: float | None) -> None:
    assert benches.part_of_goal(line) == part


def test_the_picture_says_what_was_missed_in_words_too() -> None:
    drawn = picture([("fast", 0.5, True), ("slow & old", 1.5, False), ("unknown", None, False)])

    texts = [element.text for element in ElementTree.fromstring(drawn).iter() if element.text]
    assert {"50 %", "150 % missed", "– missed", "slow & old"} <= set(texts)
