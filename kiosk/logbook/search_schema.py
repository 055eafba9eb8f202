"""The tables of the search and of joined persons, as SQL; see `kiosk.logbook.schema`."""

from __future__ import annotations

# What visits are found by: a row for each visit, in the order of their arrivals.  It repeats what
# is in `visit`, and is written again whenever that changes (`kiosk.logbook.visit_index`).
VISIT_SEARCH = """
create table visit_search (
    place integer primary key,             -- by the second of the arrival; see visit_index
    visit integer not null unique,         -- the row of `visit`
    words text not null,                   -- of the name, and marks that begin with a section sign
    phone text                             -- its digits; null: none
) strict
"""
# The words of `visit_search`.  `ascii` takes every sign beyond ASCII for a letter: our own key has
# folded the names before.  Nobody asks where in a name a word stands (`detail`).
VISIT_WORDS = """
create virtual table visit_words using fts5 (
    words, content = 'visit_search', content_rowid = 'place', tokenize = 'ascii',
    detail = 'none', columnsize = 0, prefix = '1 2 3 4 5 6'
)
"""
# Rooms and authors of visits: `words` name them by their ids.
SEARCH_VALUE = """
create table search_value (
    id integer primary key,
    kind text not null check (kind in ('room', 'author')),
    key text not null,                     -- equal for all names of the same room, or member
    label text not null,                   -- the newest name
    unique (kind, key)
) strict
"""
SEARCH_TRIGGERS = (
    """
create trigger visit_search_added after insert on visit_search begin
    insert into visit_words (rowid, words) values (new.place, new.words);
end
""",
    """
create trigger visit_search_gone after delete on visit_search begin
    insert into visit_words (visit_words, rowid, words) values ('delete', old.place, old.words);
end
""",
    """
create trigger visit_search_fixed before update on visit_search begin
    select raise(abort, 'rows of visit_search are added and deleted');
end
""",
    """
create trigger visit_gone_from_search after delete on visit begin
    delete from visit_search where visit = old.row;
end
""",
)
SEARCH_INDEXES = (
    "create index visit_search_phone on visit_search (phone) where phone is not null",
    "create index outbox_closed on outbox (visit) where state = 'closed'",
)

# What SQL can find a visit by, in the order of arrivals: a page of them is read from an index.
# Each follows the table that it comes from.
OF_VISIT = "(select id from visit where row = {visit})"
STATE_OF = "(select state from newest_message where visit = {id})"
TICKET_OF = "(select label from ticket where visit = {id} and state <> 'moved')"
SEARCH_COLUMNS = (
    "drop trigger visit_search_fixed",
    "alter table visit_search add column state text",  # of the newest message; null: no message
    "alter table visit_search add column ticket text",  # its label
)
_ID = OF_VISIT.format(visit="visit_search.visit")
_STATE, _TICKET = (each.format(id=_ID) for each in (STATE_OF, TICKET_OF))
FILL_SEARCH_COLUMNS = f"update visit_search set state = {_STATE}, ticket = {_TICKET}"
SEARCH_COLUMN_INDEXES = (
    "create index visit_search_state on visit_search (state) where state is not null",
    "create index visit_search_ticket on visit_search (ticket) where ticket is not null",
    "drop index outbox_closed",
)


def _follow(name: str, when: str, column: str, value: str, of: str = "new") -> str:
    """Return a trigger that sets a column for the visit of a row, `new` or `old`."""
    visit = f"{of}.visit"
    return (
        f"create trigger {name} after {when} begin update visit_search set {column} ="
        f" {value.format(id=visit)} where visit = (select row from visit where id = {visit}); end"
    )


_NEW_ID = OF_VISIT.format(visit="new.visit")
SEARCH_COLUMN_TRIGGERS = (
    """
create trigger visit_search_fixed before update of place, visit, words, phone on visit_search begin
    select raise(abort, 'rows of visit_search are added and deleted');
end
""",
    "create trigger visit_search_completed after insert on visit_search begin"
    f" update visit_search set state = {STATE_OF.format(id=_NEW_ID)},"
    f" ticket = {TICKET_OF.format(id=_NEW_ID)} where place = new.place; end",
    _follow("outbox_to_search", "insert on outbox", "state", STATE_OF),
    _follow("outbox_state_to_search", "update of state on outbox", "state", STATE_OF),
    _follow("outbox_gone_from_search", "delete on outbox", "state", STATE_OF, "old"),
    _follow("ticket_to_search", "insert on ticket", "ticket", TICKET_OF),
    _follow("ticket_state_to_search", "update of state on ticket", "ticket", TICKET_OF),
    _follow("ticket_gone_from_search", "delete on ticket", "ticket", TICKET_OF, "old"),
)

# Two records are of one person, or are not any more.  Rows are only added; they go with a visit.
# A record is all visits that share a number with the named one.
SAME_PERSON = """
create table same_person (
    id integer primary key autoincrement,
    at text not null,
    author text not null,
    visit text not null,                   -- a visit of the one record
    other text not null,                   -- a visit of the other one
    undoes integer unique references same_person (id),  -- the joining that ends; null: one begins
    why text not null
) strict
"""
SAME_PERSON_TRIGGERS = (
    """
create trigger same_person_no_update before update on same_person begin
    select raise(abort, 'rows of same_person are only added');
end
""",
    """
create trigger same_person_no_delete before delete on same_person
when exists (select 1 from visit where id = old.visit)
    and exists (select 1 from visit where id = old.other)
begin
    select raise(abort, 'rows of same_person are only added');
end
""",
    """
create trigger same_person_gone after delete on visit begin
    delete from same_person where visit = old.id or other = old.id;
end
""",
)
SAME_PERSON_INDEXES = (
    "create index same_person_visit on same_person (visit)",
    "create index same_person_other on same_person (other)",
)
