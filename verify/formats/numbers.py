"""Read a number typed by hand, or from a bar code that holds nothing else.

1. A typing mistake that can mean only one number is corrected, and noted.  So is a number whose
   letters an input method took for marks, as in `ĐN4…` for `DN4…`.
2. A lost leading zero is not corrected: the full number is only offered for a person to compare.
"""

from __future__ import annotations

from verify.card import Card, CardReading, is_number
from verify.errors import BadCard
from verify.formats.classify import plain_number
from verify.formats.input_methods import repairs
from verify.names import plain_letters
from verify.reason import Note, Reason

CARD_NUMBER_LENGTH, LENGTH_WITH_FACILITY = 15, 20  # characters
MAX_TYPED = 40  # characters of a number with blanks, typed through an input method
FULL_LENGTHS = {9: 10, 11: 12}  # with the leading zero that was lost

# Letters that are typed for the digits they look like. Only the first two places are letters.
LOOKALIKES = str.maketrans("OILSB", "01158")
# Older serials may have other letters among the last ten characters.
SERIAL_LOOKALIKES = str.maketrans("OIL", "011")


def read(text: str) -> CardReading:
    """Return a card of which only the number is known, with a note if typing was corrected.

    Raises BadCard if it is not a number. A number that lost its leading zero is then offered in
    full as the error's `offer`.
    """
    typed = plain_number(text)
    typed = typed[:CARD_NUMBER_LENGTH] if len(typed) == LENGTH_WITH_FACILITY else typed
    number = _corrected(typed)
    full = number.rjust(FULL_LENGTHS.get(len(number), 0), "0")
    if full != number and is_number(full):
        raise BadCard(Reason.LEADING_ZERO_LOST, f"{len(number)} digits", offer=_card(full))
    if not is_number(number):
        raise BadCard(
            Reason.NUMBER_WRONG,
            f"{len(number)} characters; expected 10 or 12 digits, or two letters and 13 more",
        )
    return CardReading(_card(number), (Note.TYPING_CORRECTED,) if number != typed else ())


def read_through_input_method(text: str) -> CardReading | None:
    """Return the number that was typed while an input method was on. None if it is not certain.

    A marked letter stands for its keystrokes in Telex or VNI, or for the plain letter.
    """
    if len(text) > MAX_TYPED:
        return None
    plain = plain_letters(text).decode()
    typed = {plain_number(each) for each in (*repairs(text), plain)}
    as_typed = filter(is_number, typed)
    meant = {_corrected(number) for number in as_typed} or {
        number for number in map(_corrected, typed) if is_number(number)
    }
    return CardReading(_card(meant.pop()), (Note.TYPING_CORRECTED,)) if len(meant) == 1 else None


def _corrected(typed: str) -> str:
    if len(typed) != CARD_NUMBER_LENGTH:
        return typed.translate(LOOKALIKES)
    return typed[:2] + typed[2:5].translate(LOOKALIKES) + typed[5:].translate(SERIAL_LOOKALIKES)


def _card(number: str) -> Card:
    return Card(number=number, level=int(number[2]) if len(number) == CARD_NUMBER_LENGTH else None)
