"""Outages: times in which visits could not be recorded or sent, and who was informed of them.

- An outage excuses a delay if the insurer is informed at once and the visits are sent afterwards
  (TT 48/2017 Điều 8).  Deadlines grow by the portal's own downtime (TT 12/2026 Điều 2 khoản 4).
- The program suggests outages that it noticed.  Only a person confirms, changes or dismisses them.
- Each change is a version with its author.  Nothing is changed or deleted.
- Outages may overlap and may have no end yet.  Whoever adds them up unites them first
  (`verify.united`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlite_utils

from kiosk.logbook.author import SYSTEM
from kiosk.logbook.database import Database
from kiosk.logbook.errors import (
    ChangedMeanwhile,
    NoSuchOutage,
    NothingToChange,
    OutageKnown,
    WrongOutage,
)
from kiosk.logbook.times import from_utc_text, to_utc_text

MAX_AGE = timedelta(days=366)  # an outage that began earlier has no deadline left to change
CLOCK_TOLERANCE = timedelta(minutes=5)  # of two machines at one clinic
MAX_NOTICE = timedelta(days=31)  # a planned outage is announced before it begins
MAX_OUTAGES = 500  # that are listed


class OutageSource(StrEnum):
    """What failed; the values are stored."""

    POWER = "power"
    LINE = "line"  # the Internet connection
    PORTAL = "portal"  # the insurer's
    PROGRAM = "program"  # or the machine it runs on
    CLOCK = "clock"  # of the machine


class OutageState(StrEnum):
    """Whether a person has looked at an outage; the values are stored."""

    SUGGESTED = "suggested"  # by the program
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"  # a person said that it was none


# An outage of these makes deadlines later; of the first two only if the insurer was informed.
EXCUSED_IF_REPORTED = (OutageSource.POWER, OutageSource.LINE)
EXCUSED = OutageSource.PORTAL


@dataclass(frozen=True, slots=True)
class OutageReport:
    """Who was informed of an outage, when, and by which way; all empty if nobody was."""

    to: str = ""
    at: datetime | None = None  # aware
    by: str = ""


@dataclass(frozen=True, slots=True)
class NewOutage:
    """What a person writes about an outage, or the program when it noticed one."""

    source: OutageSource
    begins_at: datetime  # aware
    ends_at: datetime | None = None  # aware; None: it still lasts
    report: OutageReport = OutageReport()
    note: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage(NewOutage):
    """One version of an outage in the logbook; the newest one unless it is in a history."""

    id: int
    version: int
    state: OutageState
    at: datetime  # when this version was written; aware
    author: str  # see `kiosk.logbook.author`
    noticed: str  # how the program noticed it; empty: a person wrote it

    @property
    def makes_later(self) -> bool:
        """Whether deadlines that ran during it are later by as long as it lasted."""
        if self.state is not OutageState.CONFIRMED:
            return False
        was_reported = self.report.at is not None and self.source in EXCUSED_IF_REPORTED
        return self.source is EXCUSED or was_reported


SELECT_NEWEST = """
select o.* from outage_version o where o.version = (
    select max(version) from outage_version newer where newer.outage = o.outage)
