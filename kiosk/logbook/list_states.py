"""What this desk last had in common with the hub of each list that the desks share.

It is a copy: a desk without it compares its list with the hub's as on the first day.  It lies in
the logbook, because that may be encrypted and a list of staff holds citizen numbers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from kiosk.logbook.database import Database
from kiosk.logbook.times import from_utc_text, to_utc_text


@dataclass(frozen=True, slots=True)
class SharedListState:
    """What this desk has of a shared list. Entries are JSON, in their order."""

    kind: str  # rooms or staff
    version: int = 0  # of the hub's list; 0: none was taken over yet
    at: datetime | None = None  # when it was compared last with success; aware
    entries: Mapping[str, Any] = field(default_factory=dict, repr=False)
    # Entries of this desk that stay although the list has others: by key, this desk's entry.
    held: Mapping[str, Any] = field(default_factory=dict, repr=False)
    # What a person is to know: by key, why this desk's entry differs or its change was not taken.
    notes: Mapping[str, str] = field(default_factory=dict)


class SharedListStates:
    """The table `shared_list`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, kind: str) -> SharedListState:
        """Return the state of a list. Raises LogbookUnavailable if it cannot be read."""
        rows = self._database.rows("select * from shared_list where kind = ?", [kind])
        if not rows:
            return SharedListState(kind)
        [row] = rows
        return SharedListState(
            kind,
            row["version"],
            from_utc_text(row["at"]),
            dict(json.loads(row["entries"])),
            json.loads(row["held"]),
            json.loads(row["notes"]),
        )

    def write(self, state: SharedListState, now: datetime) -> SharedListState:
        """Keep the state of a list as of `now` (aware); return it. Raises NotRecorded."""
        with self._database.transaction() as db:
            db.execute(
                "insert into shared_list (kind, version, at, entries, held, notes)"
                " values (?, ?, ?, ?, ?, ?) on conflict (kind) do update set"
                " version = excluded.version, at = excluded.at, entries = excluded.entries,"
                " held = excluded.held, notes = excluded.notes",
                [
                    state.kind,
                    state.version,
                    to_utc_text(now),
                    json.dumps(list(state.entries.items()), ensure_ascii=False),
                    json.dumps(dict(state.held), ensure_ascii=False),
                    json.dumps(dict(state.notes), ensure_ascii=False),
                ],
            )
        return replace(state, at=now)
