"""Unfinished patients: cards that were read today, or shortly before, and led to no visit yet.

Nobody who was scanned may disappear: a patient is recorded, or stays on this list, or was taken off
it by a person with a reason.  A card that was read several times is listed once, with its newest
reading.  If its patient has a visit of that day, at this desk or another, or was recorded within
WAITS_AT_MOST of the reading (midnight may lie between), it is not listed.  Whoever got a slip after
that visit, which sends them to the desk, is listed all the same: they come and show its number.  A
line of a paper sheet that was not entered to the end stays open on its sheet instead.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime

from kiosk.logbook.attempts import Attempt, Attempts
from kiosk.logbook.database import Database
from kiosk.logbook.errors import LogbookUnavailable, NoSuchAttempt
from kiosk.logbook.other_desks import OtherDesks
from kiosk.logbook.paper_source import PAPER_READER
from kiosk.logbook.person_numbers import limited, numbers_of
from kiosk.logbook.slips import close_slips
from kiosk.logbook.tickets import WAITS_AT_MOST
from kiosk.logbook.times import day_begins, day_ends, from_utc_text, to_utc_text
from verify import clinic_day, clinic_midnight

MAX_LISTED = 50
MAX_READ = 400  # readings without a visit; many of them are of one card

# Forged and withdrawn cards give no number, and are listed all the same.  The index is named:
# SQLite would read all readings, the newest first, because nearly none of them stays without a
# visit and the limit is never reached.
SELECT_UNFINISHED = """
select a.id, a.number, a.at, t.label from attempt a indexed by attempt_counted
left join ticket t on t.reading = a.id and t.prefix = 'Q' and t.visit is null
where a.at >= :since and a.at < :until and a.refines is null and a.reader <> :paper
  and (a.number is not null or a.reason in ('forged', 'revoked') or t.label is not null)
  and not exists (select 1 from visit v where v.attempt = a.id)
  and not exists (select 1 from set_aside s where s.reading = a.id)
