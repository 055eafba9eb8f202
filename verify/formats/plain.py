"""Read a card that nobody signed, by its shape; repair it where an input method spoilt it."""

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
MAX_DAMAGED_NUMBER, MAX_DAMAGED_NAME = (
    20,
    200,
)  # characters of a spoilt field; more is not worth the tries
PARENT_FIELD = 10  # the one field that may hold plain Vietnamese text
MIN_BHYT_PARTS = 9  # of a BHYT line, by which a spoilt one is known


def read_plain(text: str, shape: Format) -> tuple[Card, tuple[Note, ...]]:
    """Return the card in a normalised text of this shape, with notes; or raise BadCard."""
    if shape in BHYT:
        card = bhyt.read(text, shape)
        # In what is not read too: still to be told.
        spoilt = not text.isascii() and is_damaged_line(text.split("|"))
        return card, (Note.REPAIRED_FROM_INPUT_METHOD,) if spoilt else ()
    if shape is Format.CCCD:
        return cccd.read(text), ()
    if shape.value.startswith("number"):
        return numbers.read(text)
    raise BadCard(Reason.NOT_A_BHYT_CARD, f"a code of another kind: {shape.value}")


def repair_line(text: str) -> tuple[Card, Format] | None:
    """Return the card in a BHYT line that an input method spoilt; None where it is no such line.

    A repair counts only where it is proved: the name is UTF-8 and Vietnamese, the dates are real,
    the two copies of the number agree, and no other repair gives another card.  BadCard where
    the line was spoilt and cannot be proved.
    """
    parts = text.replace("\\", "|").split("|")
    if len(parts) < MIN_BHYT_PARTS or not is_damaged_line(parts):
        return None
    if len(parts[0]) > MAX_DAMAGED_NUMBER or len(parts[1]) > MAX_DAMAGED_NAME:
        raise BadCard(Reason.DAMAGED_BY_INPUT_METHOD, "more than a number and a name can be")
    found: dict[Card, Format] = {}
    tries = itertools.product(*(repairs(part) for part in parts[:2]))
    for number, name in itertools.islice(tries, MAX_REPAIRS):
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
        raise BadCard(Reason.DAMAGED_BY_INPUT_METHOD, f"{len(proved)} repairs; wanted one")
    return proved[0], found[proved[0]]


def is_damaged_line(parts: list[str]) -> bool:
    """Tell whether a BHYT line has letters that only an input method puts there."""
    return any(
        has_vietnamese_letters(part) for place, part in enumerate(parts) if place != PARENT_FIELD
    )
