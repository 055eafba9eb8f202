"""What has waited for a week goes up gently, in order, and is all there."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from kiosk.hub.lane_up import BATCH
from tests.hub.cluster import HubDatabase, until
from tests.hub.desks import Desk, hub_visits
from tests.sampling import sample_and_all

# Copies of a recorded visit: each gets a reading, an id and a key of its own.  They are of the last
# seven days, the newest last.
COPY_READING = (
    "insert into attempt (at, reader, outcome, reason, verdict, number)"
    " select at, reader, outcome, reason, verdict, number from attempt where id = 1"
)
COPY_VISIT = """
insert into visit (id, attempt, verdict_of, idempotency_key, arrived_at, day, ticket, outcome,
    reason, number, person, record)
select substr(id, 1, 6) || strftime('%Y%m%d', day, :ago) || '-' || printf('%016x', :number),
    :reading, :reading, 'key ' || :number, strftime('%Y-%m-%dT%H:%M:%f+00:00', arrived_at, :ago),
    date(day, :ago), :number, outcome, reason, number, person, record from visit where row = 1
"""


def add_copies(desk: Desk, count: int) -> None:
    """Record a visit, and write copies of it, many in a transaction."""
    desk.record(0)
    for start in range(2, count + 1, 1_000):
        with desk.database.transaction() as db:
            for number in range(start, min(start + 1_000, count + 1)):
                reading = db.execute(COPY_READING).lastrowid
                ago = f"-{6 - 7 * (number - 1) // count} days"
                db.execute(COPY_VISIT, {"number": number, "reading": reading, "ago": ago})


@sample_and_all("count", 3 * BATCH, 100_000, pytest.mark.long)
def test_what_has_waited_for_a_week_goes_up_while_the_desk_records(
    hub: HubDatabase, tmp_path: Path, count: int
) -> None:
    desk = Desk(tmp_path / "desk", hub.add_desk())
    add_copies(desk, count)
    stop, began = threading.Event(), time.monotonic()
    thread = threading.Thread(target=desk.hub.run, args=(stop,))
    thread.start()
    try:
        until(lambda: desk.hub.state().waiting < count)
        newest = desk.record(1)  # the desk works on meanwhile
        until(lambda: desk.hub.state().waiting == 0, 30 + count / 20)
    finally:
        stop.set()
        thread.join(20)
    took_s = time.monotonic() - began
    print(f"{count} entries in {took_s:.0f} s: {count / took_s:.0f} a second")

    [row] = hub.sql("select count(*) as n, max(seq) as seq from hub.visit")
    assert (row["n"], row["seq"]) == (count + 1, count + 1)
    assert newest in hub_visits(hub)
    assert hub.sql("select count(*) as n from hub.visit_version")[0]["n"] == count + 1
    assert count > BATCH
    desk.close()
