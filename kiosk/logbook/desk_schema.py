"""The tables of the desk and of the queue, as SQL; see `kiosk.logbook.schema`."""

from __future__ import annotations

# Idempotency keys under which nothing was recorded when a page asked, and nothing ever will be.
CLOSED_KEY = """
create table closed_key (
    key text primary key,
    at text not null
) strict, without rowid
"""

# Readings that a person took off the list of patients who are not recorded yet, with the reason.
SET_ASIDE = """
create table set_aside (
    reading integer primary key references attempt (id),
    at text not null,
    author text not null,
    reason text not null
) strict
"""

# The numbers by which patients are called.  A visit has one current ticket: the one not moved.
TICKET = """
create table ticket (
    id integer primary key autoincrement,
    visit text references visit (id),      -- null: a slip without a visit
    reading integer references attempt (id),
    day text not null,                     -- at the clinic, as it was printed
    room text not null,
    room_key text not null,                -- equal for all names of the same room
    prefix text not null,                  -- empty: the room's own series
    number integer not null,
    label text not null generated always as
        (case prefix when '' then number else prefix || ' ' || number end) virtual,
    priority text not null,                -- empty: none
    state text not null,
    issued_at text not null,
    called_at text,                        -- the last call
    version integer not null default 1,
    unique (day, room_key, prefix, number)
) strict
"""
# Each change of a ticket.  Rows are only added.
TICKET_EVENT = """
create table ticket_event (
    id integer primary key autoincrement,
    ticket integer not null references ticket (id),
    at text not null,
    state text not null,                   -- what it became
    priority text not null,
    author text not null
) strict
"""

# Sheets of paper that are filled in while the program is away.  Rows are only added.
PAPER_SHEET = """
create table paper_sheet (
    id integer primary key autoincrement,  -- the number on the sheet
    printed_at text not null,
    author text not null,
    lines integer not null,
    first_number integer not null          -- of the tickets on the sheet
) strict
"""
# What became of a line: without a row it is open.  Rows are only added.
PAPER_LINE = """
create table paper_line (
    sheet integer not null references paper_sheet (id),
    line integer not null,
    at text not null,                      -- when it was entered, or made void
    author text not null,
    visit text references visit (id),      -- null: the line is void
    arrived_at text,                       -- of the visit, by the paper
    why_void text not null,
    primary key (sheet, line)
) strict, without rowid
"""
# Tickets that were to be printed: a row for each time, and what became of it.  Rows of one `job`
# are printed together.
TICKET_PRINT = """
create table ticket_print (
    id integer primary key autoincrement,
    job integer not null,                  -- the id of the job's first row
    ticket integer not null references ticket (id),
    printer text not null,                 -- its name in the settings; empty: a browser
    language text not null,
    with_share integer not null,           -- 0: never print what the insurance pays
    author text not null,
    asked_at text not null,
    state text not null default 'waiting' check (
        state in ('waiting', 'printing', 'printed', 'failed', 'given_up', 'unknown')
    ),
    tries integer not null default 0,
    due_at text not null,
    ended_at text,                         -- when the newest try ended
    trouble text                           -- why it was not printed, or not for certain
) strict
"""

# How often the help with VssID and VNeID was used on a day.  A row names no person and no desk.
HELP_COUNT = """
create table help_count (
    day text not null,                     -- at the clinic
    kind text not null check (kind in ('helped', 'printed', 'shown')),
    key text not null,                     -- the id of a trouble, or the key of a guide
    count integer not null,
    primary key (day, kind, key)
) strict, without rowid
"""

# The key of the checks in the codes on our tickets.
TICKET_KEY = "create table ticket_key (key blob not null) strict"

# What people consented to, and what they withdrew.  Rows are only added: they are the proof.
CONSENT = """
create table consent (
    id integer primary key autoincrement,
    at text not null,
    author text not null,
    withdraws integer references consent (id),  -- the consent that ends; null: one is given
    key text unique,                       -- of idempotency; null: a withdrawal
    purpose text not null,
    kept text not null,                    -- the names of the data, with blanks between them
    until text not null,                   -- when the data are erased; of a withdrawal: at once
    how text not null,                     -- how the person said so
    wording text not null,                 -- the sentence that the person agreed to
    person text,                           -- a number of the person; null: not known
    visit text references visit (id)       -- null: not about a visit
) strict
"""
CONSENT_FIXED = tuple(
    f"create trigger consent_no_{act} before {act} on consent begin"
    " select raise(abort, 'rows of consent are only added'); end"
    for act in ("update", "delete")
)
# The data that a consent keeps, until they are erased.
CONSENT_VALUE = """
create table consent_value (
    consent integer not null references consent (id),
    name text not null,
    value text not null,
    primary key (consent, name)
) strict, without rowid
"""
