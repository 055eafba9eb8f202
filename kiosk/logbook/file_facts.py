"""What a logbook's file holds, read before the program opens it, and what is wrong with the file.

- Nothing is made, migrated or repaired here.  As with every reading, SQLite itself brings in what
  the file of the write-ahead log (`-wal`) holds.
- An error of SQLite is shown by its kind only (`SQLITE_CORRUPT`): its text may quote what is
  stored.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

import sqlite_utils

from kiosk.logbook.chain import LINKED_LATER
from kiosk.logbook.desk_migrations import MIGRATIONS
from kiosk.logbook.errors import LogbookDamaged, LogbookTooNew, LogbookUnavailable
from kiosk.logbook.linked_tables import LINKED_BY_CODE
from kiosk.logbook.times import day_begins, day_ends
from kiosk.runtime import sqlite
from kiosk.runtime.file_key import FileKey
from kiosk.runtime.program import program_version

TIMEOUT_S = 10.0
USES = ("demo", "site")
MAX_PROBLEMS = 100  # that a check of all pages counts
STEPS_BETWEEN_PAUSES = 20_000  # of SQLite's machine
PAUSE_S = 0.02


class LinkMark(NamedTuple):
    """A link of the logbook's chain: its number, and its hash in hexadecimal digits.

    The number 0, without a hash, stands for a logbook that has no link.
    """

    id: int
    hash: str


NO_LINK = LinkMark(0, "")


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a logbook's file says about itself."""

    instance: str  # of the logbook; empty: the file holds no logbook yet
    use: str  # "site" or "demo"; empty as above
    link: LinkMark  # the newest
    schema: str  # the newest step of the schema; empty: none
    is_current: bool  # the schema is the one of this program
    visits: int
    readings: int


def read_facts(path: Path, keys: Sequence[FileKey] = ()) -> FileFacts:
    """Return what a file says about itself; `keys` are those that it may have.

    Takes milliseconds, whatever the size of the file, except for the two counts, which are those
    of the newest rows.  The file must exist.

    Raises LogbookDamaged if it is no logbook that can be read, LogbookTooNew if a newer program
    wrote it, LogbookUnavailable if the disk or a lock is in the way, and FileKeyTrouble if no key
    opens it.
    """
    with file_opened(path, keys) as db:
        tables = {row[0] for row in db.execute("select name from sqlite_schema")}
        applied = _applied(db) if MIGRATIONS.migrations_table in tables else []
        known = known_steps()
        require_known_steps(applied, path)
        if "identity" not in tables:
            return FileFacts("", "", NO_LINK, "", False, 0, 0)
        instance, use = _identity(db, path)
        if set(applied) != set(known):
            _require_steps_to_fit(db, path)
        return FileFacts(
            instance=str(instance),
            use=str(use),
            link=_newest_link(db) if "link" in tables else NO_LINK,
            schema=max(applied, key=known.index, default=""),
            is_current=set(applied) == set(known),
            visits=_count(db, "select max(row) from visit"),
            readings=_count(db, "select max(id) from attempt"),
        )


def hash_at(path: Path, link: int, keys: Sequence[FileKey] = ()) -> str | None:
    """Return the hash of a link in a file, as hexadecimal digits. None if there is no such link.

    Raises the same errors as `read_facts`.
    """
    with file_opened(path, keys) as db:
        if not db.execute("select 1 from sqlite_schema where name = 'link'").fetchone():
            return None
        row = db.execute("select hash from link where id = ?", [link]).fetchone()
        return None if row is None else _hexadecimal(row[0])


def recorded_after(path: Path, link: int, keys: Sequence[FileKey] = ()) -> dict[str, int]:
    """Return how many links after `link` tell of each table, by the tables' names.

    Those that a migration made of older rows are not counted.  Raises the same errors as
    `read_facts`.
    """
    with file_opened(path, keys) as db:
        if not db.execute("select 1 from sqlite_schema where name = 'link'").fetchone():
            return {}
        sql = "select source, count(*) from link where id > ? and act != ? group by source"
        rows = db.execute(sql, [link, LINKED_LATER]).fetchall()
    names = {code: table.name for code, table in LINKED_BY_CODE.items()}
    return {names.get(code, f"table {code}"): count for code, count in rows}


def highest_number(path: Path, day: date, keys: Sequence[FileKey] = ()) -> int:
    """Return the highest number of all series of a day of the clinic; 0: no number was given.

    Numbers that a decision about the logbook skipped count as given.  Raises the same errors as
    `read_facts`.
    """
    with file_opened(path, keys) as db:
        tables = {row[0] for row in db.execute("select name from sqlite_schema")}
        highest = 0
        if "ticket" in tables:
            sql = "select max(number) from ticket where day = ?"
            highest = db.execute(sql, [day.isoformat()]).fetchone()[0] or 0
        if "logbook_decision" in tables:
            sql = "select max(numbers_from) - 1 from logbook_decision where at >= ? and at < ?"
            skipped = db.execute(sql, [day_begins(day), day_ends(day)]).fetchone()[0] or 0
            highest = max(highest, skipped)
        return int(highest)


