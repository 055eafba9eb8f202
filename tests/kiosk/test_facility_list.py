"""A site's list of facilities: what is read, what is refused, and how its names are found."""

from __future__ import annotations

import json
import zipfile
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from kiosk.cli.main import cli
from kiosk.data import import_facilities, law_in_use
from kiosk.errors import DataError
from verify import FacilityList

ISSUED = date(2026, 11, 1)
LIST = """MA_CSKCB,Tên cơ sở KCB,Tỉnh,Cấp chuyên môn kỹ thuật,Địa chỉ
01005,Bệnh viện Tuệ Tĩnh (tưởng tượng),Hà Nội,cơ bản,phố Thử
79010,Bệnh viện Đa khoa Sài Gòn Mẫu (tưởng tượng),TP. Hồ Chí Minh,Chuyên sâu,
02001,Trạm Y tế Đồng Văn Mẫu (tưởng tượng),Hà Giang,,
"""


def imported(folder: Path, text: str = LIST, name: str = "list.csv") -> FacilityList:
    """Return the facilities after a list was adopted in a data directory."""
    source = folder / name
    source.write_text(text, "utf-8")
    import_facilities(folder, source, ISSUED)
    return law_in_use(folder).facility_list


def test_names_are_found_by_code_without_marks_and_by_province(tmp_path: Path) -> None:
    facilities = imported(tmp_path)

    assert facilities.name_of("01005") == "Bệnh viện Tuệ Tĩnh (tưởng tượng)"
    assert facilities.name_of("01999") is None  # the invented rows of the program are gone
    for words, code in (("tue tinh", "01005"), ("TINH tuệ", "01005"), ("7901", "79010"),
                        ("benh vien ho chi minh", "79010"), ("dong van", "02001")):  # fmt: skip
        found, count = facilities.find(words)
        assert ([row.code for row in found], count) == ([code], 1), words
    # Hà Giang belongs to Tuyên Quang today; both names find it.
    tuyen_quang = next(code for code, name in facilities.units() if name == "Tuyên Quang")
    assert [row.code for row in facilities.find("", tuyen_quang)[0]] == ["02001"]
    assert [row.code for row in facilities.find("tuyen quang")[0]] == ["02001"]
    assert facilities.find("khong co") == ([], 0)


