"""Which scans go to a page that listens, and which to the desk."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kiosk.desk import PageScans
from scanner import Scan
from tests.cast import NOW
from tests.process import until

CARD = b"9999900021"
FRONT = ["front"]
WITHIN_S = 10


class Seconds:
    """A steady clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def scans(seconds: Seconds) -> PageScans:
    return PageScans(seconds)


@pytest.fixture
def desk() -> list[Scan]:
    return []


@pytest.fixture
def receive(scans: PageScans, desk: list[Scan]) -> Callable[[str], None]:
    take = scans.before(desk.append)
    return lambda reader: take(card_of(reader))


def card_of(reader: str) -> Scan:
    return Scan(CARD, reader, NOW)


def test_a_scan_goes_to_the_desk_if_no_page_listens(
    desk: list[Scan], receive: Callable[[str], None]
) -> None:
    receive("front")

    assert len(desk) == 1


def test_a_scan_goes_to_the_page_that_listens_once_and_not_to_the_desk(
    scans: PageScans, desk: list[Scan], receive: Callable[[str], None]
) -> None:
    assert scans.listen("a", FRONT) == []
    receive("front")

    assert desk == []
    assert scans.listen("a", FRONT) == [card_of("front")]
    assert scans.listen("a", FRONT) == []


def test_a_reader_at_another_desk_is_not_heard(
    scans: PageScans, desk: list[Scan], receive: Callable[[str], None]
) -> None:
    scans.listen("a", FRONT)
    receive("back")

    assert len(desk) == 1
    assert scans.listen("a", FRONT) == []


def test_of_two_pages_at_one_reader_none_gets_the_card(
    scans: PageScans, desk: list[Scan], receive: Callable[[str], None]
) -> None:
    scans.listen("a", FRONT)
    scans.listen("b", FRONT)
    receive("front")

    assert len(desk) == 1
    scans.leave("b")
    receive("front")
    assert len(desk) == 1
    assert scans.listen("a", FRONT) == [card_of("front")]


def test_a_page_that_asks_no_more_hears_nothing(
    scans: PageScans, desk: list[Scan], receive: Callable[[str], None], seconds: Seconds
) -> None:
    scans.listen("a", FRONT)
    seconds.now = 3.1
    receive("front")

    assert len(desk) == 1
    assert scans.listen("a", FRONT) == []


@pytest.mark.parametrize("leaves", [False, True])
def test_a_card_that_its_page_does_not_fetch_goes_to_the_desk(
    desk: list[Scan], leaves: bool
) -> None:
    scans = PageScans(take_within_s=0.05)
    receive = scans.before(desk.append)
    scans.listen("a", FRONT)
    receive(card_of("front"))
    assert desk == []
    if leaves:
        scans.leave("a")

    until(lambda: desk == [card_of("front")], WITHIN_S)
    assert scans.listen("a", FRONT) == []


def test_a_code_without_text_goes_to_the_desk(scans: PageScans, desk: list[Scan]) -> None:
    scans.listen("a", FRONT)
    scans.before(desk.append)(Scan(b"  \r", "front", NOW))
    assert len(desk) == 1


def test_a_page_that_nobody_reads_from_keeps_only_a_few(
    scans: PageScans, desk: list[Scan], receive: Callable[[str], None]
) -> None:
    scans.listen("a", FRONT)
    for _ in range(20):
        receive("front")

    assert len(desk) == 12
    assert CARD.decode() not in repr(vars(scans))
