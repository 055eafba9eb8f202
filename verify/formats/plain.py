"""Read a card that nobody signed, and repair a line that an input method damaged."""

from __future__ import annotations

import itertools

from verify.card import Card
from verify.errors import BadCard
from verify.formats import bhyt, cccd, numbers
from verify.formats.classify import Format, classify
from verify.formats.input_methods import (
    MAX_REPAIRS,
    has_vietnamese_letters,
    is_vietnamese_name,
    repairs,
)
from verify.reason import Note, Reason

BHYT = (Format.BHYT15, Format.BHYT17, Format.BHYT9)
# Characters of a damaged field. A longer one is not worth trying.
MAX_DAMAGED_NUMBER, MAX_DAMAGED_NAME = 20, 200
PARENT_FIELD = 10  # the only field that may hold plain Vietnamese text
MIN_BHYT_PARTS = 9  # a damaged line with fewer parts is not taken for a BHYT line


def read_plain(text: str, shape: Format) -> tuple[Card, tuple[Note, ...]]:
    """Return the card in a normalised text, with notes on how it was read.

    `shape` is the text's format. Raises BadCard if no card can be read.
    """
    if shape in BHYT:
        card = bhyt.read(text, shape)
        # The damage may be in fields that are not read. It is noted all the same, because the
        # reader needs another setting.
        is_damaged = not text.isascii() and is_damaged_line(text.split("|"))
        return card, (Note.REPAIRED_FROM_INPUT_METHOD,) if is_damaged else ()
    if shape is Format.CCCD:
        return cccd.read(text), ()
    if shape.value.startswith("number"):
        return numbers.read(text)
    raise BadCard(Reason.NOT_A_BHYT_CARD, f"a code of another kind: {shape.value}")


def repair_line(text: str) -> tuple[Card, Format] | None:
    """Return the card in a BHYT line that an input method damaged. None if it is no such line.

    A repair counts only if it proves itself: the name is UTF-8 and Vietnamese, the dates are real,
    the two copies of the number agree, and no other repair gives another card.  Raises BadCard if
    the line is damaged and no repair, or more than one, proves itself.
    """
    parts = text.replace("\\", "|").split("|")
    if len(parts) < MIN_BHYT_PARTS or not is_damaged_line(parts):
        return None
    if len(parts[0]) > MAX_DAMAGED_NUMBER or len(parts[1]) > MAX_DAMAGED_NAME:
        raise BadCard(Reason.DAMAGED_BY_INPUT_METHOD, "longer than a number and a name can be")
    found: dict[Card, Format] = {}
    attempts = itertools.product(*(repairs(part) for part in parts[:2]))
    for number, name in itertools.islice(attempts, MAX_REPAIRS):
        line = "|".join([number, name, *parts[2:]])
        try:
            shape = classify(line)
            if shape in (Format.BHYT15, Format.BHYT17):  # the short form proves no number
                found[bhyt.read(line, shape)] = shape
        except BadCard:
            continue
    proved = [
        card for card in found if card.born and card.holder and is_vietnamese_name(card.holder)
    ]
    if len(proved) != 1:
        raise BadCard(Reason.DAMAGED_BY_INPUT_METHOD, f"{len(proved)} repairs; expected one")
    return proved[0], found[proved[0]]


def is_damaged_line(parts: list[str]) -> bool:
    """Return whether a BHYT line has letters that only an input method puts there."""
    return any(
        has_vietnamese_letters(part) for place, part in enumerate(parts) if place != PARENT_FIELD
    )
