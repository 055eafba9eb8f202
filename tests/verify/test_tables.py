"""The tables of the law: a changed row changes the answer, and an error names a bad row."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from kiosk.data.law import read_site_tables
from kiosk.errors import SettingsError
from kiosk.runtime.paths import shipped_folder
from verify import BadTable, FacilityProfile, Law, Referral, Situation, entitle, read_law
from verify.entitlement.referrals import last_day_of_referral

SHIPPED = shipped_folder("config") / "tables"
SITUATION = Situation(
    date(2026, 11, 21),
    FacilityProfile("01005", "co_ban", 60, "tinh"),
    object_codes=("DN",),
    digit=4,
)
Change = Callable[[str, str, str], Path]


def law_of(data: Path) -> Law:
    return read_site_tables(data).law


@pytest.fixture
def change(tmp_path: Path) -> Change:
    """Change a text in a copy of one table; return the folder of the copies."""

    def changed(name: str, old: str, new: str) -> Path:
        folder = tmp_path / "tables"
        folder.mkdir(exist_ok=True)
        text = (SHIPPED / name).read_text("utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1), "utf-8")
        return folder

    return changed


def test_a_changed_row_changes_the_answer_without_touching_code(change: Change) -> None:
    folder = change("routing_rules.csv", "1.13,50,no", "1.13,60,no")

    assert entitle(SITUATION, read_law(SHIPPED)).share_percent == 40
    assert entitle(SITUATION, read_law(folder, SHIPPED)).share_percent == 48


def test_a_table_of_the_site_replaces_the_shipped_one(change: Change) -> None:
    folder = change("benefit_levels.csv", "4,80,no", "4,85,no")

    assert entitle(SITUATION, law_of(folder.parent)).share_percent == 42.5


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("routing_rules.csv", "1.13,50,no", "1.13,150,no",
         r"routing_rules.csv, row 21, column percent: '150'; expected 0 to 100, or unknown"),
        ("routing_rules.csv", "50..70", "fifty", r"column score: 'fifty'; expected \*, <50"),
        ("routing_rules.csv", "co_ban|chuyen_sau", "co_ban|basic", r"column level: .*expected one"),
        ("routing_rules.csv", ",1.18,0", ",1.99,0", r"row N15a, column ma_doituong_kcb: '1.99'"),
        ("routing_rules.csv", "2026-06-30", "2026-07-01", r"two rows hold on 2026-07-01"),
        ("routing_rules.csv", "2026-06-30", "2026-06-29", r"no row holds on 2026-06-30"),
        ("routing_rules.csv", ",district_50_to_70,", ",whatever,", r"open_question: 'whatever'"),
        ("routing_rules.csv", "2025-01-01", "01/01/2025", r"valid_from: '01/01/2025'"),
        ("routing_rules.csv", ",high", ",sure", r"column confidence: 'sure'; expected one of high"),
        ("routing_rules.csv", "rule,order", "rule,rank",
         r"row 1: .*different: \['order', 'rank'\]"),
        ("base_salary.csv", "2530000,2026-07-01,", "2530000,2026-07-01,2026-12-31",
         r"no row holds after 2026-12-31"),
        ("base_salary.csv", "2530000", "2,53", r"row 9: 6 columns; expected 5"),
        ("base_salary.csv", "2530000", "viel",
         r"row 9, column amount_vnd: 'viel'; expected a whole"),
        ("base_salary.csv", "2013-07-01,2016-04-30", "2016-07-01,2016-04-30",
         r"row 2, column valid_to: '2016-04-30'; expected a day not before valid_from"),
        ("object_codes.csv", "DN,0,4", "DN,0,9", r"row 2, column digit: '9'"),
        ("object_codes.csv", "DN,0,4", "DNX,0,4",
         r"row 2, column code: 'DNX'; expected two letters"),
        ("benefit_levels.csv", "5,100,yes", "5,100,ja", r"column beyond_scope: 'ja'"),
        ("provinces.csv", "unit,15,Lào Cai,15", "unit,15,Lào Cai,98x", r"row 15, .*unit: '98x'"),
        ("facilities.csv", "01999", "1999", r"column code: '1999'; expected the 5 characters"),
        ("ma_loai_kcb.csv", "inpatient", "bed", r"column care: 'bed'"),
        ("living_areas.csv", "K3", "K9", r"column code: 'K9'"),
        ("holidays.csv", "off", "free", r"column kind: 'free'"),
        ("ma_doituong_kcb.csv", "1.2,", "1.1,", r"1.1: two rows hold on 2025-01-01"),
        ("phrases.csv", "key,vi,en", "key,vi", r"phrases.csv, row 1"),
        ("phrases.csv", "{share} %", "{shared} %", r"pays_part: the place 'shared'; known: "),
        ("phrases.csv", "{share} %", "{share %", r"phrases.csv, row \d+: braces"),
        ("phrases.csv", "{share} %", "{} %", r"phrases.csv, row \d+: braces"),
        ("phrases.csv", "{share} %", "{share.real} %", r"phrases.csv, row \d+: braces"),
        ("phrases.csv", "pays_all,", "pays_it,", r"the key 'pays_it' is not known"),
        ("phrases.csv", "pays_part,", "pays_all,", r"a key occurs twice"),
        ("benefit_levels.csv", "4,80,no", "4,500,no", r"column percent: '500'; expected 0 to 100"),
        ("routing_rules.csv", "50..70", "70..50", r"column score: '70..50'; expected"),
        ("routing_rules.csv", "N17b,180", "N17a,180", r"N17a: two rows hold on 2025-01-01"),
        ("routing_rules.csv", "N11b,150", "N11b,140", r"N10b and N11b, column order: 140"),
        ("routing_rules.csv", "N11b,150,co_ban,tinh", "N11b,150,co_ban,xa",
         r"no rule decides on 2026-07-01 for co_ban, tinh, 0 points, self, outpatient"),
        ("object_codes.csv", "LH,0,4,", "LI,0,4,", r"row LH, column from_age: '75'"),
        ("issued.csv", "2026-11-22", "today",
         r"issued.csv: expected the heading issued and one day"),
    ],
)  # fmt: skip
def test_a_bad_row_stops_the_start_with_an_error_that_names_it(
    name: str, old: str, new: str, message: str, change: Change
) -> None:
    folder = change(name, old, new)

    with pytest.raises(BadTable, match=message):
        read_law(folder, SHIPPED)
    with pytest.raises(SettingsError, match=name):
        law_of(folder.parent)


def test_the_error_names_a_table_that_cannot_be_read(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "tables")
    (tmp_path / "tables" / "holidays.csv").unlink()
    with pytest.raises(BadTable, match=r"holidays.csv: cannot be read"):
        read_law(tmp_path / "tables")
    (tmp_path / "tables" / "holidays.csv").write_bytes(b"kind,name_vi\xff")
    with pytest.raises(BadTable, match=r"holidays.csv: cannot be read"):
        read_law(tmp_path / "tables")


def test_every_row_has_its_legal_basis_and_its_confidence() -> None:
    law = read_law(SHIPPED)
    rows = [*law.rules, *law.levels, *law.salaries, *law.object_ids, *law.cares]

    assert all(row.confidence in ("high", "medium", "low") for row in rows)
    assert all(row.legal_basis or row.confidence == "low" for row in rows)


def test_the_tables_cover_all_provinces_and_groups() -> None:
    law = read_law(SHIPPED)

    units = {row.code for row in law.provinces if row.list == "unit"}
    assert len(units) == 34
    assert len([row for row in law.provinces if row.list == "card"]) == 66
    assert len(law.objects) == 54
    reused = {row.code: row.name_vi for row in law.provinces if row.list == "card"}
    assert reused["15"] == "Yên Bái"  # and Lào Cai among the units: a code alone is ambiguous


def test_the_error_names_an_empty_table(tmp_path: Path) -> None:
    heading = (SHIPPED / "benefit_levels.csv").read_text("utf-8").splitlines()[0]
    (tmp_path / "benefit_levels.csv").write_text(heading + "\n", "utf-8")

    with pytest.raises(BadTable, match=r"benefit_levels.csv: a heading and nothing else"):
        read_law(tmp_path, SHIPPED)


def test_the_last_day_of_a_referral_is_found_even_without_working_days(tmp_path: Path) -> None:
    text = (SHIPPED / "holidays.csv").read_text("utf-8")
    (tmp_path / "holidays.csv").write_text(text + "off,always,2015-01-01,,,low\n", "utf-8")

    assert (
        last_day_of_referral(Referral(date(2026, 11, 6)), read_law(tmp_path, SHIPPED)).year == 2027
    )


def test_a_table_of_the_site_with_an_unknown_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "base_salry.csv").write_text("amount_vnd\n", "utf-8")

    with pytest.raises(SettingsError, match=r"base_salry.csv: no table has this name; known: base"):
        law_of(tmp_path)


def test_the_error_names_the_folder_of_a_bad_table_of_the_site(change: Change) -> None:
    folder = change("base_salary.csv", "2530000", "viel")

    with pytest.raises(SettingsError, match=re.escape(str(folder / "base_salary.csv"))):
        law_of(folder.parent)
