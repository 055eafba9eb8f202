"""A card held still is one scan."""

from __future__ import annotations

from scanner import Repeats


def test_a_code_that_stays_in_view_is_one_scan() -> None:
    repeats = Repeats()

    assert [repeats.is_new(b"a", t / 10) for t in range(100)] == [True] + [False] * 99


def test_a_code_that_was_away_is_another_scan() -> None:
    repeats = Repeats()

    assert [repeats.is_new(b"a", t) for t in (0.0, 1.9, 3.8, 5.9, 7.8)] == [
        True,
        False,
        False,
        True,
        False,
    ]


def test_two_codes_in_view_are_two_scans_and_no_more() -> None:
    repeats = Repeats()

    assert [repeats.is_new(code, t) for t in (0.0, 0.1, 0.2) for code in (b"a", b"b")] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]


def test_what_was_seen_is_forgotten_but_never_kept_as_it_was() -> None:
    repeats = Repeats()
    for number in range(1_000):
        repeats.is_new(f"card {number}".encode(), 0.0)

    assert len(repeats._seen_at) == 16
    assert b"card" not in b"".join(repeats._seen_at)
