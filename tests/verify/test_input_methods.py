"""What Telex and VNI do to the text of a keyboard-type reader is undone if that can be proved."""

from __future__ import annotations

import random
import unicodedata

import pytest

from tests.cast import BHYT15, BHYT17, NOW
from verify import Knowledge, Note, Outcome, Reason, judge
from verify.formats.input_methods import MAX_REPAIRS, repairs

FAMILIES = ["Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh", "Võ", "Đặng", "Bùi", "Đỗ", "Ngô", "Dương"]
GIVEN = ["Ánh", "Hường", "Kiều", "Thảo", "Phượng", "Vỹ", "Đạt", "Ơn", "Ưu", "Quỳnh", "Mẫu"]
TELEX = {"aa": "â", "ee": "ê", "oo": "ô", "dd": "đ", "DD": "Đ", "AA": "Â", "EE": "Ê"}
TONES = {"s": "\u0301", "f": "\u0300", "r": "\u0309", "x": "\u0303", "j": "\u0323"}
VNI_TONES = dict(zip("12345", TONES.values(), strict=True))


def through_telex(text: str) -> str:
    """Return what Telex makes of a text: doubled letters, and tone keys right behind a vowel."""
    typed = ""
    for letter in text:
        pair = typed[-1:] + letter
        if pair in TELEX:
            typed = typed[:-1] + TELEX[pair]
        elif letter.lower() in TONES and typed[-1:].lower() in tuple("aeiouyâêô"):
            marked = unicodedata.normalize("NFC", typed[-1] + TONES[letter.lower()])
            typed = typed[:-1] + marked
        else:
            typed += letter
    return typed


def through_vni(text: str) -> str:
    """Return what VNI makes of a text: a digit from 1 to 5 is the tone of its vowel, 9 bars a d."""
    typed = ""
    for letter in text:
        if letter in VNI_TONES and typed[-1:].lower() in tuple("aeiouy"):
            typed = typed[:-1] + unicodedata.normalize("NFC", typed[-1] + VNI_TONES[letter])
        elif letter == "9" and typed[-1:] in ("d", "D"):
            typed = typed[:-1] + {"d": "đ", "D": "Đ"}[typed[-1]]
        else:
            typed += letter
    return typed


def names(count: int) -> list[str]:
    chance = random.Random(3)
    return [
        f"{chance.choice(FAMILIES)} {chance.choice(GIVEN)} {chance.choice(GIVEN)}"
        for _ in range(count)
    ]


@pytest.mark.parametrize("damage", [through_telex, through_vni])
@pytest.mark.parametrize("card", [BHYT17, BHYT15])
def test_a_card_typed_through_an_input_method_is_repaired_or_refused(
    damage: object, card: str
) -> None:
    assert callable(damage)
    repaired = damaged = 0
    for name in names(150):
        line = card.replace("4e677579e1bb856e2056c4836e204de1baab75", name.encode().hex())
        arrived = damage(line)
        verdict = judge(arrived.encode(), NOW, Knowledge())
        if arrived == line:
            assert verdict.card is not None
            continue
        damaged += 1
        if verdict.card is None:
            assert verdict.reason in (Reason.DAMAGED_BY_INPUT_METHOD, Reason.UNREADABLE)
            continue
        repaired += 1
        assert verdict.card.holder == name
        assert verdict.card == judge(line.encode(), NOW, Knowledge()).card
        assert Note.REPAIRED_FROM_INPUT_METHOD in verdict.notes
        assert verdict.outcome is not Outcome.ADMITTED

    assert damaged > 50
    assert repaired / damaged > 0.9


def test_bars_that_became_backslashes_are_repaired_with_the_rest() -> None:
    damaged = through_telex(BHYT17.replace("DN", "DN")).replace("|", "\\")

    verdict = judge(damaged.encode(), NOW, Knowledge())

    assert verdict.card is not None
    assert verdict.card.number == "9999900020"


def test_a_line_that_cannot_be_repaired_says_why() -> None:
    lost = BHYT17.replace("4e677579e1bb85", "4e677579ể8")  # a keystroke is missing

    assert judge(lost.encode(), NOW, Knowledge()).reason is Reason.DAMAGED_BY_INPUT_METHOD


def test_a_parent_s_name_in_vietnamese_letters_is_not_damage() -> None:
    line = BHYT15.replace("01019999900021|-|4", "01019999900021|nguyễn văn mẫu|4")

    verdict = judge(line.encode(), NOW, Knowledge())

    assert verdict.card is not None
    assert verdict.notes == judge(BHYT15.encode(), NOW, Knowledge()).notes


def test_a_line_made_to_be_slow_to_repair_is_refused_quickly() -> None:
    damaged = "|".join(["é" * 60] * 2 + BHYT17.split("|")[2:])
    tries = list(repairs("ấầẩẫậ" * 60))

    assert judge(damaged.encode(), NOW, Knowledge()).reason is Reason.DAMAGED_BY_INPUT_METHOD
    assert len(tries) <= MAX_REPAIRS
