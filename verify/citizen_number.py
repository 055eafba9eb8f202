"""What the twelve digits of a citizen's number usually say about its holder.

The layout is that of TT 59/2021/TT-BCA: three digits of a province, one of sex and century, two
of the year of birth, six more.  The circular lapsed on 01/07/2024, and Luật Căn cước 26/2023
promises twelve digits and nothing else.  A changed sex or a corrected year rightly breaks the
layout, so a mismatch is only a hint to compare, never a fault.
"""

from __future__ import annotations

from verify.card import Card, Sex
from verify.reason import Note


def notes_on_number(card: Card) -> list[Note]:
    """Return a note for each field of a card that does not match its citizen's number."""
    number = card.personal_id
    if number is None:
        return []
    century, year = int(number[3]) // 2, int(number[4:6])
    sex = Sex.FEMALE if int(number[3]) % 2 else Sex.MALE
    notes = []
    if card.sex is not None and card.sex is not sex:
        notes.append(Note.SEX_UNLIKE_NUMBER)
    if card.born is not None and card.born.year != 1900 + 100 * century + year:
        notes.append(Note.BIRTH_UNLIKE_NUMBER)
    return notes
