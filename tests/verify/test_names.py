"""When two names are the same, and how a name is stored."""

from __future__ import annotations

import random
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.sampling import sample_and_all
from tests.verify.spellings import another, name, spelt_otherwise
from verify import NameMatch, compare_names, plain_letters, same_name
from verify.code_pages import find_garbled
from verify.names import NameReading, is_unusual, name_key, person_name, read_name, similar_name

SAME, BUT_FOR_MARKS, DIFFERENT = NameMatch
NAME = "Nguyễn Văn Mẫu"
PAIRS = sample_and_all("pairs", 1_000, 20_000)


@pytest.mark.parametrize(
    ("other", "match"),
    [
        (NAME, SAME),
        ("NGUYỄN VĂN MẪU", SAME),
        ("  Nguyễn  Văn\u00a0Mẫu. ", SAME),
        ("Nguyễn-Văn–Mẫu", SAME),
        ("Nguyễn VănMẫu", SAME),
        (unicodedata.normalize("NFD", NAME), SAME),
        ("Nguye\u0303\u0302n Văn Mẫu", SAME),
        ("Nguyen Van Mau", BUT_FOR_MARKS),
        ("NGUYEN VAN MAU", BUT_FOR_MARKS),
        ("Nguyễn Văn Mẩu", DIFFERENT),
        ("Nguyễn Van Mau", DIFFERENT),
        ("Nguyễn Mẫu", DIFFERENT),
        ("Nguyen Mau", DIFFERENT),
        ("", DIFFERENT),
    ],
)
def test_a_name_is_compared_in_three_grades(other: str, match: NameMatch) -> None:
    assert compare_names(NAME, other) is compare_names(other, NAME) is match
    assert same_name(NAME, other) is (match is SAME)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Đặng Thị Hoà", "ĐẶNG THỊ HÒA"),
        ("Nguyễn Thuý", "Nguyễn Thúy"),
        ("Lê Quý Đôn", "Lê Qúy Đôn"),
        ("Ðặng Văn Mẫu", "Đặng Văn Mẫu"),
        ("ðặng", "ĐẶNG"),
        ("H'Mai Niê", "H’Mai Niê"),
        ("H`Mai Niê", "H´Mai Niê"),
        ("Hʼ Mai Niê", "H'Mai Niê"),
        ("A-Lăng Thử", "A Lăng Thử"),
        ("Müller Jürgen", "MÜLLER JÜRGEN"),
    ],
)
def test_two_usual_spellings_of_a_name_are_the_same_name(one: str, other: str) -> None:
    assert compare_names(one, other) is SAME
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Trần Dung", "Trần Dũng"),
        ("Lê Thị Ai", "Lê Thị Ái"),
        ("Hoa Àn", "Hoà An"),
        ("Lý Mỹ", "Lý Mĩ"),
        ("Nguyễn Văn A", "Nguyễn Văn B"),
        ("Đỗ Đạt", "Do Đạt"),
        ("H'Mai", "H Mai"),
        ("José", "Josè"),
    ],
)
def test_a_letter_a_vowel_or_a_tone_makes_another_name(one: str, other: str) -> None:
    assert compare_names(one, other) is DIFFERENT


def test_names_that_differ_in_marks_only_are_worth_comparing() -> None:
    assert similar_name("Trần Dung", "Trần Dũng")
    assert similar_name("Đỗ Đạt", "Do Dat")
    assert not similar_name(NAME, "Nguyễn Mẫu")


@PAIRS
def test_no_spelling_of_a_name_is_taken_for_another_name(pairs: int) -> None:
    chance = random.Random(1)
    wrong = []
    for _ in range(pairs):
        one = name(chance)
        other = spelt_otherwise(one, chance)
        if compare_names(one, other) is not SAME:
            wrong.append((one, other))

    assert wrong == []


@PAIRS
def test_no_other_name_is_taken_for_the_same_name(pairs: int) -> None:
    chance = random.Random(2)
    wrong = []
    for _ in range(pairs):
        one = name(chance)
        other = spelt_otherwise(another(one, chance), chance)
        if compare_names(one, other) is SAME:
            wrong.append((one, other))

    assert wrong == []


def test_a_name_is_stored_composed_with_single_blanks_and_the_vietnamese_d() -> None:
    assert person_name("  Ðặng\u00a0 Thị\u200b Mẫu ") == "Đặng Thị Mẫu"
    assert person_name(unicodedata.normalize("NFD", NAME)) == NAME
    assert person_name("Nguye\u0303\u0302n") == "Nguyễn"
    assert person_name(" \u200b ") is None


@given(st.text("aêÊđÐĂẫỮỹ '-1?\t\u0301\u0323\u00a0\u00ad", max_size=12))
@example(NAME)
@example("Ðặng Thị Mẫu")
@example(unicodedata.normalize("NFD", NAME))
@example("Mẫu  An")
@example("Mẫu ")
@example("Mẫu\n")
def test_a_name_that_is_known_at_a_glance_is_read_as_any_other(text: str) -> None:
    garbled = find_garbled(text)
    expected = (
        NameReading(person_name(text))
        if garbled is None
        else NameReading(None, is_garbled=True, repaired=garbled.repaired)
    )

    assert read_name(text) == expected


def test_the_plain_letters_of_many_names_are_those_of_each() -> None:
    names = [NAME, "Ðặng H'Mai", "王小明", ""]

    together = plain_letters("\n".join(names)).split(b"\n")

    assert together == [plain_letters(each) for each in names]
    assert together[:2] == [b"nguyenvanmau", b"danghmai"]


@pytest.mark.parametrize(
    "usual",
    [NAME, "H'Hen Niê", "O´Neil Sean", "Hʼư̆ Niê", "Þórður Björnsson", "Y Ê-ban", "Dr. Mẫu"],
)
def test_a_name_of_letters_and_the_signs_between_them_is_usual(usual: str) -> None:
    assert not is_unusual(usual)


@pytest.mark.parametrize(
    "unusual",
    ["Trẻ sơ sinh (con mẹ Hoa)", "Nguyễn Thị 1", "Lò Thị Ún / Hà", "王小明", "Иван", "Mẫu, Văn"],
)
def test_a_name_with_digits_signs_or_another_script_is_unusual(unusual: str) -> None:
    assert is_unusual(unusual)
