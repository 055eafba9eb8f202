"""The insurer's remembered answers, by the number that was asked about.

They rest in a file and are read from memory: a scan waits for no disk.  The newest word wins,
whatever order the answers come in.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import sqlite_utils

from verify.card import Card
from verify.contract import coverage_from_json, coverage_json
from verify.coverage import OF_THE_QUESTION, Coverage, Recollection, Standing
from verify.errors import CacheUnreadable
from verify.write_ahead import use_write_ahead_log

log = logging.getLogger(__name__)

SCHEMA = """
create table if not exists word (
    number text primary key,  -- 15, 10 or 12 characters
    as_of text not null,      -- when the insurer said it, UTC, ISO 8601
    card_number text,         -- the card the word is about, where the insurer named it
    coverage text not null,   -- the Coverage as JSON
    change integer not null   -- the later a row was written, the greater
) strict, without rowid
"""
INDEXES = (
    "create index if not exists word_as_of on word (as_of)",
    "create index if not exists word_change on word (change)",
)
CHANGED = "select number, as_of, card_number, coverage, change from word where change > ?"
REMEMBER = """
insert into word (number, as_of, card_number, coverage, change)
values (?, ?, ?, ?, (select ifnull(max(change), 0) + 1 from word))
on conflict (number) do update
set as_of = excluded.as_of, card_number = excluded.card_number, coverage = excluded.coverage,
    change = excluded.change
where excluded.as_of >= as_of or as_of > ?  -- said in the future: by a clock that was wrong
"""
READING_TIMEOUT_MS = 250  # a scan waits no longer for another's lock; the word is only missed
WRITING_TIMEOUT_MS = 10_000
LOOK_EVERY_S = 1.0  # for what another process has written
KEPT = timedelta(days=60)  # older words decide nothing, and hold names
CARD_LENGTH = 15  # of a number that names one card, not a person


class _Row(NamedTuple):
    """What is held under one number."""

    as_of: str
    card_number: str | None
    word: Coverage | None  # None: it cannot be read


class CoverageCache:
    """One file; every thread reads and writes through a connection of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._lock = threading.Lock()  # of what follows
        self._rows: dict[str, _Row] = {}
        self._change = 0  # up to which the rows are here
        self._newest: datetime | None = None
        self._look_at = 0.0  # monotonic
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
        with _Guard(self) as db, db.conn:
            db.execute(f"pragma busy_timeout = {WRITING_TIMEOUT_MS}")
            for statement in (SCHEMA, *INDEXES, "drop table if exists coverage"):  # the older form
                db.execute(statement)
            db.execute(f"pragma busy_timeout = {READING_TIMEOUT_MS}")

    def recall(self, card: Card) -> Recollection:
        """Return the newest word on this card; CacheUnreadable if that cannot be told.

        What was said of the person's ten digits counts where it was said of this very card, and
        what was said of a card counts for the ten digits that led to it.
        """
        self._look()
        shown = self._rows.get(card.number)
        rows = [shown] if shown else []
        if shown and shown.card_number != card.number and len(card.number) != CARD_LENGTH:
            led_to = self._rows.get(shown.card_number or "")
            rows += [led_to] if led_to else []
        person = card.insurance_number
        if person not in (None, card.number):
            row = self._rows.get(person or "")
            rows += [row] if row and row.card_number in (None, card.number) else []
        newest = max(rows, key=lambda row: row.as_of, default=None)
        if newest is not None and newest.word is None:
            raise CacheUnreadable("a damaged row")
        return Recollection(newest and newest.word, self._newest)

    def _look(self) -> None:
        """Bring in what has been written since the last look."""
        if time.monotonic() < self._look_at:
            return
        with self._lock, _Guard(self) as db:
            look_at = time.monotonic() + LOOK_EVERY_S
            changed = db.conn.execute(CHANGED, [self._change]).fetchall()
            for number, as_of, card_number, coverage, change in changed:
                self._rows[number] = _Row(as_of, card_number, _coverage(coverage))
                self._change = max(self._change, change)
            self._newest = _newest(db)
            self._look_at = look_at

    def remember(self, word: Coverage, now: datetime) -> None:
        """Keep a word under every number it is about; an older one never covers a newer.

        A word on a name or a birth date is about the question, not about the card: it is not
        kept, or one wrong name would be held against the card's true holder.
        """
        if word.standing in OF_THE_QUESTION:
            return
        numbers = {word.number}
        if word.standing is Standing.IN_FORCE:
            numbers |= {n for n in (word.card_number, word.insurance_number) if n}
        body = json.dumps(coverage_json(word), ensure_ascii=False)
        as_of, latest, oldest = (_text(moment) for moment in (word.as_of, now, now - KEPT))
        with _Guard(self) as db, db.conn:
            db.execute(f"pragma busy_timeout = {WRITING_TIMEOUT_MS}")
            for number in sorted(numbers):
                db.conn.execute(REMEMBER, (number, as_of, word.card_number, body, latest))
            db.conn.execute("delete from word where as_of < ?", [oldest])
            db.execute(f"pragma busy_timeout = {READING_TIMEOUT_MS}")
        with self._lock:  # a look that is under way may have missed it
            self._look_at = 0.0

    def newest_word(self) -> datetime | None:
        """Return when the insurer last said anything that is held here; None: never."""
        self._look()
        return self._newest

    def close(self) -> None:
        """Close the connection of the calling thread."""
        db = getattr(self._local, "db", None)
        if db is not None:
            db.conn.close()
            self._local.db = None

    def _connect(self) -> sqlite_utils.Database:
        db = getattr(self._local, "db", None)
        if db is None:
            db = self._local.db = sqlite_utils.Database(sqlite3.connect(self._path))
            db.execute(f"pragma busy_timeout = {READING_TIMEOUT_MS}")
            use_write_ahead_log(db.conn, WRITING_TIMEOUT_MS / 1000)
            db.execute("pragma synchronous = normal")  # lost answers can be asked for again
        return db


def _coverage(text: str) -> Coverage | None:
    try:
        return coverage_from_json(json.loads(text))
    except (ValueError, KeyError, TypeError):
        log.error("a remembered word is damaged")
        return None


def _newest(db: sqlite_utils.Database) -> datetime | None:
    newest = db.conn.execute("select max(as_of) from word").fetchone()[0]
    return None if newest is None else datetime.fromisoformat(newest)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


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
