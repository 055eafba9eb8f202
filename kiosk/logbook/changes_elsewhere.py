"""Changes to our visits that another desk of the facility has made.

They go through the same door as a correction at this desk:

1. A change is taken only as the next version of the visit: what it was made of is what we have.
2. The earlier record stays, with the reason and the author that the other desk wrote down.
3. A message that has changed is queued again.  This desk sends it: the visit is ours.
4. What rows are called in our own logbook (the reading, the verdict) stays ours.  Everything else
   of the record is kept as it came, also what a newer program has written into it: both desks have
   the same version, and the hub takes them for one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlite_utils

from kiosk.logbook.arrival_times import move_arrival
from kiosk.logbook.corrections import Corrections
from kiosk.logbook.errors import ChangedMeanwhile
from kiosk.logbook.fetched_visits import FetchedVisits, KnownVersion
from kiosk.logbook.visit import NewVisit, visit_from_record


@dataclass(frozen=True, slots=True)
class ChangeElsewhere:
    """A version of one of our visits that another desk has made."""

    version: int
    record: Mapping[str, Any] = field(repr=False)  # as `visit_record` writes it
    cancelled_at: datetime | None  # aware; None: it was not cancelled
    why: str = field(repr=False)
    author: str  # see `kiosk.logbook.author`


class ChangesElsewhere(Corrections):
    """Takes over what other desks have changed in visits of this logbook."""

    def known(self, visit_id: str) -> KnownVersion | None:
        """Return a visit as this logbook has it. None if it does not have it.

        Raises LogbookUnavailable if the logbook cannot be read.
        """
        return FetchedVisits(self._database, self._compose).known([visit_id]).get(visit_id)

    def take(self, visit_id: str, change: ChangeElsewhere, now: datetime) -> None:
        """Record a change that was made elsewhere.  `now` is aware.

        Raises:
        - NoSuchVisit if no visit has this id;
        - ChangedMeanwhile if the change is not the next version of the visit;
        - StillSending if the message of the visit is being sent: try again later;
        - AlreadySent if it becomes a state secret although the insurer has it;
        - NothingToChange if the visit was cancelled;
        - KeyError or ValueError if the record cannot be read;
        - NotRecorded and LogbookUnavailable.
        """
        if change.cancelled_at is not None:
            self.cancel(  # at the same moment, so that both desks have the same version
                visit_id,
                change.why,
                change.cancelled_at,
                change.author,
                lambda db: _require_next(db, visit_id, change),
            )
            return
        elsewhere = visit_from_record(json.dumps(change.record))
        with self._database.transaction() as db:
            visit, row = self._visit(db, visit_id)
            _require_next(db, visit_id, change)
            after = _with_own_rows(elsewhere, visit)
            if after.secret and not visit.secret:
                self._require_unanswered(db, visit_id)
            self._replace(db, row, visit, after, change.why, now, change.author)
            db.execute(
                "update visit set record = ? where id = ?",
                [_with_own_rows_in(change.record, visit), visit_id],
            )
            if after.arrived_at != visit.arrived_at:
                move_arrival(db, visit_id, visit.arrived_at, after.arrived_at, now)


def _require_next(db: sqlite_utils.Database, visit_id: str, change: ChangeElsewhere) -> None:
    """Raise ChangedMeanwhile unless a change is the next version of a visit."""
    row = db.execute("select version from visit where id = ?", [visit_id]).fetchone()
    if row is not None and row["version"] + 1 != change.version:
        raise ChangedMeanwhile(
            f"the visit has version {row['version']}, expected {change.version - 1}"
        )


def _with_own_rows_in(record: Mapping[str, Any], ours: NewVisit) -> str:
    """Return a record that came from elsewhere as this logbook keeps it."""
    own = {"attempt": ours.attempt, "verdict_of": ours.verdict_of, "joined_by": ours.joined_by}
    how = dict(record.get("how") or {}) | {"reading": ours.how.reading}
    kept = {
        **record,
        **own,
        "how": {name: value for name, value in how.items() if value is not None},
    }
    if ours.joined_by is None:
        del kept["joined_by"]
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def _with_own_rows(elsewhere: NewVisit, ours: NewVisit) -> NewVisit:
    """Return a visit with what our own logbook calls its rows."""
    return replace(
        elsewhere,
        attempt=ours.attempt,
        verdict_of=ours.verdict_of,
        joined_by=ours.joined_by,
        how=replace(elsewhere.how, reading=ours.how.reading),
    )
