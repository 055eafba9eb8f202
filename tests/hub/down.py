"""Desks that bring rows to a hub, and desks that mirror them.  Everybody is invented."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kiosk.hub import HubConnection, LaneDown, Others, OwnVisits
from kiosk.hub.journal import digest_of
from kiosk.hub.others_file import OthersFile
from kiosk.logbook import ChangesElsewhere, Database
from kiosk.settings.sections import HubSettings
from tests.hub.cluster import FACILITY, Cluster, HubDatabase
from tests.hub.statements import INSERT_VERSIONS, SET_PERSONS, UPSERT_VISITS
from verify import clinic_day

BEGIN = """
insert into hub.stream (facility, id, desk, seen_at)
values (%(facility)s, %(stream)s, %(desk)s, clock_timestamp()) on conflict do nothing
"""
MOVE = """
update hub.stream set acked_seq = greatest(acked_seq, %(seq)s), seen_at = clock_timestamp(),
    complete_at = case when %(is_all)s then clock_timestamp() else complete_at end,
    clock_skew_ms = 0
where facility = %(facility)s and id = %(stream)s
"""


def person(number: int) -> str:
    """Return the insurance number of an invented person."""
    return f"99999{number:05}"


@dataclass
class Change:
    """One row of a desk's journal, as the lane up would bring it."""

    id: str
    version: int
    desk: int  # that recorded the visit
    person: str
    at: datetime
    is_cancelled: bool = False
    record: dict[str, Any] | None = None

    def row(self, seq: int) -> dict[str, Any]:
        """Return the row of `tests.hub.statements`, as JSON."""
        record = dict(self.record or {"number": self.person})
        if self.is_cancelled:
            record["cancelled_at"] = self.at.isoformat()
        return {
            "day": clinic_day(self.at).isoformat(),
            "visit": self.id,
            "version": self.version,
            "seq": seq,
            "digest": digest_of(record),
            "written_at": self.at.isoformat(),
            "why": "nhầm",
            "author": "staff 7 Lê Thị Mẫu",
            "record": record,
            "owner": self.desk,
            "arrived_at": self.at.isoformat(),
            "person": self.person,
            "room": "Phòng 3",
            "ticket": str(self.version),
            "outcome": "admitted",
            "reason": "in_force",
            "cancelled_at": record.get("cancelled_at"),
            "state_seq": 0,
            "insurer_state": "queued",
        }


@dataclass
class Sender:
    """A desk with a journal; it brings rows as the lane up does: rows and place in one commit."""

    hub: HubDatabase
    desk: int
    stream: str = field(default_factory=lambda: str(uuid.uuid4()))
    journal: list[Change] = field(default_factory=list)
    connection: HubConnection | None = None
    settings: HubSettings | None = None

    def connect(self) -> HubConnection:
        """Return the connection; open another one, and begin the stream, if it was lost."""
        if self.connection is None or not self.connection.is_open:
            self.settings = self.settings or self.hub.add_desk(self.desk)
            self.connection = HubConnection(self.hub.access(self.settings), self.hub.watchdog)
            self.hub.opened.append(self.connection)
            self.connection.execute(BEGIN, self._place())
        return self.connection

    def record(self, number: int, at: datetime | None = None) -> Change:
        """Record a visit of a person in the journal."""
        at = at or datetime.now(UTC)
        visit_id = f"{FACILITY}-{clinic_day(at):%Y%m%d}-{uuid.uuid4().hex[:16]}"
        change = Change(visit_id, 1, self.desk, person(number), at)
        self.journal.append(change)
        return change

    def change(self, visit: Change, is_cancelled: bool = False, **record: Any) -> Change:
        """Change a visit, which may be another desk's."""
        later = Change(
            visit.id, visit.version + 1, visit.desk, visit.person, visit.at, is_cancelled, record
        )
        self.journal.append(later)
        return later

    def acked(self) -> int:
        """Return how far the hub has the journal."""
        rows = self.connect().rows(
            "select acked_seq from hub.stream where facility = %(facility)s and id = %(stream)s",
            self._place(),
        )
        return int(rows[0]["acked_seq"])

    def send(self, count: int = 1_000, notify: bool = True) -> None:
        """Bring the next rows behind what the hub has."""
        hub = self.connect()
        at = self.acked()
        batch = self.journal[at : at + count]
        if not batch:
            return
        rows = [change.row(seq) for seq, change in enumerate(batch, at + 1)]
        values = self._place() | {"rows": json.dumps(rows)}
        with hub.transaction():
            hub.batch([(sql, values) for sql in (INSERT_VERSIONS, UPSERT_VISITS, SET_PERSONS)])
            hub.execute(
                MOVE,
                self._place()
                | {"seq": at + len(batch), "is_all": at + len(batch) == len(self.journal)},
            )
            if notify:
                hub.notify()

    def touch(self) -> None:
        """Give a sign of life."""
        self.connect().execute(
            MOVE, self._place() | {"seq": 0, "is_all": self.acked() == len(self.journal)}
        )

    def _place(self) -> dict[str, Any]:
        return {"facility": FACILITY, "stream": self.stream, "desk": self.desk}


class Mirror:
    """A desk that follows the hub: one round of its lane at a time, or in a thread."""

    def __init__(
        self,
        hub: HubDatabase,
        desk: int,
        folder: Path,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.hub, self.desk, self.clock = hub, desk, clock
        self.path = folder / f"others-{desk}.db"
        self.logbook = Database(folder / f"logbook-{desk}.db")
        self.connection: HubConnection | None = None
        self.settings = hub.add_desk(desk)
        self.open()

    def open(self) -> None:
        """Open the file, as at the start of the program."""
        self.others = Others(self.path, FACILITY)
        own = OwnVisits(ChangesElsewhere(self.logbook, lambda _id, _visit: None))
        self.lane = LaneDown(self.others, own, self.connected, self.clock)

    def connect(self) -> HubConnection:
        """Open a connection."""
        access = self.hub.access(self.settings)
        return HubConnection(access, self.hub.watchdog)

    @contextmanager
    def connected(self) -> Iterator[HubConnection]:
        """Give a connection for a block, as the hub of a desk does."""
        connection = self.connect()
        try:
            yield connection
        finally:
            connection.close()

    def follow(self) -> None:
        """Do rounds until there is nothing more."""
        if self.connection is None or not self.connection.is_open:
            self.connection = self.connect()
            self.hub.opened.append(self.connection)
        while self.lane.round(self.connection):
            pass

    def restart(self, without_file: bool = False) -> None:
        """End and begin again, with the file or without it."""
        self.others.close()
        if without_file:
            OthersFile(self.path).remove()
        self.open()

    def visits(self) -> dict[str, tuple[int, bool]]:
        """Return the version of each visit in the file, and whether it was cancelled."""
        rows = OthersFile(self.path).read(FACILITY)
        return {each.id: (each.version, each.is_cancelled) for each in rows.visits.values()}


def at_hub(hub: HubDatabase, not_of: int, on: Cluster | None = None) -> dict[str, tuple[int, bool]]:
    """Return what the hub has of all desks but one, of yesterday and today."""
    since = clinic_day(datetime.now(UTC)) - timedelta(days=1)
    rows = hub.sql(
        "select id, version, cancelled_at is not null as gone from hub.visit"
        " where desk <> %s and day >= %s",
        [not_of, since],
        on,
    )
    return {row["id"]: (row["version"], row["gone"]) for row in rows}
