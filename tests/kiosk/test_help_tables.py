"""The help tables: what a bad row does, which row holds, and what is said of a contradiction."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.data.law import missing_tables, read_site_tables
from kiosk.errors import SettingsError
from kiosk.feed.connect import check_tables
from kiosk.help.guides import guide_on, guides_on
from kiosk.help.links import qr_svg
from kiosk.help.rows import GuideStep, SourceDate, Trouble
from kiosk.help.search import search_of
from kiosk.help.tables import HELP_TABLES, read_help
from kiosk.help.troubles import Reliance, differing, is_old, reliance, statements
from kiosk.runtime.paths import shipped_folder
from verify import BadTable

ROOT = shipped_folder("config").parent
SHIPPED = shipped_folder("config") / "tables"
TABLES = read_help(SHIPPED)
TODAY = date(2026, 11, 28)
BY_ID = {row.id: row for row in TABLES.troubles_on(TODAY)}
Row = dict[str, str]
Edit = Callable[[list[Row]], None]

# The matters on which sources contradict each other, with the trouble that shows both.
CONTRADICTIONS = {
    "C1": "T07", "C2": "T24", "C3": "T20", "C4": "T06", "C5": "T01", "C6": "T19", "C7": "T17",
    "C8": "T08", "C9": "T67", "C10": "T72", "C11": "T47", "C12": "T42", "C13": "T51",
    "C14": "T69", "C15": "T40", "C17": "T39",
}  # fmt: skip


def edited(folder: Path, name: str, edit: Edit) -> Path:
    """Write a table of the site with some rows changed; return the site's data directory."""
    own = folder / "tables"
    own.mkdir(exist_ok=True)
    with (SHIPPED / name).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = list(rows[0])
    edit(rows)
    with (own / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return folder


def set_in(key: str, **values: str) -> Edit:
    """Change the last row of a key."""

    def edit(rows: list[Row]) -> None:
        first = next(iter(rows[0]))
        next(row for row in reversed(rows) if row[first] == key).update(values)

    return edit


def repeat(key: str) -> Edit:
    def edit(rows: list[Row]) -> None:
        first = next(iter(rows[0]))
        rows.append(dict(next(row for row in reversed(rows) if row[first] == key)))

    return edit


def without_step(guide: str, step: str) -> Edit:
    def edit(rows: list[Row]) -> None:
        rows[:] = [row for row in rows if (row["guide"], row["step"]) != (guide, step)]

    return edit


BAD = [
    ("troubles", repeat("T16"), r"T16: two rows hold on 2021-10-17"),
    ("troubles", set_in("T16", valid_to="2020-01-01"), r"row 18, column valid_to: .*not before"),
    ("troubles", set_in("T16", topic="password"), r"row 18, column topic: 'password'"),
    ("troubles", set_in("T16", sources="NEWS"), r"row T16, column sources: 'NEWS'"),
    ("troubles", set_in("T16", sources=""), r"row 18, column sources: ''"),
    ("troubles", set_in("T16", see="T99"), r"row T16, column see: 'T99'"),
    ("troubles", set_in("T16", confidence="sure"), r"row 18, column confidence: 'sure'"),
    ("troubles", set_in("T16", answer_vi="a" * 301), r"row 18, column answer_vi: .*at most 300"),
    ("troubles", set_in("T16", answer_en=""), r"row 18, column answer_en: ''"),
    ("troubles", set_in("T16", source_date="2026-13"), r"row 18, column source_date: '2026-13'"),
    ("troubles", set_in("T16", source_date="soon"), r"row 18, column source_date: 'soon'"),
    ("troubles", set_in("T07", other_date=""), r"row T07, column other_date: empty"),
    ("troubles", set_in("T07", other_answer_en=""), r"row T07, column other_answer_en: empty"),
    ("troubles", set_in("T62", confidence="contradicted"), r"row T62, column other_answer_en"),
    ("troubles", set_in("T07", other_date="2026-01-01"), r"row T07, column other_date: '2026"),
    ("troubles", set_in("T16", words="a||b"), r"row 18, column words"),
    ("guides", without_step("card-in-vneid", "2"), r"guide card-in-vneid, column step: no step 2"),
    ("guides", without_step("card-in-vneid", "0"), r"guide card-in-vneid, column step: no step 0"),
    ("guides", repeat("card-in-vneid"), r"\('card-in-vneid', 5\): two rows hold"),
    ("guides", set_in("card-in-vneid", step="x"), r"column step: 'x'"),
    ("guides", set_in("card-in-vneid", links="drive"), r"column links: 'drive'"),
    ("links", set_in("vss-portal", address="http://dichvucong.gov.vn"), r"column address: 'http:"),
    ("links", set_in("vss-portal", address="https://vssid.net"), r"column address: .*\.gov\.vn"),
    ("links", set_in("vss-portal", address="https://evil.vn/.gov.vn"), r"column address"),
    ("links", set_in("vss-portal", address="https://a@vneid.gov.vn"), r"column address"),
    ("links", set_in("vss-portal", address="https://vneid.gov.vn:8443"), r"column address"),
    ("links", set_in("vssid-ios", address="https://apps.apple.com/us/app/x"), r"column address"),
    ("links", repeat("vss-portal"), r"column key: two rows 'vss-portal'"),
    ("links", set_in("vss-portal", seen="today"), r"column seen: 'today'"),
    ("words", set_in("coi", meant="xai"), r"row coi, column meant: 'xai' is in column said"),
    ("words", set_in("coi", meant="Xem!"), r"column meant: 'Xem!'"),
    ("words", set_in("coi", said="vô"), r"column said: 'vô'; expected .* each once"),
    ("words", set_in("coi", said="COI"), r"column said: 'COI'"),
    ("words", set_in("coi", said=""), r"column said: ''"),
    ("sources", set_in("S1", kind="rumour"), r"column kind: 'rumour'"),
    ("sources", repeat("S1"), r"column key: two rows 'S1'"),
    ("sources", set_in("QH", address="quochoitv.vn"), r"column address: 'quochoitv.vn'"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "edit", "message"), BAD)
def test_a_bad_row_stops_the_start_and_is_named(
    tmp_path: Path, name: str, edit: Edit, message: str
) -> None:
    folder = edited(tmp_path, f"help_{name}.csv", edit)

    with pytest.raises(SettingsError) as caught:
        read_site_tables(folder)
    assert str(folder / "tables" / f"help_{name}.csv") in str(caught.value)
    assert re.search(message, str(caught.value))


def test_a_table_of_the_site_replaces_the_shipped_one(tmp_path: Path) -> None:
    folder = edited(tmp_path, "help_troubles.csv", set_in("T63", answer_vi="Hỏi cô Mẫu."))

    rows = {row.id: row for row in read_site_tables(folder).help.troubles_on(TODAY)}
    assert rows["T63"].answer_vi == "Hỏi cô Mẫu."
    assert set(rows) == set(BY_ID)


def test_a_feed_of_before_the_help_can_still_be_used(tmp_path: Path) -> None:
    feed = tmp_path / "feed"
    shutil.copytree(SHIPPED, feed)
    for name in HELP_TABLES:
        (feed / name).unlink()

    check_tables(feed)
    assert missing_tables(feed) == []
    assert read_site_tables(tmp_path, feed).help.troubles == TABLES.troubles


def test_a_row_is_shown_on_the_days_on_which_it_holds() -> None:
    def answers(day: date) -> list[str]:
        return [row.answer_en for row in TABLES.troubles_on(day) if row.id == "T09"]

    assert answers(date(2025, 6, 30))[0].startswith("The form is deleted after 10 days")
    assert answers(date(2025, 7, 1))[0].startswith("The term of 10 days belongs to the old")
    assert "T10" not in search_of(TABLES, date(2025, 6, 30)).find("in mẫu 01")
    assert "T10" in search_of(TABLES, date(2025, 7, 1)).find("in mẫu 01")
    assert guide_on(TABLES, "card-in-vneid", date(2020, 1, 1)) is None


@pytest.mark.parametrize("matter", CONTRADICTIONS)
def test_a_contradiction_is_two_dated_statements_the_newest_first(matter: str) -> None:
    said = statements(BY_ID[CONTRADICTIONS[matter]], TABLES, TODAY)

    newest, older = said
    assert newest.at > older.at
    assert newest.said_vi != older.said_vi
    assert all(part.sources for part in said)
    assert not {source.key for source in newest.sources} & {s.key for s in older.sources}


def test_a_statement_does_not_say_that_sources_differ() -> None:
    merged = re.compile(r"chưa thống nhất|nguồn khác|sources? differ|sources disagree", re.I)
    for row in TABLES.troubles:
        assert not merged.search(f"{row.answer_vi} {row.answer_en} {row.other_answer_vi}"), row.id


def test_an_answer_has_at_most_three_sentences_in_both_languages() -> None:
    for row in TABLES.troubles:
        for said in (row.answer_vi, row.answer_en):
            assert len(re.findall(r"[.?!](?=\s|$)", said)) <= 3, row.id
            assert not re.search(r"\bT\d\d", said), row.id


def test_a_source_older_than_two_years_is_old_from_its_first_day_on() -> None:
    day = SourceDate("2024-11-28")
    assert not is_old(day, date(2026, 11, 27))
    assert is_old(day, date(2026, 11, 28))
    assert is_old(SourceDate("2024"), date(2026, 1, 1))
    assert not is_old(SourceDate(""), date(2026, 1, 1))


@given(st.dates(date(2019, 1, 1), date(2040, 12, 28)), st.integers(0, 2000))
def test_a_source_is_old_two_years_after_its_day(made: date, days: int) -> None:
    made = made.replace(day=min(made.day, 28))  # the last days of a month have no other year
    later = made + timedelta(days=days)

    assert is_old(SourceDate(made.isoformat()), later) == (
        later >= made.replace(year=made.year + 2)
    )


def test_what_a_row_can_be_relied_on() -> None:
    assert reliance(BY_ID["T62"], TODAY) == (Reliance.HOLDS,)
    assert reliance(BY_ID["T07"], TODAY) == (Reliance.CONTRADICTED,)
    assert reliance(BY_ID["T06"], TODAY) == (Reliance.CONTRADICTED, Reliance.OLD)
    assert reliance(BY_ID["T49"], TODAY) == (Reliance.UNDATED, Reliance.WEAK)
    assert reliance(replace(BY_ID["T62"], source_date=SourceDate("2024")), TODAY) == (Reliance.OLD,)


def test_every_guide_is_complete_and_can_be_followed() -> None:
    guides = guides_on(TABLES, TODAY)

    assert len(guides) >= 12
    for guide in guides:
        assert [step.step for step in guide.steps] == list(range(1, len(guide.steps) + 1))
        assert 3 <= len(guide.steps) <= 8
        for step in guide.steps:
            if step.confidence == "contradicted":
                assert len(statements(BY_ID[step.see], TABLES, TODAY)) == 2, guide.key


def test_a_step_that_names_a_trouble_with_two_answers_shows_both() -> None:
    seen = set()
    for step in TABLES.steps_on(TODAY):
        other = BY_ID.get(step.see)
        if other is not None and other.other_date is not None:
            seen.add((step.guide, step.step, step.see))
            newest, older = differing(step, TABLES, TODAY)
            assert (newest.at, older.at) == (other.source_date, other.other_date)
            assert reliance(step, TODAY)[0] is Reliance.CONTRADICTED
        else:
            assert differing(step, TABLES, TODAY) == ()
    assert seen >= {
        ("forgot-vssid-password", 1, "T24"), ("forgot-vssid-password", 3, "T20"),
        ("register-vssid", 4, "T08"), ("register-vssid", 8, "T12"), ("changed-phone", 5, "T19"),
        ("child-vneid", 2, "T39"),
    }  # fmt: skip


def test_a_name_to_sign_in_with_does_not_stand_under_a_source_about_biometrics() -> None:
    named = [step for step in TABLES.steps_on(TODAY) if step.sources == ("DTBIO",)]

    assert named
    for step in named:
        assert "insurance number" not in step.text_en, step.guide


def test_links_lead_to_official_places_only() -> None:
    hosts = {urlsplit(link.address).hostname for link in TABLES.links.values()}

    assert hosts == {
        "play.google.com", "apps.apple.com", "dichvucong.baohiemxahoi.gov.vn",
        "dichvucong.gov.vn", "vneid.gov.vn", "baohiemxahoi.gov.vn",
    }  # fmt: skip
    assert TABLES.links["vssid-android"].address.endswith("id=com.bhxhapp")
    assert TABLES.links["vneid-ios"].address.endswith("id1582750372")


FORBIDDEN = ("drive.google", "bit.ly", "vssid.net", "1900.6050", "phcm.bao", "gmail.com")
FORBIDDEN_TOO = ("docs.google.com", "apkpure", "mediafire", '.apk"')


@pytest.mark.parametrize("place", ["config", "templates", "kiosk", "docs"])
def test_no_file_of_the_product_has_a_private_address_or_a_download_of_the_seeds(
    place: str,
) -> None:
    kinds = {".csv", ".toml", ".html", ".po", ".py", ".md", ".js"}
    files = [path for path in (ROOT / place).rglob("*") if path.suffix in kinds]

    assert files
    for path in files:
        text = path.read_text("utf-8").lower()
        for forbidden in (*FORBIDDEN, *FORBIDDEN_TOO):
            assert forbidden not in text, f"{path}: {forbidden}"


def test_no_table_has_a_mail_address() -> None:
    for name in HELP_TABLES:
        assert "@" not in (SHIPPED / name).read_text("utf-8"), name


@pytest.mark.parametrize("place", ["templates", "docs", "config"])
def test_a_mail_address_is_an_invented_one(place: str) -> None:
    address = re.compile(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)+)")
    for path in (ROOT / place).rglob("*"):
        if path.suffix in {".html", ".md", ".po", ".toml"}:
            for domain in address.findall(path.read_text("utf-8")):
                assert domain.startswith("example") or domain.endswith(".example"), path


