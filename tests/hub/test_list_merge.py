"""Two changes of one list become one list."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.hub.list_merge import merge_lists

A, B, C, D = ({"name": letter} for letter in "ABCD")
LISTS = st.dictionaries(st.sampled_from("12345"), st.sampled_from([A, B, C, D]), max_size=5)


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "expected", "overruled"),
    [
        ({}, {"1": A}, {}, {"1": A}, ()),
        ({}, {}, {"1": A}, {"1": A}, ()),
        ({"1": A}, {"1": B}, {"1": A}, {"1": B}, ()),
        ({"1": A}, {"1": A}, {"1": B}, {"1": B}, ()),
        ({"1": A}, {"1": B}, {"1": C}, {"1": C}, ("1",)),
        ({"1": A}, {"1": B}, {"1": B}, {"1": B}, ()),
        ({"1": A}, {}, {"1": A}, {}, ()),
        ({"1": A}, {"1": A}, {}, {}, ()),
        ({"1": A}, {"1": B}, {}, {}, ("1",)),
        ({"1": A}, {}, {"1": B}, {"1": B}, ("1",)),
        ({"1": A}, {"1": A, "2": B}, {"1": A, "3": C}, {"1": A, "2": B, "3": C}, ()),
        ({"1": A, "2": B}, {"2": B, "1": A}, {"1": A, "2": B}, {"2": B, "1": A}, ()),
        ({"1": A, "2": B}, {"1": A, "2": B}, {"2": B, "1": A}, {"2": B, "1": A}, ()),
    ],
)
def test_a_change_of_one_side_is_taken_and_of_both_the_hub_s(
    base: dict[str, object],
    mine: dict[str, object],
    theirs: dict[str, object],
    expected: dict[str, object],
    overruled: tuple[str, ...],
) -> None:
    merged = merge_lists(base, mine, theirs)  # type: ignore[arg-type]
    assert list(merged.entries.items()) == list(expected.items())
    assert merged.overruled == overruled


@given(LISTS, LISTS, LISTS)
def test_nothing_that_one_side_alone_has_changed_is_lost(
    base: dict[str, dict[str, str]],
    mine: dict[str, dict[str, str]],
    theirs: dict[str, dict[str, str]],
) -> None:
    merged = merge_lists(base, mine, theirs)
    for key in base | mine | theirs:
        before, here, there = base.get(key), mine.get(key), theirs.get(key)
        found = merged.entries.get(key)
        assert found == (here if there == before else there)
        assert (key in merged.overruled) == (here not in (before, there) and there != before)
    again = merge_lists(merged.entries, merged.entries, merged.entries)
    assert list(again.entries.items()) == list(merged.entries.items())
