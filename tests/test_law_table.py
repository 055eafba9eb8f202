"""The table of the law names each of its rows once, with tests that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
IDS = [f"D{number:02}" for number in (*range(1, 22), *range(30, 43))]
SURE = {"read", "second hand", "draft", "derived"}
COLUMNS = 6
NAMED_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def table_rows(text: str) -> list[list[str]]:
    """Return the cells of the rows that begin with the id of a demand."""
    lines = [line for line in text.splitlines() if re.match(r"\| D\d", line)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


ROWS = table_rows((ROOT / "docs" / "law.md").read_text("utf-8"))


def names_of_tests(path: Path) -> set[str]:
    """Return the names of the tests that a file defines, which pytest collects by their name."""
    tree = ast.parse(path.read_text("utf-8"))
    return {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_each_demand_of_the_law_is_in_the_table_once() -> None:
    assert [row[0] for row in ROWS] == IDS


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_row_has_its_source_and_what_the_program_does(row: list[str]) -> None:
    assert len(row) == COLUMNS
    assert all(row)
    assert set(row[3].split(" / ")) <= SURE


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_row_is_shown_by_tests_that_exist(row: list[str]) -> None:
    """A row without a test says that it is not ours, or in which step it comes."""
    named = NAMED_TEST.findall(row[-1])

    assert named or re.match(r"not ours: |later: step \d+: ", row[-1])
    for path, name in named:
        assert name in names_of_tests(ROOT / path), f"{path}::{name}"
    assert NAMED_TEST.sub("", row[-1]).strip() == "" or not named


@pytest.mark.parametrize(
    "line", ["| D01 | a | b | read | c | `tests/test_law_table.py::test_nothing` |"]
)
def test_a_row_with_a_test_that_does_not_exist_is_noticed(line: str) -> None:
    [row] = table_rows(line)
    with pytest.raises(AssertionError, match="test_nothing"):
        test_a_row_is_shown_by_tests_that_exist(row)
