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
