"""Coverage as it was on an earlier day, from what is known now.

The nightly job judges cards as of the day of their visit, and a visit that is entered from paper is
judged as of the time on the paper.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from verify import Card, Coverage, CoverageRecord, Knowledge, Standing, clinic_day

# These standings hold today and say nothing about an earlier day: the card may have ended since.
ENDED_STANDINGS = (Standing.ENDED, Standing.REPLACED_OLD_OVER)


def coverage_on_day_of(arrived_at: datetime, coverage: Coverage) -> Coverage:
    """Return the coverage as it was when a patient arrived (aware), from a later answer.

    A card that has ended since was in force on a day between its first and its last.
    """
    day = clinic_day(arrived_at)
    has_begun = coverage.valid_from is None or coverage.valid_from <= day
    was_in_force = (
        coverage.standing in ENDED_STANDINGS
        and has_begun
        and coverage.valid_until
        and day <= coverage.valid_until
    )
    standing = Standing.IN_FORCE if was_in_force else coverage.standing
    return coverage._replace(as_of=arrived_at, standing=standing)


def knowledge_as_of(arrived_at: datetime, knowledge: Knowledge) -> Knowledge:
    """Return the knowledge for a verdict as of an earlier time (aware).

    An answer that the insurer gave later counts for the earlier day (`coverage_on_day_of`), one
    that it gave before that counts as it is.  What is known of our clock now says nothing about the
    time of a watch, so no moment is later than the earlier time.
    """

    def recall(card: Card) -> CoverageRecord:
        record = knowledge.recall(card)
        coverage = record.coverage
        if coverage is None or coverage.as_of <= arrived_at:
            return record
        return record._replace(coverage=coverage_on_day_of(arrived_at, coverage))

    return replace(knowledge, recall=recall, floor=arrived_at)