def count_damage(
    path: Path, keys: Sequence[FileKey] = (), stop: threading.Event | None = None
) -> int:
    """Return how many faults SQLite finds in all pages of a file, at most 100.

    It is `integrity_check`: `quick_check` compares no index with its table, and SQLite 3.40 names
    faults in whole tables whose key stands in another order than their columns.

    It reads the whole file, slowly, so that a desk that works on it does not notice.  If `stop` is
    set meanwhile, it ends with LogbookUnavailable.  Raises the same errors as `read_facts`; a
    damage that ends the check is 1 fault.
    """
    with file_opened(path, keys) as db:
        go_slowly(db, stop)
        try:
            rows = db.execute(f"pragma integrity_check({MAX_PROBLEMS})").fetchall()
        except sqlite.errors() as exc:
            if sqlite.is_damaged_file(exc):
                return 1
            raise
    return 0 if [str(row[0]) for row in rows] == ["ok"] else len(rows)


@contextlib.contextmanager
def file_opened(path: Path, keys: Sequence[FileKey] = ()) -> Iterator[sqlite.Connection]:
    """Give a connection to a file, plain or with one of `keys`; the errors are the logbook's.

    Raises what `read_facts` raises.
    """
    try:
        key = sqlite.find_key(path, keys, TIMEOUT_S)
        with contextlib.closing(sqlite.connect(path, key, TIMEOUT_S)) as db:
            yield db
    except sqlite.errors() as exc:
        raise translated(exc, path) from exc


def translated(exc: Exception, path: Path) -> LogbookDamaged | LogbookUnavailable:
    """Return the logbook's error for one of SQLite. Its text shows only the kind."""
    if sqlite.is_damaged_file(exc):
        return LogbookDamaged(f"{path}: cannot be read as a logbook ({sqlite.kind_of(exc)})")
    return LogbookUnavailable(f"{path}: cannot be used just now ({sqlite.kind_of(exc)})")


def go_slowly(db: sqlite.Connection, stop: threading.Event | None = None) -> None:
    """Let the statements of a connection pause often, and end with an error if `stop` is set."""

    def pause() -> int:
        time.sleep(PAUSE_S)
        return int(stop is not None and stop.is_set())

    db.set_progress_handler(pause, STEPS_BETWEEN_PAUSES)


def known_steps() -> list[str]:
    """Return the names of the steps of the schema that this program knows, in their order."""
    return [step.name for step in MIGRATIONS._migrations]  # the library offers no other list


def require_known_steps(applied: Sequence[str], path: Path) -> None:
    """Raise LogbookTooNew if a file has a step of the schema that this program does not know.

    Raises LogbookDamaged if it lacks others: then its list of steps is damaged.
    """
    known = known_steps()
    unknown = [step for step in applied if step not in known]
    if unknown and set(known) - set(applied):  # a newer program has ours too
        raise LogbookDamaged(f"{path}: the list of the steps of its schema is damaged")
    if unknown:
        raise LogbookTooNew(
            f"{path}: a newer program wrote it: its schema has the step {unknown[-1]}, but this"
            f" program ({program_version()}) knows them up to {known[-1]}; install the newer"
            " program again, or restore a backup from before"
        )


def _identity(db: sqlite.Connection, path: Path) -> tuple[str, str]:
    """Return the instance of a logbook and its use; twice nothing if it was never used.

    Raises LogbookDamaged if they are lost, or no program has written them.
    """
    row = db.execute("select instance, use from identity").fetchone()
    if row is None:
        if _count(db, "select max(id) from attempt"):
            raise LogbookDamaged(f"{path}: has readings, but does not say which logbook it is")
        return "", ""
    instance, use = str(row[0]), str(row[1])
    if not instance or use not in USES:
        raise LogbookDamaged(f"{path}: does not say which logbook it is, and for which use")
    return instance, use


def _require_steps_to_fit(db: sqlite.Connection, path: Path) -> None:
    """Raise LogbookDamaged if the steps that a file lacks cannot be made on its schema.

    They are tried in memory, on its tables without rows.  A step fails if the file has had it, but
    its list of steps has lost it.
    """
    shadows = {row[1] for row in db.execute("pragma table_list") if row[2] == "shadow"}
    schema = db.execute(
        "select name, sql from sqlite_schema where sql is not null and name not like 'sqlite!_%'"
        " escape '!' order by rowid"
    ).fetchall()
    applied = db.execute(f"select * from {MIGRATIONS.migrations_table}").fetchall()
    with contextlib.closing(sqlite.connect(Path(":memory:"), named_rows=True)) as conn:
        for name, sql in schema:
            if name not in shadows:
                conn.execute(sql)
        marks = ", ".join("?" * len(applied[0])) if applied else ""
        conn.executemany(f"insert into {MIGRATIONS.migrations_table} values ({marks})", applied)
        try:
            MIGRATIONS.apply(sqlite_utils.Database(conn))
        except sqlite.errors() as exc:
            raise LogbookDamaged(
                f"{path}: the list of the steps of its schema does not fit its tables"
            ) from exc


def _applied(db: sqlite.Connection) -> list[str]:
    rows = db.execute(
        f"select name from {MIGRATIONS.migrations_table} where migration_set = ? order by rowid",
        [MIGRATIONS.name],
    )
    return [str(row[0]) for row in rows]


def _newest_link(db: sqlite.Connection) -> LinkMark:
    row = db.execute("select id, hash from link order by id desc limit 1").fetchone()
    return NO_LINK if row is None else LinkMark(int(row[0]), _hexadecimal(row[1]))


def _hexadecimal(value: bytes | str) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def _count(db: sqlite.Connection, sql: str) -> int:
    return int(db.execute(sql).fetchone()[0] or 0)
