"""No answer for a visit of today names a repealed decree as the law in force.

The list of what was repealed is at the end of the note on the law; the tables hold it with dates.
"""

from __future__ import annotations

import csv
import itertools
import re
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from kiosk.feed.connect import check_tables
from kiosk.runtime.paths import shipped_folder
from verify import TABLES_ADDED_LATER, Birth, FacilityProfile, Situation, entitle, read_law
from verify.entitlement.entitlement import Entitlement
from verify.errors import BadTable

ROOT = Path(__file__).parents[2]
TABLES = shipped_folder("config") / "tables"
LAW = read_law(TABLES)
REPEALED = re.compile(
    r"(?:NĐ|Nghị định|Decree|TT|Thông tư|Circular)\s*(?:số )?"
    r"(146/2018|75/2023|0?2/2025|166/2016|13/2023|30/2020)"
)
SAYS_SO = re.compile(
    r"older|repealed|no longer|văn bản cũ|nghị định cũ|hết hiệu lực|bãi bỏ",
    re.IGNORECASE,
)
DAYS = [date(2026, 1, 1) + timedelta(days=30 * month) for month in range(24)]
PLACES = [
    FacilityProfile("01005", level, score, tier)
    for level, score, tier in (
        ("ban_dau", 0, "xa"),
        ("co_ban", 45, "none"),
        ("co_ban", 60, "tinh"),
        ("co_ban", 70, "none"),
        ("chuyen_sau", 80, "trung_uong"),
    )
]


def answers(day: date) -> list[Entitlement]:
    """Return the answers for every group on a day, in some places and ways to arrive."""
    groups = [(code,) for code in LAW.objects] + [("ZZ",), ()]
    return [
        entitle(
            Situation(
                day,
                place,
                arrival,
                "outpatient",
                group,
                digit,
                five_years_since=date(2020, 1, 1),
                copaid_vnd=16_000_000,
                born=Birth(1945, 1, 1),
            ),
            LAW,
        )
        for group, place, arrival, digit in itertools.product(
            groups, PLACES, ("self", "referral", "emergency"), (None, 3, 4)
        )
    ]


@pytest.mark.parametrize("day", DAYS[::6], ids=str)
def test_no_answer_names_a_repealed_decree_as_the_law_in_force(day: date) -> None:
    marked = 0
    for found in answers(day):
        texts = [*found.law.split("; "), found.sentence.vi, found.sentence.en]
        texts += [text for note in found.notes for text in (note.vi, note.en)]
        for text in texts:
            if REPEALED.search(text):
                marked += 1
                assert SAYS_SO.search(text), text
        says_older = "older_document" in {note.code for note in found.notes}
        assert says_older == bool(REPEALED.search(found.law)), found.law
    assert marked


def test_a_decree_is_named_as_it_is_while_it_holds() -> None:
    def law_on(day: date) -> str:
        situation = Situation(day, PLACES[1], "referral", object_codes=("HS",), digit=4)
        return entitle(situation, LAW).law

    assert "NĐ 146/2018 Đ4 k3" in law_on(date(2025, 8, 14))
    assert "(văn bản cũ" not in law_on(date(2025, 8, 14))
    assert "NĐ 146/2018 Đ4 k3 (văn bản cũ, đã hết hiệu lực; chưa đối chiếu NĐ 188/2025)" in law_on(
        date(2025, 8, 15)
    )


