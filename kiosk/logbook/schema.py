"""The SQL that the steps in `migrations` run, statement by statement.

This is not the schema of today: a step that was released is never changed, so that a table may be
created here and replaced by a later step (OUTBOX by OUTBOX_2).  The texts between the quotes are
stored in each logbook and stay as they are.
"""

from __future__ import annotations

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
    number text,                           -- of the card, if one was read
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

READER_CHECK = """
create table reader_check (
    reader text not null,
    code text not null,                    -- which of the sheet
    at text not null,
    found text not null,                   -- findings and their details, as JSON
    primary key (reader, code)             -- the newest of each
) strict
"""

# The messages of a visit. Each correction adds a version under the same MA_LK.
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

# The history of each message, in order. Nothing in it is changed or deleted.
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

# The earlier versions of a visit that was corrected or cancelled.
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

# The runs of the nightly job. A run that never finished was killed; the next starts again.
JOB = """
create table job (
    id integer primary key autoincrement,
    started_at text not null,
    finished_at text,
    report text                            -- as JSON, once it is finished
) strict
"""

# What the insurer said later about visits that went in unconfirmed.
LOOK_BACK = """
create table look_back (
    visit text primary key references visit (id),
    at text not null,
    outcome text not null,
    reason text not null
) strict
"""

# How many messages are in each state.  The triggers below update it within every transaction that
# changes a message.  Every page and event stream needs the counts, and counting the messages
# themselves would read all of them.
OUTBOX_COUNT = """
create table outbox_count (
    state text primary key,
    messages integer not null
) strict, without rowid
"""
OUTBOX_COUNT_TRIGGERS = (
    """
create trigger outbox_counts_new after insert on outbox begin
    update outbox_count set messages = messages + 1 where state = new.state;
end
""",
    """
create trigger outbox_counts_change after update of state on outbox
when old.state <> new.state begin
    update outbox_count set messages = messages - 1 where state = old.state;
    update outbox_count set messages = messages + 1 where state = new.state;
end
""",
    """
create trigger outbox_counts_gone after delete on outbox begin
    update outbox_count set messages = messages - 1 where state = old.state;
end
""",
)

# The newest message of each visit that has a message: the one with the highest version.  The whole
# program takes a visit's state at the insurer from this view.
NEWEST_MESSAGE = """
create view newest_message as
select o.* from outbox o where not exists (
    select 1 from outbox newer where newer.visit = o.visit and newer.version > o.version)
"""

# Every question to the insurer about a person, answered or not.  Rows are only added.
LOOKUP = """
create table lookup (
    id integer primary key autoincrement,
    visit text references visit (id),      -- if a visit was known when the question was asked
    kind text not null,
    purpose text not null,
    at text not null,
    duration_ms integer not null,
    author text not null,
    asked text not null,                   -- the fields of the question, as JSON; no credentials
    result text not null check (result in ('answered', 'no_answer', 'refused')),
    code text,                             -- the insurer's
    http_status integer,
    error text,                            -- what failed
    answer text                            -- the whole answer, as it was received
) strict
"""

# The readings that a look-up is about: a card may be scanned again while the insurer is asked.
LOOKUP_READING = """
create table lookup_reading (
    lookup integer not null references lookup (id),
    reading integer not null references attempt (id),
    primary key (reading, lookup)
) strict, without rowid
"""

# Each document as it was sent.  Its answer is added once; nothing else changes.
SENT_FILE = """
create table sent_file (
    id integer primary key autoincrement,
    at text not null,
    sha256 text not null,                  -- of the document, in hexadecimal
    certificate_serial text,               -- null: not signed
    document blob not null,
    answer text                            -- the insurer's whole answer; null: none was read
) strict
"""
SENT_MESSAGE = """
create table sent_message (
    file integer not null references sent_file (id),
    message integer not null references outbox (id),
    primary key (message, file)
) strict, without rowid
"""

# Further numbers of the people who visited.  Rows are only added.
PERSON_NUMBER = """
create table person_number (
    row integer primary key autoincrement,
    visit integer not null references visit (row),
    kind text not null,
    number text not null,                  -- upper case, without blanks
    valid_from text,
    valid_until text,                      -- the last day
    unique (visit, kind, number)
) strict
"""

