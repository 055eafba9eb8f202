"""Readings that led to nothing: no visit was recorded on them, on their day or later.

A person looks for them by the day, by the number or the name on the card: the patient says that
they were here, and no visit says so.  Readings are not indexed by names: those of some days are
looked through, at most MAX_READ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kiosk.logbook.attempts import Attempt, Attempts
from kiosk.logbook.database import Database
from kiosk.logbook.errors import LogbookUnavailable
from kiosk.logbook.person_numbers import numbers_of, spellings_of
from kiosk.logbook.times import day_begins, day_ends
from kiosk.logbook.visit_query import VisitQuery
from verify import NameWord, name_words

PAGE = 50  # readings
MAX_READ = 2_000  # readings whose verdicts are looked through for a name
MAX_ID = 2**62

SELECT_LOST = """
select a.id from attempt a
where a.refines is null and a.id < :before and a.at >= :since and a.at < :until
  and (:outcome = '' or a.outcome = :outcome)
  and not exists (select 1 from visit v where v.attempt = a.id)
  and not exists (select 1 from visit v where v.later_reading = a.id)
order by a.id desc limit :limit
"""


@dataclass(frozen=True, slots=True)
class FoundReadings:
    """The newest verdicts on readings that led to nothing, newest first.

    `older` is where the next page begins; None: this is the last.  `is_cut`: not all readings of
    these days were looked through.
    """

    readings: Sequence[Attempt] = ()
    older: int | None = None
    is_cut: bool = False


class LostReadings:
    """Finds readings without a visit."""

    def __init__(self, database: Database, attempts: Attempts) -> None:
        self._database = database
        self._attempts = attempts

    def find(
        self, query: VisitQuery, before: int | None = None, limit: int = PAGE
    ) -> FoundReadings:
        """Return the newest readings that a query finds; `before` is where a page ended.

        Of the query count the days, the outcome, the number, the name and the birth.  A reading
        whose verdict cannot be read is left out.

        Raises LogbookUnavailable if the logbook cannot be read.
        """
        rows = self._database.rows(
            SELECT_LOST,
            {
                "before": before or MAX_ID,
                "since": day_begins(query.first) if query.first else "",
                "until": day_ends(query.last) if query.last else "9999",
                "outcome": query.outcome,
                "limit": MAX_READ + 1,
            },
        )
        found: list[Attempt] = []
        for number, row in enumerate(rows):
            if len(found) == limit:
                return FoundReadings(found, found[-1].reading)
            if number == MAX_READ:
                return FoundReadings(found, row["id"] + 1, is_cut=True)
            newest = self._newest(row["id"])
            if newest is not None and _fits(newest, query):
                found.append(newest)
        return FoundReadings(found)

    def _newest(self, reading: int) -> Attempt | None:
        try:
            return self._attempts.newest_verdict_on(reading)
        except LogbookUnavailable:  # one damaged verdict; the log of its own page names it
            return None


def _fits(attempt: Attempt, query: VisitQuery) -> bool:
    card, coverage = attempt.verdict.card, attempt.verdict.coverage
    if query.number and numbers_of(attempt.verdict).isdisjoint(spellings_of(query.number)):
        return False
    if query.born:
        born = (card and card.born) or (coverage and coverage.born) or ""
        if not str(born).startswith(query.born):
            return False
    if not query.names:
        return not query.phone or bool(query.number)
    holder = (card and card.holder) or (coverage and coverage.holder) or ""
    words = name_words(holder)
    return all(_has(words, word) for word in query.names)


def _has(words: Sequence[NameWord], typed: NameWord) -> bool:
    return any(word.plain.startswith(typed.plain) for word in words)
