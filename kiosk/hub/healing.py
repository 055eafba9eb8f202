"""Healing: what a restored logbook lacks is fetched back from the hub, before anything is sent.

1.  All visits that this desk has recorded are compared with the logbook, the newest days first.
2.  A visit that only the hub has is written back, with all its versions.
3.  A visit of which the hub has newer versions follows, if the version that the logbook has is one
    of the hub's.  Otherwise the two went different ways: our version goes up, and is divergent
    there, for a person.
4.  A message that the hub knows to be settled is settled here: the insurer does not get it twice.
5.  Then events get numbers above those that the hub knows, and the outbox is free again.

A visit that was deleted here stays deleted: its entry is in our journal still, and says nothing.

Everything can be done again: what was written back is there the next time.  What the hub has
without a record (`[hub] records = "no"`, or a state secret) cannot be written back; it is counted.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from kiosk.hub.connection import HubConnection
from kiosk.hub.journal import digest_of, outgoing_record
from kiosk.logbook import (
    FetchedVersion,
    FetchedVisits,
    KnownVersion,
    MessageState,
    to_utc_text,
)

log = logging.getLogger(__name__)

PAGE = 500  # visits that are compared at a time
LAST_KEY = (date(9999, 12, 31), "~")  # behind all keys

SELECT_OWN = """
select v.day, v.id, v.version, v.ticket, v.state_seq, v.insurer_state, v.insurer_code,
    v.insurer_transaction, v.desk, w.digest, w.desk as brought_by,
    case when exists (select 1 from hub.stream s where s.facility = v.facility and s.id = v.stream
        and s.desk = v.desk) then v.seq end as seq
from hub.visit v left join hub.visit_version w on w.facility = v.facility and w.day = v.day
    and w.visit = v.id and w.version = v.version
where v.facility = %(facility)s and v.desk = %(desk)s and (v.day, v.id) < (%(day)s, %(id)s)
order by v.day desc, v.id desc limit %(limit)s
"""
SELECT_VERSIONS = """
select version, digest, written_at, why, author, record::text as record, cancelled_at, newest
from hub.own where day = %(day)s and visit = %(id)s order by version
"""


@dataclass(slots=True)
class Healed:
    """What was done. Counts are of visits."""

    compared: int = 0
    written_back: int = 0
    followed: int = 0
    settled: int = 0  # messages that would have been sent twice
    divergent: int = 0  # that went different ways; a person chooses
    deleted: int = 0  # that were deleted here, by a period or on request
    without_record: int = 0  # that only the hub has, and cannot give back


class Healing:
    """Brings the logbook of this desk together with what the hub has of it."""

    def __init__(
        self, visits: FetchedVisits, clock: Callable[[], datetime], with_records: bool = True
    ) -> None:
        self._visits, self._clock, self._with_records = visits, clock, with_records

    def run(self, hub: HubConnection, stop: threading.Event) -> Healed | None:
        """Compare and write back; None if `stop` was set before the end.

        Raises what the hub raises, NotRecorded and LogbookUnavailable.
        """
        done, highest = Healed(), 0
        for rows in _pages(hub):
            if stop.is_set():
                return None
            known = self._visits.known([row["id"] for row in rows])
            deleted = self._visits.deleted([row["seq"] for row in rows if row["seq"] is not None])
            for row in rows:
                done.compared += 1
                highest = max(highest, row["state_seq"])
                if row["id"] not in known and row["seq"] in deleted:
                    done.deleted += 1
                    continue
                try:
                    self._heal(hub, row, known.get(row["id"]), done)
                except (KeyError, ValueError, TypeError, AttributeError) as exc:
                    log.error("%s: its record cannot be read (%s)", row["id"], type(exc).__name__)
                    done.without_record += 1
        self._visits.raise_event_numbers(highest)
        return done

    def _heal(
        self, hub: HubConnection, row: dict[str, Any], mine: KnownVersion | None, done: Healed
    ) -> None:
        message = _state(row)
        if mine is not None and row["version"] <= mine.version:
            is_divergent = row["version"] == mine.version and self._digest(mine) != _hex(row)
            done.divergent += is_divergent
            if mine.state in ("queued", "in_flight"):
                self._visits.settle(row["id"], message, self._clock())
                done.settled += message.state not in ("queued", "in_flight", "not_sent")
            return
        found = hub.rows(SELECT_VERSIONS, {"day": row["day"], "id": row["id"]})
        if not found or any(each["record"] is None for each in found):
            done.without_record += 1
            return
        versions = [_fetched(each) for each in found]
        if mine is None:
            self._visits.add(
                row["id"],
                row["day"].isoformat(),
                row["ticket"],
                versions,
                message,
                self._clock(),
            )
            done.written_back += 1
            return
        same = next((each for each in found if each["version"] == mine.version), None)
        if same is None or _hex(same) != self._digest(mine):
            done.divergent += 1
        elif self._visits.follow(row["id"], mine.version, versions, message, self._clock()):
            done.followed += 1

    def _digest(self, mine: KnownVersion) -> str:
        return digest_of(outgoing_record(mine.record, mine.cancelled_at, self._with_records))


def _pages(hub: HubConnection) -> Iterator[list[dict[str, Any]]]:
    """Yield the visits that this desk has recorded, the newest first."""
    day, last = LAST_KEY
    while True:
        values = {
            "facility": hub.facility,
            "desk": hub.desk,
            "day": day,
            "id": last,
            "limit": PAGE,
        }
        rows = hub.rows(SELECT_OWN, values)
        if not rows:
            return
        yield rows
        day, last = rows[-1]["day"], rows[-1]["id"]


def _state(row: dict[str, Any]) -> MessageState:
    """Return what is known of the message of the version that the hub has.

    If another desk made that version, the hub's state may be that of an earlier one: this desk
    had perhaps not seen the change yet.  Then it is sent, rather twice than never.
    """
    if row["brought_by"] not in (None, row["desk"]):
        return MessageState(row["state_seq"], "queued", None, None)
    return MessageState(
        row["state_seq"], row["insurer_state"], row["insurer_code"], row["insurer_transaction"]
    )


def _fetched(row: dict[str, Any]) -> FetchedVersion:
    cancelled_at = json.loads(row["record"]).get("cancelled_at")
    return FetchedVersion(
        version=row["version"],
        record=row["record"],
        written_at=to_utc_text(row["written_at"]),
        why=row["why"],
        author=row["author"],
        cancelled_at=cancelled_at,
    )


def _hex(row: dict[str, Any]) -> str:
    return bytes(row["digest"] or b"").hex()
