"""Read a card that nobody signed, by its shape."""

from __future__ import annotations

from verify.card import Card
from verify.formats import bhyt, cccd, numbers
from verify.formats.classify import Format


def read_plain(text: str, shape: Format) -> Card:
    """Return the card in a normalised text of this shape, or raise BadCard."""
    if shape in (Format.BHYT15, Format.BHYT17):
        return bhyt.read(text, shape)
    if shape is Format.CCCD:
        return cccd.read(text)
    return numbers.read(text)
