"""Read a number typed by hand, or from a bar code that holds nothing else."""

from __future__ import annotations

from verify.card import Card, is_number
from verify.errors import BadCard
from verify.formats.classify import plain_number
from verify.reason import Reason


def read(text: str) -> Card:
    """Return a card of which only the number is known, or raise BadCard."""
    number = plain_number(text)
    if not is_number(number):
        raise BadCard(
            Reason.NUMBER_WRONG,
            f"{len(number)} characters; wanted 10 or 12 digits, or two letters and 13 more",
        )
    return Card(number=number, level=int(number[2]) if len(number) == 15 else None)
