"""The time at which a patient arrived, where it is not the one that was recorded."""

from __future__ import annotations

from datetime import datetime

import sqlite_utils

from kiosk.logbook.clock_readings import settle_time
from kiosk.logbook.times import to_utc_text
from kiosk.logbook.visit_index import index_visit


def move_arrival(
    db: sqlite_utils.Database, visit_id: str, was: datetime, arrived_at: datetime, now: datetime
) -> None:
    """Make `arrived_at` the time of a visit that was recorded with the time `was`; all aware.

    The time is then settled.  The record of the visit must say it already.
    """
    db.execute("update visit set arrived_at = ? where id = ?", [to_utc_text(arrived_at), visit_id])
    settle_time(db, visit_id, was, now)
    index_visit(db, visit_id)
