"""A card held still under a camera is one scan."""

from __future__ import annotations

from scanner.deduplicate import Deduplicator


def scans(deduplicator: Deduplicator, *frames: tuple[float, list[bytes]]) -> list[list[bytes]]:
    return [deduplicator.select_new(codes, now) for now, codes in frames]


def test_a_code_that_stays_in_view_is_one_scan() -> None:
    found = scans(Deduplicator(), *[(t / 10, [b"a"]) for t in range(100)])

    assert found == [[b"a"], *[[]] * 99]


def test_a_code_that_comes_back_is_another_scan() -> None:
    frames = [(0.0, [b"a"]), *[(t / 10, []) for t in range(1, 25)], (2.5, [b"a"]), (2.6, [b"a"])]

    assert scans(Deduplicator(), *frames)[-2:] == [[b"a"], []]


def test_a_code_that_flickers_is_one_scan() -> None:
    frames = [(t / 10, [b"a"] if t % 15 == 0 else []) for t in range(100)]

    assert sum(map(len, scans(Deduplicator(), *frames))) == 1


def test_a_stalled_camera_does_not_make_a_code_new() -> None:
    frames = [(0.0, [b"a"]), (60.0, []), (60.1, [b"a"])]

    assert scans(Deduplicator(), *frames) == [[b"a"], [], []]


def test_two_codes_in_view_are_two_scans_and_no_more() -> None:
    found = scans(Deduplicator(), *[(t / 10, [b"a", b"b", b"a"]) for t in range(3)])

    assert found == [[b"a", b"b"], [], []]


def test_a_lost_scan_comes_again() -> None:
    deduplicator = Deduplicator()
    deduplicator.select_new([b"a"], 0.0)
    deduplicator.forget(b"a")

    assert deduplicator.select_new([b"a"], 0.1) == [b"a"]


def test_only_the_hashes_of_a_few_codes_are_kept() -> None:
    deduplicator = Deduplicator()
    for number in range(1_000):
        deduplicator.select_new([f"card {number}".encode()], 0.0)

    assert len(deduplicator._seen) == 16
    assert b"card" not in b"".join(deduplicator._seen)
