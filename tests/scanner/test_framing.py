"""A stream of bytes is cut into payloads."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.readers.scans import extent_of
from scanner.framing import Extent, Framer
from tests.cast import BHYT15, BHYT17, CCCD
from verify import is_whole

SIGNS = bytes(range(0x21, 0x7F))
PAYLOAD = st.lists(st.sampled_from(SIGNS), min_size=1, max_size=40).map(bytes)


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\t"])
def test_each_end_mark_ends_a_payload(end: bytes) -> None:
    assert Framer().feed(b"one" + end + b"two" + end, now=1) == [b"one", b"two"]


@given(
    st.lists(PAYLOAD, max_size=5),
    st.sampled_from([b"\r", b"\n", b"\r\n", b"\t"]),
    st.lists(st.integers(1, 9), min_size=1),
)
def test_how_the_bytes_are_chunked_changes_nothing(
    payloads: list[bytes], end: bytes, sizes: list[int]
) -> None:
    stream = b"".join(payload + end for payload in payloads)
    framer, found, place, turn = Framer(), [], 0, 0
    while place < len(stream):
        size = sizes[turn % len(sizes)]
        found += framer.feed(stream[place : place + size], now=turn * 0.001)
        place, turn = place + size, turn + 1

    assert found == payloads


def test_silence_ends_a_payload_without_an_end_mark() -> None:
    framer = Framer(silence_s=0.15)

    assert framer.feed(b"card", now=10) == []
    assert framer.tick(now=10.1) == []
    assert framer.tick(now=10.2) == [b"card"]
    assert framer.tick(now=11) == []


def test_bytes_after_a_silence_are_another_payload() -> None:
    framer = Framer(silence_s=0.15)
    framer.feed(b"one", now=10)

    assert framer.tick(10.3) == [b"one"]
    assert framer.feed(b"two\r", now=10.3) == [b"two"]


@pytest.mark.parametrize("length", [101, 102, 1000])
def test_a_payload_that_is_too_long_is_dropped_whole(length: int) -> None:
    framer = Framer(max_bytes=100)

    assert framer.feed(b"x" * length + b"\rnext\r", now=1) == [b"next"]


def test_a_payload_of_the_greatest_length_is_kept() -> None:
    assert Framer(max_bytes=100).feed(b"x" * 100 + b"\r", now=1) == [b"x" * 100]


def test_a_silence_ends_a_payload_that_was_too_long() -> None:
    framer = Framer(max_bytes=10, silence_s=0.15)
    framer.feed(b"x" * 50, now=1)

    assert framer.tick(now=2) == []
    assert framer.feed(b"card\r", now=3) == [b"card"]


def test_empty_lines_are_not_payloads() -> None:
    assert Framer().feed(b"\r\n\r\n\t\t", now=1) == []


WHOLE = b"9999900001"


def extent_here(payload: bytes) -> Extent:
    if payload == WHOLE or payload.endswith(b"|$"):
        return Extent.WHOLE
    return Extent.BEGUN if payload.startswith(b"a|") else Extent.TEXT


def framer_with_test() -> Framer:
    return Framer(extent_of=extent_here)


def test_an_end_mark_in_the_middle_is_dropped_if_the_code_goes_on() -> None:
    framer = framer_with_test()

    assert framer.feed(b"a|b\r\n", 1.00) == []
    assert framer.feed(b"c|$", 1.05) == [b"a|bc|$"]


def test_a_whole_payload_ends_at_once_and_another_after_a_short_silence() -> None:
    framer = framer_with_test()

    assert framer.feed(WHOLE + b"\r", 1.0) == [WHOLE]
    assert framer.feed(b"something else\r", 2.0) == []
    assert framer.tick(2.05) == []
    assert framer.tick(2.09) == [b"something else"]


def test_two_scans_without_a_gap_are_two_payloads() -> None:
    assert framer_with_test().feed(b"a|$b|$" + WHOLE + b"\r", 1.0) == [b"a|$", b"b|$", WHOLE]


@pytest.mark.parametrize("card", [BHYT17, BHYT15, CCCD, "DN4019999900001", "001099999901"])
def test_an_enter_anywhere_and_any_chunks_make_the_card(card: str) -> None:
    chance = random.Random(card)
    data = card.encode()
    for _ in range(40):
        middle = chance.randrange(1, len(data))
        stream = data[:middle] + b"\r\n" + data[middle:] + b"\r\n"
        framer, now, payloads = Framer(extent_of=extent_of), 1.0, []
        while stream:
            length = chance.randint(1, 40)
            payloads += framer.feed(stream[:length], now)
            stream = stream[length:]
            now += chance.uniform(0, 0.05)
        payloads += framer.tick(now + 1)
        # The Enter may come where the bytes before it are a whole card or number by themselves.
        assert b"".join(payloads) == data
        assert len(payloads) == 1 or is_whole(payloads[0])


def test_a_flood_without_an_end_is_dropped_whole_and_the_next_card_is_read() -> None:
    framer = framer_with_test()
    now = 1.0
    for _ in range(100):
        assert framer.feed(b"x" * 1_000, now) == []
        now += 0.001

    assert framer.feed(b"\r" + WHOLE + b"\r", now) == [WHOLE]


def test_an_end_mark_beside_a_whole_card_separates_scans() -> None:
    framer = framer_with_test()

    assert framer.feed(b"http://x\r" + WHOLE + b"\r", 1.0) == [b"http://x", WHOLE]


def test_bytes_that_are_read_late_are_not_cut() -> None:
    framer = framer_with_test()
    framer.feed(b"a|b", 1.0)

    assert framer.feed(b"c|$", 1.4) == [b"a|bc|$"]  # no tick came between
