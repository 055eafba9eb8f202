"""The insurer's remembered answers, on disk, by the number that was asked about.

The newest word wins, whatever order the answers come in.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path

import sqlite_utils

from verify.card import Card
from verify.contract import coverage_from_json, coverage_json
from verify.coverage import Coverage, Standing
from verify.errors import CacheUnreadable

SCHEMA = """
create table if not exists coverage (
    number text primary key,  -- 15, 10 or 12 characters
    as_of text not null,      -- when the insurer said it, UTC, ISO 8601
    word text not null        -- the Coverage as JSON
) strict, without rowid
"""
REMEMBER = """
insert into coverage (number, as_of, word) values (?, ?, ?)
on conflict (number) do update set as_of = excluded.as_of, word = excluded.word
where excluded.as_of >= as_of
"""


class CoverageCache:
    """One file; every thread reads and writes through a connection of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        with self._guarded() as db:
            db.execute(SCHEMA)
            db.execute("create index if not exists coverage_as_of on coverage (as_of)")
            db.conn.commit()

    def coverage_of(self, card: Card) -> Coverage | None:
        """Return the newest word on this card, or None; CacheUnreadable if that cannot be told."""
        word = self._word(card.number)
        if word is None and card.insurance_number not in (None, card.number):
            word = self._word(str(card.insurance_number))
            # A word on the person may be about another of their cards: then it is not for this one.
            if word is not None and word.card_number not in (None, card.number):
                return None
        return word

    def remember(self, word: Coverage) -> None:
        """Keep a word under every number it is about; an older one never covers a newer."""
        numbers = {word.number}
        if word.standing is Standing.IN_FORCE:
            numbers |= {n for n in (word.card_number, word.insurance_number) if n}
        body = json.dumps(coverage_json(word), ensure_ascii=False)
        as_of = word.as_of.astimezone(UTC).isoformat(timespec="microseconds")
        with self._guarded() as db, db.conn:
            db.conn.executemany(REMEMBER, [(number, as_of, body) for number in sorted(numbers)])

    def newest_word(self) -> datetime | None:
        """Return when the insurer last said anything that is held here; None: never."""
        with self._guarded() as db:
            newest = db.execute("select max(as_of) from coverage").fetchone()[0]
        return None if newest is None else datetime.fromisoformat(newest)

    def close(self) -> None:
        """Close the connection of the calling thread."""
        db = getattr(self._local, "db", None)
        if db is not None:
            db.conn.close()
            self._local.db = None

    def _word(self, number: str) -> Coverage | None:
        with self._guarded() as db:
            row = db.execute("select word from coverage where number = ?", [number]).fetchone()
            return None if row is None else coverage_from_json(json.loads(row[0]))

    def _guarded(self) -> _Guard:
        return _Guard(self)

    def _connect(self) -> sqlite_utils.Database:
        db = getattr(self._local, "db", None)
        if db is None:
            db = sqlite_utils.Database(sqlite3.connect(self._path, timeout=10))
            db.execute("pragma journal_mode = wal")
            db.execute("pragma synchronous = normal")  # lost answers can be asked for again
            self._local.db = db
        return db


class _Guard:
    """Lend the thread's connection; turn what SQLite and bad rows raise into ours."""

    def __init__(self, cache: CoverageCache) -> None:
        self._cache = cache

    def __enter__(self) -> sqlite_utils.Database:
        try:
            return self._cache._connect()
        except sqlite3.Error as exc:
            raise CacheUnreadable(type(exc).__name__) from exc

    def __exit__(self, _type: object, exc: BaseException | None, _trace: object) -> None:
        if isinstance(exc, sqlite3.Error | ValueError | KeyError | TypeError):
            raise CacheUnreadable(type(exc).__name__) from None  # a bad row's text is private
