"""Deletes what is older than its period, in small batches; called by the nightly job.

1.  A batch of BATCH rows is a transaction of its own, and the desk gets its turn between two.
2.  How many rows went is written down in the same transaction.  Nothing of them is repeated there.
3.  Nothing goes that still waits: for the insurer, for a person who corrects it, for an answer.
4.  Nothing goes unless a clock other than ours agrees with it: a clock that is years ahead must not
    delete the logbook.  A person may say instead that our clock is right.
5.  At the end the index of names is merged and the write-ahead log emptied: until then they hold
    old words and old contents of pages.
6.  A run stops after MAX_RUN_S; the next one goes on.
7.  A damaged row that cannot be deleted is passed over and named; the others go.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlite_utils

from kiosk.logbook import (
    Database,
    LogbookDamaged,
    LogbookUnavailable,
    NotRecorded,
    forget_old_words,
    from_utc_text,
    to_utc_text,
)
from kiosk.privacy.deletion import IDS, UNNEEDED, delete_readings, delete_visits
from kiosk.privacy.periods import RetentionKind, RetentionPeriod

log = logging.getLogger(__name__)

BATCH = 50  # rows in a transaction; 200 hold the desk up for 60 ms
PAUSE_S = 0.005  # between two batches
MAX_RUN_S = 600.0
MAX_COUNTED = 100_000  # rows past their period
MAX_DRIFT = timedelta(minutes=5)  # between our clock and another, to delete by ours

# The tables in which pages name a row that cannot be read.
TABLES = {RetentionKind.VISITS: "visit", RetentionKind.READINGS: "attempt"}

NOT_SENT = (
    "(exists (select 1 from outbox o where o.visit = v.id and o.state in ('queued', 'in_flight'))"
    " or exists (select 1 from newest_message n where n.visit = v.id"
    " and n.state in ('refused', 'parked')))"
)
SUSPECTED = "exists (select 1 from suspicion s where s.reading = v.attempt)"
NEWEST = "version = (select max(n.version) from {table} n where n.id = t.id)"


@dataclass(frozen=True, slots=True)
class _Rule:
    """How rows of a kind are found and deleted.

    `rows` selects `id` and `at` of all rows that are no waiting ones, `waiting` of those that wait;
    both in the order in which they were made.
    """

    rows: str
    delete: Callable[[sqlite_utils.Database, Sequence[int]], object]
    waiting: str = ""


def _deleting(*statements: str) -> Callable[[sqlite_utils.Database, Sequence[int]], None]:
    def delete(db: sqlite_utils.Database, ids: Sequence[int]) -> None:
        for statement in statements:
            db.execute(statement, {"ids": json.dumps(ids)})

    return delete


def _versioned(table: str, done: str) -> _Rule:
    """Return the rule of a table whose rows are versions; those that are `done` do not wait."""
    newest = f"select t.id, t.at from {table} t where {NEWEST.format(table=table)}"
    return _Rule(
        f"{newest} and t.state in ({done})",
        _deleting(f"delete from {table} where id in {IDS}"),
        f"{newest} and t.state not in ({done})",
    )


def _simple(table: str, more: str = "") -> _Rule:
    return _Rule(
        f"select id, at from {table} t where true{more}",
        _deleting(f"delete from {table} where id in {IDS}"),
    )


RULES: Mapping[RetentionKind, _Rule] = {
    RetentionKind.VISITS: _Rule(
        f"select v.row as id, v.arrived_at as at from visit v where not {NOT_SENT}"
        f" and not {SUSPECTED}",
        delete_visits,
        f"select v.row as id, v.arrived_at as at from visit v where {NOT_SENT} or {SUSPECTED}",
    ),
    RetentionKind.CHANGES_ELSEWHERE: _simple("change_elsewhere"),
    RetentionKind.READINGS: _Rule(
        f"select a.id, a.at from attempt a where {UNNEEDED}", delete_readings
    ),
    RetentionKind.LOOKUPS: _Rule(
        "select id, at from lookup",
        _deleting(
            f"delete from lookup_reading where lookup in {IDS}",
            f"delete from lookup where id in {IDS}",
        ),
    ),
    RetentionKind.ENQUIRIES: _simple(
        "lookup",
        " and t.visit is null"
        " and not exists (select 1 from lookup_reading r where r.lookup = t.id)",
    ),
    RetentionKind.SUSPICIONS: _versioned("suspicion", "'reported', 'withdrawn'"),
    RetentionKind.CONSENTS: _Rule(
        "select c.id, c.until as at from consent c where c.withdraws is null"
        " and not exists (select 1 from consent_value x where x.consent = c.id)",
        _deleting(
            f"delete from consent where withdraws in {IDS}",
            f"delete from consent where id in {IDS}",
        ),
    ),
    RetentionKind.LOOKS: _simple("access"),
    RetentionKind.SIGN_INS: _simple("sign_in"),
    RetentionKind.SESSIONS: _Rule(
        "select id, coalesce(ended_at, began_at) as at from staff_session",
        _deleting(
            f"delete from approval where session in {IDS}",
            f"delete from staff_session where id in {IDS}",
        ),
    ),
    RetentionKind.EXPORTS: _simple("export"),
    RetentionKind.REQUESTS: _versioned("person_request", "'done', 'refused'"),
    RetentionKind.BREACHES: _versioned("breach", "'closed', 'no_breach'"),
}


@dataclass(frozen=True, slots=True)
class RetentionState:
    """A kind of data as it is now. All times are aware."""

    period: RetentionPeriod
    oldest: datetime | None  # None: there is no row
    due: int  # rows past their period, at most MAX_COUNTED
    waits: int  # rows past their period that still wait
    purged_at: datetime | None  # when rows of the kind last went
    purged: int  # how many then


@dataclass(frozen=True, slots=True)
class PurgeResult:
    """What a run deleted."""

    deleted: dict[str, int] = field(default_factory=dict)  # by kind, of which any went
    waits: dict[str, int] = field(default_factory=dict)  # past their period, but still needed
    unfinished: tuple[str, ...] = ()  # kinds for which the time did not suffice
    trouble: str | None = None  # "clock": no clock agrees with ours; "logbook"; None: nothing
    is_overwritten: bool = True  # whether the write-ahead log could be emptied


class Purge:
    """Deletes what is too old. `periods` say how old that is."""

    def __init__(
        self,
        database: Database,
        periods: Iterable[RetentionPeriod],
        other_time: Callable[[], datetime | None] = lambda: None,
        pause: Callable[[], None] = lambda: time.sleep(PAUSE_S),
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """`other_time` returns what a clock other than ours shows now (aware; None: not known)."""
        self._database = database
        self._periods = list(periods)
        self._other_time = other_time
        self._pause = pause
        self._seconds = seconds
        self._passed_over = False  # a damaged row, in this run

    def run(self, now: datetime, author: str, is_clock_right: bool = False) -> PurgeResult:
        """Delete what is older than its period at `now` (aware); return what went.

        `is_clock_right`: a person vouches for our clock.
        """
        theirs = self._other_time()
        if not is_clock_right and (theirs is None or abs(theirs - now) > MAX_DRIFT):
            return PurgeResult(trouble="clock")
        self._passed_over = False
        ends_at = self._seconds() + MAX_RUN_S
        deleted: dict[str, int] = {}
        unfinished: list[str] = []
        try:
            for period in self._periods:
                before = period.before(now)
                if before is None:
                    continue
                count, is_done = self._purge(period.kind, before, now, author, ends_at)
                if count:
                    deleted[str(period.kind)] = count
                if not is_done:
                    unfinished.append(str(period.kind))
            waits = {
                str(state.period.kind): state.waits for state in self.states(now) if state.waits
            }
            forget_old_words(
                self._database
            )  # of visits that went, and of names that were corrected
            is_overwritten = self._database.empty_write_ahead_log()
        except (NotRecorded, LogbookUnavailable) as exc:
            log.error("what is too old could not be deleted: %s", exc)
            return PurgeResult(deleted, unfinished=tuple(unfinished), trouble="logbook")
        trouble = "logbook" if self._passed_over else None
        return PurgeResult(deleted, waits, tuple(unfinished), trouble, is_overwritten)

    def _purge(
        self, kind: RetentionKind, before: datetime, now: datetime, author: str, ends_at: float
    ) -> tuple[int, bool]:
        """Delete the rows of a kind; return how many, and whether all of them went."""
        after, count, purge, size, singly = 0, 0, 0, BATCH, 0
        while self._seconds() < ends_at:
            try:
                ids, purge = self._delete(kind, before, now, author, after, size, purge)
            except NotRecorded as exc:
                if not isinstance(exc.__cause__, LogbookDamaged):
                    raise
                if size > 1:  # one row of the batch is damaged: find it
                    size, singly = 1, BATCH
                    continue
                [after] = self._due(self._database.reading(), kind, before, after, 1)
                self._passed_over = True
                if kind in TABLES:
                    self._database.note_unreadable(TABLES[kind], after)
            else:
                if not ids:
                    return count, True
                count, after = count + len(ids), ids[-1]
            singly -= 1
            size = 1 if singly > 0 else BATCH
            self._pause()
        return count, False

    def _delete(
        self,
        kind: RetentionKind,
        before: datetime,
        now: datetime,
        author: str,
        after: int,
        size: int,
        purge: int,
    ) -> tuple[list[int], int]:
        """Delete the next rows in a transaction; return their ids, and that of the purge's row."""
        with self._database.transaction() as db:
            ids = self._due(db, kind, before, after, size)
            if ids:
                purge = purge or _begin(db, kind, before, now, author)
                RULES[kind].delete(db, ids)
                db.execute("update purge set deleted = deleted + ? where id = ?", [len(ids), purge])
        return ids, purge

    @staticmethod
    def _due(
        db: sqlite_utils.Database, kind: RetentionKind, before: datetime, after: int, size: int
    ) -> list[int]:
        rows = db.execute(
            f"select id from ({RULES[kind].rows}) where at < :before and id > :after"
            " order by id limit :limit",
            {"before": to_utc_text(before), "limit": size, "after": after},
        ).fetchall()
        return [int(row[0]) for row in rows]

    def states(self, now: datetime) -> list[RetentionState]:
        """Return each kind as it is at `now` (aware).

        Raises LogbookUnavailable if the logbook cannot be read.
        """
        return [self._state(period, now) for period in self._periods]

    def _state(self, period: RetentionPeriod, now: datetime) -> RetentionState:
        rule, before = RULES[period.kind], period.before(now)
        oldest = [
            row[0]
            for sql in filter(None, (rule.rows, rule.waiting))
            for row in self._database.rows(f"select at from ({sql}) order by id limit 1")
        ]
        last = self._database.rows(
            "select at, deleted from purge where kind = ? order by id desc limit 1", [period.kind]
        )
        return RetentionState(
            period=period,
            oldest=from_utc_text(min(oldest)) if oldest else None,
            due=self._count(rule.rows, before),
            waits=self._count(rule.waiting, before),
            purged_at=from_utc_text(last[0]["at"]) if last else None,
            purged=last[0]["deleted"] if last else 0,
        )

    def _count(self, sql: str, before: datetime | None) -> int:
        if not sql or before is None:
            return 0
        rows = self._database.rows(
            f"select count(*) from (select 1 from ({sql}) where at < ? limit {MAX_COUNTED})",
            [to_utc_text(before)],
        )
        return int(rows[0][0])


def _begin(
    db: sqlite_utils.Database, kind: RetentionKind, before: datetime, now: datetime, author: str
) -> int:
    """Write down that rows from before a moment are deleted; return the id of that row.

    The triggers of the file let those rows go from then on.
    """
    row = db.execute(
        "insert into purge (at, kind, before, deleted, author) values (?, ?, ?, 0, ?)",
        [to_utc_text(now), kind, to_utc_text(before), author],
    ).lastrowid
    return int(row or 0)
