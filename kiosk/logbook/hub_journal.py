"""The journal of changes for a hub: what of this logbook another place is to be sent.

1.  An entry is written in the transaction of the change itself, by triggers of the file
    (`kiosk.logbook.hub_schema`), so that numbers come without gaps in the order of commits.
2.  An entry says that a visit got a version, or that the state of its message changed (version 0).
    What is sent is read when it is sent: the record of that version, and the newest state.
3.  The mark of an entry is its number and the hash of a link of its transaction in the logbook's
    chain.  Two logbooks that went different ways never have the same mark: links are salted.
4.  Whoever sends keeps no position here.  The receiver says how far it has come.
5.  A visit that was deleted leaves its entries, which then say nothing.
6.  A change that was made here to a visit of another desk is an entry too (`ChangeMade`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlite_utils

from kiosk.logbook.chain import GENESIS
from kiosk.logbook.changes_made import ChangeMade
from kiosk.logbook.damaged_text import DamagedText
from kiosk.logbook.database import Database
from kiosk.logbook.errors import LogbookDamaged
from kiosk.logbook.hub_schema import FILL_HUB_JOURNAL
from kiosk.logbook.times import from_utc_text, to_utc_text

# `w` is the version of the entry if it is an earlier one, `p` the version before it, which says
# when and why it was replaced.  Columns that SQLite computes from a record are not read: it refuses
# a whole query over one damaged record.
SELECT_ENTRIES = """
select j.seq, j.version, l.hash, v.id, v.day, v.version as newest, v.arrived_at,
    case when j.version = v.version then v.cancelled_at end as cancelled_at,
    case when j.version = v.version then v.record else w.record end as record,
    case when j.version = 0 then v.record end as record_now,
    p.record as record_before, p.replaced_at, p.why, p.author as changed_by,
    (select t.label from ticket t where t.visit = v.id and t.state <> 'moved') as ticket,
    e.id as state_seq, e.state, e.code, e.transaction_code,
    j.elsewhere, c.id as made, c.at as made_at, c.author as made_by, c.visit as made_visit,
    c.owner, c.parent, c.ticket as made_ticket, c.person, c.why as made_why, c.record as made_record
from hub_journal j
left join change_elsewhere c on c.id = j.elsewhere
left join link l on l.id = j.link
left join visit v on v.row = j.visit
left join visit_version w on w.visit = v.id and w.version = j.version and w.version < v.version
left join visit_version p on p.visit = v.id and p.version = (
    select max(b.version) from visit_version b where b.visit = v.id and b.version < j.version)
left join outbox_event e on e.id = (
    select max(n.id) from outbox o join outbox_event n on n.outbox = o.id where o.visit = v.id)