order by a.id desc limit :limit
"""


def _without_slip_of(
    numbers: Collection[str], found: list[Attempt], slips: Collection[int]
) -> list[Attempt]:
    """Return `found` without other readings of a patient whose slip is listed.

    `slips` are the readings with a slip; each slip is a number that somebody holds, and stays.
    """
    return [
        attempt
        for attempt in found
        if attempt.reading in slips or numbers_of(attempt.verdict).isdisjoint(numbers)
    ]


class Unfinished:
    """The list. Methods raise LogbookUnavailable or NotRecorded as those of `Visits` do."""

    def __init__(
        self, database: Database, attempts: Attempts, others: OtherDesks | None = None
    ) -> None:
        """`others` knows who was recorded at other desks; None: all are in this logbook."""
        self._database = database
        self._attempts = attempts
        self._others = others

    def list_of(self, now: datetime, readers_elsewhere: frozenset[str]) -> list[Attempt]:
        """Return the newest verdicts on unfinished readings, newest first.

        They are those of the clinic's day, and after midnight those of the last WAITS_AT_MOST.
        Readings of the readers in `readers_elsewhere` belong to other desks and are left out, and
        so are patients without a slip whom another desk has recorded today.
        """
        found = self._between(_since(now), day_ends(clinic_day(now)), readers_elsewhere)
        if self._others is None or not found:
            return found
        slips = self.slips_of(found)
        return [
            attempt
            for attempt in found
            if attempt.reading in slips
            or self._others.here_today(limited(numbers_of(attempt.verdict)), now) is None
        ]

    def of_day(self, day: date) -> list[Attempt]:
        """Return those on unfinished readings of a day at all desks, newest first."""
        return self._between(day_begins(day), day_ends(day), frozenset())

    def _between(self, since: str, until: str, readers_elsewhere: frozenset[str]) -> list[Attempt]:
        rows = self._database.newest_rows(
            SELECT_UNFINISHED,
            {"since": since, "until": until, "paper": PAPER_READER, "limit": MAX_READ},
            since,
        )
        visits = self._visits_between(since, until) if rows else {}
        seen: set[str] = set()
        slips: set[int] = set()
        found: list[Attempt] = []
        for row in rows:
            number, slip = row["number"], row["label"]
            if slip is None and (number in seen or _arrivals({number}, row["at"], visits)):
                continue
            newest = self._newest_verdict_on(row["id"])
            if newest is None or newest.reader in readers_elsewhere:
                continue
            numbers = numbers_of(newest.verdict)
            arrivals = _arrivals(numbers, row["at"], visits)
            waits_with_slip = slip is not None and row["at"] >= max(arrivals, default="")
            if waits_with_slip:
                found = [*_without_slip_of(numbers, found, slips), newest]
                slips.add(newest.reading)
            elif not arrivals and seen.isdisjoint(numbers):
                found.append(newest)
            seen |= numbers
            if len(found) == MAX_LISTED:
                break
        return found

    def _newest_verdict_on(self, reading: int) -> Attempt | None:
        """Return the newest verdict on a reading. None, and it is noted, if it cannot be read."""
        try:
            return self._attempts.newest_verdict_on(reading)
        except LogbookUnavailable:
            self._database.note_unreadable("attempt", reading)
            return None

    def slips_of(self, attempts: Collection[Attempt]) -> dict[int, str]:
        """Return the number of the slip of each reading that has one, as "Q 7", by the reading."""
        marks = ", ".join("?" * len(attempts))
        rows = self._database.rows(
            "select reading, label from ticket where prefix = 'Q' and visit is null"
            f" and reading in ({marks})",
            [attempt.reading for attempt in attempts],
        )
        return {row["reading"]: row["label"] for row in rows}

    def _visits_between(self, since: str, until: str) -> dict[str, list[str]]:
        """Return when the patients of readings between two stored times arrived, by each number."""
        first, last = from_utc_text(since), from_utc_text(until) + WAITS_AT_MOST
        rows = self._database.newest_rows(
            "select number, person, citizen_number, arrived_at from visit"
            " where day between ? and ? and cancelled_at is null",
            [clinic_day(first).isoformat(), clinic_day(last).isoformat()],
            since,
        )
        found: dict[str, list[str]] = defaultdict(list)
        for row in rows:
            for number in {*tuple(row)[:3]} - {None, ""}:
                found[number].append(row["arrived_at"])
        return found

    def set_aside(self, reading: int, reason: str, author: str, now: datetime) -> None:
        """Take a reading, and all earlier ones of its card, off the list.

        So are the readings of other cards of the same patient that led to a slip.

        Raises NoSuchAttempt if no reading has this id.
        """
        with self._database.transaction() as db:
            found = db.execute(
                "select number from attempt where id = ? and refines is null", [reading]
            ).fetchone()
            if found is None:
                raise NoSuchAttempt(str(reading))
            newest = self._attempts.newest_verdict_on(reading)
            numbers = numbers_of(newest.verdict) if newest else set()
            closed = close_slips(db, reading, numbers, now, author)
            db.execute(
                "insert or ignore into set_aside (reading, at, author, reason)"
                " select id, :at, :author, :reason from attempt"
                " where id = :reading or id in (select value from json_each(:closed))"
                " or (number = :number and refines is null and id < :reading"
                " and at >= :since)",
                {
                    "reading": reading,
                    "closed": json.dumps(closed),
                    "number": found["number"],
                    "at": to_utc_text(now),
                    "author": author,
                    "reason": reason,
                    "since": _since(now),
                },
            )


def _since(now: datetime) -> str:
    """Return from when on readings are listed, as it is stored."""
    return to_utc_text(min(clinic_midnight(now), now - WAITS_AT_MOST))


def _arrivals(numbers: Collection[str], at: str, visits: dict[str, list[str]]) -> list[str]:
    """Return the arrivals of a patient that finish a reading of the stored time `at`.

    They are those of the same day, and those that followed within WAITS_AT_MOST.
    """
    arrivals = [arrival for number in numbers for arrival in visits.get(number, ())]
    if not arrivals:
        return []
    read_at = from_utc_text(at)
    day, latest = day_begins(clinic_day(read_at)), to_utc_text(read_at + WAITS_AT_MOST)
    until = max(day_ends(clinic_day(read_at)), latest)
    return [arrival for arrival in arrivals if day <= arrival <= until]
