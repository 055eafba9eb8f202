"""Suspicions that a card is misused, and whether the insurer was informed of them.

- Whoever misuses a card is reported to the insurer (NĐ 188/2025 Điều 12 khoản 4, NĐ 90/2026 Điều
  84).  A suspicion is no finding: it keeps nobody from being treated.
- It rests on a reading and on the verdict that was shown, which is never rewritten.
- Each change adds a version with its author; nothing is deleted.  A suspicion that turns out to be
  wrong is withdrawn with a reason.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlite_utils

from kiosk.logbook.attempts import Attempt
from kiosk.logbook.database import Database
from kiosk.logbook.errors import ChangedMeanwhile, NoSuchSuspicion, NothingToChange
from kiosk.logbook.times import from_utc_text, to_utc_text
from verify import Reason

MAX_SUSPICIONS = 500  # on one page


class Ground(StrEnum):
    """What a suspicion rests on; the values are stored."""

    FORGED = "forged"
    REVOKED = "revoked"
    NOT_LIVE = "not_live"  # a picture or an old screen in place of the holder's phone
    SHOWN_BEFORE = "shown_before"
    WITHDRAWN = "withdrawn"  # the insurer has withdrawn the card
    NAME_DIFFERS = "name_differs"
    BIRTH_DIFFERS = "birth_differs"
    SEX_DIFFERS = "sex_differs"
    OTHER_PERSON = "other_person"  # the patient does not look like the holder
    OTHER = "other"  # the note says what


class SuspicionState(StrEnum):
    """How far a suspicion is; the values are stored."""

    OPEN = "open"  # the insurer was not informed yet
    REPORTED = "reported"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class CardSuspicion:
    """One version of a suspicion. Texts may name people, so the repr leaves them out."""

    id: int
    version: int
    reading: int
    verdict_of: int  # the id of the verdict that it rests on
    ground: Ground
    note: str = field(repr=False)
    state: SuspicionState
    recipient: str = field(repr=False)  # who of the insurer was informed
    reported_at: datetime | None  # when the insurer was informed; aware
    way: str = field(repr=False)
    why: str = field(repr=False)  # of this version; empty for the first
    at: datetime  # aware
    author: str  # see `kiosk.logbook.author`
    visit: str | None = None  # the id of the visit that was confirmed on the reading


class Suspicions:
    """The table `suspicion`.

    All times are aware.  Methods that read raise LogbookUnavailable if the logbook cannot be
    read, methods that write raise NotRecorded if it cannot be written.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, attempt: Attempt, ground: Ground, note: str, now: datetime, author: str) -> int:
        """Record a suspicion on a reading, by the verdict `attempt`; return its id.

        If there is one on the same ground that was not withdrawn, its id is returned.
        """
        with self._database.transaction() as db:
            for known in _newest(db, "s.reading = ?", attempt.reading):
                if known.ground is ground and known.state is not SuspicionState.WITHDRAWN:
                    return known.id
            row = db.execute("select coalesce(max(id), 0) + 1 from suspicion").fetchone()
            suspicion = CardSuspicion(
                id=int(row[0]),
                version=1,
                reading=attempt.reading,
                verdict_of=attempt.id,
                ground=ground,
                note=note,
                state=SuspicionState.OPEN,
                recipient="",
                reported_at=None,
                way="",
                why="",
                at=now,
                author=author,
            )
            _insert(db, suspicion)
        return suspicion.id

    def report(
        self,
        suspicion: CardSuspicion,
        recipient: str,
        reported_at: datetime,
        way: str,
        now: datetime,
        author: str,
    ) -> None:
        """Record that the insurer was informed of a suspicion, given in its newest version.

        A suspicion that was reported may be reported again.  Raises ChangedMeanwhile if there is a
        newer version, or NothingToChange if it was withdrawn.
        """
        self._add_version(
            suspicion,
            replace(
                suspicion,
                state=SuspicionState.REPORTED,
                recipient=recipient,
                reported_at=reported_at,
                way=way,
                why="",
                at=now,
                author=author,
            ),
        )

    def withdraw(self, suspicion: CardSuspicion, why: str, now: datetime, author: str) -> None:
        """Record that a suspicion has turned out to be wrong.

        The errors are those of `report`.
        """
        withdrawn = replace(
            suspicion, state=SuspicionState.WITHDRAWN, why=why, at=now, author=author
        )
        self._add_version(suspicion, withdrawn)

    def _add_version(self, seen: CardSuspicion, after: CardSuspicion) -> None:
        with self._database.transaction() as db:
            newest = next(iter(_newest(db, "s.id = ?", seen.id)), None)
            if newest is None or newest.version != seen.version:
                raise ChangedMeanwhile(f"suspicion {seen.id} has another version")
            if newest.state is SuspicionState.WITHDRAWN:
                raise NothingToChange("the suspicion was withdrawn")
            _insert(db, replace(after, version=seen.version + 1))

    def get(self, suspicion_id: int) -> CardSuspicion:
        """Return a suspicion as it is now. Raises NoSuchSuspicion if none has this id."""
        versions = self.versions(suspicion_id)
        if not versions:
            raise NoSuchSuspicion(str(suspicion_id))
        return versions[-1]

    def versions(self, suspicion_id: int) -> list[CardSuspicion]:
        """Return all versions of a suspicion, oldest first."""
        rows = self._database.rows(f"{SELECT} where s.id = ? order by s.version", [suspicion_id])
        return [_suspicion(row) for row in rows]

    def newest(self, limit: int = MAX_SUSPICIONS) -> list[CardSuspicion]:
        """Return the suspicions as they are now, those not reported first, then newest first."""
        order = "order by s.state <> 'open', s.id desc limit ?"
        rows = self._database.rows(f"{SELECT} where {IS_NEWEST} {order}", [limit])
        return [_suspicion(row) for row in rows]

    def on_reading(self, reading: int) -> list[CardSuspicion]:
        """Return the suspicions on a reading as they are now, oldest first."""
        rows = self._database.rows(
            f"{SELECT} where {IS_NEWEST} and s.reading = ? order by s.id", [reading]
        )
        return [_suspicion(row) for row in rows]

    def count_open(self) -> int:
        """Return of how many suspicions the insurer was not informed yet."""
        rows = self._database.rows(
            f"select count(*) from suspicion s where {IS_NEWEST} and s.state = 'open'"
        )
        return int(rows[0][0])