where j.seq > ? order by j.seq limit ?
"""
SELECT_MARK = (
    "select j.seq, l.hash from hub_journal j left join link l on l.id = j.link where {} limit 1"
)


@dataclass(frozen=True, slots=True)
class JournalMark:
    """A place in the journal: the number of an entry (0: before the first), and its hash."""

    seq: int
    hash: bytes


NO_ENTRY = JournalMark(0, b"")


@dataclass(frozen=True, slots=True)
class MessageState:
    """What became of the newest message of a visit, by the newest event about it."""

    state_seq: int  # the id of that event, which grows within a logbook; 0: there is no message
    state: str  # one of MESSAGE_STATES; "not_sent": there is no message
    code: str | None
    transaction: str | None


@dataclass(frozen=True, slots=True)
class VisitChange:
    """A visit in one of its versions. Records are the logbook's JSON as it is stored."""

    visit: str  # its id
    day: str  # at the clinic, as it was printed; ISO 8601
    version: int  # 0: only the state of the message changed
    arrived_at: str  # as stored: UTC
    ticket: str  # what was printed; empty: it has none
    record: str = field(repr=False)
    record_before: str | None = field(repr=False)  # of the version before; None: none is known
    written_at: str  # when the version was made; as stored: UTC
    why: str = field(repr=False)
    author: str  # of the change; empty: the visit's own, or not written down
    cancelled_at: str | None
    message: MessageState


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One entry. `change` is None if the visit was deleted, or cannot be read (`is_damaged`).

    `made` is set instead if it is about a visit of another desk.
    """

    mark: JournalMark
    change: VisitChange | None = field(repr=False)
    is_damaged: bool = False
    made: ChangeMade | None = field(default=None, repr=False)


class HubJournal:
    """The tables `hub_begun` and `hub_journal`.

    Methods that read raise LogbookUnavailable if the logbook cannot be read; `begin` raises
    NotRecorded if it cannot be written.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, now: datetime) -> bool:
        """Write changes down from now on, and all earlier visits once; return whether it is new.

        `now` is aware.  A million visits take some seconds in one transaction.
        """
        if self.has_begun():
            return False
        with self._database.transaction() as db:
            if db.execute("select 1 from hub_begun").fetchone():
                return False
            db.execute("insert into hub_begun (begun_at) values (?)", [to_utc_text(now)])
            db.execute(FILL_HUB_JOURNAL)
        return True

    def has_begun(self) -> bool:
        """Return whether changes are written down."""
        return bool(self._database.rows("select 1 from hub_begun limit 1"))

    def newest(self) -> JournalMark:
        """Return the mark of the newest entry; NO_ENTRY if it is empty."""
        return self._mark("true order by j.seq desc") or NO_ENTRY

    def mark_at(self, seq: int) -> JournalMark | None:
        """Return the mark of an entry; NO_ENTRY for 0, None if there is no such entry."""
        return NO_ENTRY if seq == 0 else self._mark("j.seq = ?", seq)

    def after(self, seq: int, limit: int) -> list[JournalEntry]:
        """Return at most `limit` entries after a number, oldest first.

        All of them are of one moment.  An entry that cannot be read is marked as damaged.
        """
        try:
            rows = self._database.rows(SELECT_ENTRIES, [seq, limit])
        except LogbookDamaged:
            if limit == 1:
                return self._unreadable_after(seq)
            return self.after(seq, 1)  # one by one over the damage, so that the others go on
        return [_entry(row) for row in rows]

    def count_after(self, seq: int) -> int:
        """Return how many entries there are after a number."""
        return max(0, self.newest().seq - seq)

    def begins_at(self, seq: int) -> str | None:
        """Return when the first change after a number was committed, by our clock; None: none.

        As text in UTC.  Of visits that are older than the journal it is when the visit arrived.
        """
        rows = self._database.rows(
            "select strftime('%Y-%m-%dT%H:%M:%f+00:00', l.at / 1e6, 'unixepoch') from hub_journal j"
            " join link l on l.id = j.link where j.seq > ? order by j.seq limit 1",
            [seq],
        )
        return str(rows[0][0]) if rows else None

    def _mark(self, where: str, *values: object) -> JournalMark | None:
        rows = self._database.rows(SELECT_MARK.format(where), values)
        return JournalMark(int(rows[0][0]), bytes(rows[0][1] or GENESIS)) if rows else None

    def _unreadable_after(self, seq: int) -> list[JournalEntry]:
        mark = self._mark("j.seq > ? order by j.seq", seq)
        return [] if mark is None else [JournalEntry(mark, None, is_damaged=True)]


def raise_event_numbers(db: sqlite_utils.Database, at_least: int) -> None:
    """Let the next event of a message have a number above `at_least`, within a transaction.

    After a restore the numbers would begin again at those of events that are lost.
    """
    row = db.execute("select seq from sqlite_sequence where name = 'outbox_event'").fetchone()
    if row is None:
        db.execute("insert into sqlite_sequence values ('outbox_event', ?)", [at_least])
    elif row[0] < at_least:
        db.execute("update sqlite_sequence set seq = ? where name = 'outbox_event'", [at_least])


def _entry(row: Any) -> JournalEntry:
    mark = JournalMark(int(row["seq"]), bytes(row["hash"] or GENESIS))
    if row["elsewhere"] is not None:
        return _made_entry(mark, row)
    if row["id"] is None:
        return JournalEntry(mark, None)
    record = row["record"] if row["version"] else row["record_now"]
    if record is None or isinstance(record, DamagedText) or isinstance(row["id"], DamagedText):
        return JournalEntry(mark, None, is_damaged=True)
    before = row["record_before"]
    message = MessageState(
        state_seq=row["state_seq"] or 0,
        state=row["state"] or "not_sent",
        code=row["code"],
        transaction=row["transaction_code"],
    )
    change = VisitChange(
        visit=row["id"],
        day=row["day"],
        version=row["version"],
        arrived_at=row["arrived_at"],
        ticket=row["ticket"] or "",
        record=record,
        record_before=None if isinstance(before, DamagedText) else before,
        written_at=row["replaced_at"] or row["arrived_at"],
        why=row["why"] or "",
        author=row["changed_by"] or "",
        cancelled_at=row["cancelled_at"],
        message=message,
    )
    return JournalEntry(mark, change)


def _made_entry(mark: JournalMark, row: Any) -> JournalEntry:
    """Return an entry about a visit of another desk; it says nothing if the change was deleted."""
    if row["made"] is None:
        return JournalEntry(mark, None)
    texts = {
        "visit": row["made_visit"],
        "parent": row["parent"],
        "ticket": row["made_ticket"],
        "person": row["person"],
        "why": row["made_why"],
        "author": row["made_by"],
        "record": row["made_record"],
    }
    if any(isinstance(text, DamagedText) for text in texts.values()):
        return JournalEntry(mark, None, is_damaged=True)
    try:
        at = from_utc_text(row["made_at"])
    except ValueError:
        return JournalEntry(mark, None, is_damaged=True)
    made = ChangeMade(version=row["version"], owner=row["owner"], at=at, **texts)
    return JournalEntry(mark, None, made=made)
