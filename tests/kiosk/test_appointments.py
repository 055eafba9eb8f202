"""The file of expected patients is read as hospitals' programs and spreadsheets write it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.errors import SettingsError
from kiosk.sync import read_appointments
from verify import Birth, Card

NAME = "Nguyễn Văn Mẫu"
FULL, YEAR = Birth(1980, 2, 1), Birth(1980)


def appointments(folder: Path, text: str) -> tuple[list[Card], list[int]]:
    path = folder / "expected.csv"
    path.write_text(text, "utf-8")
    return read_appointments(path)


@pytest.mark.parametrize(
    ("row", "card"),
    [
        ("9999900020,Nguyễn Văn Mẫu,1980-02-01", Card("9999900020", NAME, FULL)),
        ("99999\u00a000020\u200b,Nguyễn\u00a0Văn  Mẫu,01/02/1980", Card("9999900020", NAME, FULL)),
        ("9999900020,\u202eNguye\u0302\u0303n Văn Mẫu,1980", Card("9999900020", NAME, YEAR)),
        ("\uff19999900020,Nguyễn Văn Mẫu,01\u201302\u20131980 ", Card("9999900020", NAME, FULL)),
        ("9999900020,Ðỗ Mẫu,01021980", Card("9999900020", "Đỗ Mẫu", FULL)),
        ("dn4-01-99999-00051,Đỗ Mẫu,02/1980", Card("DN4019999900051", "Đỗ Mẫu", Birth(1980, 2))),
        ("9999900020,Bé (con mẹ Hoa),00/00/1980", Card("9999900020", "Bé (con mẹ Hoa)", YEAR)),
        ("9999900020,Nguyễn Văn Mẫu,01/02/80", None),
        ("9999900020,Nguyễn Văn Mẫu,201202", None),
        ("9999900020,Nguyễn Văn Mẫu,-", None),
        ("9999900020,\u200b,1980", None),
        ("9999900020,Nguyeãn Vaên Maãu,1980", None),  # garbled: it would be asked in vain
        ("99999,Nguyễn Văn Mẫu,1980", None),
    ],
)
def test_an_appointment_is_cleaned_and_its_birth_is_read(
    row: str, card: Card | None, tmp_path: Path
) -> None:
    found = appointments(tmp_path, f"\ufeffnumber\u00a0,holder,born\r\n{row}\r\n")

    assert found == (([card], []) if card else ([], [2]))


def test_lines_without_any_value_are_skipped_and_lines_are_numbered_as_in_the_file(
    tmp_path: Path,
) -> None:
    lines = "number,holder,born\n,,\n\n\u00a0,,\u200b\nx,y,z\n9999900020,Đỗ Mẫu,1980\n"

    assert appointments(tmp_path, lines) == ([Card("9999900020", "Đỗ Mẫu", YEAR)], [5])


def test_a_file_with_semicolons_says_that_commas_are_expected(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="with commas between"):
        appointments(tmp_path, "number;holder;born\n9999900020;Đỗ Mẫu;1980\n")
