"""Visits of this desk that another desk has changed go into our logbook, by its ordinary door.

- Each version is taken in its turn, as the next one of the visit.
- What cannot be taken now (its message is being sent, the disk is full) is tried again after
  `AGAIN_AFTER`.
- What cannot be read at all is logged, and left: the hub keeps it.
- What was made of another version than ours is not taken: two desks went two ways.  The lane up
  finds that out, keeps both, and brings them together (`kiosk.hub.divergence`).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from kiosk.hub.connection import HubConnection
from kiosk.hub.down_statements import SELECT_VERSIONS
from kiosk.hub.journal import digest_of, outgoing_record
from kiosk.logbook import (
    AlreadySent,
    ChangedMeanwhile,
    ChangeElsewhere,
    ChangesElsewhere,
    KnownVersion,
    LogbookUnavailable,
    NoSuchVisit,
    NothingToChange,
    NotRecorded,
    StillSending,
    desk_author,
    from_utc_text,
    staff_in,
)

log = logging.getLogger(__name__)

AGAIN_AFTER = timedelta(seconds=5)
DAY_IN_ID = slice(6, 14)  # of a visit's id: 01999-20261125-…


class OwnVisits:
    """Takes over changes; the lane's thread uses it."""

    def __init__(self, changes: ChangesElsewhere) -> None:
        self._changes = changes
        self._tried: dict[str, tuple[int, datetime]] = {}  # by visit: for which version, and when

    def due(self, ours: Mapping[str, int], now: datetime) -> list[str]:
        """Return which of the changed visits to try now.  `ours` has the hub's version of each."""
        self._tried = {each: tried for each, tried in self._tried.items() if each in ours}
        return [
            visit_id
            for visit_id, version in ours.items()
            for tried in [self._tried.get(visit_id)]
            if tried is None or tried[0] != version or abs(now - tried[1]) >= AGAIN_AFTER
        ]

    def take_over(self, hub: HubConnection, visit_id: str, now: datetime) -> bool:
        """Take over what the hub has of a visit, beyond what the logbook has.

        Return whether that is settled; otherwise it is to be tried again.  Raises a HubError.
        """
        try:
            ours = self._changes.known(visit_id)
            if ours is None:  # it was deleted, or the logbook was restored and will get it back
                return True
            rows = self._versions(hub, visit_id, ours.version)
            self._tried[visit_id] = (rows[-1]["newest"] if rows else ours.version, now)
            if not rows or rows[0]["version"] != ours.version:
                return False  # the hub has lost what it had: the lanes up bring it again
            if _digest(ours) != bytes(rows[0]["digest"]).hex():
                return True
            all(self._take(visit_id, row, now) for row in rows[1:])
            return True  # also if one cannot be read: the next change is tried again
        except (StillSending, ChangedMeanwhile, NotRecorded, LogbookUnavailable) as exc:
            log.info("a change of another desk waits: %s", type(exc).__name__)
        except ValueError:
            log.error("visit %s was changed at another desk, and ours cannot be read", visit_id)
        return False

    @staticmethod
    def _versions(hub: HubConnection, visit_id: str, version: int) -> list[dict[str, Any]]:
        day = date.fromisoformat(visit_id[DAY_IN_ID])
        values = {"facility": hub.facility, "day": day, "visit": visit_id, "version": version}
        return hub.rows(SELECT_VERSIONS, values)

    def _take(self, visit_id: str, row: dict[str, Any], now: datetime) -> bool:
        """Take one version; return False if it cannot be read: then none after it can be taken."""
        record = row["record"]
        if not isinstance(record, dict):
            log.error("visit %s was changed at another desk, and the hub has no record", visit_id)
            return False
        cancelled_at = record.get("cancelled_at")
        try:
            self._changes.take(
                visit_id,
                ChangeElsewhere(
                    row["version"],
                    record,
                    from_utc_text(cancelled_at) if cancelled_at else None,
                    row["why"],
                    _author(row["author"], row["name"] or str(row["brought_by"])),
                ),
                now,
            )
        except (AlreadySent, NoSuchVisit, NothingToChange) as exc:
            log.warning("a change of visit %s is not taken: %s", visit_id, type(exc).__name__)
        except (AttributeError, KeyError, TypeError, ValueError) as exc:
            log.error("a change of visit %s cannot be read: %s", visit_id, type(exc).__name__)
            return False
        return True


def _digest(ours: KnownVersion) -> str:
    return digest_of(outgoing_record(ours.record, ours.cancelled_at))


def _author(author: str, desk: str) -> str:
    """Return who changed a visit at another desk, as our logbook keeps it.

    The number of a member of staff is one of the other desk's, so only the name is kept.
    """
    member = staff_in(author)
    return desk_author(f"{desk} ({member[1]})" if member else desk)
