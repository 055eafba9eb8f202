"""The tables of the webhooks, as SQL; see `kiosk.logbook.schema`.

No row holds anything of a person: ids, a kind of event and times.
"""

from __future__ import annotations

# The receivers that the settings name, and which of them get no messages now.
WEBHOOK = """
create table webhook (
    name text primary key,
    kinds text not null,                   -- a JSON list; empty: all kinds
    active integer not null,               -- 0: the settings name it no more
    stopped_at text,                       -- the receiver wants no more messages (410)
    stopped_why text
) strict, without rowid
"""
# What a receiver is sent about a visit.  The messages of a visit go in the order of their ids.
WEBHOOK_MESSAGE = """
create table webhook_message (
    id integer primary key autoincrement,
    webhook text not null references webhook (name),
    event text not null,                   -- the same for all receivers of one event
    kind text not null,
    visit text not null,                   -- no reference: a visit may be erased before
    version integer not null,              -- of the visit, after the change
    facility text not null,
    at text not null,                      -- of the change
    state text not null default 'queued'
        check (state in ('queued', 'in_flight', 'delivered', 'parked', 'closed')),
    tries integer not null default 0,
    first_try_at text,                     -- since it was queued; null: not tried yet
    next_try_at text not null,
    lease_until text,                      -- in flight: nobody else sends it before this
    http_status integer,                   -- of the last answer
    message text,                          -- why the last try failed, or why it was closed
    changed_at text not null,
    author text not null default '',       -- who sent it again or closed it
    unique (webhook, event)
) strict
"""
WEBHOOK_INDEXES = (
    "create index webhook_message_due on webhook_message (webhook, next_try_at)"
    " where state in ('queued', 'in_flight')",
    "create index webhook_message_open on webhook_message (webhook, visit, id)"
    " where state in ('queued', 'in_flight', 'parked')",
    "create index webhook_message_state on webhook_message (webhook, state, changed_at)",
)
