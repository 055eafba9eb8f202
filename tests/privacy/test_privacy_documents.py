"""The documents about privacy: the same in both languages, and about what the program does."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kiosk.privacy.periods import retention_periods
from tests.conftest import Kiosk

ROOT = Path(__file__).parents[2] / "docs/privacy"
NAMES = sorted(path.name for path in (ROOT / "en").glob("*.md"))
LANGUAGES = ("en", "vi")
SETTINGS = tomllib.loads((ROOT.parents[1] / "config/kiosk.toml").read_text("utf-8"))
ROW_WITH_PERIOD = re.compile(r"\| `\[(\w+)\] (\w+)` \| (\d+) \|")


def read(language: str, name: str) -> str:
    return (ROOT / language / name).read_text("utf-8")


def outline(text: str) -> list[str]:
    """Return the levels and numbers of the headings, and the columns of each table."""
    headings = re.findall(r"^(#+ (?:\d+\.)?)", text, re.M)
    tables = [str(line.count("|")) for line in re.findall(r"^\|(?:---\|)+$", text, re.M)]
    return headings + tables


def test_both_languages_have_the_same_documents() -> None:
    assert len(NAMES) == 7
    assert sorted(path.name for path in (ROOT / "vi").glob("*.md")) == NAMES
    index = (ROOT / "README.md").read_text("utf-8")
    assert all(f"({language}/{name})" in index for name in NAMES for language in LANGUAGES)


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_have_the_same_headings_tables_and_names(name: str) -> None:
    english, vietnamese = (read(language, name) for language in LANGUAGES)

    assert outline(english) == outline(vietnamese)
    assert english.count("\n| ") == vietnamese.count("\n| ")
    for pattern in (r"`[^`]+`", r"(?:NĐ|TT|QĐ|CV|Luật) ?\d+(?:/\d+)?"):
        assert sorted(re.findall(pattern, english)) == sorted(re.findall(pattern, vietnamese))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_settings_that_are_named_exist_with_the_shipped_values(language: str) -> None:
    for name in NAMES:
        for section, key in re.findall(r"`\[(\w+)\] (\w+)`", read(language, name)):
            assert key in SETTINGS[section], f"{name}: [{section}] {key}"
    rows = ROW_WITH_PERIOD.findall(read(language, "record-of-processing.md"))
    assert len(rows) == 12
    for section, key, shipped in rows:
        assert SETTINGS[section][key] == int(shipped), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_period_of_the_program_is_in_the_record(kiosk: Kiosk, language: str) -> None:
    record = read(language, "record-of-processing.md")

    for period in retention_periods(kiosk.settings):
        assert f"`{period.setting}`" in record


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_that_are_named_are_there(client: FlaskClient, language: str) -> None:
    named = {page for name in NAMES for page in re.findall(r"`(/[\w/-]+)`", read(language, name))}

    assert len(named) >= 7
    for page in named:
        assert client.get(page).status_code == 200, page
