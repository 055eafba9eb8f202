"""Group commit: rows that wait at the same time are written in one transaction.

The largest part of a small transaction is the flush to disk, and one flush can serve many rows.

1.  A thread that wants to insert a row queues it.  If no thread is writing, it becomes the leader:
    it writes all rows that wait, its own among them, and the other threads sleep.  Rows that come
    in meanwhile are the next group.  Nobody waits for a group to grow: a row that comes alone is
    written at once.
2.  Each row ends as if it were written alone.  A row that SQLite refuses is undone up to its
    savepoint, and only its thread gets the error.
3.  If the transaction of a group is lost, because the disk is full or broken, each of its rows is
    tried again in a transaction of its own.
4.  A row counts as not recorded until its commit has succeeded, which means that it is on disk.
    Whatever ends a leader, no thread is left waiting, and none takes a row for recorded that
    is not.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

import sqlite_utils

from kiosk.logbook.database import Database, guarded
from kiosk.logbook.errors import LogbookUnavailable, NotRecorded


def _not_committed() -> Exception:
    return NotRecorded("the thread that was writing the row has ended")


def _held_lock() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


@dataclass(slots=True, eq=False)
class _Row:
    """A row that a thread wants to insert, and what has become of it."""

    statement: str
    values: dict[str, Any]
    row_id: int | None = None
    refusal: Exception | None = None  # why SQLite refused it, if the group is committed
    error: Exception | None = field(default_factory=_not_committed)  # what its thread gets
    leads: bool = False  # its thread writes the rows that wait
    asleep: threading.Lock = field(default_factory=_held_lock)  # released to wake its thread

    def insert(self, db: sqlite_utils.Database) -> None:
        """Insert the row within an open transaction, or undo it and keep the reason.

        Raises NotRecorded if SQLite has given up the whole transaction.
        """
        self.row_id = self.refusal = None
        db.execute("savepoint one_row")
        try:
            with guarded():
                cursor = db.execute(self.statement, self.values)
            self.row_id = cursor.lastrowid if cursor.rowcount else None
        except Exception as exc:  # it is raised in the thread whose row it is
            self.refusal = NotRecorded(str(exc)) if isinstance(exc, LogbookUnavailable) else exc
            if not db.conn.in_transaction:
                raise NotRecorded(str(self.refusal)) from exc
            db.execute("rollback to one_row")
        db.execute("release one_row")


class GroupCommit:
    """Inserts the rows of many threads into one logbook.  Any thread may call."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()  # of what follows; it is held for moments only
        self._waiting: list[_Row] = []
        self._has_leader = False

    def insert(self, statement: str, values: dict[str, Any]) -> int | None:
        """Execute an `insert` of one row; return the row's id. It is on disk when this returns.

        Returns None if the statement inserted nothing, because a condition in it does not hold.

        Raises NotRecorded if SQLite cannot write the row, and the error of Python (for instance
        OverflowError) if a value cannot be passed to SQLite.  Neither concerns any other row.
        """
        row, group = _Row(statement, values), list[_Row]()
        try:
            with self._lock:
                self._waiting.append(row)
                if not self._has_leader:
                    self._has_leader = row.leads = True
            if not row.leads:
                row.asleep.acquire()  # until the row is written, or its thread is to lead
            if row.leads:
                self._write_together(group)
        except BaseException:  # whatever ends the wait, the row must not be made the leader
            self._withdraw(row)
            raise
        finally:
            if row.leads:
                self._end_lead(group)
        if row.error is not None:
            raise row.error
        return row.row_id

    def _withdraw(self, row: _Row) -> None:
        """Forget a row whose thread does not wait any more, so that it is not made the leader."""
        with self._lock:
            self._waiting = [other for other in self._waiting if other is not row]

    def _end_lead(self, group: list[_Row]) -> None:
        """Let the next group be written, and the threads of this one go on."""
        with self._lock:
            self._has_leader = bool(self._waiting)
            if self._waiting:
                self._waiting[0].leads = True
                self._waiting[0].asleep.release()
        for row in group:
            row.asleep.release()

    def _move_waiting(self, group: list[_Row]) -> None:
        with self._lock:
            group += self._waiting
            self._waiting = []

    def _write_together(self, group: list[_Row]) -> None:
        """Write all rows that wait, in one transaction; put them into `group` first.

        Rows that come in until the transaction begins are written too.
        """
        self._move_waiting(group)
        has_begun = False
        try:
            with self._database.transaction() as db:
                has_begun = True
                self._move_waiting(group)
                for row in group:
                    row.insert(db)
        except NotRecorded as exc:
            if has_begun and len(group) > 1:
                for row in group:
                    self._write_alone(row)
            else:
                for row in group:
                    row.error = NotRecorded(str(exc))
        else:
            for row in group:
                row.error = row.refusal

    def _write_alone(self, row: _Row) -> None:
        try:
            with self._database.transaction() as db:
                row.insert(db)
        except NotRecorded as exc:
            row.error = exc
        else:
            row.error = row.refusal
