"""The table of what people decided about a logbook that was not as it should be."""

from __future__ import annotations

# The steps of the schema that make it: the first with these kinds, a later one with REBUILT too.
DECISION_KINDS = ("restored", "accepted", "begun")
DECISION_KINDS_2 = (*DECISION_KINDS, "rebuilt")
DECISION_COLUMNS = (
    "id, at, kind, trouble, author, reason, backup, lost_from, lost_to, lost_hash, numbers_from"
)


def decision_table(kinds: tuple[str, ...]) -> str:
    """Return the statement that makes the table for decisions of some kinds."""
    return f"""
create table logbook_decision (
    id integer primary key,
    at text not null,
    kind text not null check (kind in {kinds}),
    trouble text not null,     -- what the program had found; empty: nothing
    author text not null,
    reason text not null,
    backup text not null,      -- the name of the backup that was restored; empty: none
    lost_from integer,         -- the first link that is known to be lost; null: none is known
    lost_to integer,           -- the last one
    lost_hash text not null,   -- the hash of the last one; empty: not known
    numbers_from integer       -- of every series on that day; null: they go on as they were
)
"""
