"""Unfinished patients: cards that were read today and led to no visit yet.

Nobody who was scanned may disappear: a patient is recorded, or stays on this list, or was taken off
it by a person with a reason.  A card that was read several times is listed once, with its newest
reading.  If its patient has a visit today, it is not listed.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from kiosk.logbook.attempts import Attempt, Attempts
from kiosk.logbook.database import Database
from kiosk.logbook.errors import NoSuchAttempt
from kiosk.logbook.times import to_utc_text
from verify import Verdict, clinic_day, clinic_midnight

MAX_LISTED = 50
MAX_READ = 400  # readings without a visit; many of them are of one card

# Forged and withdrawn cards give no number, and are listed all the same.
SELECT_UNFINISHED = """
select a.id, a.number from attempt a
where a.at >= :since and a.at < :until and a.refines is null
  and (a.number is not null or a.reason in ('forged', 'revoked'))
  and not exists (select 1 from visit v where v.attempt = a.id)
  and not exists (select 1 from set_aside s where s.reading = a.id)
order by a.id desc limit :limit
"""


class Unfinished:
    """The list. Methods raise LogbookUnavailable or NotRecorded as those of `Visits` do."""

    def __init__(self, database: Database, attempts: Attempts) -> None:
        self._database = database
        self._attempts = attempts

    def list_of(self, now: datetime, readers_elsewhere: frozenset[str]) -> list[Attempt]:
        """Return the newest verdicts on unfinished readings of the clinic's day, newest first.

        Readings of the readers in `readers_elsewhere` belong to other desks and are left out.
        """
        since = clinic_midnight(now)
        rows = self._database.rows(
            SELECT_UNFINISHED,
            {
                "since": to_utc_text(since),
                "until": to_utc_text(since + timedelta(days=1)),
                "limit": MAX_READ,
            },
        )
        seen = self._numbers_with_visit(now) if rows else set()
        found: list[Attempt] = []
        for row in rows:
            if row["number"] in seen:
                continue
            newest = self._attempts.newest_verdict_on(row["id"])
            if newest is None or newest.reader in readers_elsewhere:
                continue
            numbers = _numbers_of(newest.verdict)
            if seen.isdisjoint(numbers):
                found.append(newest)
            seen |= numbers
            if len(found) == MAX_LISTED:
                break
        return found

    def _numbers_with_visit(self, now: datetime) -> set[str]:
        rows = self._database.rows(
            "select number, person, citizen_number from visit"
            " where day = ? and cancelled_at is null",
            [clinic_day(now).isoformat()],
        )
        return {number for row in rows for number in row if number}

    def set_aside(self, reading: int, reason: str, author: str, now: datetime) -> None:
        """Take a reading, and all earlier ones of its card, off the list.

        Raises NoSuchAttempt if no reading has this id.
        """
        with self._database.transaction() as db:
            found = db.execute(
                "select number from attempt where id = ? and refines is null", [reading]
            ).fetchone()
            if found is None:
                raise NoSuchAttempt(str(reading))
            db.execute(
                "insert or ignore into set_aside (reading, at, author, reason)"
                " select id, :at, :author, :reason from attempt"
                " where id = :reading or (number = :number and refines is null and id < :reading"
                " and at >= :since)",
                {
                    "reading": reading,
                    "number": found["number"],
                    "at": to_utc_text(now),
                    "author": author,
                    "reason": reason,
                    "since": to_utc_text(clinic_midnight(now)),
                },
            )


def _numbers_of(verdict: Verdict) -> set[str]:
    """Return the numbers by which the holder of a card is known."""
    card, coverage = verdict.card, verdict.coverage
    if card is None:
        return set()
    numbers = (
        card.number,
        card.insurance_number,
        card.personal_id,
        coverage.insurance_number if coverage else None,
    )
    return {number for number in numbers if number}
