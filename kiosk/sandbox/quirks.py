"""Behaviour of the real gateway that is not known, as quirks of the pretend one.

A client has to cope with both ways. The page of the pretend insurer has a checkbox for each quirk.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Quirk(StrEnum):
    """The quirks. If one is off, the pretend insurer behaves in the way that seems more likely."""

    REPEATS_REFUSED = "repeats_refused"  # a record whose MA_LK was received before is refused
    UNSIGNED_REFUSED = "unsigned_refused"  # XML0 without a good signature is refused
    LIST_SIGNED = "list_signed"  # then the list of rows is what must be signed, not the document
    LEGACY_ECHO = "legacy_echo"  # a wrong question is answered with the true holder, as until 2024
    HISTORY_WITH_CARD = "history_with_card"  # the answer about a card has the stays, as until 2025
    HISTORY_AS_JSON = (
        "history_as_json"  # only a question in JSON gets the history, as documents say
    )
    HISTORY_EITHER_WAY = "history_either_way"  # a question in JSON or as a form gets the history
    FIRST_RECORD_ONLY = "first_record_only"  # only the first record of a file is read; answer 200
    # A newborn or donor without card number, first facility or validity is refused.
    BLANK_CARD_REFUSED = "blank_card_refused"
    FEED_GONE = "feed_gone"  # the feed answers 503


class Quirks:
    """The quirks that are on."""

    def __init__(self) -> None:
        self.on: frozenset[Quirk] = frozenset()

    def choose(self, form: Mapping[str, str]) -> None:
        """Switch on the quirks whose checkboxes are set in the form, and the others off."""
        self.on = frozenset(quirk for quirk in Quirk if form.get(quirk.value))

    def refuses_history(self, is_json: bool) -> bool:
        """Return whether a question for a history is refused because of its format."""
        if Quirk.HISTORY_EITHER_WAY in self.on:
            return False
        return is_json != (Quirk.HISTORY_AS_JSON in self.on)

    def echoes(self, answer: Mapping[str, Any]) -> bool:
        """Return whether an answer that names nobody is to name the holder nevertheless."""
        return Quirk.LEGACY_ECHO in self.on and answer.get("maThe") is None
