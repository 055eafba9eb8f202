"""When the insurer did not answer: found in what was kept of sendings and look-ups.

1. A silence begins with a try that got no answer, and ends with the first one that got one.
2. Tries that say nothing of it, such as a message that was queued or a question that could not be
   asked, neither begin nor end one.
3. It has lasted from its first to its last try without an answer: while nothing was tried, nothing
   is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from kiosk.logbook.database import Database
from kiosk.logbook.lookups import NOT_ASKED
from kiosk.logbook.outbox import JUDGED_STATES, NO_ANSWER
from kiosk.logbook.times import from_utc_text

MAX_ROWS_READ = 20_000  # of each table, at the first look


@dataclass(frozen=True, slots=True)
class Silence:
    """A time in which the insurer did not answer; all times are aware."""

    begin: datetime  # the first try without an answer
    last: datetime  # the last try without an answer
    end: datetime | None  # the first answer after it; None: there was none yet


class _Try(NamedTuple):
    at: str
    answered: bool


class Silences:
    """Follows what is written down of sendings and look-ups. One thread may use it at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._last_event = self._last_lookup = -1
        self._silence: Silence | None = None

    def news(self) -> list[Silence]:
        """Return the silences that ended since the last call, then the one that lasts, if any.

        The first call reads at most MAX_ROWS_READ rows of each table.  Raises LogbookUnavailable if
        the logbook cannot be read.
        """
        ended: list[Silence] = []
        for attempt in sorted(self._new_tries()):
            at, silence = from_utc_text(attempt.at), self._silence
            if attempt.answered:
                if silence is not None:
                    ended.append(Silence(silence.begin, silence.last, at))
                self._silence = None
            elif silence is None:
                self._silence = Silence(at, at, None)
            else:
                self._silence = Silence(silence.begin, at, None)
        return ended if self._silence is None else [*ended, self._silence]

    def _new_tries(self) -> Iterator[_Try]:
        if self._last_event < 0:
            self._last_event = self._start_of("outbox_event")
            self._last_lookup = self._start_of("lookup")
        events = self._database.rows(
            "select id, at, state, message from outbox_event where id > ? order by id",
            [self._last_event],
        )
        for row in events:
            self._last_event = row["id"]
            if row["state"] in JUDGED_STATES:
                yield _Try(row["at"], answered=True)
            elif row["state"] == "queued" and (row["message"] or "").startswith(f"{NO_ANSWER}:"):
                yield _Try(row["at"], answered=False)
        lookups = self._database.rows(
            "select id, at, result, error from lookup where id > ? order by id", [self._last_lookup]
        )
        for row in lookups:
            self._last_lookup = row["id"]
            if not (row["error"] or "").startswith(NOT_ASKED):
                yield _Try(row["at"], answered=row["result"] != "no_answer")

    def _start_of(self, table: str) -> int:
        rows = self._database.rows(f"select coalesce(max(id), 0) from {table}")
        return max(int(rows[0][0]) - MAX_ROWS_READ, 0)
