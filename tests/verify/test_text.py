"""What people cannot see, or tell apart, is cleaned in one way."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.text import clean_line, clean_text

INVISIBLE = (
    "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2069\ufeff\u00ad"
)
BLANKS = "\u00a0\u2007\u202f\u3000\u2009\u2028\t"
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2212\uff0d"


@pytest.mark.parametrize("sign", INVISIBLE)
def test_an_invisible_character_is_left_out(sign: str) -> None:
    assert clean_text(f"99999{sign}00001") == "9999900001"


@pytest.mark.parametrize("sign", BLANKS)
def test_every_blank_is_a_blank(sign: str) -> None:
    assert clean_text(f"Nguyễn{sign}Mẫu") == "Nguyễn Mẫu"


@pytest.mark.parametrize("sign", DASHES)
def test_every_dash_is_a_hyphen(sign: str) -> None:
    assert clean_text(f"DN4{sign}01") == "DN4-01"


def test_full_width_letters_are_ascii() -> None:
    assert clean_text("ＤＮ４０１｜９９") == "DN401|99"


def test_decomposed_text_is_composed() -> None:
    assert clean_text(unicodedata.normalize("NFD", "Nữ")) == "Nữ"


def test_an_invisible_character_between_a_letter_and_its_mark_does_not_part_them() -> None:
    assert clean_text("e\u200b\u0302") == "ê"


def test_a_line_has_single_blanks() -> None:
    assert clean_line(" \u00a0Nguyễn  Văn\u3000Mẫu ") == "Nguyễn Văn Mẫu"


def test_other_control_characters_stay_for_the_caller_to_judge() -> None:
    assert clean_line("Mẫu\x07\nVăn") == "Mẫu\x07\nVăn"


@given(st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean_text(clean_text(text)) == clean_text(text)
    assert clean_line(clean_line(text)) == clean_line(text)