@pytest.mark.parametrize(
    "path",
    [
        *sorted((ROOT / "docs").glob("*.md")),
        ROOT / "README.md",
        ROOT / "config" / "kiosk.toml",
        *sorted((ROOT / "config" / "words").glob("*.toml")),
        *sorted((ROOT / "config" / "locale").rglob("*.po")),
        *sorted((ROOT / "templates").rglob("*.html")),
        *sorted((ROOT / "kiosk").rglob("*.py")),
        *sorted((ROOT / "kiosk").rglob("*.js")),
        *sorted((ROOT / "verify").rglob("*.py")),
        TABLES / "phrases.csv",
        TABLES / "group_notes.csv",
    ],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_no_text_names_a_repealed_decree_as_the_law_in_force(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()
    for number, line in enumerate(lines):
        if REPEALED.search(line):
            around = " ".join(lines[max(number - 1, 0) : number + 2])
            assert SAYS_SO.search(around), f"line {number + 1}: {line.strip()}"


def test_every_row_of_a_table_that_names_a_repealed_decree_is_cited_through_the_law() -> None:
    """Only these tables feed the `law` of an answer, which marks what no longer holds."""
    marked = {"object_codes.csv", "benefit_levels.csv", "repealed_law.csv", "group_notes.csv"}
    today = date(2026, 11, 25)
    for path in sorted(TABLES.glob("*.csv")):
        for row in csv.DictReader(path.read_text("utf-8").splitlines()):
            ends = row.get("valid_to")
            holds = not ends or date.fromisoformat(ends) >= today
            text = " ".join(row.values())
            if holds and REPEALED.search(text):
                is_help = path.name.startswith("help_") and SAYS_SO.search(text)
                assert path.name in marked or is_help, row


def test_the_table_of_repealed_law_has_all_that_the_note_lists() -> None:
    documents = {row.document for row in LAW.repealed}
    assert {"NĐ 146/2018", "NĐ 75/2023", "NĐ 02/2025", "NĐ 166/2016", "NĐ 13/2023"} <= documents
    by_document = {row.document: row for row in LAW.repealed}
    assert by_document["NĐ 166/2016"].holds_on(date(2025, 7, 1))
    assert not by_document["NĐ 166/2016"].holds_on(date(2025, 6, 30))


def group_notes(code: str, day: date) -> list[str]:
    situation = Situation(day, PLACES[1], "referral", object_codes=(code,), digit=3)
    return [note.en for note in entitle(situation, LAW).notes if note.code == "group_question"]


def test_from_november_2026_a_card_of_group_ds_has_a_note_on_its_level() -> None:
    def says_so(code: str, day: date) -> bool:
        return any("ended about 31 October 2026" in note for note in group_notes(code, day))

    assert says_so("DS", date(2026, 11, 1))
    assert says_so("DS", date(2027, 12, 31))
    assert not says_so("DS", date(2026, 10, 31))
    assert not says_so("DN", date(2026, 11, 1))
    situation = Situation(date(2026, 11, 1), PLACES[1], "referral", object_codes=("DS",), digit=3)
    found = entitle(situation, LAW)
    assert (found.share_percent, found.confidence) == (95, "low")


@pytest.mark.parametrize("code", ["AK", "BA", "DS", "HK", "LH", "ND"])
def test_a_group_that_may_not_show_in_the_wallet_has_a_note_that_is_not_certain(code: str) -> None:
    notes = group_notes(code, date(2026, 11, 25))
    assert any(note.startswith("Not certain") and "VNeID" in note for note in notes)
    assert not group_notes("GD", date(2026, 11, 25))


@pytest.mark.parametrize("day", DAYS[::8], ids=str)
def test_an_answer_that_rests_on_an_uncertain_row_says_so(day: date) -> None:
    seen = set()
    for found in answers(day):
        codes = {note.code for note in found.notes}
        assert ("low_confidence" in codes) == (found.confidence == "low")
        assert ("medium_confidence" in codes) == (found.confidence == "medium")
        seen.add(found.confidence)
    assert seen == {"high", "medium", "low"}


def test_the_sign_stands_before_every_text_that_is_not_certain() -> None:
    sign = (ROOT / "templates" / "entitlement" / "uncertain.html").read_text("utf-8")
    codes = re.findall(r"'(\w+)'", sign[sign.index("set codes") : sign.index("%}")])
    by_code = {text.code: text for text in LAW.phrases.by_key.values()}
    assert len(codes) == 10
    for code in codes:
        if code == "group_question":
            texts = [(row.note_vi, row.note_en) for row in LAW.group_notes]
        else:
            texts = [(by_code[code].in_vi, by_code[code].in_en)]
        for vi, en in texts:
            assert vi.startswith("Chưa chắc chắn"), code
            assert en.startswith("Not certain"), code
    uncertain = {text.code for text in by_code.values() if text.in_en.startswith("Not certain")}
    assert uncertain | {"group_question"} == set(codes)


def older_tables(folder: Path) -> Path:
    """Copy the tables as a version without the later ones and the later phrases had them."""
    shutil.copytree(TABLES, folder)
    for name in TABLES_ADDED_LATER:
        (folder / name).unlink()
    phrases = folder / "phrases.csv"
    lines = phrases.read_text("utf-8").splitlines(keepends=True)
    kept = [
        line
        for line in lines
        if not line.startswith(("note.older", "question.exactly", "note.card_ends"))
    ]
    assert len(kept) == len(lines) - 4
    phrases.write_text("".join(kept), "utf-8")
    return folder


def test_tables_of_an_older_feed_are_used_with_the_shipped_ones_beside_them(tmp_path: Path) -> None:
    folder = older_tables(tmp_path / "tables-7")

    check_tables(folder)
    law = read_law(folder, TABLES)
    assert law.repealed == LAW.repealed
    assert law.phrases.by_key == LAW.phrases.by_key


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("repealed_law.csv", "NĐ 146/2018,", ",", "column document"),
        ("repealed_law.csv", "2025-07-01", "soon", "column valid_from: 'soon'"),
        ("group_notes.csv", "\nDS,", "\nD,", "column code: 'D'; expected two letters"),
    ],
)
def test_a_bad_row_stops_the_start(
    name: str, old: str, new: str, message: str, tmp_path: Path
) -> None:
    folder = tmp_path / "tables"
    folder.mkdir()
    text = (TABLES / name).read_text("utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), "utf-8")

    with pytest.raises(BadTable, match=message):
        read_law(folder, TABLES)
