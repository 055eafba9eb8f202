"""What a number that is being typed is going to be, and what is wrong with it so far.

It helps a clerk without a reader; `numbers.read` alone decides what is a number.

1. A number that begins with two letters is a card number, of 15 characters.  Any other is an
   insurance number of 10 digits or a citizen's number of 12, which differ only in their
   length.
2. A letter that looks like a digit is named with the digit for which it will be taken.
3. With one digit less than a whole number has, the zero in front may be lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from verify.errors import BadCard
from verify.formats.dressing import NUMBER_MARKS
from verify.formats.numbers import (
    CARD_NUMBER_LENGTH,
    FULL_LENGTHS,
    LENGTH_WITH_FACILITY,
    LOOKALIKES,
    MAX_TYPED,
    SERIAL_LOOKALIKES,
    read,
)

INSURANCE_LENGTH, CITIZEN_LENGTH = 10, 12  # digits
# As the cards print them; the facility behind a card number is a group too.
GROUPS = {
    10: (4, 4, 2),
    12: (3, 3, 3, 3),
    15: (2, 1, 2, 3, 4, 3),
    20: (2, 1, 2, 3, 4, 3, 5),
}
MAX_FAULTS = 4  # with more characters at fault, a text is no number that was typed wrong
_LEVELS = "1234567"  # the third character of a card number


class NumberKindTyped(StrEnum):
    """What a typed number is going to be; the values are part of the HTTP contract."""

    INSURANCE = "insurance_number"
    CITIZEN = "citizen_number"
    CARD = "card_number"


class TypingFault(StrEnum):
    """What is wrong with a character; the values are part of the HTTP contract."""

    LOOKALIKE = "lookalike"  # a letter that will be taken for a digit
    NOT_A_DIGIT = "not_a_digit"
    NOT_A_LEVEL = "not_a_level"  # the third character of a card number is 1 to 7
    NOT_A_LETTER = "not_a_letter"  # of the two in front of a card number


@dataclass(frozen=True, slots=True)
class FaultyCharacter:
    """One character at fault."""

    place: int  # in the number: 1 is its first character
    at: int  # its index in the text as it was typed, with marks and blanks
    fault: TypingFault
    instead: str = ""  # the digit for which it will be taken


@dataclass(frozen=True, slots=True)
class TypingHelp:
    """What to say about a number that is being typed."""

    kind: NumberKindTyped
    length: int  # characters that were typed
    expected: int  # characters that a whole number of this kind has
    groups: tuple[str, ...]  # the number in the groups of the cards
    faults: tuple[FaultyCharacter, ...]
    zero_lost: bool  # whether the zero in front may be lost
    is_whole: bool  # whether `numbers.read` takes it for a number

    @property
    def missing(self) -> int:
        """How many characters are missing; negative: too many."""
        return self.expected - self.length


def typing_help(text: str) -> TypingHelp | None:
    """Return help for a number that is being typed. None if the text is not the start of one."""
    places = [at for at, letter in enumerate(text) if not NUMBER_MARKS.match(letter)]
    number = "".join(text[at] for at in places).upper()
    if len(number) != len(places) or not number or len(number) > MAX_TYPED:
        return None
    if not (number.isascii() and number.isalnum()) or len(number) > LENGTH_WITH_FACILITY:
        return None
    kind, expected = _kind_of(number)
    faults = _card_faults(number) if kind is NumberKindTyped.CARD else _digit_faults(number)
    is_whole = _is_whole(text)
    if len(faults) > MAX_FAULTS and not is_whole:
        return None  # a text, or another code
    return TypingHelp(
        kind=kind,
        length=len(number),
        expected=expected,
        groups=_grouped(number, expected),
        faults=tuple(
            FaultyCharacter(at + 1, places[at], fault, instead) for at, fault, instead in faults
        ),
        zero_lost=_has_lost_zero(text, number),
        is_whole=is_whole,
    )


def _is_card(number: str) -> bool:
    """Return whether a number begins as a card's: with letters that are not all lookalikes."""
    if len(number) > CITIZEN_LENGTH and number[:2].isalpha():
        return True
    return number[0].isalpha() and any(letter not in "OILSB0123456789" for letter in number[:2])


def _kind_of(number: str) -> tuple[NumberKindTyped, int]:
    if _is_card(number):
        with_facility = len(number) > CARD_NUMBER_LENGTH
        return NumberKindTyped.CARD, LENGTH_WITH_FACILITY if with_facility else CARD_NUMBER_LENGTH
    if len(number) <= INSURANCE_LENGTH:
        return NumberKindTyped.INSURANCE, INSURANCE_LENGTH
    return NumberKindTyped.CITIZEN, CITIZEN_LENGTH


def _digit_faults(number: str) -> list[tuple[int, TypingFault, str]]:
    return [
        _fault_of(at, letter, LOOKALIKES)
        for at, letter in enumerate(number)
        if not letter.isdigit()
    ]


def _card_faults(number: str) -> list[tuple[int, TypingFault, str]]:
    """Return the faults of a card number; its last ten characters may be letters."""
    faults = [
        (at, TypingFault.NOT_A_LETTER, "")
        for at, letter in enumerate(number[:2])
        if not letter.isalpha()
    ]
    for at, letter in enumerate(number[2:5], 2):
        if not letter.isdigit():
            faults.append(_fault_of(at, letter, LOOKALIKES))
        elif at == 2 and letter not in _LEVELS:
            faults.append((at, TypingFault.NOT_A_LEVEL, ""))
    for at, letter in enumerate(number[5:CARD_NUMBER_LENGTH], 5):
        if letter in "OIL":
            faults.append(_fault_of(at, letter, SERIAL_LOOKALIKES))
    return faults


def _fault_of(at: int, letter: str, lookalikes: dict[int, int]) -> tuple[int, TypingFault, str]:
    instead = letter.translate(lookalikes)
    if instead == letter:
        return at, TypingFault.NOT_A_DIGIT, ""
    return at, TypingFault.LOOKALIKE, instead


def _grouped(number: str, expected: int) -> tuple[str, ...]:
    groups, start = [], 0
    for size in GROUPS.get(expected, (expected,)):
        groups.append(number[start : start + size])
        start += size
    return tuple(group for group in (*groups, number[start:]) if group)


def _has_lost_zero(text: str, number: str) -> bool:
    if len(number) not in FULL_LENGTHS:
        return False
    try:
        read(text)
    except BadCard as exc:
        return exc.offer is not None
    return False


def _is_whole(text: str) -> bool:
    try:
        read(text)
    except BadCard:
        return False
    return True
