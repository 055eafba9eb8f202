"""A reader that is being checked sends to its check, and only for as long as somebody asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.logbook import Database, ReaderChecks
from kiosk.readers import CheckEnded, Finding, NoSuchReader, ReaderCheckups, ReaderSample
from kiosk.readers.checks import LEASE_S, MAX_CODE_BYTES, SILENCE_S
from kiosk.readers.sheet import NAMES, SIGNS
from scanner import Reader, ReaderProfile, SerialReader
from tests.cast import BHYT17, Clock


class Time:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Time:
    return Time()


@pytest.fixture
def reader(clock: Clock) -> Reader:
    return Reader("front", clock)


@pytest.fixture
def checkups(reader: Reader, clock: Clock, seconds: Time, tmp_path: Path) -> ReaderCheckups:
    checks = ReaderChecks(Database(tmp_path / "logbook.db"))
    return ReaderCheckups([reader], checks, clock, seconds)


def test_a_code_is_taken_when_the_reader_is_silent(
    checkups: ReaderCheckups, reader: Reader, seconds: Time
) -> None:
    assert checkups.poll("front") is None
    assert reader.ear is not None
    assert reader.ear(SIGNS[:30].encode(), seconds.now)
    assert reader.ear(SIGNS[30:].encode() + b"\r", seconds.now + 0.2)
    assert checkups.poll("front") is None

    seconds.now += 0.3 + SILENCE_S
    diagnosis = checkups.poll("front")

    assert diagnosis is not None
    assert diagnosis.is_good
    assert checkups.poll("front") is None
    assert checkups.newest("front")["signs"].found[0] == (Finding.AS_PRINTED, "")
    assert checkups.checked() == ["front"]


def test_a_page_that_was_closed_gives_the_reader_back(
    checkups: ReaderCheckups, reader: Reader, seconds: Time
) -> None:
    checkups.poll("front")
    assert reader.ear is not None

    assert reader.ear(b"x", seconds.now + LEASE_S)
    assert not reader.ear(b"x", seconds.now + LEASE_S + 0.1)

    seconds.now += LEASE_S + 5
    assert checkups.poll("front") is None  # a new check: of the old one nothing is left
    assert reader.ear(b"x", seconds.now)

    checkups.end("front")
    assert reader.ear is None


def test_a_page_left_open_does_not_keep_a_reader(
    checkups: ReaderCheckups, reader: Reader, seconds: Time
) -> None:
    checkups.poll("front")
    assert checkups.is_open("front")
    for _ in range(120):
        seconds.now += 1
        checkups.poll("front")
    seconds.now += 1
    with pytest.raises(CheckEnded):
        checkups.poll("front")
    assert reader.ear is None
    assert not checkups.is_open("front")


def test_a_reader_that_never_stops_is_judged_all_the_same(
    checkups: ReaderCheckups, reader: Reader, seconds: Time
) -> None:
    checkups.poll("front")
    assert reader.ear is not None
    for _ in range(14):
        reader.ear(SIGNS.encode() + b"\r", seconds.now)
        seconds.now += 0.4
    diagnosis = checkups.poll("front")

    assert diagnosis is not None
    assert diagnosis.code == "signs"


def test_what_the_settings_put_right_is_no_fault(tmp_path: Path, clock: Clock) -> None:
    habits = ReaderProfile(prefix="QR:", encoding="gb18030")
    reader = SerialReader("front", "COM9", clock, habits)
    seconds = Time()
    checkups = ReaderCheckups([reader], ReaderChecks(Database(tmp_path / "l.db")), clock, seconds)
    checkups.poll("front")
    assert reader.ear is not None
    reader.ear(b"QR:" + NAMES.encode("gb18030") + b"\r", seconds.now)
    seconds.now += 1

    diagnosis = checkups.poll("front")

    assert diagnosis is not None
    assert diagnosis.is_good
    assert Finding.BY_SETTINGS in [finding for finding, _ in diagnosis.found]


def test_a_flood_is_cut_and_answered(
    checkups: ReaderCheckups, reader: Reader, seconds: Time
) -> None:
    checkups.poll("front")
    assert reader.ear is not None
    for _ in range(100):
        reader.ear(b"x" * 4096, seconds.now)
    seconds.now += 1

    diagnosis = checkups.poll("front")

    assert diagnosis is not None
    assert diagnosis.code is None
    assert MAX_CODE_BYTES < 100 * 4096


def test_of_a_patient_s_card_nothing_is_kept(checkups: ReaderCheckups) -> None:
    checkups.judge("keyboard-1", ReaderSample(BHYT17.encode()))

    assert checkups.newest("keyboard-1") == {}
    assert checkups.checked() == []


def test_the_newest_of_each_code_is_kept(checkups: ReaderCheckups) -> None:
    checkups.note_not_read("keyboard-1", "names")
    checkups.judge("keyboard-1", ReaderSample(NAMES.encode()))
    checkups.note_not_read("keyboard-1", "inverted")

    found = checkups.newest("keyboard-1")

    assert found["names"].found[0][0] == Finding.AS_PRINTED
    assert found["inverted"].found == ((Finding.NOT_READ, ""),)


def test_a_reader_that_is_not_in_the_settings_is_not_there(checkups: ReaderCheckups) -> None:
    with pytest.raises(NoSuchReader):
        checkups.poll("nobody")
    checkups.end("nobody")
