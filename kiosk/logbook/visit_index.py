"""The index by which visits are found; written in the transaction that changes a visit.

1.  A visit has one row in `visit_search`, which the triggers of the file repeat in the index of
    words (FTS5).  A visit that is deleted takes its row along, whoever deletes it.
2.  Rows lie in the order of the arrivals: `place` is the second of the arrival, in sixteenths, or
    the next free place.  So results come in their order from the index, and no page sorts a year.
3.  The words are those of the name (`verify.name_words`), once without marks and once with them,
    and marks that begin with a section sign: room, author, outcome, birth and the like.  No name
    and no query can hold a section sign.
4.  A word that is deleted from an index of FTS5 stays in the file until its part of the index is
    merged (`kiosk.logbook.old_words`); each purge and erasure ends with that.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlite_utils

from kiosk.logbook.author import staff_in
from kiosk.logbook.room_names import room_key
from kiosk.logbook.times import from_utc_text
from verify import name_words

PLACES_PER_S = 16
MARK = "\u00a7"  # the section sign, before all that is no word of a name
ROOM, AUTHOR, OUTCOME, BORN = (f"{MARK}{letter}" for letter in "raob")
CANCELLED, NOT_SENT, FROM_PAPER = (f"{MARK}{letter}" for letter in "xnp")
UNMARKED = "0"  # before the words of a name that has no marks at all
MAX_NAME_WORDS = 40

# All of a visit that is indexed.
SELECT_INDEXED = """
select v.row, v.id, v.arrived_at, v.outcome, v.cancelled_at, v.record,
    exists (select 1 from outbox o where o.visit = v.id) as is_reported
from visit v
"""
FREE_PLACE = """
select case when exists (select 1 from visit_search where place = :place) then (
    select taken.place + 1 from visit_search taken where taken.place >= :place
    and not exists (select 1 from visit_search next where next.place = taken.place + 1)
    order by taken.place limit 1) else :place end
"""


def place_of(moment: datetime) -> int:
    """Return the first place of the visits that arrived in the second of a moment (aware)."""
    return int(moment.timestamp()) * PLACES_PER_S


def index_visit(db: sqlite_utils.Database, visit_id: str) -> None:
    """Index a visit as it is now, in the transaction that has just changed it."""
    row = db.execute(f"{SELECT_INDEXED} where v.id = ?", [visit_id]).fetchone()
    if row is None:
        return
    was_there = db.execute("delete from visit_search where visit = ?", [row["row"]]).rowcount
    _insert(db, row, is_new=not was_there)


def index_all(db: sqlite_utils.Database) -> None:
    """Index all visits, in a logbook whose index is empty."""
    # Row by row: a logbook of a million visits does not fit into memory.
    last = 0
    while True:
        rows = db.execute(
            f"{SELECT_INDEXED} where v.row > ? order by v.row limit 1000", [last]
        ).fetchall()
        if not rows:
            return
        for row in rows:
            _insert(db, _Named(row), is_new=True)
        last = _Named(rows[-1])["row"]


class _Named(dict[str, Any]):
    """A row of SELECT_INDEXED by its names: a migration may run on rows without names."""

    NAMES = ("row", "id", "arrived_at", "outcome", "cancelled_at", "record", "is_reported")

    def __init__(self, row: Any) -> None:
        super().__init__(zip(self.NAMES, tuple(row), strict=True))


def phone_digits(text: str) -> str:
    """Return the digits of a telephone number as they are compared: +84, 0084, +84 (0) are 0."""
    digits = "".join(sign for sign in text if sign.isascii() and sign.isdigit())
    national = digits.removeprefix("00")
    if not national.startswith("84") or len(national) < 10:
        return digits
    return f"0{national[2:].removeprefix('0')}"


def author_key(author: str) -> str:
    """Return what stays of an author when a member of staff gets another name."""
    member = staff_in(author)
    return f"staff {member[0]}" if member else author


def _insert(db: sqlite_utils.Database, row: Any, is_new: bool) -> None:
    record = _record(row["record"])
    first = place_of(from_utc_text(row["arrived_at"]))
    place = db.execute(FREE_PLACE, {"place": first}).fetchone()[0]
    arrival_phone = record.get("phone")
    phone = phone_digits(arrival_phone) if isinstance(arrival_phone, str) else ""
    db.execute(
        "insert into visit_search (place, visit, words, phone) values (?, ?, ?, ?)",
        [place, row["row"], " ".join(_words(db, row, record, is_new)), phone or None],
    )


def person_words(holder: str | None, born: str | None) -> Iterator[str]:
    """Yield the words by which a visit is found by a person's name and birth (ISO 8601)."""
    if holder is not None:
        yield from _name_words(holder)
    if born is not None:
        yield _born_word(born)


def _name_words(holder: str) -> Iterator[str]:
    words = name_words(holder)[:MAX_NAME_WORDS]
    has_marks = any(word.plain != word.marked for word in words)
    for word in words:
        yield word.plain
        if word.marked != word.plain:
            yield word.marked
        if not has_marks:
            yield f"{UNMARKED}{word.plain}"


def _born_word(born: str) -> str:
    return f"{BORN}{born.replace('-', '')}"


def _words(
    db: sqlite_utils.Database, row: Any, record: dict[str, Any], is_new: bool
) -> Iterator[str]:
    if isinstance(holder := record.get("holder"), str):
        yield from _name_words(holder)
    yield f"{OUTCOME}{row['outcome']}"
    if isinstance(born := record.get("born"), str):
        yield _born_word(born)
    if isinstance(room := record.get("room"), str) and room:
        yield f"{ROOM}{_value(db, 'room', room_key(room), room, is_new)}"
    if isinstance(author := record.get("author"), str) and author:
        yield f"{AUTHOR}{_value(db, 'author', author_key(author), author, is_new)}"
    if row["cancelled_at"]:
        yield CANCELLED
    if not row["is_reported"] or record.get("secret"):
        yield NOT_SENT
    if record.get("paper"):
        yield FROM_PAPER


def _value(db: sqlite_utils.Database, kind: str, key: str, label: str, is_newest: bool) -> int:
    """Return the id of a room or an author; `is_newest`: `label` is its newest name."""
    found = db.execute(
        "select id, label from search_value where kind = ? and key = ?", [kind, key]
    ).fetchone()
    if found is not None:
        if is_newest and found[1] != label:
            db.execute("update search_value set label = ? where id = ?", [label, found[0]])
        return int(found[0])
    row = db.execute(
        "insert into search_value (kind, key, label) values (?, ?, ?)", [kind, key, label]
    ).lastrowid
    return int(row or 0)


def _record(text: str) -> dict[str, Any]:
    """Return the record of a visit; an empty one if it is damaged: its day still finds it."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
