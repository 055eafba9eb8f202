"""Breaches: events that exposed, lost or changed persons' data, and who was informed by when.

1.  The authority for the protection of personal data is informed within 72 hours (Luật 91/2025 Điều
    23; NĐ 356/2025 Điều 28–29).  A severe incident of the network gets a first word within 24 hours
    and a report within 72 (NĐ 331/2026 Điều 31).  The hours count from when it was noticed.
2.  An event that turned out to be none stays in the register, with its reason.
3.  Each change adds a version with its author; nothing is changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from kiosk.logbook import Database, from_utc_text, to_utc_text
from kiosk.privacy.errors import NoSuchBreach, NotTheSame

FIRST_WORD, REPORT = timedelta(hours=24), timedelta(hours=72)
MAX_LISTED = 500


class BreachState(StrEnum):
    """How far it is; the values are stored."""

    OPEN = "open"
    CLOSED = "closed"
    NO_BREACH = "no_breach"


@dataclass(frozen=True, slots=True)
class BreachFacts:
    """What is known of a breach. All times are aware. Texts may name people."""

    noticed_at: datetime
    what: str = field(repr=False)
    state: BreachState = BreachState.OPEN
    began_at: datetime | None = None
    data: str = field(default="", repr=False)  # which kinds of data
    people: int | None = None  # how many; None: not known
    cause: str = field(default="", repr=False)
    harm: str = field(default="", repr=False)
    measures: str = field(default="", repr=False)
    is_severe: bool = False
    contact: str = field(default="", repr=False)  # who answers for it
    first_word_at: datetime | None = None
    reported_at: datetime | None = None
    people_informed_at: datetime | None = None

    @property
    def first_word_by(self) -> datetime | None:
        """When the authority has to know of it; None if it is not severe."""
        return self.noticed_at + FIRST_WORD if self.is_severe else None

    @property
    def report_by(self) -> datetime:
        """When the authority has to have the report."""
        return self.noticed_at + REPORT

    def is_late(self, now: datetime) -> bool:
        """Return whether the authority should know by now, and does not."""
        if self.state is not BreachState.OPEN:
            return False
        first_by = self.first_word_by
        waits_for_word = first_by is not None and not (self.first_word_at or self.reported_at)
        return (self.reported_at is None and now >= self.report_by) or (
            waits_for_word and first_by is not None and now >= first_by
        )


@dataclass(frozen=True, slots=True)
class Breach:
    """One version of a breach."""

    id: int
    version: int
    facts: BreachFacts
    at: datetime
    author: str  # see `kiosk.logbook.author`


MOMENTS = ("noticed_at", "began_at", "first_word_at", "reported_at", "people_informed_at")
COLUMNS = tuple(each.name for each in fields(BreachFacts))


class Breaches:
    """The table `breach`.

    Methods that read raise LogbookUnavailable if the logbook cannot be read, methods that write
    raise NotRecorded if it cannot be written.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, facts: BreachFacts, now: datetime, author: str) -> int:
        """Record a breach; return its id."""
        with self._database.transaction() as db:
            row = db.execute("select coalesce(max(id), 0) + 1 from breach").fetchone()
            breach = Breach(int(row[0]), 1, facts, now, author)
            _insert(db, breach)
        return breach.id

    def change(self, seen: Breach, facts: BreachFacts, now: datetime, author: str) -> None:
        """Record what is known now. Raises NotTheSame if there is a newer version than `seen`."""
        with self._database.transaction() as db:
            [newest] = db.execute(
                "select max(version) from breach where id = ?", [seen.id]
            ).fetchone()
            if newest != seen.version:
                raise NotTheSame(f"breach {seen.id} has another version")
            version = seen.version + 1
            _insert(db, replace(seen, version=version, facts=facts, at=now, author=author))

    def get(self, breach_id: int) -> Breach:
        """Return a breach as it is now. Raises NoSuchBreach if none has this id."""
        versions = self.versions(breach_id)
        if not versions:
            raise NoSuchBreach(str(breach_id))
        return versions[-1]

    def versions(self, breach_id: int) -> list[Breach]:
        """Return all versions of a breach, oldest first."""
        rows = self._database.rows(
            "select * from breach where id = ? order by version", [breach_id]
        )
        return [_breach(row) for row in rows]

    def newest(self) -> list[Breach]:
        """Return the breaches as they are now: the open ones first, then the newest."""
        rows = self._database.rows(
            "select * from breach t where version ="
            " (select max(version) from breach n where n.id = t.id)"
            " order by state <> 'open', id desc limit ?",
            [MAX_LISTED],
        )
        return [_breach(row) for row in rows]

    def count_late(self, now: datetime) -> int:
        """Return of how many breaches the authority should know at `now`, and does not."""
        return sum(breach.facts.is_late(now) for breach in self.newest())


def _insert(db: Any, breach: Breach) -> None:
    values: dict[str, object] = {name: getattr(breach.facts, name) for name in COLUMNS}
    for name in MOMENTS:
        moment = values[name]
        values[name] = to_utc_text(moment) if isinstance(moment, datetime) else None
    values["is_severe"] = int(breach.facts.is_severe)
    values |= {
        "id": breach.id,
        "version": breach.version,
        "at": to_utc_text(breach.at),
        "author": breach.author,
    }
    db.execute(
        f"insert into breach ({', '.join(values)})"
        f" values ({', '.join(f':{name}' for name in values)})",
        values,
    )


def _breach(row: Any) -> Breach:
    values = {name: row[name] for name in COLUMNS}
    for name in MOMENTS:
        values[name] = from_utc_text(row[name]) if row[name] else None
    values |= {"state": BreachState(row["state"]), "is_severe": bool(row["is_severe"])}
    return Breach(
        row["id"],
        row["version"],
        BreachFacts(**values),
        from_utc_text(row["at"]),
        row["author"],
    )