# What was taken out of the program, and by whom.  Rows are only added.
EXPORT = """
create table export (
    id integer primary key autoincrement,
    kind text not null,                    -- what the file is
    visit text references visit (id),      -- null: not of a single visit
    at text not null,
    author text not null,
    sha256 text not null                   -- of the data in the file, in hexadecimal
) strict
"""

# What the insurer's later answer adds to a visit; the newest answer about each visit counts.
PROPOSAL = """
create table proposal (
    visit text primary key references visit (id),
    at text not null,                      -- of the insurer's answer
    changes text not null,                 -- the fields that the visit lacked, as JSON
    settled_at text,
    settled_by text,
    result text check (result in ('accepted', 'dismissed'))
) strict, without rowid
"""

# What a clock that is believed showed, beside ours.  Rows are only added.
CLOCK_READING = """
create table clock_reading (
    id integer primary key autoincrement,
    at text not null,                      -- by our own clock
    boot text not null,                    -- of this machine; empty: not known
    steady_s real not null,                -- seconds of the boot's steady clock
    trusted_at text not null,              -- by the other clock
    ahead_s real not null,                 -- how far ours was ahead
    source text not null,                  -- gateway or feed
    newest_visit integer not null          -- the row of the newest visit then; 0: none
) strict
"""

# When a visit was recorded by the steady clock, and how far our clock was ahead, once it is known.
VISIT_CLOCK = """
create table visit_clock (
    visit text primary key references visit (id),
    boot text not null,
    steady_s real not null,
    recorded_at text not null,             -- the arrival as our clock showed it; never changed
    ahead_s real,                          -- null: not measured yet
    source text,                           -- gateway, feed or estimate
    settled_at text                        -- a person has accepted a time
) strict, without rowid
"""
CLOCK_START = """
create table clock_start (
    boot text primary key,                 -- of this machine
    at text not null,                      -- when the program was first started in it, by our clock
    steady_s real not null,
    newest_visit integer not null          -- the row of the newest visit then; 0: none
) strict, without rowid
"""
CLOCK_FLOOR_CLEARED = """
create table clock_floor_cleared (
    id integer primary key autoincrement,
    at text not null,
    author text not null,
    moment text,                           -- the floor until then; null: there was none
    last_reading integer not null          -- readings up to this one raise no floor
) strict
"""

# The commune was informed of an unknown patient.  Rows are only added.
COMMUNE_NOTICE = """
create table commune_notice (
    id integer primary key autoincrement,
    visit text not null references visit (id),
    recipient text not null,               -- who was informed
    informed_at text not null,
    way text not null,                     -- by telephone, on paper, in person
    note text not null,
    at text not null,                      -- when this was written down
    author text not null
) strict
"""

# A suspicion that a card is misused.  Each change adds a version; nothing is changed or deleted.
SUSPICION = """
create table suspicion (
    id integer not null,
    version integer not null,              -- the first is 1
    reading integer not null references attempt (id),
    verdict_of integer not null references attempt (id),  -- the verdict it rests on
    ground text not null,
    note text not null,
    state text not null check (state in ('open', 'reported', 'withdrawn')),
    recipient text not null,               -- who of the insurer was informed; empty: nobody yet
    reported_at text,
    way text not null,
    why text not null,                     -- of this version
    at text not null,
    author text not null,
    primary key (id, version)
) strict
"""

# Times in which visits could not be sent: each change of one is a version, and rows are only added.
OUTAGE_VERSION = """
create table outage_version (
    outage integer not null,               -- the id of the outage
    version integer not null,              -- the first is 1
    at text not null,                      -- when this version was written
    author text not null,
    state text not null check (state in ('suggested', 'confirmed', 'dismissed')),
    source text not null check (source in ('power', 'line', 'portal', 'program', 'clock')),
    begins_at text not null,
    ends_at text,                          -- null: it still lasts
    reported_to text not null,             -- who was informed of it; empty: nobody yet
    reported_at text,                      -- null: nobody yet
    reported_by text not null,             -- by phone, by e-mail …
    note text not null,
    noticed text not null,                 -- how the program noticed it; empty: a person wrote it
    primary key (outage, version)
) strict
"""

# When the program ran: `seen_at` grows while it runs.
PROGRAM_RUN = """
create table program_run (
    id integer primary key autoincrement,
    started_at text not null,
    seen_at text not null,
    stopped_at text                        -- null: it runs, or it was cut off
) strict
"""
