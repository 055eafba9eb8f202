"""What the twelve digits of a citizen's number usually say of its holder.

Three digits of a province, one of sex and century, two of the year of birth, six more: the
layout of TT 59/2021/TT-BCA, which lapsed on 01/07/2024; Luật Căn cước 26/2023 promises twelve
digits and nothing else.  A changed sex or a corrected year breaks it rightly: it is only ever
a hint to compare.
"""

from __future__ import annotations

from verify.card import Card, Sex
from verify.reason import Note


def unlike_number(card: Card) -> list[Note]:
    """Return what on a card is unlike what its citizen's number usually says."""
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
