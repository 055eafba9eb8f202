"""The tables of the hash chain, of its keys and of the signed roots, as SQL.

See `kiosk.logbook.schema`, and `kiosk.logbook.chain` for what they mean.
"""

from __future__ import annotations

# One link for each row that was written, changed or deleted; ids are without gaps, from 1.
LINK = """
create table link (
    id integer primary key,
    at integer not null,                   -- microseconds since 1970 in UTC, by our clock
    source integer not null,               -- the table; see kiosk.logbook.linked_tables
    act integer not null check (act between 1 and 4),
    row integer not null,                  -- the row's number, or a digest of its key
    salt blob,                             -- null: the row was changed or deleted since
    body blob,                             -- SHA-256 of salt and content; null: deleted
    hash blob not null                     -- SHA-256 of the hash before and the leaf
) strict
"""
LINK_INDEX = "create index link_row on link (source, row)"

# The public keys by which roots are signed.  Rows are only added.
PROOF_KEY = """
create table proof_key (
    id integer primary key autoincrement,
    public blob not null unique,           -- Ed25519, 32 bytes
    made_at text not null,
    signed_by integer references proof_key (id),  -- null: the first key, or the one before was lost
    signature blob                         -- of this key by that one
) strict
"""

# The signed ends of the chain.  Rows are only added.
DAY_ROOT = """
create table day_root (
    id integer primary key autoincrement,
    at text not null,                      -- when it was made
    day text not null,                     -- at the clinic
    first_link integer not null,           -- since the root before
    last_link integer not null,
    hash blob not null,                    -- of the last link
    links integer not null,
    key integer not null references proof_key (id),
    signature blob not null                -- Ed25519
) strict
"""
