"""A reader that is being checked sends to its check, for as long as the page polls."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.logbook import Database, ReaderChecks
from kiosk.readers import CheckEnded, Finding, NoSuchReader, ReaderCheckups, ReaderSample
from kiosk.readers.checks import LEASE_S, MAX_CODE_BYTES, SILENCE_S
from kiosk.readers.sheet import NAMES, SIGNS
from scanner import Reader, ReaderProfile, SerialReader
from tests.cast import BHYT17, Clock


class Seconds:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def reader(clock: Clock) -> Reader:
    return Reader("front", clock)


@pytest.fixture
def checkups(reader: Reader, clock: Clock, seconds: Seconds, tmp_path: Path) -> ReaderCheckups:
    checks = ReaderChecks(Database(tmp_path / "logbook.db"))
    return ReaderCheckups([reader], checks, clock, seconds)


def test_a_code_is_judged_when_the_reader_is_silent(
    checkups: ReaderCheckups, reader: Reader, seconds: Seconds
) -> None:
    assert checkups.poll("front") is None
    assert reader.tap is not None
    assert reader.tap(SIGNS[:30].encode(), seconds.now)
    assert reader.tap(SIGNS[30:].encode() + b"\r", seconds.now + 0.2)
    assert checkups.poll("front") is None

    seconds.now += 0.3 + SILENCE_S
    diagnosis = checkups.poll("front")

    assert diagnosis is not None
    assert diagnosis.is_good
    assert checkups.poll("front") is None
    assert checkups.newest("front")["signs"].found[0] == (Finding.AS_PRINTED, "")
    assert checkups.checked() == ["front"]


def test_the_desk_gets_the_reader_back_when_the_page_is_closed(
    checkups: ReaderCheckups, reader: Reader, seconds: Seconds
) -> None:
    checkups.poll("front")
    assert reader.tap is not None

    assert reader.tap(b"x", seconds.now + LEASE_S)
    assert not reader.tap(b"x", seconds.now + LEASE_S + 0.1)

    seconds.now += LEASE_S + 5
    assert checkups.poll("front") is None  # a new check, without the bytes of the old one
    assert reader.tap(b"x", seconds.now)

    checkups.end("front")
    assert reader.tap is None


def test_the_desk_gets_the_reader_back_from_a_page_left_open(
    checkups: ReaderCheckups, reader: Reader, seconds: Seconds
) -> None:
    checkups.poll("front")
    assert checkups.is_open("front")
    for _ in range(120):
        seconds.now += 1
        checkups.poll("front")
    seconds.now += 1
    with pytest.raises(CheckEnded):
        checkups.poll("front")
    assert reader.tap is None
    assert not checkups.is_open("front")


def test_a_reader_that_does_not_stop_sending_is_judged_after_a_while(
    checkups: ReaderCheckups, reader: Reader, seconds: Seconds
) -> None:
    checkups.poll("front")
    assert reader.tap is not None
    for _ in range(14):
        reader.tap(SIGNS.encode() + b"\r", seconds.now)
        seconds.now += 0.4
    diagnosis = checkups.poll("front")

    assert diagnosis is not None
    assert diagnosis.code == "signs"


def test_a_fault_that_the_settings_correct_is_not_reported_as_one(
    tmp_path: Path, clock: Clock
) -> None:
    profile = ReaderProfile(prefix="QR:", encoding="gb18030")
    reader = SerialReader("front", "COM9", clock, profile)
    seconds = Seconds()
    checkups = ReaderCheckups([reader], ReaderChecks(Database(tmp_path / "l.db")), clock, seconds)
    checkups.poll("front")
    assert reader.tap is not None
    reader.tap(b"QR:" + NAMES.encode("gb18030") + b"\r", seconds.now)
    seconds.now += 1

    diagnosis = checkups.poll("front")

    assert diagnosis is not None
    assert diagnosis.is_good
    assert Finding.BY_SETTINGS in [finding for finding, _ in diagnosis.found]


def test_a_flood_is_cut_and_answered(
    checkups: ReaderCheckups, reader: Reader, seconds: Seconds
) -> None:
    checkups.poll("front")
    assert reader.tap is not None
    for _ in range(100):
        reader.tap(b"x" * 4096, seconds.now)
    seconds.now += 1

    diagnosis = checkups.poll("front")

    assert diagnosis is not None
    assert diagnosis.code is None
    assert MAX_CODE_BYTES < 100 * 4096


def test_nothing_of_a_patients_card_is_recorded(checkups: ReaderCheckups) -> None:
    checkups.judge("keyboard-1", ReaderSample(BHYT17.encode()))

    assert checkups.newest("keyboard-1") == {}
    assert checkups.checked() == []


def test_the_newest_result_of_each_code_is_recorded(checkups: ReaderCheckups) -> None:
    checkups.note_not_read("keyboard-1", "names")
    checkups.judge("keyboard-1", ReaderSample(NAMES.encode()))
    checkups.note_not_read("keyboard-1", "inverted")

    found = checkups.newest("keyboard-1")

    assert found["names"].found[0][0] == Finding.AS_PRINTED
    assert found["inverted"].found == ((Finding.NOT_READ, ""),)


def test_a_reader_that_the_settings_do_not_name_cannot_be_checked(checkups: ReaderCheckups) -> None:
    with pytest.raises(NoSuchReader):
        checkups.poll("nobody")
    checkups.end("nobody")
