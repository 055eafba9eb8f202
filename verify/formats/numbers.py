"""Read a number typed by hand, or from a bar code that holds nothing else.

Slips that have one meaning are put right and noted; a lost leading zero is only offered back.
"""

from __future__ import annotations

from verify.card import Card, is_number
from verify.errors import BadCard
from verify.formats.classify import plain_number
from verify.reason import Note, Reason

CARD_NUMBER_LENGTH, LENGTH_WITH_FACILITY = 15, 20  # characters
FULL_LENGTHS = {9: 10, 11: 12}  # what a number had before its leading zero was lost

# Letters that are typed for the digits they look like; letters belong to the first two places.
LOOKALIKES = str.maketrans("OILSB", "01158")
SERIAL_LOOKALIKES = str.maketrans("OIL", "011")  # older serials have other letters among the ten


def read(text: str) -> tuple[Card, tuple[Note, ...]]:
    """Return a card of which only the number is known, with what was put right; or BadCard.

    A number that lost its leading zero comes back whole as BadCard's `offer`.
    """
    typed = plain_number(text)
    typed = typed[:CARD_NUMBER_LENGTH] if len(typed) == LENGTH_WITH_FACILITY else typed
    number = _put_right(typed)
    whole = number.rjust(FULL_LENGTHS.get(len(number), 0), "0")
    if whole != number and is_number(whole):
        raise BadCard(Reason.LEADING_ZERO_LOST, f"{len(number)} digits", offer=_card(whole))
    if not is_number(number):
        raise BadCard(
            Reason.NUMBER_WRONG,
            f"{len(number)} characters; wanted 10 or 12 digits, or two letters and 13 more",
        )
    return _card(number), (Note.TYPING_CORRECTED,) if number != typed else ()


def _put_right(typed: str) -> str:
    if len(typed) != CARD_NUMBER_LENGTH:
        return typed.translate(LOOKALIKES)
    return typed[:2] + typed[2:5].translate(LOOKALIKES) + typed[5:].translate(SERIAL_LOOKALIKES)


def _card(number: str) -> Card:
    return Card(number=number, level=int(number[2]) if len(number) == CARD_NUMBER_LENGTH else None)
