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
    word text not null        -- the Coverage as JSON
) strict, without rowid
"""
READING_TIMEOUT_S = 0.25  # a scan waits no longer for another's lock; the word is only missed
WRITING_TIMEOUT_S = 10
CARD_LENGTH = 15  # of a number that names one card, not a person
REMEMBER = """
insert into coverage (number, as_of, word) values (?, ?, ?)
on conflict (number) do update set as_of = excluded.as_of, word = excluded.word
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
        words = [self._word(card.number)]
        person = card.insurance_number
        if person is not None and person != card.number:
            word = self._word(person)
            words.append(word if word and word.card_number in (None, card.number) else None)
        led_to = words[0].card_number if words[0] else None
        if led_to is not None and led_to != card.number and len(card.number) != CARD_LENGTH:
            words.append(self._word(led_to))
        return max((word for word in words if word), key=lambda word: word.as_of, default=None)

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
            db.execute(f"pragma busy_timeout = {1000 * WRITING_TIMEOUT_S}")
            rows = [(number, as_of, body, latest) for number in sorted(numbers)]
            db.conn.executemany(REMEMBER, rows)

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
            db.execute(f"pragma busy_timeout = {1000 * READING_TIMEOUT_S:.0f}")
            row = db.execute("select word from coverage where number = ?", [number]).fetchone()
            return None if row is None else coverage_from_json(json.loads(row[0]))

    def _guarded(self) -> _Guard:
        return _Guard(self)

    def _connect(self) -> sqlite_utils.Database:
        db = getattr(self._local, "db", None)
        if db is None:
            db = self._local.db = sqlite_utils.Database(sqlite3.connect(self._path))
            db.execute("pragma journal_mode = wal")
            db.execute("pragma synchronous = normal")  # lost answers can be asked for again
        return db


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
