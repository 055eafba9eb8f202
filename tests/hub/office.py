"""The office of schedules: it changes and cancels visits that desks have recorded.

It stands in for people at another desk, who do it on a page (`tests.hub.elsewhere`):
the schedules draw what is changed, and when it goes up.  It keeps a journal, and brings it by the
statements of the lane up, under its rules.
"""

from __future__ import annotations

import hashlib
import random
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

from kiosk.hub import HubConnection, HubError, Watchdog
from kiosk.hub.journal import UpBatch, UpRow, digest_of
from kiosk.hub.lane_up import LaneUp
from kiosk.hub.timelines import TimelineGuard
from kiosk.hub.up_statements import BEGIN_STREAM, LOCK_STREAM, MOVE_ACK
from tests.hub.cluster import FACILITY, HubDatabase

OFFICE = 4
ROOMS = ("Phòng khám 1", "Phòng khám 2")
Version = tuple[str, int, str]  # a visit, a version, the digest of its record


class Office:
    """A desk that changes visits of others: its journal lies in memory and is never lost."""

    def __init__(self, hub: HubDatabase, watchdog: Watchdog, now: Callable[[], datetime]) -> None:
        self.hub, self.watchdog, self.now = hub, watchdog, now
        self.account = hub.add_desk(OFFICE)
        self.guard = TimelineGuard()
        self.stream = str(uuid.uuid4())
        self.journal: list[UpRow] = []
        self.made: set[Version] = set()
        self._lane = LaneUp(None, None, now, True, "office")  # type: ignore[arg-type]

    def change(self, chance: random.Random) -> bool:
        """Change or cancel a visit of a desk, as it stands at the hub; return whether it could."""
        connection = self._connect()
        if connection is None:
            return False
        with suppress(HubError):
            rows = connection.rows(
                "select day, id, version, desk, arrived_at, person, room, ticket, outcome, reason,"
                " record from hub.lately where cancelled_at is null and record is not null"
                " order by arrived_at, id"
            )
            known = {(visit, version) for visit, version, _ in self.made}  # one waits to go up
            rows = [row for row in rows if (row["id"], row["version"] + 1) not in known]
            if rows:
                self._change(chance.choice(rows), chance)
        connection.close()
        return True

    def _change(self, row: dict[str, Any], chance: random.Random) -> None:
        before = row["record"]
        record = dict(before)
        kind = chance.choice(("holder", "room", "cancelled_at"))
        if kind == "holder":
            record["holder"] = f"Người Thử {chance.random()}"
        elif kind == "room":
            record["room"] = ROOMS[record["room"] == ROOMS[0]]
        else:
            record["cancelled_at"] = self.now().isoformat()
        seq = len(self.journal) + 1
        version = row["version"] + 1
        values = {
            "day": row["day"].isoformat(),
            "visit": row["id"],
            "version": version,
            "owner": row["desk"],
            "digest": digest_of(record),
            "parent": digest_of(before),
            "arrived_at": row["arrived_at"].isoformat(),
            "person": row["person"],
            "room": record["room"],
            "ticket": row["ticket"],
            "outcome": row["outcome"],
            "reason": row["reason"],
            "cancelled_at": record.get("cancelled_at"),
            "written_at": self.now().isoformat(),
            "why": "nhầm",
            "author": "staff 7 Lê Thị Mẫu",
            "record": record,
            "state_seq": 0,
            "insurer_state": "queued",
        }
        self.journal.append(UpRow(seq, row["id"], version, values))
        self.made.add((row["id"], version, digest_of(record)))

    def send_up(self) -> None:
        """Bring what the hub does not have."""
        connection = self._connect()
        if connection is None:
            return
        values = {
            "facility": FACILITY,
            "desk": OFFICE,
            "stream": self.stream,
            "program": "office",
            "step": 1,
            "now": self.now(),
        }
        with suppress(HubError):
            connection.execute(BEGIN_STREAM, values)
            with connection.transaction():
                at = connection.rows(LOCK_STREAM, values)[0]["acked_seq"]
                rows = self.journal[at:]
                if rows:
                    batch = UpBatch(None, tuple(rows), ())  # type: ignore[arg-type]
                    self._lane._write(connection, dict(values), batch)
                mark = hashlib.sha256(str(at + len(rows)).encode()).digest()
                moved = {"seq": at + len(rows), "hash": mark, "is_all": True}
                connection.execute(MOVE_ACK, values | moved)
                connection.notify()
        connection.close()

    def _connect(self) -> HubConnection | None:
        try:
            access = self.hub.access(self.account)
            return HubConnection(access, self.watchdog, self.guard)
        except HubError:
            return None
