"""Slips that send a patient to the desk, and when they end.

A slip ends when its patient is recorded, or is taken off the list of unfinished patients.  The
clerk may scan the card again, or another card of the patient: then the reading that is recorded is
not that of the slip, so all readings with one of the patient's numbers count.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlite_utils

from kiosk.logbook.person_numbers import numbers_of, spellings_of
from kiosk.logbook.ticket_states import OPEN_STATES, TicketState
from kiosk.logbook.tickets import WAITS_AT_MOST, set_state
from kiosk.logbook.times import to_utc_text
from verify import clinic_day, verdict_from_json

SELECT_OPEN_SLIPS = f"""
select t.*, (select a.verdict from attempt a where a.id = t.reading or a.refines = t.reading
             order by a.id desc limit 1) as verdict
from ticket t indexed by ticket_slip
where t.prefix = 'Q' and t.visit is null and t.day >= :day and t.issued_at >= :since
  and (t.reading = :reading or t.issued_at <= :at)
  and t.state in ({", ".join(f"'{state}'" for state in sorted(OPEN_STATES))})
"""


def close_slips(
    db: sqlite_utils.Database, reading: int, numbers: Collection[str], at: datetime, author: str
) -> list[int]:
    """Take a patient off the queues of the desks, within a transaction.

    `reading` is what was recorded or set aside at `at` (aware), and `numbers` are those of the
    patient.  A slip that the patient got after `at` stays open.  Returns the readings whose slips
    were closed.
    """
    since = at - WAITS_AT_MOST
    rows = db.execute(
        SELECT_OPEN_SLIPS,
        {
            "day": clinic_day(since).isoformat(),
            "since": to_utc_text(since),
            "reading": reading,
            "at": to_utc_text(at),
        },
    ).fetchall()
    sought = _spelled(numbers)
    closed = []
    for row in rows:
        if row["reading"] == reading or not sought.isdisjoint(_numbers_on(row)):
            set_state(db, row, TicketState.DONE, at, author)
            closed.append(int(row["reading"]))
    return closed


def _numbers_on(row: Any) -> set[str]:
    """Return the numbers of a slip's patient; none if its verdict cannot be read.

    A newer version of the program, from which this one was restored, may have written it.
    """
    try:
        return _spelled(numbers_of(verdict_from_json(json.loads(row["verdict"]))))
    except (ValueError, KeyError, TypeError, AttributeError):
        return set()


def _spelled(numbers: Collection[str]) -> set[str]:
    return {spelling for number in numbers for spelling in spellings_of(number)}
