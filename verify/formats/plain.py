"""Read a card that nobody signed, and repair a line that an input method damaged."""

from __future__ import annotations

import itertools
import re

from verify.card import Card, CardReading
from verify.errors import BadCard
from verify.formats import bhyt, cccd, numbers
from verify.formats.classify import NUMBER_LENGTHS, Format, classify
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
_ETH = str.maketrans("\u00d0\u00f0", "Đđ")  # look-alikes, which some keyboards type
_PLAIN_TEXT = re.compile("[g-z ,]", re.IGNORECASE)
MIN_BHYT_PARTS = 9  # a damaged line with fewer parts is not taken for a BHYT line


def read_plain(text: str, shape: Format) -> CardReading:
    """Return the card in a normalised text, with notes on how it was read.

    `shape` is the text's format. Raises BadCard if no card can be read.
    """
    if shape in BHYT:
        reading = bhyt.read(text, shape)
        # The damage may be in fields that are not read. It is noted all the same, because the
        # reader needs another setting.
        if not text.isascii() and is_damaged_line(text.split("|")):
            return CardReading(reading.card, (*reading.notes, Note.REPAIRED_FROM_INPUT_METHOD))
        return reading
    if shape is Format.CCCD:
        return cccd.read(text)
    if shape.value.startswith("number"):
        return numbers.read(text)
    raise BadCard(Reason.NOT_A_BHYT_CARD, f"a code of another kind: {shape.value}")


def repair_line(text: str) -> tuple[CardReading, Format] | None:
    """Return the card in a BHYT line, or a number, that an input method damaged.

    None if it is neither.

    A repair counts only if it proves itself: the name is UTF-8 and Vietnamese, the dates are real,
    the two copies of the number agree, and no other repair gives another card.  Raises BadCard if
    the line is damaged and no repair, or more than one, proves itself.
    """
    text = text.translate(_ETH)
    if "|" not in text and has_vietnamese_letters(text):
        typed = numbers.read_through_input_method(text)
        return typed and (typed, NUMBER_LENGTHS[len(typed.card.number)])
    parts = text.replace("\\", "|").split("|")
    if len(parts) < MIN_BHYT_PARTS or not is_damaged_line(parts):
        return None
    if len(parts[0]) > MAX_DAMAGED_NUMBER or len(parts[1]) > MAX_DAMAGED_NAME:
        raise BadCard(Reason.DAMAGED_BY_INPUT_METHOD, "longer than a number and a name can be")
    found: dict[Card, tuple[CardReading, Format]] = {}
    attempts = itertools.product(*(repairs(part) for part in parts[:2]))
    for number, name in itertools.islice(attempts, MAX_REPAIRS):
        line = "|".join([number, name, *parts[2:]])
        try:
            shape = classify(line)
            if shape in (Format.BHYT15, Format.BHYT17):  # the short form proves no number
                reading = bhyt.read(line, shape)
                notes = (*reading.notes, Note.REPAIRED_FROM_INPUT_METHOD)
                found[reading.card] = CardReading(reading.card, notes), shape
        except BadCard:
            continue
    proved = [
        card for card in found if card.born and card.holder and is_vietnamese_name(card.holder)
    ]
    if len(proved) != 1:
        raise BadCard(Reason.DAMAGED_BY_INPUT_METHOD, f"{len(proved)} repairs; expected one")
    return found[proved[0]]


def is_damaged_line(parts: list[str]) -> bool:
    """Return whether a BHYT line has letters that only an input method puts there.

    They stand within hexadecimal digits.  A field with other letters or blanks is plain Vietnamese
    text, as some software writes names and addresses.
    """
    return any(
        has_vietnamese_letters(part) and not _PLAIN_TEXT.search(part) for part in parts
    ) or has_vietnamese_letters(parts[0])
