"""The fields in which a card and another card, or the insurer's coverage, differ."""

from __future__ import annotations

from dataclasses import dataclass, field

from verify.card import Card
from verify.coverage import Coverage
from verify.names import same_name


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that two sources give differently. Dates are ISO 8601."""

    name: str  # "holder", "born", "sex", "facility"
    card: str = field(repr=False)
    other: str = field(repr=False)


def differences(card: Card | Coverage, other: Card | Coverage) -> list[Difference]:
    """Return the fields that both sources give, and give differently.

    Names are compared by `names.same_name`, births as far as both are known.
    """
    found = []
    if card.holder and other.holder and not same_name(card.holder, other.holder):
        found.append(Difference("holder", card.holder, other.holder))
    if card.born and other.born and not card.born.agrees_with(other.born):
        found.append(Difference("born", str(card.born), str(other.born)))
    if card.sex and other.sex and card.sex != other.sex:
        found.append(Difference("sex", card.sex.value, other.sex.value))
    if card.facility and other.facility and card.facility != other.facility:
        found.append(Difference("facility", card.facility, other.facility))
    return found
