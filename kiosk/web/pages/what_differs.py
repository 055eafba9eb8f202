"""What differs between a card and the insurer's record: beside the verdict and behind it.

It stays on screen after the visit was recorded, and on the page of the visit.
"""

from __future__ import annotations

from typing import NamedTuple

from kiosk.logbook import Attempt
from verify import Difference, Reason, Verdict, differences


class WhatDiffers(NamedTuple):
    """The fields that differ, and the one whose value the insurer keeps to itself."""

    fields: tuple[Difference, ...] = ()
    unnamed: tuple[str, str] | None = None  # the field, and the card's value; empty if not known

    def names(self) -> frozenset[str]:
        """Return the names of all fields that differ."""
        unnamed = (self.unnamed[0],) if self.unnamed else ()
        return frozenset((*(field.name for field in self.fields), *unnamed))


# What an answer without identity fields says that differs (codes 060, 061, 070 and older ones).
FIELDS_THAT_DIFFER = {
    Reason.NAME_DIFFERS: "holder",
    Reason.BIRTH_DIFFERS: "born",
    Reason.SEX_DIFFERS: "sex",
    Reason.FACILITY_DIFFERS: "facility",
}


def what_differs(newest: Attempt, first: Attempt | None = None) -> WhatDiffers:
    """Return what differs according to the newest verdict on a reading; nothing without a card.

    A newer answer of the insurer may leave out what the `first` verdict knew of it. What it leaves
    out still differs.
    """
    card, coverage = newest.verdict.card, newest.verdict.coverage
    if card is None:
        return WhatDiffers()
    found = _found(newest)
    earlier = _found(first) if first is not None and first.id != newest.id else ()
    found += tuple(field for field in earlier if getattr(coverage, field.name, None) in (None, ""))
    name = FIELDS_THAT_DIFFER.get(newest.reason)
    if name is None or any(field.name == name for field in found):
        return WhatDiffers(found)
    value = getattr(card, name)
    return WhatDiffers(found, (name, str(value) if value else ""))


def _found(attempt: Attempt) -> tuple[Difference, ...]:
    card, coverage = attempt.verdict.card, attempt.verdict.coverage
    return tuple(differences(card, coverage)) if card and coverage else ()


def what_differs_beside(verdict: Verdict) -> tuple[Difference, ...]:
    """Return where a card and the card that was read before it differ."""
    card, coverage, beside = verdict.card, verdict.coverage, verdict.beside
    if not card or not beside:
        return ()
    return tuple(differences(card if card.holder or not coverage else coverage, beside))


def marked_syllables(text: str, other: str) -> list[tuple[str, bool]]:
    """Return the syllables of a name, each with whether the other name lacks it at its place.

    Names of different length are compared from both ends; all between is marked.
    """
    mine, theirs = text.split(), other.split()
    same = [word.casefold() for word in mine], [word.casefold() for word in theirs]
    limit = min(len(mine), len(theirs))
    front = next((at for at in range(limit) if same[0][at] != same[1][at]), limit)
    back = next(
        (at for at in range(limit - front) if same[0][-1 - at] != same[1][-1 - at]), limit - front
    )
    return [(word, front <= at < len(mine) - back) for at, word in enumerate(mine)]
