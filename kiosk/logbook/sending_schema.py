"""The tables of a desk that shares a hub with others: decisions about sending, shared lists.

See `kiosk.logbook.schema`.
"""

from __future__ import annotations

# Rows are only added.
SENDING_DECISION = """
create table sending_decision (
    id integer primary key autoincrement,
    at text not null,
    author text not null,
    kind text not null check (kind in ('took_over', 'sends_again')),
    desk text not null,                    -- whose messages: its number in the hub
    reason text not null                   -- in the words of who decided
) strict
"""

# What this desk last had in common with the hub of each list that the desks share.
SHARED_LIST = """
create table shared_list (
    kind text primary key check (kind in ('rooms', 'staff')),
    version integer not null,              -- of the hub's list
    at text not null,
    entries text not null,                 -- JSON: pairs of key and entry, in their order
    held text not null,                    -- JSON: this desk's entries that stay as they are
    notes text not null                    -- JSON: by key, what a person is to know
) strict, without rowid
"""
