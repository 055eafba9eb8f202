"""The further numbers of an ID card's holder, and the form of each kind of number."""

from __future__ import annotations

import json

import pytest

from tests.cast import BHYT17, CCCD, NOW
from verify import (
    Card,
    Knowledge,
    NumberKind,
    PersonNumber,
    join_cards,
    judge,
    verdict_from_json,
    verdict_json,
)

OLD_ID = PersonNumber(NumberKind.OLD_ID, "999990001")
CANCELLED = PersonNumber(NumberKind.CANCELLED_PERSONAL, "001099999955")
WITH_OLD_ID = CCCD.replace("||", "|999990001|", 1)


def card_in(text: str) -> Card:
    card = judge(text.encode(), NOW, Knowledge()).card
    assert card is not None
    return card


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        pytest.param(CCCD, (), id="none"),
        pytest.param(WITH_OLD_ID, (OLD_ID,), id="an old identity card"),
        pytest.param(f"{WITH_OLD_ID}||||", (OLD_ID,), id="the newer card"),
        pytest.param(
            f"{WITH_OLD_ID}|001099999955|||", (OLD_ID, CANCELLED), id="a cancelled number"
        ),
        pytest.param(f"{CCCD}|Nguyễn Văn Cha|001099999955||", (CANCELLED,), id="in another place"),
        pytest.param(f"{CCCD}|001099999955|001099999966||", (), id="two, so that neither is sure"),
        pytest.param(f"{CCCD}|001099999901|||", (), id="the number itself"),
        pytest.param(f"{CCCD}|Nguyễn Văn Cha|Trần Thị Mẹ||", (), id="parents"),
        pytest.param(CCCD.replace("||", "|12345|", 1), (), id="too short"),
        pytest.param(CCCD.replace("||", "|٩٩٩٩٩٠٠٠١|", 1), (), id="other digits"),
    ],
)
def test_the_earlier_numbers_on_an_id_card_are_read(
    text: str, numbers: tuple[PersonNumber, ...]
) -> None:
    assert card_in(text).other_numbers == numbers
    assert card_in(text).number == "001099999901"


def test_nothing_else_of_an_id_card_is_kept() -> None:
    verdict = judge(f"{WITH_OLD_ID}||Nguyễn Văn Cha|Trần Thị Mẹ|".encode(), NOW, Knowledge())
    text = json.dumps(verdict_json(verdict), ensure_ascii=False)

    assert "999990001" in text
    for part in ("Phường Thử", "Văn Cha", "Thị Mẹ", "15082021"):
        assert part not in text


def test_a_joined_card_has_the_numbers_of_the_id_card() -> None:
    identity = judge(WITH_OLD_ID.encode(), NOW, Knowledge())
    joined = join_cards(identity, judge(BHYT17.encode(), NOW, Knowledge()))

    assert joined is not None
    assert joined.other_numbers == (OLD_ID,)


def test_a_verdict_that_was_stored_before_further_numbers_can_be_read() -> None:
    record = verdict_json(judge(WITH_OLD_ID.encode(), NOW, Knowledge()))
    del record["card"]["other_numbers"]

    card = verdict_from_json(record).card

    assert card is not None
    assert card.other_numbers == ()


@pytest.mark.parametrize(
    ("kind", "number", "is_well_formed"),
    [
        (NumberKind.PERSONAL, "001099999901", True),
        (NumberKind.PERSONAL, "C1234567", False),
        (NumberKind.PERSONAL, "00109999990", False),
        (NumberKind.OLD_ID, "999990001", True),
        (NumberKind.OLD_ID, "001099999901", False),
        (NumberKind.PASSPORT, "C1234567", True),
        (NumberKind.PASSPORT, "", False),
        (NumberKind.PASSPORT, "C12 34", False),
        (NumberKind.PASSPORT, "X" * 31, False),
        (NumberKind.FOREIGNER_IDENTITY, "999012345678", True),
        (NumberKind.ORIGIN_CERTIFICATE, "GVN-99/2026", True),
    ],
)
def test_each_kind_of_number_has_its_form(
    kind: NumberKind, number: str, is_well_formed: bool
) -> None:
    assert PersonNumber(kind, number).is_well_formed is is_well_formed


def test_a_number_stays_out_of_messages() -> None:
    assert "999990001" not in repr(OLD_ID)