def test_the_level_of_a_list_counts_and_an_unknown_one_stays_unknown(tmp_path: Path) -> None:
    imported(tmp_path)
    law = law_in_use(tmp_path)

    profile = law.profile_of("01005", ISSUED)
    assert profile is not None
    assert profile.level == "co_ban"
    assert law.profile_of("02001", ISSUED) is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("01005", "1005", r"list.csv, row 2, column code: '1005'; expected the 5 .*leading zeros"),
        (
            "79010",
            "01005",
            r"list.csv, row 3, column code: '01005'; expected each code once; row 2",
        ),
        ("Bệnh viện Tuệ Tĩnh (tưởng tượng)", "", r"row 2, column name_vi: ''; expected a name"),
        ("Bệnh viện Tuệ", "Bá»‡nh viá»‡n Tuá»‡", r"row 2, column name_vi: .*that can be read"),
        ("Chuyên sâu", "Hạng I", r"row 3, column level: 'Hạng I'; expected one of ban_dau"),
        ("MA_CSKCB", "Số", r"row 1: the column code is not there; expected one"),
        ("Địa chỉ", "Mã", r"row 1: the column code is twice"),
        (",phố Thử", ",phố,Thử", r"row 2: 6 columns; expected 5"),
    ],
)
def test_a_bad_row_refuses_the_list_and_changes_nothing(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    imported(tmp_path)
    before = (tmp_path / "tables" / "facilities.csv").read_bytes()

    with pytest.raises(DataError, match=message):
        imported(tmp_path, LIST.replace(old, new, 1))
    assert (tmp_path / "tables" / "facilities.csv").read_bytes() == before


def test_a_list_with_semicolons_is_read(tmp_path: Path) -> None:
    assert imported(tmp_path, LIST.replace(",", ";")).name_of("79010")


def write_workbook(path: Path, rows: list[list[str]]) -> None:
    """Write a workbook with shared strings, as spreadsheets do; a number stays a number."""
    texts = [text for row in rows for text in row if not text.isdecimal() or text[0] == "0"]
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    lines = []
    for number, row in enumerate(rows, start=3):  # two empty rows above the list
        cells = [
            f'<c r="{"ABCDE"[at]}{number}" t="s"><v>{texts.index(text)}</v></c>'
            if text in texts
            else f'<c r="{"ABCDE"[at]}{number}"><v>{text}</v></c>'
            for at, text in enumerate(row)
            if text
        ]
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    strings = "".join(
        f"<si><r><t>{text[:2]}</t></r><r><t>{text[2:]}</t></r></si>" for text in texts
    )
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("xl/sharedStrings.xml", f"<sst {space}>{strings}</sst>")
        file.writestr(
            "xl/worksheets/sheet1.xml",
            f"<worksheet {space}><sheetData>{''.join(lines)}</sheetData></worksheet>",
        )


def test_a_workbook_is_read_and_its_faults_name_the_row_of_the_spreadsheet(
    tmp_path: Path,
) -> None:
    rows = [line.split(",") for line in LIST.splitlines()]
    source = tmp_path / "list.xlsx"
    write_workbook(source, rows)

    import_facilities(tmp_path, source, ISSUED)
    assert len(law_in_use(tmp_path).facility_list) == 3

    rows[2][0] = "1005"  # a number that has lost its zero
    write_workbook(source, rows)
    with pytest.raises(DataError, match=r"list.xlsx, row 5, column code: '1005'.*leading zeros"):
        import_facilities(tmp_path, source, ISSUED)


@pytest.mark.parametrize("content", [b"no workbook", b"PK\x03\x04 cut"])
def test_a_file_that_is_no_workbook_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    source = tmp_path / "list.xlsx"
    source.write_bytes(content)

    with pytest.raises(DataError, match="cannot be read as a workbook"):
        import_facilities(tmp_path, source, ISSUED)


def test_a_workbook_that_unpacks_itself_without_end_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "list.xlsx"
    bomb = '<!DOCTYPE a [<!ENTITY b "bbb"><!ENTITY c "&b;&b;">]><worksheet>&c;</worksheet>'
    with zipfile.ZipFile(source, "w") as file:
        file.writestr("xl/worksheets/sheet1.xml", bomb)

    with pytest.raises(DataError, match="cannot be read as a workbook"):
        import_facilities(tmp_path, source, ISSUED)


def test_a_list_of_the_whole_country_is_read_and_searched(tmp_path: Path) -> None:
    rows = [f"{at // 1000 + 1:02d}{at % 1000:03d},Trạm Y tế xã số {at}" for at in range(13_000)]
    facilities = imported(tmp_path, "\n".join(["code,name", *rows]))

    assert facilities.find("tram y te 12999")[1] == 1


def test_the_command_adopts_a_list_and_searches_it(tmp_path: Path) -> None:
    source = tmp_path / "list.csv"
    source.write_text(LIST, "utf-8")
    data = ["--data", str(tmp_path / "data")]

    run = CliRunner().invoke(
        cli, ["facilities", "import", str(source), "--issued", "2026-11-01", *data]
    )
    assert run.exit_code == 0, run.output
    assert json.loads(run.stdout) == {"facilities": 3, "left_out": ["Tỉnh", "Địa chỉ"]}
    run = CliRunner().invoke(cli, ["facilities", "find", "sai", "gon", *data])
    assert json.loads(run.stdout)["code"] == "79010"
    assert CliRunner().invoke(cli, ["facilities", "find", "khong co", *data]).exit_code == 1
