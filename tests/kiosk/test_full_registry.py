"""A full registry keeps what is known of people, so that cards are compared field by field."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from kiosk.data import AnswersCache, build_registry, change_registry
from kiosk.data.knowledge import site_knowledge
from kiosk.registry.errors import BadRecords
from tests.cast import BHYT15, NOW, settings_for
from tests.data_store import store_at
from verify import Birth, Card, Coverage, Reason, Sex, differences, judge

HEADING = "number,citizen_number,holder,born,sex,facility,five_years_from,valid_until,standing"
MADE = datetime(2026, 11, 24, tzinfo=UTC)
AN = "DN4019999900021,001099900021,Nguyễn Văn Ấn,1980-02-01,male,01999,2029-01-01,2026-12-31,"
BINH = "GD4019999900022,,Trần Thị Bình,1991-07,female,,,,"


def quiet(_what: str, _done: int, _total: int | None = None) -> None:
    """Ignore the progress."""


def records(folder: Path, *lines: str) -> Path:
    path = folder / "records.csv"
    path.write_text("\n".join([HEADING, *lines]) + "\n", "utf-8")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def recalled(folder: Path, number: str) -> Coverage:
    found = store_at(folder).registered(Card(number))
    assert found is not None
    return found


@pytest.mark.parametrize("number", ["DN4019999900021", "9999900021", "001099900021"])
def test_what_is_known_of_a_person_is_found_by_every_number(
    number: str, tmp_path: Path, folder: Path
) -> None:
    build_registry(folder, records(tmp_path, AN, BINH), MADE, quiet, full=True)
    found = recalled(folder, number)

    assert (found.holder, found.born, found.sex) == ("Nguyễn Văn Ấn", Birth(1980, 2, 1), Sex.MALE)
    assert (found.facility, found.five_years_on) == ("01999", date(2029, 1, 1))
    assert found.valid_until == date(2026, 12, 31)
    binh = recalled(folder, "9999900022")
    assert (binh.holder, binh.born, binh.sex) == ("Trần Thị Bình", Birth(1991, 7), Sex.FEMALE)
    assert (binh.facility, binh.five_years_on, binh.valid_until) == (None, None, None)


def test_a_card_with_another_name_is_reported_field_by_field(tmp_path: Path, folder: Path) -> None:
    other = AN.replace("Nguyễn Văn Ấn", "Trần Thị Khác").replace("1980-02-01", "1980-03-01")
    build_registry(folder, records(tmp_path, other), MADE, quiet, full=True)
    cache = AnswersCache(folder / "coverage.db")
    known = (
        store_at(folder, site_knowledge(settings_for(folder), None, demo=False), cache)
        .current()
        .knowledge
    )
    verdict = judge(BHYT15.encode(), NOW, known)

    assert verdict.reason is Reason.NAME_DIFFERS
    assert verdict.card is not None
    assert verdict.coverage is not None
    found = differences(verdict.card, verdict.coverage)
    assert [difference.name for difference in found] == ["holder", "born"]
    assert found[0].other == "Trần Thị Khác"


def test_a_compact_registry_keeps_nothing_of_people(tmp_path: Path, folder: Path) -> None:
    build_registry(folder, records(tmp_path, AN, BINH), MADE, quiet)
    found = recalled(folder, "9999900021")

    assert found == Coverage(
        found.number, found.standing, found.code, MADE, card_number="DN4019999900021",
        valid_until=date(2026, 12, 31),
    )  # fmt: skip
    content = (folder / "registry-1.db").read_bytes()
    for secret in (b"table person", "Trần".encode(), b"1991", b"01999", b"female"):
        assert secret not in content


def test_changes_of_a_full_registry_are_full(tmp_path: Path, folder: Path) -> None:
    build_registry(folder, records(tmp_path, AN, BINH), MADE, quiet, full=True)
    moved = AN.replace(",01999,", ",01998,")
    married = BINH.replace("Trần Thị Bình", "Trần Thị Bình Minh")
    for day, line in enumerate((moved, married, AN.replace("2026-12-31,", ",no_record")), 1):
        issued = MADE + timedelta(days=day)
        change_registry(folder, records(tmp_path, line), issued, quiet)
        if day == 2:
            assert recalled(folder, "9999900021").facility == "01998"

    assert recalled(folder, "9999900022").holder == "Trần Thị Bình Minh"
    assert store_at(folder).registered(Card("9999900021")) is None
    assert "Ấn".encode() not in (folder / "changes-4.db").read_bytes()


def test_a_large_file_keeps_the_same_people(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f"DN401{n:010d},,Người Thứ {n},1980,,,,," for n in range(2_000)]
    monkeypatch.setattr("kiosk.registry.workers.MAX_BYTES_WITHOUT_WORKERS", 0)
    monkeypatch.setattr("kiosk.registry.blocks.BLOCK_BYTES", 1 << 12)
    build_registry(folder, records(tmp_path, *lines), MADE, quiet, full=True)

    for n in (0, 777, 1_999):
        assert recalled(folder, f"{n:010d}").holder == f"Người Thứ {n}"


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (AN.replace("male", "nam"), "line 2: column sex: expected male, female or nothing"),
        (AN.replace("01999,", "1999,"), "line 2: column facility: expected five characters"),
        (AN.replace("2029-01-01", "2029"), "line 2: column five_years_from: expected YYYY-MM-DD"),
    ],
)
def test_a_bad_field_of_a_person_is_named(
    column: str, message: str, tmp_path: Path, folder: Path
) -> None:
    for full in (True, False):
        with pytest.raises(BadRecords, match=message):
            build_registry(folder, records(tmp_path, column), MADE, quiet, full=full)


def test_a_malformed_row_of_people_does_not_stop_a_scan(tmp_path: Path, folder: Path) -> None:
    build_registry(folder, records(tmp_path, AN), MADE, quiet, full=True)
    with closing(sqlite3.connect(folder / "registry-1.db")) as db, db:
        db.execute("update person set born = 'yesterday'")
    cache = AnswersCache(folder / "coverage.db")
    known = (
        store_at(folder, site_knowledge(settings_for(folder), None, demo=False), cache)
        .current()
        .knowledge
    )

    assert judge(BHYT15.encode(), NOW, known).reason is Reason.NOT_YET_KNOWN


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(
    ("registered", "shown"),
    [
        ("Đặng Thị Hòa", "Đặng Thị Hoà"),
        ("Đặng Văn Mẫu", "\u00d0ặng Văn Mẫu"),
        ("A Lăng Mẫu", "A-Lăng Mẫu"),
        ("H'Mai Niê", "H´Mai Niê"),
        ("Nguyễn Văn Mẫu", "NGUYỄN  VĂN MẪU."),
    ],
)
def test_a_name_in_another_spelling_is_the_registered_name(
    registered: str, shown: str, full: bool, tmp_path: Path, folder: Path
) -> None:
    line = AN.replace("Nguyễn Văn Ấn", registered)
    build_registry(folder, records(tmp_path, line), MADE, quiet, full=full)
    site = site_knowledge(settings_for(folder), None, demo=False)
    known = store_at(folder, site, AnswersCache(folder / "coverage.db")).current().knowledge
    card = BHYT15.replace("4e677579e1bb856e2056c4836e204de1baab75", shown.encode().hex())

    assert judge(card.encode(), NOW, known).reason is Reason.IN_FORCE
