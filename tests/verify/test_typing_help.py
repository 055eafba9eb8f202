"""Help with a number that is being typed agrees with what becomes of the number."""

from __future__ import annotations

import random

import pytest

from verify import typing_help
from verify.errors import BadCard
from verify.formats.numbers import read
from verify.formats.typing_help import NumberKindTyped, TypingFault
from verify.reason import Reason

LETTERS = "0123456789OILSBGDX -."


def typed_texts() -> list[str]:
    """Return many texts that a hurried person may type."""
    dice = random.Random(20261128)
    texts = [
        "".join(dice.choice(LETTERS) for _ in range(dice.randrange(1, 24))) for _ in range(3000)
    ]
    for whole in ("9999900001", "001099999901", "GD4019999900009", "GD401999990000901999"):
        texts += [whole[:at] for at in range(1, len(whole) + 1)]
        texts += [whole[:at] + dice.choice(LETTERS) + whole[at + 1 :] for at in range(len(whole))]
    return texts


def test_help_says_complete_exactly_where_the_number_is_read() -> None:
    for text in typed_texts():
        found = typing_help(text)
        try:
            read(text)
            is_number, is_zero_lost = True, False
        except BadCard as exc:
            is_number, is_zero_lost = False, exc.reason is Reason.LEADING_ZERO_LOST
        if found is None:
            assert not is_number, text
            continue
        assert (found.is_whole, found.zero_lost) == (is_number, is_zero_lost), text
        assert not (is_number and found.missing), text
        assert "".join(found.groups) == "".join(text.split()).upper().translate(
            dict.fromkeys(map(ord, "-."))
        ), text


def test_a_number_that_cannot_be_read_has_a_fault_or_the_wrong_length() -> None:
    for text in typed_texts():
        found = typing_help(text)
        if found is not None and not found.is_whole:
            assert found.missing or found.faults, text


@pytest.mark.parametrize(
    ("text", "kind", "missing"),
    [
        ("9", NumberKindTyped.INSURANCE, 9),
        ("99999 00001", NumberKindTyped.INSURANCE, 0),
        ("99999000012", NumberKindTyped.CITIZEN, 1),
        ("001099999901", NumberKindTyped.CITIZEN, 0),
        ("0010999999012", NumberKindTyped.CITIZEN, -1),
        ("G", NumberKindTyped.CARD, 14),
        ("gd 4 01 999 9900 009", NumberKindTyped.CARD, 0),
        ("GD4019999900009019", NumberKindTyped.CARD, 2),
    ],
)
def test_the_kind_and_what_is_missing(text: str, kind: NumberKindTyped, missing: int) -> None:
    found = typing_help(text)
    assert found is not None
    assert (found.kind, found.missing) == (kind, missing)


@pytest.mark.parametrize(
    ("text", "at", "fault", "instead"),
    [
        ("99999O0001", 5, TypingFault.LOOKALIKE, "0"),
        ("9999 9I0001", 6, TypingFault.LOOKALIKE, "1"),
        ("99999X0001", 5, TypingFault.NOT_A_DIGIT, ""),
        ("GD9", 2, TypingFault.NOT_A_LEVEL, ""),
        ("G94", 1, TypingFault.NOT_A_LETTER, ""),
        ("GD4 O1", 4, TypingFault.LOOKALIKE, "0"),
    ],
)
def test_the_one_character_at_fault(text: str, at: int, fault: TypingFault, instead: str) -> None:
    found = typing_help(text)
    assert found is not None
    assert [(each.at, each.fault, each.instead) for each in found.faults] == [(at, fault, instead)]


@pytest.mark.parametrize("text", ["", "   ", "hello world", "https://x", "ĐN4", "9" * 60, "a|b"])
def test_what_is_no_number_gets_no_help(text: str) -> None:
    assert typing_help(text) is None
