"""The insurer's remembered answers, by the number that was asked about.

They rest in a file and are read from memory: a scan waits for no disk.  The newest word wins,
whatever order the answers come in.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from kiosk.data.answers_db import AnswerRow, AnswersFile
from verify import (
    MISMATCH_STANDINGS,
    Card,
    Coverage,
    CoverageRecord,
    CoverageUnreadable,
    Standing,
    coverage_from_json,
    coverage_json,
)

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0  # for what another process has written
DEFAULT_RETENTION = timedelta(days=60)  # unless the words are used for longer
JUMP = timedelta(days=30)  # of the clock, after which nothing is deleted at once
CARD_LENGTH = 15  # of a number that names one card, not a person


class _Held(NamedTuple):
    """What is held under one number."""

    as_of: str
    card_number: str | None
    word: Coverage | None  # None: it cannot be read


class AnswersCache:
    """The words of one file. Any thread may call."""

    def __init__(self, path: Path, kept: timedelta = DEFAULT_RETENTION) -> None:
        """`kept` is how long words are kept: they hold names, and decide nothing when old."""
        self._file = AnswersFile(path)
        self._kept = kept
        self._lock = threading.Lock()  # of what follows
        self._held: dict[str, _Held] = {}
        self._change = 0  # up to which the rows are here
        self._newest: datetime | None = None
        self._has_looked, self._look_at = False, 0.0  # monotonic

    def recall(self, card: Card) -> CoverageRecord:
        """Return the newest word on this card; CoverageUnreadable if that cannot be told.

        What was said of the person's ten digits counts where it was said of this very card, and
        what was said of a card counts for the ten digits that led to it.  Of what was said at the
        same moment, the answer about the number that is shown counts: that question was about what
        the patient holds, and the others are related to it by their numbers only.
        """
        self._look()
        shown = self._held.get(card.number)
        held = [shown] if shown else []
        if shown and shown.card_number != card.number and len(card.number) != CARD_LENGTH:
            led_to = self._held.get(shown.card_number or "")
            held += [led_to] if led_to else []
        person = card.insurance_number
        if person not in (None, card.number):
            said = self._held.get(person or "")
            # Said of nothing but the person, it says no more than what was said of the card.
            counts = said and (said.card_number or (None if shown else card.number)) == card.number
            held += [said] if said and counts else []
        if not held:
            return CoverageRecord(None, self._newest)
        word = max(held, key=lambda one: one.as_of).word  # of equals the first: the number shown
        if word is None:
            raise CoverageUnreadable("a damaged row")
        return CoverageRecord(word, self._newest)

    def newest_answer(self) -> datetime | None:
        """Return when the insurer last said anything that is held here; None: never."""
        self._look()
        return self._newest

    def remember(self, word: Coverage, now: datetime) -> None:
        """Keep a word under every number it is about; an older one never covers a newer.

        A word on a name or a birth date is about the question, not about the card: it is not
        kept, or one wrong name would be held against the card's true holder.
        """
        if word.standing in MISMATCH_STANDINGS:
            return
        numbers = {word.number}
        if word.standing is Standing.IN_FORCE:
            numbers |= {n for n in (word.card_number, word.insurance_number) if n}
        body = json.dumps(coverage_json(word), ensure_ascii=False)
        rows = [AnswerRow(n, _text(word.as_of), word.card_number, body) for n in sorted(numbers)]
        self._file.write(rows, _text(now), _text(now - self._kept), _text(word.as_of - JUMP))
        with self._lock:  # a look that is under way may have missed it
            self._look_at = 0.0

    def close(self) -> None:
        """Close the connection of the calling thread."""
        self._file.close()

    def _look(self) -> None:
        """Bring in what has been written since the last look."""
        if time.monotonic() < self._look_at:
            return
        with self._lock:
            look_at = time.monotonic() + LOOK_EVERY_S
            try:
                changed, newest = self._file.changed_since(self._change)
            except CoverageUnreadable as exc:
                if not self._has_looked:
                    raise
                log.error("what is newly remembered cannot be read: %s", exc)
            else:
                for row, change in changed:
                    self._held[row.number] = _Held(row.as_of, row.card_number, _word(row.coverage))
                    self._change = max(self._change, change)
                self._newest = None if newest is None else datetime.fromisoformat(newest)
            self._has_looked, self._look_at = True, look_at


def _word(text: str) -> Coverage | None:
    try:
        return coverage_from_json(json.loads(text))
    except (ValueError, KeyError, TypeError):
        log.error("a remembered word is damaged")
        return None


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
