"""The file `others.db`: what other desks have recorded yesterday and today, on this desk's disk.

1. The hub has all that it holds.  It may be deleted at any time, and is fetched again.
2. The rows and the cursors up to which they were fetched are written in one transaction: a crash
   loses both or neither.
3. A file that is damaged, of another format, of another facility or with another key is emptied.
4. It holds the numbers of people and where they were, but no names.  Where the logbook is
   encrypted, this file is too.  Deleted rows are overwritten.
"""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from kiosk.logbook import from_utc_text, to_utc_text
from kiosk.runtime import sqlite
from kiosk.runtime.file_key import FileKey

log = logging.getLogger(__name__)

FORMAT = 1  # `pragma user_version`; a file with another one is emptied
WAIT_S = 5.0  # for another process that holds the file, such as a copy being made
SCHEMA = (
    # facility, day, asked_at and skew_ms of MirrorLink
    "create table link (name text primary key, value text not null) strict, without rowid",
    "create table cursor (stream text primary key, at integer not null) strict, without rowid",
    """create table desk (
        id integer primary key,
        name text not null,
        seen_at text,             -- its last sign of life, by our clock, UTC
        complete_at text,         -- when all that it had recorded had come, by our clock, UTC
        skew_ms integer not null, -- the hub's clock minus the desk's
        retired integer not null
    ) strict""",
    """create table visit (
        id text primary key,
        day text not null,        -- as the desk that recorded it counts
        version integer not null,
        desk integer not null,
        arrived_at text not null, -- UTC, by the clock of that desk
        room text not null,
        ticket text not null,
        cancelled integer not null,
        numbers text not null     -- of the person, a JSON array
    ) strict, without rowid""",
    # our own visits that another desk has changed, until the logbook has the change too
    "create table ours (visit text primary key, version integer not null) strict, without rowid",
)
TABLES = ("link", "cursor", "desk", "visit", "ours")


@dataclass(frozen=True, slots=True)
class MirroredVisit:
    """A visit of another desk, as far as this desk keeps it."""

    id: str
    day: date
    version: int
    desk: int  # that recorded it
    arrived_at: datetime  # aware, by the clock of that desk
    room: str
    ticket: str  # as printed and called
    is_cancelled: bool
    numbers: tuple[str, ...] = field(repr=False)  # of the person, in all spellings


@dataclass(frozen=True, slots=True)
class MirroredDesk:
    """Another desk of the facility, and how the hub stands with it."""

    id: int
    name: str
    seen_at: datetime | None  # its last sign of life; aware, by our clock; None: never
    complete_at: datetime | None  # when all that it had recorded had come; aware, by our clock
    skew_ms: int = 0  # the hub's clock minus the desk's
    is_retired: bool = False


@dataclass(frozen=True, slots=True)
class MirrorLink:
    """How this desk stands with the hub."""

    facility: str
    day: date | None = None  # the newest one of which visits are kept; None: of none
    asked_at: datetime | None = None  # when the hub last answered; aware, by our clock
    skew_ms: int = 0  # the hub's clock minus ours


@dataclass(slots=True)
class MirrorRows:
    """All that the file holds.  `cursors` is None until the days have been fetched once."""

    link: MirrorLink
    cursors: dict[str, int] | None = None  # by stream: up to which all has been fetched
    desks: dict[int, MirroredDesk] = field(default_factory=dict)
    visits: dict[str, MirroredVisit] = field(default_factory=dict)
    ours: dict[str, int] = field(default_factory=dict)  # by visit: the version at the hub


@dataclass(frozen=True, slots=True)
class MirrorChange:
    """What one round of the lane changes.  What it does not name stays."""

    link: MirrorLink
    desks: Iterable[MirroredDesk] | None = None  # all of them
    visits: Iterable[MirroredVisit] = ()
    gone: Iterable[str] = ()  # ids of visits of earlier days
    cursors: Mapping[str, int] = field(default_factory=dict)
    ours: Mapping[str, int] = field(default_factory=dict)
    settled: Iterable[str] = ()  # own visits whose change the logbook has now


def troubles() -> tuple[type[Exception], ...]:
    """Return what the methods of OthersFile raise."""
    return (*sqlite.errors(), OSError)


