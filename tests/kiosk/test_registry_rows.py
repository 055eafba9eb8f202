"""The rows of the registry: they are packed without a loss, and hold no names."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.registry import STANDINGS
from kiosk.registry.row import (
    EPOCH,
    LAST_DAY,
    LIVING_AREAS,
    RegistryRow,
    check_of,
    checks_of,
    key_of,
    keys_of,
    pack,
    unpack,
)
from verify import Standing

SALT = b"s" * 32
letters = st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
days = st.one_of(st.none(), st.dates(date(2000, 1, 1), LAST_DAY))
rows = st.builds(
    RegistryRow,
    st.sampled_from(STANDINGS),
    days,
    days,
    st.integers(1, 7),
    st.builds(str.__add__, letters, letters),
    st.integers(0, 99).map("{:02d}".format),
    st.sampled_from(LIVING_AREAS),
    st.integers(0, 255),
)


@given(rows)
def test_a_packed_row_is_unpacked_unchanged(row: RegistryRow) -> None:
    packed = pack(row)

    assert 0 <= packed < 1 << 63  # SQLite's integers have a sign
    assert unpack(packed) == row


@given(st.integers(0, (1 << 63) - 1))
def test_any_bits_can_be_unpacked(packed: int) -> None:
    if (packed >> 30) & 7 < len(STANDINGS) and (packed >> 53) & 3 < len(LIVING_AREAS):
        unpack(packed)


def test_a_row_with_only_a_standing_is_unpacked_unchanged() -> None:
    nothing = RegistryRow(Standing.NO_RECORD, None, None, 0, "", "", "")

    assert unpack(pack(nothing)) == nothing
    assert date(2000, 1, 1) > EPOCH


def test_a_card_and_its_person_have_the_same_key_and_another_salt_changes_it() -> None:
    assert key_of("DN4019999900021", SALT) == key_of("9999900021", SALT)
    assert key_of("9999900021", SALT) != key_of("9999900022", SALT)
    assert key_of("9999900021", SALT) != key_of("9999900021", b"t" * 32)
    assert key_of("001099999901", SALT) != key_of("1099999901", SALT)
    assert 0 <= key_of("9999900021", SALT) < 1 << 63


@given(st.lists(st.text(st.sampled_from("AB0129Đ"), max_size=16), max_size=5))
def test_one_number_has_the_key_that_it_has_among_many(numbers: list[str]) -> None:
    assert keys_of(numbers, SALT) == [key_of(number, SALT) for number in numbers]


@given(st.lists(st.tuples(st.text("aăệĐÐ .\n王"), st.integers(0, 2)), min_size=1, max_size=5))
def test_one_name_has_the_check_that_it_has_among_many(people: list[tuple[str, int]]) -> None:
    holders, years = [holder for holder, _ in people], [year for _, year in people]

    alone = [check_of(holder, year, SALT) for holder, year in people]

    assert checks_of(holders, years, SALT) == alone


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Nguyễn Văn Ấn", "NGUYỄN VĂN ẤN"),
        ("Nguyễn Văn Ấn", "Nguyen  Van An"),
        ("Hoà", "Hòa"),
        ("Đặng Thị Đào", "dang thi dao"),
    ],
)
def test_a_name_written_another_way_is_the_same_name(one: str, other: str) -> None:
    assert check_of(one, 1980, SALT) == check_of(other, 1980, SALT)


def test_few_other_people_have_the_same_check() -> None:
    checks = [check_of(f"Người Thứ {number}", 1980, SALT) for number in range(2_000)]

    assert all(1 <= check <= 255 for check in checks)
    same = sum(check == checks[0] for check in checks[1:])
    assert same < 40
    assert check_of("Một", 1980, SALT) != check_of("Một", 1981, SALT)
