"""Help is found by the words of patients, however they are typed."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.help.search import HelpSearch, Meanings, fold, search_of
from kiosk.help.tables import read_help
from kiosk.runtime.paths import shipped_folder
from tests.cast import NOW
from tests.kiosk.help_questions import QUESTIONS, WITHOUT_MARKS_OR_MISSPELT
from verify import clinic_day

TABLES = read_help(shipped_folder("config") / "tables")
TODAY = clinic_day(NOW)
SEARCH = search_of(TABLES, TODAY)
SHOWN_FIRST = 3


@pytest.mark.parametrize(("question", "ids"), QUESTIONS, ids=[asked for asked, _ in QUESTIONS])
def test_a_question_finds_its_trouble_among_the_first_three(question: str, ids: str) -> None:
    assert set(SEARCH.find(question)[:SHOWN_FIRST]) & set(ids.split())


def test_enough_questions_are_asked() -> None:
    asked = {trouble for _, ids in QUESTIONS for trouble in ids.split()}

    assert len(QUESTIONS) >= 60
    assert len(WITHOUT_MARKS_OR_MISSPELT) >= 20
    assert asked >= {f"T0{number}" for number in range(1, 9)}
    assert len(asked) >= 8 + 22


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_marks_and_case_do_not_matter(form: str) -> None:
    def typed(text: str) -> str:
        return unicodedata.normalize(form, text)  # type: ignore[arg-type]

    assert fold(typed("Đổi SIM, điện thoại?")) == "doi sim dien thoai"
    assert SEARCH.find(typed("QUÊN MẬT KHẨU")) == SEARCH.find("quen mat khau")


def test_words_of_a_region_are_read_as_what_they_mean_and_marks_tell_them_apart() -> None:
    meanings = Meanings(TABLES.words)

    assert meanings.of("Bữa nay KHÁM hông?") == "hom nay khám khong?"
    assert meanings.of("thẻ hỏng") == "thẻ hỏng"
    assert meanings.of(unicodedata.normalize("NFD", "xài đt")) == "dung dien thoai"
    assert SEARCH.find("tra han bhyt") == SEARCH.find("tra hạn bảo hiểm y tế")
    assert HelpSearch([("a", [(1.0, "xem thẻ")])]).find("coi the")  # without the table, by the rest


def test_every_row_is_found_by_its_own_question() -> None:
    for row in TABLES.troubles_on(TODAY):
        for question in (row.question_vi, row.question_en, fold(row.question_vi)):
            assert row.id in SEARCH.find(question)[:SHOWN_FIRST], question


def test_a_guide_is_found_by_its_title_and_while_it_is_typed() -> None:
    assert "changed-phone" in SEARCH.find("đổi điện thoại")[:SHOWN_FIRST]
    assert "forgot-vneid-password" in SEARCH.find("quen mat khau vne")[:SHOWN_FIRST]


def test_what_nothing_says_finds_nothing() -> None:
    assert SEARCH.find("") == SEARCH.find("?!") == SEARCH.find("xyzzyq") == []
    assert HelpSearch([]).find("quên mật khẩu") == []


@given(st.text())
def test_any_text_may_be_typed(text: str) -> None:
    found = SEARCH.find(text)

    assert len(found) == len(set(found))
