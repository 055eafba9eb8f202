"""What goes up: entries of the logbook's journal as rows of the hub.

1.  A version goes up with its whole record, as JSON in one canonical form: sorted keys, no blanks.
    `jsonb` gives another text back than it took, so digests are of the canonical form.
2.  A record says `cancelled_at` too: the hub's rows are made from records alone.
3.  The digest leaves out the numbers that rows have in one logbook (LOCAL): a visit that was
    fetched back after a restore has others, and is the same visit.
4.  A version names the digest of the version before it (`parent`).  A change that was made of a
    version that the hub does not have is not taken for the next one (`kiosk.hub.lane_up`).
5.  Of a visit that is a state secret nothing goes up.  If it became one after it went up, what goes
    up is a row that says nothing of it any more (WITHHELD).
6.  A change that was made here to another desk's visit goes up as that visit's next version, with
    the desk that owns it (`owner`) and the digest of the version that it was made of.  What became
    of its message, its own desk says.
7.  With `[hub] records = "no"` no record goes up, and the digest is of what the hub's row holds
    (REDUCED).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from kiosk.logbook import (
    SYSTEM,
    ChangeMade,
    JournalEntry,
    JournalMark,
    MessageState,
    VisitChange,
    to_utc_text,
)

LOCAL = frozenset({"attempt", "verdict_of", "joined_by"})  # and `reading` of `how`
REDUCED = (
    *("facility", "arrived_at", "outcome", "reason", "person", "room", "care", "service_code"),
    "cancelled_at",
)
WITHHELD: Mapping[str, object] = {"secret": True}
# Of another desk's visit: less than anything that its own desk says.
NOT_KNOWN = MessageState(-1, "queued", None, None)
# The reasons of versions that bring two desks' versions together (`kiosk.hub.divergence`).
JOINED = "two desks corrected it at the same time: both corrections, joined by the program"
TAKEN = "two desks corrected it at the same time: that of the other desk came first"
# Why a row cannot even be sent.
UNREADABLE, NOT_TEXT, NO_RECORDS = "unreadable", "not_text", "no_records"


@dataclass(frozen=True, slots=True)
class UpRow:
    """An entry as the hub takes it: a version of a visit, or the state of its message alone."""

    seq: int
    visit: str
    version: int  # 0: only the state of the message
    values: dict[str, object] = field(repr=False)  # by the names of the hub's columns, as JSON


@dataclass(frozen=True, slots=True)
class UnsendableRow:
    """An entry that cannot be sent, and why: UNREADABLE, NOT_TEXT or NO_RECORDS."""

    seq: int
    visit: str  # empty: not even that can be read
    version: int
    why: str


@dataclass(frozen=True, slots=True)
class UpBatch:
    """Entries in the order of the journal, up to the mark `end`."""

    end: JournalMark
    rows: tuple[UpRow, ...]
    unsendable: tuple[UnsendableRow, ...]


def read_batch(entries: Sequence[JournalEntry], with_records: bool) -> UpBatch:
    """Return entries, at least one, as rows for the hub; those that say nothing are left out."""
    rows: list[UpRow] = []
    unsendable: list[UnsendableRow] = []
    for entry in entries:
        about = entry.made or entry.change
        if entry.is_damaged:
            unsendable.append(UnsendableRow(entry.mark.seq, "", 0, UNREADABLE))
        elif about is not None:
            values, why = _sendable(about, with_records)
            if why:
                unsendable.append(UnsendableRow(entry.mark.seq, about.visit, about.version, why))
            elif values is not None:
                rows.append(UpRow(entry.mark.seq, about.visit, about.version, values))
    return UpBatch(entries[-1].mark, tuple(rows), tuple(unsendable))


def _sendable(
    about: VisitChange | ChangeMade, with_records: bool
) -> tuple[dict[str, object] | None, str]:
    """Return the values of a row, and why it cannot be sent (empty: it can).

    Without values and without a reason nothing of it goes up.
    """
    try:
        if isinstance(about, VisitChange):
            return _values(about, with_records), ""
        # What a change at another desk is stands in its record alone.
        return (_values_of_made(about), "") if with_records else (None, NO_RECORDS)
    except UnicodeEncodeError:
        return None, NOT_TEXT
    except (KeyError, ValueError, TypeError, AttributeError):
        return None, UNREADABLE


def digest_of(record: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a record, as hexadecimal digits.

    Raises UnicodeEncodeError if it holds half of a character (a lone surrogate).
    """
    kept = {name: value for name, value in record.items() if name not in LOCAL}
    how = kept.get("how")
    if isinstance(how, dict):
        kept["how"] = {name: value for name, value in how.items() if name != "reading"}
    return sha256(canonical(kept).encode()).hexdigest()


