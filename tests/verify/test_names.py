"""When two names are the same, and when they are worth comparing by a person."""

from __future__ import annotations

import unicodedata

import pytest

from verify import same_name
from verify.names import similar_name

NAME = "Nguyễn Văn Mẫu"


@pytest.mark.parametrize(
    ("other", "is_same", "is_similar"),
    [
        (NAME, True, True),
        ("NGUYỄN VĂN MẪU", True, True),
        ("  Nguyễn  Văn Mẫu ", True, True),
        (unicodedata.normalize("NFD", NAME), True, True),
        ("Nguyễn Văn Mẩu", False, True),
        ("Nguyen Van Mau", False, True),
        ("Nguyễn Mẫu", False, False),
        ("", False, False),
    ],
)
def test_case_and_spacing_never_count_and_marks_count_for_the_same_name_only(
    other: str, is_same: bool, is_similar: bool
) -> None:
    assert same_name(NAME, other) is same_name(other, NAME) is is_same
    assert similar_name(NAME, other) is similar_name(other, NAME) is is_similar


def test_a_barred_d_is_a_marked_letter() -> None:
    assert not same_name("Đỗ Đạt", "Do Dat")
    assert similar_name("Đỗ Đạt", "Do Dat")