"""


class Outages:
    """The table `outage_version`.

    All times are aware.  Methods that read raise LogbookUnavailable if the logbook cannot be read,
    methods that write raise NotRecorded if it cannot be written.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def newest(self) -> list[Outage]:
        """Return the newest version of each outage, the one that began last first."""
        rows = self._database.rows(
            f"{SELECT_NEWEST} order by o.begins_at desc, o.outage desc limit ?", [MAX_OUTAGES]
        )
        return [_outage(row) for row in rows]

    def confirmed_at(self, moment: datetime) -> list[Outage]:
        """Return the outages that a person confirmed and that last at `moment`, oldest first."""
        rows = self._database.rows(
            f"{SELECT_NEWEST} and o.state = 'confirmed' and o.begins_at <= :moment"
            " and (o.ends_at is null or o.ends_at >= :moment)"
            " order by o.begins_at, o.outage limit :limit",
            {"moment": to_utc_text(moment), "limit": MAX_OUTAGES},
        )
        return [_outage(row) for row in rows]

    def versions(self, outage: int) -> list[Outage]:
        """Return all versions of an outage, oldest first; empty if no outage has this id."""
        rows = self._database.rows(
            "select * from outage_version where outage = ? order by version", [outage]
        )
        return [_outage(row) for row in rows]

    def count_suggested(self) -> int:
        """Return how many outages the program suggested and nobody has looked at yet."""
        rows = self._database.rows(
            f"select count(*) from ({SELECT_NEWEST} and o.state = 'suggested')"
        )
        return int(rows[0][0])

    def add(self, outage: NewOutage, now: datetime, author: str) -> int:
        """Record an outage that a person writes down; return its id.

        Raises WrongOutage if its times cannot be, and OutageKnown if it is written down already.
        """
        _check_times(outage, now)
        with self._database.transaction() as db:
            _check_new(db, outage)
            return _insert(db, outage, OutageState.CONFIRMED, now, author, "")

    def suggest(self, outage: NewOutage, noticed: str, now: datetime) -> int | None:
        """Record an outage that the program noticed; return its id.

        `noticed` names what was noticed, by kind and moment ("gateway 2026-11-25T03:00"): the same
        thing is suggested once, and nothing that overlaps an outage of the same kind.  Returns
        None, and writes nothing, if it is known already.
        """
        kind = noticed.partition(" ")[0]
        begin, end = to_utc_text(outage.begins_at), to_utc_text(outage.ends_at or now)
        with self._database.transaction() as db:
            known = db.execute(
                "select 1 from outage_version where version = 1 and noticed = ?", [noticed]
            ).fetchone()
            overlapping = db.execute(
                f"{SELECT_NEWEST} and o.noticed like ? || ' %' and o.begins_at <= ?"
                " and (o.ends_at is null or o.ends_at >= ?) limit 1",
                [kind, end, begin],
            ).fetchone()
            if known or overlapping:
                return None
            return _insert(db, outage, OutageState.SUGGESTED, now, SYSTEM, noticed)

    def end_suggestion(self, outage: int, ends_at: datetime, now: datetime) -> None:
        """Record when an outage ended that the program noticed, unless it has an end already."""
        with self._database.transaction() as db:
            current = _newest(db, outage)
            if current.ends_at is None and current.noticed and ends_at >= current.begins_at:
                _insert_version(db, replace(current, ends_at=ends_at), current.state, now, SYSTEM)

    def open_noticed(self, kind: str) -> list[Outage]:
        """Return the outages of a kind that the program noticed and that have no end yet.

        Those that a person dismissed are left out.
        """
        rows = self._database.rows(
            f"{SELECT_NEWEST} and o.noticed like ? || ' %' and o.ends_at is null"
            " and o.state <> 'dismissed'",
            [kind],
        )
        return [_outage(row) for row in rows]

    def confirm(
        self, outage: int, content: NewOutage, version: int, now: datetime, author: str
    ) -> None:
        """Record that a person confirms an outage, with what they corrected in it.

        `version` is the one that the person looked at.

        Raises:
        - NoSuchOutage if no outage has this id;
        - ChangedMeanwhile if it has another version;
        - NothingToChange if it is confirmed and already says this;
        - WrongOutage if its times cannot be;
        - OutageKnown if another outage of this kind began then.
        """
        _check_times(content, now)
        with self._database.transaction() as db:
            current = _current(db, outage, version)
            if current.state is OutageState.CONFIRMED and _content(current) == content:
                raise NothingToChange("the outage is confirmed and already says this")
            _check_new(db, content, outage)
            changed = _with_content(current, content)
            _insert_version(db, changed, OutageState.CONFIRMED, now, author)

    def dismiss(self, outage: int, version: int, now: datetime, author: str) -> None:
        """Record that a person says that there was no such outage.

        Raises NoSuchOutage, ChangedMeanwhile, or NothingToChange if it is dismissed already.
        """
        with self._database.transaction() as db:
            current = _current(db, outage, version)
            if current.state is OutageState.DISMISSED:
                raise NothingToChange("the outage is dismissed already")
            _insert_version(db, current, OutageState.DISMISSED, now, author)


