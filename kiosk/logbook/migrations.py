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


# The messages of a visit: each correction is one more version of it under the same MA_LK.
OUTBOX_2 = """
create table outbox_2 (
    id integer primary key autoincrement,
    visit text not null references visit (id),
    version integer not null default 1,
    person text not null,                  -- whose messages go in their order
    state text not null
        check (state in ('queued', 'in_flight', 'accepted', 'refused', 'parked', 'closed')),
    body text,                             -- the XML0, frozen as it was queued
    alone integer not null default 0,      -- not to be sent together with others
    tries integer not null default 0,
    next_try_at text not null,
    lease_until text,                      -- in flight: nobody else sends it before this
    transaction_code text,                 -- maGiaoDich
    code text,                             -- the insurer's code, or ours
    message text,                          -- the insurer's words, or ours
    answer text,                           -- its whole answer, kept as evidence
    changed_at text not null,
    unique (visit, version)
) strict
"""

# What happened to each message, in order; nothing here is ever changed or deleted.
OUTBOX_EVENT = """
create table outbox_event (
    id integer primary key autoincrement,
    outbox integer not null references outbox (id),
    at text not null,
    state text not null,                   -- what it became
    code text,
    message text,
    transaction_code text
) strict
"""

# What a visit was before it was corrected or cancelled.
VISIT_VERSION = """
create table visit_version (
    visit text not null references visit (id),
    version integer not null,              -- the first is 1
    record text not null,                  -- as it stood until then
    replaced_at text not null,
    why text not null,                     -- in the words of who did it
    primary key (visit, version)
) strict
"""


@MIGRATIONS()
def m003_versions_and_history(db: sqlite_utils.Database) -> None:
    """Let a visit be corrected and cancelled, and keep all that befell its messages."""
    db.execute(OUTBOX_2)
    db.execute(
        "insert into outbox_2 (id, visit, person, state, body, tries, next_try_at, lease_until,"
        " transaction_code, code, message, answer, changed_at)"
        " select o.id, o.visit, v.person, o.state, o.body, o.tries, o.next_try_at, o.lease_until,"
        " o.transaction_code, o.code, o.message, o.answer, o.changed_at"
        " from outbox o join visit v on v.id = o.visit"
    )
    db.execute("drop table outbox")
    db.execute("alter table outbox_2 rename to outbox")
    db.execute(
        "create index outbox_open on outbox (next_try_at) where state in ('queued', 'in_flight')"
    )
    db.execute(
        "create index outbox_person on outbox (person, id) where state in ('queued', 'in_flight')"
    )
    db.execute(
        "create index outbox_troubled on outbox (changed_at) where state in ('refused', 'parked')"
    )
    db.execute(OUTBOX_EVENT)
    db.execute("create index outbox_event_outbox on outbox_event (outbox)")
    db.execute(
        "insert into outbox_event (outbox, at, state, code, message, transaction_code)"
        " select id, changed_at, state, code, message, transaction_code from outbox order by id"
    )
    db.execute("create index outbox_state on outbox (state)")
    db.execute(VISIT_VERSION)
    db.execute("alter table visit add column version integer not null default 1")
    db.execute("alter table visit add column cancelled_at text")


# Each run of the nightly job; one that never finished was killed, and the next goes on.
JOB = """
create table job (
    id integer primary key autoincrement,
    started_at text not null,
    finished_at text,
    report text                            -- as JSON, once it is finished
) strict
"""

# What the insurer said later of visits that went in unconfirmed.
LOOK_BACK = """
create table look_back (
    visit text primary key references visit (id),
    at text not null,
    outcome text not null,
    reason text not null
) strict
"""


@MIGRATIONS()
def m004_nightly_job(db: sqlite_utils.Database) -> None:
    """Keep what the nightly job did and found."""
    db.execute(JOB)
    db.execute(LOOK_BACK)
    db.execute("create index visit_outcome on visit (outcome, arrived_at)")
