"""What differs between a card and the insurer's word on it, field by field."""

from __future__ import annotations

from dataclasses import dataclass, field

from verify.card import Card
from verify.coverage import Coverage
from verify.verdict import same_name


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that two sources give differently; days are ISO 8601."""

    name: str  # "holder", "born", "sex", "facility"
    card: str = field(repr=False)
    insurer: str = field(repr=False)


def differences(card: Card, word: Coverage) -> list[Difference]:
    """Return the fields that both give and give differently."""
    found = []
    if card.holder and word.holder and not same_name(card.holder, word.holder):
        found.append(Difference("holder", card.holder, word.holder))
    if card.born and word.born and not card.born.agrees_with(word.born):
        found.append(Difference("born", str(card.born), str(word.born)))
    if card.sex and word.sex and card.sex != word.sex:
        found.append(Difference("sex", card.sex.value, word.sex.value))
    if card.facility and word.facility and card.facility != word.facility:
        found.append(Difference("facility", card.facility, word.facility))
    return found
