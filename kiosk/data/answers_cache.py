"""The insurer's answers, kept by the number that was asked about.

1. The newest answer counts, whatever order the answers arrive in.
2. Answers are stored in a file and read from memory, so that a scan does not wait for the disk.
3. An answer saying that the name or birth date differs is not kept: it is about the question
   and not about the card, and would count against the card's true holder.
4. Old answers are removed, because they hold names and no longer decide anything.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from kiosk.data.answers_db import AnswerRow, AnswersFile
from kiosk.runtime.file_key import FileKey
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

READ_INTERVAL_S = 1.0  # how soon what another process has written is seen
DEFAULT_RETENTION = timedelta(days=60)  # unless answers are used for longer
MAX_PLAUSIBLE_PAUSE = timedelta(days=30)  # after a longer one the clock may be wrong: keep all
MIN_STEADY_RUN = timedelta(days=1)  # the clock may have jumped since the last answer before that
CARD_LENGTH = 15  # of a number that identifies one card and not a person
INSURANCE_LENGTH = 10  # of the number of a person, with which a card's number ends


class _Answer(NamedTuple):
    """What is kept under one number."""

    as_of: str  # UTC, ISO 8601 with microseconds, so that text order is time order
    card_number: str | None
    coverage: Coverage | None  # None: the row cannot be read


class AnswersCache:
    """The answers in one file.  Any thread may call."""

    def __init__(
        self,
        path: Path,
        retention: timedelta = DEFAULT_RETENTION,
        keys: Sequence[FileKey] = (),
    ) -> None:
        """Open the file, or create it; answers are removed when they are older than `retention`.

        `keys` are those that an encrypted file may have.  Raises CoverageUnreadable if the file
        cannot be used, and FileKeyTrouble if it is plain although there are keys.
        """
        self._file = AnswersFile(path, keys)
        self.retention = retention  # after which answers are removed
        self._lock = threading.Lock()  # guards the attributes below
        self._answers: dict[str, _Answer] = {}
        self._last_change = 0  # the running number of the newest row that is in memory
        self._newest: datetime | None = None
        self._has_read, self._next_read_at = False, 0.0  # monotonic

    def recall(self, card: Card) -> CoverageRecord:
        """Return the newest coverage of a card, and when the insurer last answered anything.

        Three answers may be about the card: the one on the number that is shown, the one on the
        card that this number led to, and the one on the person's ten digits if it was about this
        very card.  If two were given at the same moment, the one on the number that is shown
        counts: that question was about what the patient holds, and the others are related to it
        by their numbers only.

        Raises CoverageUnreadable if the file, or the row that counts, cannot be read.
        """
        self._read_new()
        kept, number = self._answers, card.number
        shown = kept.get(number)
        person = card.legacy_insurance_number or number[-INSURANCE_LENGTH:]
        if shown is None and person not in kept:  # as for most cards; so this comes first
            return CoverageRecord(None, self._newest)
        answers = [shown] if shown else []
        if shown and shown.card_number != number and len(number) != CARD_LENGTH:
            led_to = kept.get(shown.card_number or "")
            answers += [led_to] if led_to else []
        if card.insurance_number not in (None, number):
            on_person = kept.get(person)
            # An answer that names no card says no more than an answer on the card itself.
            about = on_person and (on_person.card_number or (None if shown else number))
            answers += [on_person] if on_person and about == number else []
        if not answers:
            return CoverageRecord(None, self._newest)
        # Of equal moments `max` takes the first answer: the one on the number that is shown.
        coverage = max(answers, key=lambda answer: answer.as_of).coverage
        if coverage is None:
            raise CoverageUnreadable("a damaged row")
        return CoverageRecord(coverage, self._newest)

    def newest_answer(self) -> datetime | None:
        """Return when the insurer gave the newest answer kept here (aware); None: never.

        Raises CoverageUnreadable if the file cannot be read.
        """
        self._read_new()
        return self._newest

    def remember(self, coverage: Coverage, now: datetime) -> None:
        """Keep an answer under every number that it is about; an older one never covers a newer.

        An answer with a standing in MISMATCH_STANDINGS is not kept.  `now` is aware.  Raises
        CoverageUnreadable if the file cannot be written.
        """
        if coverage.standing in MISMATCH_STANDINGS:
            return
        numbers = {coverage.number}
        if coverage.standing is Standing.IN_FORCE:
            numbers |= {n for n in (coverage.card_number, coverage.insurance_number) if n}
        as_of = _stored(coverage.as_of)
        body = json.dumps(coverage_json(coverage), ensure_ascii=False)
        self._file.write(
            [AnswerRow(number, as_of, coverage.card_number, body) for number in sorted(numbers)],
            latest=_stored(now),
            oldest=_stored(now - self.retention),
            steady=(
                _stored(coverage.as_of - MAX_PLAUSIBLE_PAUSE),
                _stored(coverage.as_of - MIN_STEADY_RUN),
            ),
        )
        with self._lock:  # a thread that is reading now may have missed the new rows
            self._next_read_at = 0.0

    def about(self, numbers: Collection[str]) -> list[tuple[str, Coverage]]:
        """Return the answers kept under some numbers, or about a card of them, by their number.

        Raises CoverageUnreadable if the file cannot be read.
        """
        self._read_new()
        with self._lock:
            return [
                (number, answer.coverage)
                for number, answer in sorted(self._answers.items())
                if answer.coverage and (number in numbers or answer.card_number in numbers)
            ]

    def forget(self, numbers: Collection[str]) -> int:
        """Erase the answers kept under some numbers, or about a card of them; return how many.

        Raises CoverageUnreadable if the file cannot be written.
        """
        with self._lock:
            count = self._file.delete(numbers)
            self._answers, self._last_change = {}, 0  # read again: running numbers may come again
            self._next_read_at = 0.0
        return count

    def close(self) -> None:
        """Close the connection of the calling thread."""
        self._file.close()

    def _read_new(self) -> None:
        """Read the rows that were written since the last time, at most once per interval."""
        if time.monotonic() < self._next_read_at:
            return
        with self._lock:
            next_read_at = time.monotonic() + READ_INTERVAL_S
            try:
                changed, newest = self._file.changed_since(self._last_change)
            except CoverageUnreadable as exc:
                if not self._has_read:
                    raise
                log.error("new answers cannot be read: %s", exc)
            else:
                for row, change in changed:
                    coverage = _coverage(row.coverage)
                    self._answers[row.number] = _Answer(row.as_of, row.card_number, coverage)
                    self._last_change = max(self._last_change, change)
                self._newest = None if newest is None else datetime.fromisoformat(newest)
            self._has_read, self._next_read_at = True, next_read_at


def _coverage(text: str) -> Coverage | None:
    try:
        return coverage_from_json(json.loads(text))
    except (ValueError, KeyError, TypeError):
        log.error("a stored answer is damaged")
        return None


def _stored(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
