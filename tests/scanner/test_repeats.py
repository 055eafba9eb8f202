"""A card held still is one scan."""

from __future__ import annotations

from scanner.deduplicate import Deduplicator


def scans(repeats: Deduplicator, *frames: tuple[float, list[bytes]]) -> list[list[bytes]]:
    return [repeats.new_in(codes, at) for at, codes in frames]


def test_a_code_that_stays_in_view_is_one_scan() -> None:
    found = scans(Deduplicator(), *[(t / 10, [b"a"]) for t in range(100)])

    assert found == [[b"a"], *[[]] * 99]


def test_a_code_that_was_away_is_another_scan() -> None:
    frames = [(0.0, [b"a"]), *[(t / 10, []) for t in range(1, 25)], (2.5, [b"a"]), (2.6, [b"a"])]

    assert scans(Deduplicator(), *frames)[-2:] == [[b"a"], []]


def test_a_code_that_flickers_is_one_scan() -> None:
    frames = [(t / 10, [b"a"] if t % 15 == 0 else []) for t in range(100)]

    assert sum(map(len, scans(Deduplicator(), *frames))) == 1


def test_a_camera_that_stalled_shows_no_absence() -> None:
    frames = [(0.0, [b"a"]), (60.0, []), (60.1, [b"a"])]

    assert scans(Deduplicator(), *frames) == [[b"a"], [], []]


def test_two_codes_in_view_are_two_scans_and_no_more() -> None:
    found = scans(Deduplicator(), *[(t / 10, [b"a", b"b", b"a"]) for t in range(3)])

    assert found == [[b"a", b"b"], [], []]


def test_a_scan_that_came_to_nothing_comes_again() -> None:
    repeats = Deduplicator()
    repeats.new_in([b"a"], 0.0)
    repeats.forget(b"a")

    assert repeats.new_in([b"a"], 0.1) == [b"a"]


def test_what_was_seen_is_forgotten_but_never_kept_as_it_was() -> None:
    repeats = Deduplicator()
    for number in range(1_000):
        repeats.new_in([f"card {number}".encode()], 0.0)

    assert len(repeats._seen) == 16
    assert b"card" not in b"".join(repeats._seen)