def _check_times(outage: NewOutage, now: datetime) -> None:
    """Raise WrongOutage, naming the field, if the times of an outage cannot be."""
    latest = now + CLOCK_TOLERANCE
    if outage.begins_at > latest:
        raise WrongOutage("begins_at", "it lies in the future")
    if outage.begins_at < now - MAX_AGE:
        raise WrongOutage("begins_at", "it is more than a year ago")
    if outage.ends_at is not None and outage.ends_at > latest:
        raise WrongOutage("ends_at", "it lies in the future; leave it empty while it lasts")
    if outage.ends_at is not None and outage.ends_at < outage.begins_at:
        raise WrongOutage("ends_at", "it lies before the begin")
    if outage.report.at is not None and outage.report.at > latest:
        raise WrongOutage("reported_at", "it lies in the future")
    if outage.report.at is not None and outage.report.at < outage.begins_at - MAX_NOTICE:
        raise WrongOutage("reported_at", "it lies long before the begin")
    if (outage.report.at is None) != (not outage.report.to):
        missing = "reported_at" if outage.report.at is None else "reported_to"
        raise WrongOutage(missing, "who was informed and when belong together")


def _check_new(db: sqlite_utils.Database, content: NewOutage, except_for: int = 0) -> None:
    """Raise OutageKnown if an outage of this kind and begin is written down.

    Those that were dismissed do not count, nor does the outage `except_for`.
    """
    known = db.execute(
        f"{SELECT_NEWEST} and o.source = ? and o.begins_at = ? and o.state <> 'dismissed'"
        " and o.outage <> ? order by o.outage limit 1",
        [content.source, to_utc_text(content.begins_at), except_for],
    ).fetchone()
    if known is not None:
        raise OutageKnown(int(known["outage"]))


def _content(outage: Outage) -> NewOutage:
    return NewOutage(outage.source, outage.begins_at, outage.ends_at, outage.report, outage.note)


def _with_content(outage: Outage, content: NewOutage) -> Outage:
    return replace(
        outage,
        source=content.source,
        begins_at=content.begins_at,
        ends_at=content.ends_at,
        report=content.report,
        note=content.note,
    )


def _newest(db: sqlite_utils.Database, outage: int) -> Outage:
    row = db.execute(f"{SELECT_NEWEST} and o.outage = ?", [outage]).fetchone()
    if row is None:
        raise NoSuchOutage(str(outage))
    return _outage(row)


def _current(db: sqlite_utils.Database, outage: int, version: int) -> Outage:
    current = _newest(db, outage)
    if current.version != version:
        raise ChangedMeanwhile(f"the outage has version {current.version}, expected {version}")
    return current


def _insert(
    db: sqlite_utils.Database,
    outage: NewOutage,
    state: OutageState,
    now: datetime,
    author: str,
    noticed: str,
) -> int:
    new_id = db.execute("select coalesce(max(outage), 0) + 1 from outage_version").fetchone()[0]
    first = Outage(
        source=outage.source,
        begins_at=outage.begins_at,
        ends_at=outage.ends_at,
        report=outage.report,
        note=outage.note,
        id=int(new_id),
        version=0,
        state=state,
        at=now,
        author=author,
        noticed=noticed,
    )
    _insert_version(db, first, state, now, author)
    return first.id


def _insert_version(
    db: sqlite_utils.Database, outage: Outage, state: OutageState, now: datetime, author: str
) -> None:
    """Add a version with the content of `outage` behind its version."""
    values = {
        "outage": outage.id,
        "version": outage.version + 1,
        "at": to_utc_text(now),
        "author": author,
        "state": state,
        "source": outage.source,
        "begins_at": to_utc_text(outage.begins_at),
        "ends_at": outage.ends_at and to_utc_text(outage.ends_at),
        "reported_to": outage.report.to,
        "reported_at": outage.report.at and to_utc_text(outage.report.at),
        "reported_by": outage.report.by,
        "note": outage.note,
        "noticed": outage.noticed,
    }
    db.execute(
        f"insert into outage_version ({', '.join(values)})"
        f" values ({', '.join(f':{name}' for name in values)})",
        values,
    )


def _outage(row: Any) -> Outage:
    return Outage(
        source=OutageSource(row["source"]),
        begins_at=from_utc_text(row["begins_at"]),
        ends_at=from_utc_text(row["ends_at"]) if row["ends_at"] else None,
        report=OutageReport(
            row["reported_to"],
            from_utc_text(row["reported_at"]) if row["reported_at"] else None,
            row["reported_by"],
        ),
        note=row["note"],
        id=row["outage"],
        version=row["version"],
        state=OutageState(row["state"]),
        at=from_utc_text(row["at"]),
        author=row["author"],
        noticed=row["noticed"],
    )
