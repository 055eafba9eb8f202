"""The logbook's schema, step by step; each step and the record that it ran are one transaction.

Times are UTC, ISO 8601 with microseconds, so that they sort as text; days are the clinic's.
A step that has been released is never changed: a new one follows it.
"""

from __future__ import annotations

import sqlite_utils
from sqlite_utils import Migrations

MIGRATIONS = Migrations("logbook")

IDENTITY = """
create table identity (
    instance text not null,                -- names this logbook to pages that stay open
    use text not null check (use in ('demo', 'site'))
) strict
"""

ATTEMPT = """
create table attempt (
    id integer primary key autoincrement,  -- also the id of its event on the stream
    at text not null,
    reader text not null,
    outcome text not null,
    reason text not null,
    verdict text not null,                 -- the verdict as JSON; never the payload
    number text,                           -- of the card, where one was read
    refines integer references attempt     -- the reading this is a newer verdict on
) strict
"""

VISIT = """
create table visit (
    row integer primary key autoincrement,
    id text not null unique,               -- becomes MA_LK at the insurer
    attempt integer not null unique references attempt,   -- the reading, not its refinement
    verdict_of integer not null references attempt,       -- the verdict it was confirmed on
    idempotency_key text not null unique,
    arrived_at text not null,
    day text not null,                     -- at the clinic
    ticket integer not null,               -- the queue number of that day
    outcome text not null,
    reason text not null,
    number text not null,
    person text not null,                  -- the person's number at the insurer: MA_BN for now
    record text not null,                  -- all that was confirmed, as JSON
    unique (day, ticket)
) strict
"""

OUTBOX = """
create table outbox (
    id integer primary key autoincrement,
    visit text not null references visit (id),
    state text not null check (state in ('queued', 'in_flight', 'accepted', 'refused', 'parked')),
    body text,                             -- the XML0, frozen as it was queued
    tries integer not null default 0,
    next_try_at text not null,
    lease_until text,                      -- in flight: nobody else sends it before this
    transaction_code text,                 -- maGiaoDich
    code text,                             -- the insurer's code, or ours
    message text,                          -- the insurer's words, or ours
    answer text,                           -- its whole answer, kept as evidence
    changed_at text not null
) strict
"""


@MIGRATIONS()
def m001_attempts_visits_and_outbox(db: sqlite_utils.Database) -> None:
    """Create the tables of the way of one scan."""
    for statement in (IDENTITY, ATTEMPT, VISIT, OUTBOX):
        db.execute(statement)
    db.execute("create index visit_day_person on visit (day, person)")
    db.execute("create index visit_arrived_at on visit (arrived_at)")
    db.execute("create index outbox_visit on outbox (visit)")
    db.execute(
        "create index outbox_open on outbox (next_try_at) where state in ('queued', 'in_flight')"
    )


READER_CHECK = """
create table reader_check (
    reader text not null,
    code text not null,                    -- which of the sheet
    at text not null,
    found text not null,                   -- findings and their details, as JSON
    primary key (reader, code)             -- the newest of each
) strict
"""


@MIGRATIONS()
def m002_reader_checks(db: sqlite_utils.Database) -> None:
    """Keep what the reader check found last."""
    db.execute(READER_CHECK)