SELECT = "select s.*, v.id as visit from suspicion s left join visit v on v.attempt = s.reading"
IS_NEWEST = "s.version = (select max(version) from suspicion where id = s.id)"
COLUMNS = (
    *("id", "version", "reading", "verdict_of", "ground", "note", "state", "recipient"),
    *("reported_at", "way", "why", "at", "author"),
)


def ground_of(reason: Reason) -> Ground:
    """Return the ground that a verdict suggests; OTHER if its reason is no sign of misuse."""
    return Ground(reason.value) if reason.value in set(Ground) else Ground.OTHER


def _newest(db: sqlite_utils.Database, where: str, *values: object) -> list[CardSuspicion]:
    rows = db.execute(f"{SELECT} where {IS_NEWEST} and {where}", values).fetchall()
    return [_suspicion(row) for row in rows]


def _insert(db: sqlite_utils.Database, suspicion: CardSuspicion) -> None:
    values = {name: getattr(suspicion, name) for name in COLUMNS}
    values["at"] = to_utc_text(suspicion.at)
    values["reported_at"] = suspicion.reported_at and to_utc_text(suspicion.reported_at)
    db.execute(
        f"insert into suspicion ({', '.join(COLUMNS)})"
        f" values ({', '.join(f':{name}' for name in COLUMNS)})",
        values,
    )


def _suspicion(row: Any) -> CardSuspicion:
    return CardSuspicion(
        id=row["id"],
        version=row["version"],
        reading=row["reading"],
        verdict_of=row["verdict_of"],
        ground=Ground(row["ground"]),
        note=row["note"],
        state=SuspicionState(row["state"]),
        recipient=row["recipient"],
        reported_at=from_utc_text(row["reported_at"]) if row["reported_at"] else None,
        way=row["way"],
        why=row["why"],
        at=from_utc_text(row["at"]),
        author=row["author"],
        visit=row["visit"],
    )
