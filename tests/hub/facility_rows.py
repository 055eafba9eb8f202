"""Visits of several desks at a hub, written as a desk's lane writes them."""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from kiosk.hub import HubConnection
from tests.hub.cluster import FACILITY, HubDatabase
from verify import CLINIC_ZONE, clinic_day


def now() -> datetime:
    """Return the time in the clinic's zone: the hub's own clock cannot be set."""
    return datetime.now(CLINIC_ZONE)


def today() -> date:
    """Return the clinic's day."""
    return clinic_day(now())


def yesterday() -> date:
    """Return the clinic's day before."""
    return today() - timedelta(days=1)


@dataclass
class DeskAtHub:
    """One desk, its connection and its stream."""

    hub: HubConnection
    stream: uuid.UUID = field(default_factory=uuid.uuid4)
    seq: int = 0

    def begin(self) -> DeskAtHub:
        """Begin the stream."""
        self.hub.execute(
            "insert into hub.stream (facility, id, desk, program, seen_at)"
            " values (%s, %s, %s, 'test', clock_timestamp())",
            [self.hub.facility, self.stream, self.hub.desk],
        )
        self.seen(timedelta())
        return self

    def seen(self, ago: timedelta) -> None:
        """Let the hub have heard of the desk so long ago."""
        self.hub.execute(
            "update hub.stream set seen_at = clock_timestamp() - %(ago)s,"
            " complete_at = clock_timestamp() - %(ago)s where id = %(stream)s",
            {"ago": ago, "stream": self.stream},
        )

    def record(
        self,
        holder: str,
        number: str = "GD4999990000001",
        at: datetime | None = None,
        day: date | None = None,
        keeps_records: bool = True,
        phone: str = "",
        **columns: Any,
    ) -> str:
        """Write a visit; return its id. `columns` are those of `hub.visit` that differ."""
        arrived_at = at or now()
        day = day or clinic_day(arrived_at)
        self.seq += 1
        visit = f"{FACILITY}-{day:%Y%m%d}-{uuid.uuid4().hex[:16]}"
        row: dict[str, Any] = {
            "facility": self.hub.facility, "day": day, "id": visit, "version": 1,
            "stream": self.stream, "seq": self.seq, "desk": self.hub.desk,
            "arrived_at": arrived_at, "person": number[-10:], "room": "Phòng khám 1",
            "ticket": str(self.seq), "outcome": "admitted", "reason": "in_force",
            "cancelled_at": None, "insurer_state": "accepted", "insurer_code": None,
        } | columns  # fmt: skip
        record = visit_json(row, holder, number, phone) if keeps_records else None
        with self.hub.transaction():
            self.write_version(visit, day, row["version"], record)
            names = ", ".join(row)
            places = ", ".join(f"%({name})s" for name in row)
            self.hub.execute(f"insert into hub.visit ({names}) values ({places})", row)
        return visit

    def write_version(self, visit: str, day: date, version: int, record: str | None) -> None:
        """Write a version of a visit."""
        self.hub.execute(
            "insert into hub.visit_version (facility, day, visit, version, desk, stream, seq,"
            " digest, written_at, record)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, now(), %s::jsonb)",
            [
                self.hub.facility, day, visit, version, self.hub.desk, self.stream, self.seq,
                hashlib.sha256((record or "").encode()).digest(), record,
            ],
        )  # fmt: skip

    def set_aside(self, visit: str, version: int, record: str | None) -> None:
        """Write a version whose number was taken."""
        self.hub.execute(
            "insert into hub.divergent (facility, visit, version, stream, day, desk, seq, digest,"
            " written_at, record) values (%s, %s, %s, %s, %s, %s, 1, 'x', now(), %s::jsonb)",
            [
                self.hub.facility, visit, version, self.stream,
                datetime.strptime(visit.split("-")[1], "%Y%m%d").date(), self.hub.desk, record,
            ],
        )  # fmt: skip


def visit_json(row: dict[str, Any], holder: str, number: str, phone: str = "") -> str:
    """Return the record of a visit as a logbook keeps it."""
    return json.dumps(
        {
            "attempt": 1, "verdict_of": 1, "facility": FACILITY,
            "arrived_at": row["arrived_at"].isoformat(), "outcome": row["outcome"],
            "reason": row["reason"], "number": number, "person": row["person"],
            "card_number": number, "holder": holder, "born": "1980-02-01", "sex": "female",
            "registered_at": FACILITY, "service_code": "", "service_name": "Khám",
            "room": row["room"], "arrival": "registered", "care": "01", "phone": phone,
            "citizen_number": "001080999999",
        }
    )  # fmt: skip


def add_desk_at(hub: HubDatabase, desk: int, facility: str = FACILITY) -> DeskAtHub:
    """Return a new desk of a hub, with a stream."""
    return DeskAtHub(hub.desk(desk, facility)).begin()