def test_the_date_of_a_row_is_that_of_one_of_its_sources() -> None:
    rows: list[Trouble | GuideStep] = [*TABLES.troubles_on(TODAY), *TABLES.steps_on(TODAY)]
    for row in rows:
        dates = {TABLES.sources[key].date for key in row.sources}
        assert any(found.startswith(row.source_date.text) for found in dates), row


def test_a_row_of_several_needed_sources_has_the_oldest_date() -> None:
    needed = {"T29": "2023-12-04", "T33": "2025-08-19", "T35": "2022-08", "T73": "2025"}
    for name, oldest in needed.items():
        assert BY_ID[name].source_date.text == oldest


def test_answers_by_law_name_the_decree_and_its_article() -> None:
    laws = [source for source in TABLES.sources.values() if source.kind == "law"]

    assert "LAW" not in TABLES.sources
    for source in laws:
        assert re.search(r"\d+/(\d{4}|QĐ)", source.title_vi), source.key
    for row in TABLES.troubles_on(TODAY):
        if row.source_date.text == "2026-10-06":
            assert any(TABLES.sources[key].kind == "law" for key in row.sources), row.id


def test_no_two_links_lead_to_the_same_place() -> None:
    addresses = [link.address for link in TABLES.links.values()]
    assert len(addresses) == len(set(addresses))


def test_a_seed_has_no_address() -> None:
    assert {TABLES.sources[f"S{number}"].address for number in range(5)} == {""}


def test_the_code_of_a_link_is_drawn() -> None:
    assert qr_svg(TABLES.links["vssid-ios"]).startswith("<svg")


def test_tables_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadTable, match=r"help_sources\.csv"):
        read_help(tmp_path)
