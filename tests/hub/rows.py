"""Rows of invented visits for the hub's tables, written as a desk writes them."""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

from kiosk.hub.connection import HubConnection
from tests.hub.cluster import FACILITY
from tests.hub.statements import INSERT_VERSIONS, SET_PERSONS, UPSERT_VISITS
from verify import clinic_day


def today() -> date:
    """Return today at the clinic."""
    return clinic_day(datetime.now(UTC))


def days_ago(days: int) -> date:
    """Return the day so many days before today."""
    return today() - timedelta(days=days)


def visit_row(
    number: int,
    day: date | None = None,
    desk: int = 1,
    facility: str = FACILITY,
    version: int = 1,
    by: int = 0,
    stream: uuid.UUID | None = None,
) -> dict[str, Any]:
    """Return an invented visit: `number` distinguishes it, `by` is the desk that brings it."""
    day = day or today()
    record = {"holder": f"Người Thử {number}", "version": version}
    return {
        "facility": facility,
        "by": by or desk,
        "stream": stream or uuid.UUID(int=by or desk),
        "day": day.isoformat(),
        "visit": f"{facility}-{day:%Y%m%d}-{number:016x}",
        "version": version,
        "seq": number,
        "digest": hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest(),
        "written_at": f"{day}T01:00:00Z",
        "record": record,
        "owner": desk,
        "arrived_at": f"{day}T01:00:00Z",
        "person": f"99999{number:05d}",
        "room": "3",
        "ticket": str(number),
        "outcome": "admitted",
        "reason": "in_force",
        "state_seq": 0,
        "insurer_state": "queued",
    }


def write(hub: HubConnection, *rows: dict[str, Any]) -> None:
    """Write visits and their versions as a desk, each in a transaction of its own."""
    for row in rows:
        values = {
            "facility": row["facility"],
            "desk": row["by"],
            "stream": row["stream"],
            "rows": json.dumps([row], default=str),
        }
        with hub.transaction():
            hub.batch([(sql, values) for sql in (INSERT_VERSIONS, UPSERT_VISITS, SET_PERSONS)])


def begin_stream(hub: HubConnection, stream: uuid.UUID | None = None) -> uuid.UUID:
    """Begin a stream of the connection's desk; return its id."""
    stream = stream or uuid.UUID(int=hub.desk)
    hub.execute(
        "insert into hub.stream (facility, id, desk) values (%s, %s, %s) on conflict do nothing",
        [hub.facility, stream, hub.desk],
    )
    return stream
