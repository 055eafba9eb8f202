"""The list of the ASVS names modules and tests that exist, and every point once."""

from __future__ import annotations

import re

from tests.process import ROOT

PAGE = (ROOT / "docs" / "asvs.md").read_text("utf-8")
ROWS = [line.split(" | ") for line in PAGE.splitlines() if re.match(r"\| V\d", line)]
MET = {"yes", "partly", "no", "site", "–"}
# How many points each chapter has at levels 1 and 2, in version 5.0.0.
POINTS = {
    1: 27, 2: 11, 3: 19, 4: 10, 5: 9, 6: 35, 7: 18, 8: 7, 9: 7, 10: 29, 11: 14, 12: 9, 13: 13,
    14: 9, 15: 13, 16: 16, 17: 7,
}  # fmt: skip


def ids() -> list[str]:
    return [each for row in ROWS for each in row[0].removeprefix("| ").split(", ")]


def test_each_point_is_there_once_and_well_formed() -> None:
    found = ids()

    assert len(found) == len(set(found))
    assert all(re.fullmatch(r"V([1-9]|1[0-7])\.[1-9]\d?\.[1-9]\d?", each) for each in found)
    counts = {chapter: 0 for chapter in POINTS}
    for each in found:
        counts[int(each[1:].split(".")[0])] += 1
    assert counts == POINTS


def test_each_row_says_its_level_and_how_it_is_met() -> None:
    for row in ROWS:
        assert len(row) == 5, row
        assert row[1] in ("1", "2"), row
        assert row[3] in MET, row
        assert len(row[4].strip(" |")) > 3, row
    assert {row[0].removeprefix("| ").split(".")[0] for row in ROWS} == {
        f"V{chapter}" for chapter in POINTS
    }


def test_what_the_list_names_exists() -> None:
    for name in re.findall(r"`([\w.-]+/[\w./-]+)`", PAGE):
        assert (ROOT / name).exists(), name


def test_what_is_not_met_says_why() -> None:
    assert [row[0] for row in ROWS if row[3] in ("no", "partly") and len(row[4]) < 15] == []
