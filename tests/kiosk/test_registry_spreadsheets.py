"""A file of card records as a spreadsheet saves it: it is read, or the error names the cure."""

from __future__ import annotations

import codecs
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.data import build_registry, change_registry
from kiosk.registry.blocks import Block
from kiosk.registry.columns import COLUMNS, read_columns, read_heading
from kiosk.registry.errors import BadRecords
from kiosk.registry.records import RecordFile, read_block
from kiosk.registry.spreadsheet import garbled_places
from tests.data_store import store_at
from tests.process import call
from verify import Birth, Card, Standing

HEADING = "number,citizen_number,holder,born,valid_from,valid_until,facility"
AN = "DN4019999900021,001099900021,Nguyễn Văn Ấn,1980-02-01,2026-01-01,2026-12-31,01999"
BINH = "GD4019999900022,,Trần Thị Bình,1991-07,,2027-06-30,"
MADE = datetime(2026, 11, 24, tzinfo=UTC)
SALT = bytes(32)


def quiet(_what: str, _done: int, _total: int | None = None) -> None:
    """Ignore the progress."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def build(folder: Path, content: bytes | str) -> int:
    source = folder.parent / "records.csv"
    source.write_bytes(content.encode() if isinstance(content, str) else content)
    return build_registry(folder, source, MADE, quiet)


def until(folder: Path, number: str) -> date | None:
    found = store_at(folder).registered(Card(number))
    return found.valid_until if found else None


@pytest.mark.parametrize(
    "content",
    [
        f"{HEADING}\n{AN}\n\n{BINH}\n",
        f"{HEADING}\n{AN}\n,,,,,,\n{BINH}\n",
        f"{HEADING}\n{AN}\n,,\n{BINH}\n",
        f"{HEADING}\n{AN}\n,,,,,,,,,,,,\n{BINH}\n",
        f"{HEADING}\n{AN}\n  \n , ,\t,\xa0,,,\n{BINH}\n",
        f'{HEADING}\n{AN}\n"","",,,,,""\n{BINH}\n',
        f"{HEADING}\n{AN}\n{BINH}\n\n\n\n",
        f"{HEADING}\n{AN}\n{BINH}\n,,,,,,\n,,,,,,",
        f"{HEADING}\n{AN}\n{BINH}",
        f"{HEADING}\r\n{AN}\r\n\r\n,,,,,,\r\n{BINH}\r\n\r\n",
        f"{HEADING}\r\n{AN}\n\r\n{BINH}",
        f"\n,,,,,,\n{HEADING}\n{AN}\n{BINH}\n",
        f"\ufeff{HEADING}\n{AN}\n{BINH}\n",
        f"\ufeff\r\n{HEADING}\r\n{AN}\r\n{BINH}\r\n",
        f"{HEADING.replace(',', ' , ')} \n{AN}\n{BINH}\n",
        f"{HEADING.upper()}\n{AN}\n{BINH}\n",
        f"{HEADING.title()}\n{AN}\n{BINH}\n",
        '"' + HEADING.replace(",", '","') + f'"\n{AN}\n{BINH}\n',
        f"{HEADING},,\n{AN},,\n{BINH},,\n",
        f"{HEADING},,\r\n{AN},,\r\n,,,,,,,,\r\n{BINH}, ,\r\n",
        f",{HEADING}\n,{AN}\n,,,\n,{BINH}\n",
    ],
)
def test_what_a_spreadsheet_adds_to_a_csv_does_not_count(folder: Path, content: str) -> None:
    assert build(folder, content) == 3

    assert until(folder, "9999900021") == date(2026, 12, 31)
    assert until(folder, "001099900021") == date(2026, 12, 31)
    assert until(folder, "GD4019999900022") == date(2027, 6, 30)


def test_changes_may_have_blank_lines_too(tmp_path: Path, folder: Path) -> None:
    build(folder, f"{HEADING}\n{AN}\n{BINH}\n")
    changes = tmp_path / "changes.csv"
    changes.write_text(f"{HEADING}\n,,,,,,\n\n{AN.replace('2026-12', '2028-12')}\n\n", "utf-8")

    change_registry(folder, changes, MADE.replace(hour=1), quiet)
    assert until(folder, "9999900021") == date(2028, 12, 31)


@pytest.mark.parametrize("content", [f"{HEADING}\n", f"{HEADING}\n,,,,,,\n\n", f"\n{HEADING}"])
def test_a_file_of_blank_lines_alone_has_no_cards(folder: Path, content: str) -> None:
    with pytest.raises(BadRecords, match="a heading and nothing else; expected all cards"):
        build(folder, content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (f"{HEADING}\n{AN}\n\n,,,,,,\nx\n", "line 5: fewer columns than the heading, which has 7"),
        (f"\n\n{HEADING}\n{AN}\n\n{AN}\n", "lines 4 and 6: the same number"),
        (f"\r\n{HEADING}\r\n\r\n{AN}\r\n\r\n{BINH},\r\n", "line 6: more columns"),
        (f"{HEADING}\n{AN}\n,,,,,,\n,1,,,,,\n", "line 4: column number: expected fifteen"),
        (f"\n,,\n{HEADING.replace('holder', 'name')}\n{AN}\n", "line 3: expected the columns"),
        (f"{HEADING},\n{AN},\n{BINH},x\n", "line 3: a column has no name in the heading but is"),
        (f"{HEADING},Holder\n", "line 1: a column occurs twice"),
    ],
)
def test_the_numbers_of_lines_are_those_of_the_file(
    folder: Path, content: str, message: str
) -> None:
    with pytest.raises(BadRecords, match=message) as raised:
        build(folder, content)

    assert "99999" not in str(raised.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (f"{HEADING}\n{AN}\n".replace(",", ";"), "expected commas between the columns, not semi"),
        (f"\ufeff{HEADING}\r\n{AN}\r\n".replace(",", ";"), "expected commas .*, not semicolons"),
        (f"{HEADING.title()}\n{AN}\n".replace(",", " ; "), "expected commas .*, not semicolons"),
        (f"sep=;\n{HEADING}\n{AN}\n".replace(",", ";"), "expected the columns number"),
        (f"{HEADING}\n{AN}\n".replace(",", "\t"), "expected commas between the columns, not tabs"),
        (f"{HEADING}\n{AN}\n".replace(",", "|"), "expected commas between the columns, not bars"),
        (f"{HEADING}\n{AN}\n".encode("utf-16"), "not UTF-16; save it as .CSV UTF-8"),
        (f"{HEADING}\n{AN}\n".replace(",", "\t").encode("utf-16"), "not UTF-16; save it as"),
        (f"{HEADING}\n{AN}\n".encode("utf-16-be"), "expected UTF-8, not UTF-16"),
        (codecs.BOM_UTF16_BE + f"{HEADING}\n{AN}\n".encode("utf-16-be"), "not UTF-16"),
        (b"PK\x03\x04\x14\x00\x06\x00[Content_Types].xml", "a workbook of a spreadsheet; save"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504), "a workbook of a spreadsheet; save it"),
        (f"{HEADING}\r{AN}\r{BINH}\r", "not CR alone; save it as"),
        (f"{HEADING}\n{AN}\n".replace("ễ", "e").encode("cp1258", "replace"), "as UTF-8; save it"),
        ("", "expected the columns number"),
        ("\n\n", "expected the columns number"),
        (f"{AN}\n{BINH}\n", "line 1: expected the columns number"),
    ],
)
def test_a_file_of_another_kind_is_named(folder: Path, content: bytes | str, message: str) -> None:
    with pytest.raises(BadRecords, match=message) as raised:
        build(folder, content)

    assert "99999" not in str(raised.value)
    assert "Nguy" not in str(raised.value)


ZEROS = "a spreadsheet removes leading zeros: format the column as text"
ROUNDED = "a spreadsheet has rounded it: format the column as text"
DATE = "a spreadsheet has changed it: give the column the date format yyyy-mm-dd"
TWELVE = "column citizen_number: expected twelve digits or nothing"
DAY = "column valid_until: expected YYYY-MM-DD or nothing"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("001099900021", "1099900021", f"{TWELVE}; {ZEROS}"),
        ("001099900021", "1.0999E+09", f"{TWELVE}; {ROUNDED}"),
        ("001099900021", "1E+11", f"{TWELVE}; {ROUNDED}"),
        ("001099900021", '"1,0999E+09"', f"{TWELVE}; {ROUNDED}"),
        ("001099900021", " 001099900021", f"{TWELVE}; remove the blanks around it"),
        ("001099900021", "CC01", f"{TWELVE}$"),
        ("DN4019999900021", "DN4019999900021 ", "fifteen characters of a card; remove the blanks"),
        ("DN4019999900021", "dn4019999900021", "column number: expected fifteen characters of a c"),
        (",01999", ",1999", f"column facility: expected five characters or nothing; {ZEROS}"),
        ("1980-02-01", "01/02/1980", f"column born: expected YYYY, YYYY-MM or .*-DD; {DATE}"),
        ("1980-02-01", "Feb-80", "column born: expected YYYY, YYYY-MM or YYYY-MM-DD$"),
        ("2026-01-01", "1/1/2026", f"column valid_from: expected YYYY-MM-DD or nothing; {DATE}"),
        ("2026-12-31", "31/12/2026", f"{DAY}; {DATE}"),
        ("2026-12-31", "31/12/26", f"{DAY}; {DATE}"),
        ("2026-12-31", "31-12-2026", f"{DAY}; {DATE}"),
        ("2026-12-31", "46387", f"{DAY}; {DATE}"),
        ("2026-12-31", "2026-12-31 ", f"{DAY}; remove the blanks around it"),
        ("2026-12-31", "31.12", f"{DAY}$"),
    ],
)
def test_what_a_spreadsheet_does_to_a_value_is_named(
    folder: Path, old: str, new: str, message: str
) -> None:
    content = f"{HEADING}\n{BINH}\n\n{AN.replace(old, new)}\n"
    with pytest.raises(BadRecords, match=f"line 4: .*{message}") as raised:
        build(folder, content)

    assert new.strip(" ,") not in str(raised.value)


LOST = "column holder: letters of the name are lost; save it as .CSV UTF-8"


def garbled(name: str, way: str) -> str:
    """Return a name as a spreadsheet saves it that read or writes another encoding."""
    if way == "question marks":
        return name.encode("cp1252", "replace").decode("cp1252")
    if way == "replacement characters":
        return name.encode("cp1258", "replace").decode("utf-8", "replace")
    return name.encode().decode(way, "replace")


@pytest.mark.parametrize("name", ["Nguyễn Văn Ấn", "Đặng Thị Hường", "Trần Thị Bưởi"])
@pytest.mark.parametrize("way", ["question marks", "replacement characters", "cp1252", "latin-1"])
def test_a_file_of_garbled_names_is_refused_with_the_cure(
    folder: Path, name: str, way: str
) -> None:
    other = garbled(name, way)
    good = [f"DN401{n:010d},,Lê Thị Lan,,,," for n in range(8)]
    lines = [*good, AN.replace("Nguyễn Văn Ấn", other), BINH.replace("Trần Thị Bình", other)]
    with pytest.raises(BadRecords, match=f"line 10: {LOST}") as raised:
        build(folder, "\n".join([HEADING, *lines]))

    assert other not in str(raised.value)


def test_a_single_garbled_name_does_not_count_against_its_holder(folder: Path) -> None:
    good = [f"DN401{n:010d},,Lê Thị Lan,1980,,," for n in range(30)]
    lines = [*good[:20], AN.replace("Nguyễn Văn Ấn", "Nguy?n V?n ?n"), "", *good[20:]]
    build(folder, "\n".join([HEADING, *lines]))
    registry = store_at(folder)

    for number, holder in (("9999900021", "Nguyễn Văn Ấn"), (f"{7:010d}", "Lê Thị Lan")):
        found = registry.registered(Card(number, holder, Birth(1980)))
        assert found is not None
        assert found.standing is Standing.IN_FORCE
    lines[25] = "x"
    with pytest.raises(BadRecords, match="line 27: fewer columns"):
        build(folder, "\n".join([HEADING, *lines]))


@pytest.mark.parametrize(
    "name",
    [
        "LÃ THỊ XÃ",
        "Võ Ánh Ái",
        "Jürgen Müller",
        "Ærø Åse",
        "H'Bia Niê",
        "Y Thìn (con mẹ Hoa)",
        "O´Neil Sean",
        "王小明",
        "Nguyễn Thị 1",
        "Ä Ƒ",
    ],
)
def test_an_unusual_name_is_not_garbled(name: str) -> None:
    assert garbled_places([name, name.upper(), name.lower()]) == []


def test_blank_lines_in_every_block_of_a_large_file_leave_the_others_unchanged(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiosk.registry.workers.MAX_BYTES_WITHOUT_WORKERS", 0)
    monkeypatch.setattr("kiosk.registry.blocks.BLOCK_BYTES", 1 << 12)
    lines = [f"DN401{n:010d},,,,,20{27 + n % 60}-01-01," for n in range(1_000)]
    for place in range(990, 0, -7):
        lines.insert(place, ("", ",,,,,,", '""')[place % 3])
    assert build(folder, "\r\n".join([HEADING, *lines, "", ""])) == 1_000
    for n in (0, 7, 500, 999):
        assert until(folder, f"{n:010d}") == date(2027 + n % 60, 1, 1)

    last = len(lines)
    lines[-1] += "x"
    with pytest.raises(BadRecords, match=f"line {last + 1}: column facility"):
        build(folder, "\r\n".join([HEADING, *lines]))


text = st.text(st.sampled_from('x", \t\r'), max_size=6)


@given(st.lists(st.one_of(text, st.sampled_from([AN, BINH, "", ",,,,,,"])), max_size=8))
def test_a_block_gives_the_cards_and_the_error_that_its_lines_give_one_by_one(
    lines: list[str],
) -> None:
    source = RecordFile("cards.csv", read_heading(HEADING.encode()))
    block = Block("".join(f"{line}\n" for line in lines).encode(), 2)
    alone, error = [], None
    for line in block.lines() if lines else ():
        try:
            rows = read_block(source, line, SALT)
        except BadRecords as exc:
            error = str(exc)
            break
        alone += list(zip(rows.keys, rows.rows, rows.lines, strict=True))
    if error is not None:
        with pytest.raises(BadRecords) as raised:
            read_block(source, block, SALT)
        assert str(raised.value) == error
    elif lines:
        rows = read_block(source, block, SALT)
        assert sorted(zip(rows.keys, rows.rows, rows.lines, strict=True)) == sorted(alone)


def test_columns_come_out_in_their_order_without_the_blank_lines() -> None:
    heading = read_heading(b" Born ,NUMBER,,\r\n")
    assert heading == ("born", "number", "", "")
    columns, places = read_columns(b"1980,A,,\r\n\r\n,,,\n1981,B,,\n", heading)

    assert (tuple(columns.number), tuple(columns.born)) == (("A", "B"), ("1980", "1981"))
    assert (list(places), columns.holder, len(columns)) == ([0, 3], ("", ""), len(COLUMNS))


def test_the_command_names_the_separator_that_is_expected(tmp_path: Path) -> None:
    source = tmp_path / "cards.csv"
    source.write_text(f"{HEADING}\n{AN}\n".replace(",", ";"), "utf-8-sig")
    issued = ("--issued", "2026-11-20", "--data", str(tmp_path / "data"))
    ended = call("registry", "build", str(source), *issued)

    assert ended.returncode == 2
    assert b"line 1: expected commas between the columns, not semicolons" in ended.stderr
    assert b"99999" not in ended.stderr