def canonical(record: Mapping[str, Any]) -> str:
    """Return a record as the JSON of which digests are made."""
    return json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def outgoing_record(
    text: str, cancelled_at: str | None, with_records: bool = True
) -> dict[str, Any]:
    """Return what the digest of a version is made of, for a record of the logbook.

    Raises ValueError if that is damaged.
    """
    record = json.loads(text)
    if not isinstance(record, dict):
        raise ValueError("a record is a JSON object")
    if cancelled_at:
        record["cancelled_at"] = cancelled_at
    if record.get("secret"):
        return dict(WITHHELD)
    if not with_records:
        record = {name: record[name] for name in REDUCED if name in record}
    return record


def _values(change: VisitChange, with_records: bool) -> dict[str, object] | None:
    """Return the values of a row. None: nothing of the visit goes up."""
    state = _state_values(change.message)
    key: dict[str, object] = {"day": change.day, "visit": change.visit, "version": change.version}
    record = outgoing_record(change.record, change.cancelled_at, with_records)
    if not change.version:
        return None if record == WITHHELD else key | state
    before = _record_before(change, with_records)
    # The hub has another desk's version before a joined one, also if it has none of ours.
    if record == WITHHELD and before in (None, WITHHELD) and not _is_joined(change):
        return None
    # Of a version that was withheld the hub has nothing: the next one has no parent there.
    follows = before is not None and before != WITHHELD and not _is_joined(change)
    parent = digest_of(before) if before is not None and follows else None
    canonical(record).encode()  # what the digest leaves out is text as well
    return (
        key
        | state
        | {
            "parent": parent,
            "digest": digest_of(record),
            "arrived_at": change.arrived_at,
            "person": record.get("person", ""),
            "room": record.get("room", ""),
            "ticket": change.ticket if record != WITHHELD else "",
            "outcome": record.get("outcome", ""),
            "reason": record.get("reason", ""),
            "cancelled_at": change.cancelled_at,
            "written_at": change.written_at,
            "why": change.why if record != WITHHELD else "",
            "author": change.author or record.get("author", ""),
            "record": record if with_records and record != WITHHELD else None,
        }
    )


def _values_of_made(made: ChangeMade) -> dict[str, object]:
    """Return the values of a row about another desk's visit."""
    record = json.loads(made.record)
    canonical(record).encode()  # what the digest leaves out is text as well
    return {
        "day": _day_of(made.visit),
        "visit": made.visit,
        "version": made.version,
        "owner": made.owner,
        "parent": made.parent,
        "digest": digest_of(record),
        "arrived_at": record["arrived_at"],
        "person": record.get("person", ""),
        "room": record.get("room", ""),
        "ticket": made.ticket,
        "outcome": record.get("outcome", ""),
        "reason": record.get("reason", ""),
        "cancelled_at": record.get("cancelled_at"),
        "written_at": to_utc_text(made.at),
        "why": made.why,
        "author": made.author,
        "record": record,
    } | _state_values(NOT_KNOWN)


def _day_of(visit: str) -> str:
    """Return the day in a visit's id (`facility-yyyymmdd-…`), as ISO 8601."""
    digits = visit.split("-")[1]
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}"


def _is_joined(change: VisitChange) -> bool:
    """Return whether a version does not follow from the one before it in our logbook alone."""
    return change.author == SYSTEM and change.why in (JOINED, TAKEN)


def _record_before(change: VisitChange, with_records: bool) -> dict[str, Any] | None:
    """Return the record of the version before; None without one, or if it is damaged."""
    if change.record_before is None:
        return None
    try:
        record = outgoing_record(change.record_before, None, with_records)
        canonical(record).encode()
    except ValueError:  # half of a character (UnicodeEncodeError) is one too
        return None
    return record


def _state_values(message: MessageState) -> dict[str, object]:
    return {
        "state_seq": message.state_seq,
        "insurer_state": message.state,
        "insurer_code": message.code,
        "insurer_transaction": message.transaction,
    }
