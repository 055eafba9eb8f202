"""The insurer's remembered answers, on disk, by the number that was asked about.

The newest word wins, whatever order the answers come in.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import sqlite_utils

from verify.card import Card
from verify.contract import coverage_from_json, coverage_json
from verify.coverage import Coverage, Standing
from verify.errors import CacheUnreadable

log = logging.getLogger(__name__)

SCHEMA = """
create table if not exists coverage (
    number text primary key,  -- 15, 10 or 12 characters
    as_of text not null,      -- when the insurer said it, UTC, ISO 8601
    card_number text,         -- the card the word is about, where the insurer named it
    word text not null        -- the Coverage as JSON
) strict, without rowid
"""
READING_TIMEOUT_MS = 250  # a scan waits no longer for another's lock; the word is only missed
WRITING_TIMEOUT_MS = 10_000
CARD_LENGTH = 15  # of a number that names one card, not a person
REMEMBER = """
insert into coverage (number, as_of, card_number, word) values (?, ?, ?, ?)
on conflict (number) do update
set as_of = excluded.as_of, card_number = excluded.card_number, word = excluded.word
where excluded.as_of >= as_of or as_of > ?  -- said in the future: by a clock that was wrong
"""


class CoverageCache:
    """One file; every thread reads and writes through a connection of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        try:
            self._create()
        except CacheUnreadable as exc:
            self.close()
            if not exc.damaged:
                raise
            # All of it can be asked for again: a broken file is set aside, and kept to be seen.
            log.error("%s is damaged; it is set aside and begun anew", path.name)
            path.replace(path.with_suffix(".damaged"))
            self._create()

    def _create(self) -> None:
        with self._guarded() as db:
            db.execute(SCHEMA)
            db.execute("create index if not exists coverage_as_of on coverage (as_of)")
            db.conn.commit()

    def coverage_of(self, card: Card) -> Coverage | None:
        """Return the newest word on this card, or None; CacheUnreadable if that cannot be told.

        What was said of the person's ten digits counts where it was said of this very card, and
        what was said of a card counts for the ten digits that led to it.
        """
        with self._guarded() as db:
            rows = [_row(db, card.number)]
            led_to = rows[0] and rows[0].card_number
            if led_to not in (None, card.number) and len(card.number) != CARD_LENGTH:
                rows.append(_row(db, str(led_to)))
            person = card.insurance_number
            if person not in (None, card.number):
                row = _row(db, str(person))
                rows.append(row if row and row.card_number in (None, card.number) else None)
            newest = max((row for row in rows if row), key=lambda row: row.as_of, default=None)
            return newest and coverage_from_json(json.loads(newest.word))

    def remember(self, word: Coverage, now: datetime) -> None:
        """Keep a word under every number it is about; an older one never covers a newer.

        A word on a name or a birth date is about the question, not about the card: it is not
        kept, or one wrong name would be held against the card's true holder.
        """
        if word.standing in (Standing.NAME_DIFFERS, Standing.BIRTH_DIFFERS):
            return
        numbers = {word.number}
        if word.standing is Standing.IN_FORCE:
            numbers |= {n for n in (word.card_number, word.insurance_number) if n}
        body = json.dumps(coverage_json(word), ensure_ascii=False)
        as_of = word.as_of.astimezone(UTC).isoformat(timespec="microseconds")
        latest = now.astimezone(UTC).isoformat(timespec="microseconds")
        with self._guarded() as db, db.conn:
            db.execute(f"pragma busy_timeout = {WRITING_TIMEOUT_MS}")
            rows = [(number, as_of, word.card_number, body, latest) for number in sorted(numbers)]
            db.conn.executemany(REMEMBER, rows)
            db.execute(f"pragma busy_timeout = {READING_TIMEOUT_MS}")

    def newest_word(self) -> datetime | None:
        """Return when the insurer last said anything that is held here; None: never."""
        with self._guarded() as db:
            newest = db.conn.execute("select max(as_of) from coverage").fetchone()[0]
        return None if newest is None else datetime.fromisoformat(newest)

    def close(self) -> None:
        """Close the connection of the calling thread."""
        db = getattr(self._local, "db", None)
        if db is not None:
            db.conn.close()
            self._local.db = None

    def _guarded(self) -> _Guard:
        return _Guard(self)

    def _connect(self) -> sqlite_utils.Database:
        db = getattr(self._local, "db", None)
        if db is None:
            db = self._local.db = sqlite_utils.Database(sqlite3.connect(self._path))
            db.execute(f"pragma busy_timeout = {READING_TIMEOUT_MS}")
            db.execute("pragma journal_mode = wal")
            db.execute("pragma synchronous = normal")  # lost answers can be asked for again
        return db


class _Row(NamedTuple):
    """What is held under one number; the newest is the greatest."""

    as_of: str
    card_number: str | None
    word: str


def _row(db: sqlite_utils.Database, number: str) -> _Row | None:
    sql = "select as_of, card_number, word from coverage where number = ?"
    row = db.conn.execute(sql, [number]).fetchone()
    return row and _Row(*row)


class _Guard:
    """Lend the thread's connection; turn what SQLite and bad rows raise into ours."""

    def __init__(self, cache: CoverageCache) -> None:
        self._cache = cache

    def __enter__(self) -> sqlite_utils.Database:
        try:
            return self._cache._connect()
        except sqlite3.Error as exc:
            raise _unreadable(exc) from exc

    def __exit__(self, _type: object, exc: BaseException | None, _trace: object) -> None:
        if isinstance(exc, sqlite3.Error | ValueError | KeyError | TypeError):
            raise _unreadable(exc) from None  # a bad row's text is private


def _unreadable(exc: BaseException) -> CacheUnreadable:
    # SQLite says of a locked or full disk OperationalError, of a broken file its parent.
    return CacheUnreadable(type(exc).__name__, damaged=type(exc) is sqlite3.DatabaseError)