class OthersFile:
    """One file.  One thread writes it; it is read when it is opened.

    Its methods raise one of `troubles()` if the disk does not do what it should.
    """

    def __init__(self, path: Path, key: FileKey | None = None) -> None:
        """`key` is that of the logbook; None: neither is encrypted."""
        self._path, self._key = path, key
        self._connection: sqlite.Connection | None = None

    def read(self, facility: str) -> MirrorRows:
        """Return what the file holds of a facility; nothing if it has to be fetched again."""
        if not self._path.exists():
            return MirrorRows(MirrorLink(facility))
        try:
            with contextlib.closing(self._open()) as db:
                found = _read_rows(db) if _is_usable(db) else None
        except sqlite.errors() as exc:
            if not sqlite.is_damaged_file(exc):
                raise
            found = None
        except (KeyError, TypeError, ValueError):  # not one of our values
            found = None
        if found is None or found.link.facility != facility:
            log.warning("%s cannot be used; it is fetched again from the hub", self._path.name)
            self.remove()
            return MirrorRows(MirrorLink(facility))
        return found

    def write(self, change: MirrorChange) -> None:
        """Write a change, in one transaction."""
        with self._transaction() as db:
            _write_change(db, change)

    def write_all(self, rows: MirrorRows) -> None:
        """Write the file from nothing, in one transaction."""
        with self._transaction() as db:
            for table in TABLES:
                db.execute(f"delete from {table}")
            change = MirrorChange(
                link=rows.link,
                desks=rows.desks.values(),
                visits=rows.visits.values(),
                cursors=rows.cursors or {},
                ours=rows.ours,
            )
            _write_change(db, change)

    def remove(self) -> None:
        """Delete the file with what SQLite keeps beside it."""
        self.close()
        for end in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + end).unlink(missing_ok=True)

    def close(self) -> None:
        """Close the connection; only the thread that writes may call."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> sqlite.Connection:
        connection = sqlite.connect(self._path, self._key, WAIT_S, named_rows=True)
        connection.execute("pragma synchronous = normal")  # what is lost is fetched again
        connection.execute("pragma secure_delete = on")
        return connection

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite.Connection]:
        if self._connection is None:
            self._connection = self._open()
            _create(self._connection)
        with self._connection:  # commits, or rolls back if something is raised
            self._connection.execute("begin immediate")
            yield self._connection


def _create(connection: sqlite.Connection) -> None:
    """Make the tables of a new file."""
    sqlite.use_write_ahead_log(connection, WAIT_S)
    with connection:
        connection.execute("begin immediate")
        if connection.execute("pragma user_version").fetchone()[0] != FORMAT:
            for statement in SCHEMA:
                connection.execute(statement)
            connection.execute(f"pragma user_version = {FORMAT}")


def _is_usable(connection: sqlite.Connection) -> bool:
    """Return whether a file has our format, and no page of it is damaged."""
    has_format = bool(connection.execute("pragma user_version").fetchone()[0] == FORMAT)
    return has_format and bool(connection.execute("pragma quick_check(1)").fetchone()[0] == "ok")


def _read_rows(connection: sqlite.Connection) -> MirrorRows:
    """Return all rows of a file. Raises KeyError, TypeError or ValueError if one is damaged."""
    link = {row["name"]: row["value"] for row in connection.execute("select * from link")}
    rows = MirrorRows(
        MirrorLink(
            link["facility"],
            date.fromisoformat(link["day"]) if link["day"] else None,
            _moment(link["asked_at"]),
            int(link["skew_ms"]),
        )
    )
    if rows.link.day is not None:
        cursors = connection.execute("select stream, at from cursor")
        rows.cursors = {row["stream"]: row["at"] for row in cursors}
    for row in connection.execute("select * from desk"):
        rows.desks[row["id"]] = MirroredDesk(
            row["id"],
            row["name"],
            _moment(row["seen_at"]),
            _moment(row["complete_at"]),
            row["skew_ms"],
            bool(row["retired"]),
        )
    for row in connection.execute("select * from visit"):
        rows.visits[row["id"]] = _visit(row)
    ours = connection.execute("select visit, version from ours")
    rows.ours = {row["visit"]: row["version"] for row in ours}
    return rows


def _moment(text: str | None) -> datetime | None:
    return from_utc_text(text) if text else None


def _visit(row: Any) -> MirroredVisit:
    return MirroredVisit(
        id=row["id"],
        day=date.fromisoformat(row["day"]),
        version=row["version"],
        desk=row["desk"],
        arrived_at=from_utc_text(row["arrived_at"]),
        room=row["room"],
        ticket=row["ticket"],
        is_cancelled=bool(row["cancelled"]),
        numbers=tuple(json.loads(row["numbers"])),
    )


def _write_change(connection: sqlite.Connection, change: MirrorChange) -> None:
    """Write a change; the caller commits."""
    link = change.link
    connection.executemany(
        "insert or replace into link (name, value) values (?, ?)",
        [
            ("facility", link.facility),
            ("day", link.day.isoformat() if link.day else ""),
            ("asked_at", to_utc_text(link.asked_at) if link.asked_at else ""),
            ("skew_ms", str(link.skew_ms)),
        ],
    )
    connection.executemany("delete from visit where id = ?", [[each] for each in change.gone])
    if change.desks is not None:
        connection.execute("delete from desk")
    connection.executemany(
        "insert into desk (id, name, seen_at, complete_at, skew_ms, retired)"
        " values (?, ?, ?, ?, ?, ?)",
        [
            (
                desk.id,
                desk.name,
                desk.seen_at and to_utc_text(desk.seen_at),
                desk.complete_at and to_utc_text(desk.complete_at),
                desk.skew_ms,
                int(desk.is_retired),
            )
            for desk in change.desks or ()
        ],
    )
    connection.executemany(
        "insert or replace into visit (id, day, version, desk, arrived_at, room, ticket,"
        " cancelled, numbers) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                visit.id,
                visit.day.isoformat(),
                visit.version,
                visit.desk,
                to_utc_text(visit.arrived_at),
                visit.room,
                visit.ticket,
                int(visit.is_cancelled),
                json.dumps(visit.numbers),
            )
            for visit in change.visits
        ],
    )
    connection.executemany("delete from ours where visit = ?", [[each] for each in change.settled])
    connection.executemany(
        "insert or replace into ours (visit, version) values (?, ?)", list(change.ours.items())
    )
    connection.executemany(
        "insert or replace into cursor (stream, at) values (?, ?)", list(change.cursors.items())
    )
