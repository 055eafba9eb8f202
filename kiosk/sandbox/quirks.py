"""What is not known of the real gateway, as habits of the pretend one, each to be chosen.

A client has to live with either answer; the page of the pretend insurer has a box for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Quirk(StrEnum):
    """Off, it does what seems likeliest."""

    REPEATS_REFUSED = "repeats_refused"  # a second sending of one MA_LK is not taken
    UNSIGNED_REFUSED = "unsigned_refused"  # XML0 without a signature is not taken
    LEGACY_ECHO = "legacy_echo"  # a wrong question is answered with the true holder, as until 2024
    HISTORY_WITH_CARD = "history_with_card"  # stays come with the answer on a card, as until 2025
    HISTORY_AS_JSON = "history_as_json"  # histories are asked for in JSON only, as documents say
    HISTORY_EITHER_WAY = "history_either_way"  # in JSON or as a form
    FEED_GONE = "feed_gone"  # its feed answers nobody


class Quirks:
    """Which are on."""

    def __init__(self) -> None:
        self.on: frozenset[Quirk] = frozenset()

    def choose(self, form: Mapping[str, str]) -> None:
        """Take what the page's boxes say."""
        self.on = frozenset(habit for habit in Quirk if form.get(habit.value))

    def refuses_history(self, is_json: bool) -> bool:
        """Tell whether a question for a history comes in the wrong form."""
        if Quirk.HISTORY_EITHER_WAY in self.on:
            return False
        return is_json != (Quirk.HISTORY_AS_JSON in self.on)

    def echoes(self, answer: Mapping[str, Any]) -> bool:
        """Tell whether an answer that names nobody is to name the holder all the same."""
        return Quirk.LEGACY_ECHO in self.on and answer.get("maThe") is None
