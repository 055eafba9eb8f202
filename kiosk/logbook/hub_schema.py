"""The journal of changes for a hub, as SQL; see `kiosk.logbook.schema` and `hub_journal`.

Triggers write it, so that no writer of a visit, a correction or a message has to think of it, in
whatever program.  Without a row in `hub_begun` they write nothing.
"""

from __future__ import annotations

# Since when changes are written down for a hub; no row: this logbook has never had one.
HUB_BEGUN = """
create table hub_begun (
    begun_at text not null
) strict
"""

# What changed, in the order in which it was committed: SQLite has one writer, so that numbers come
# without gaps.  Rows name nobody and stay when a visit is deleted.
HUB_JOURNAL = """
create table hub_journal (
    seq integer primary key autoincrement,
    visit integer not null,                -- the row of the visit
    version integer not null,              -- the new version; 0: only its message's state changed
    link integer not null                  -- of the chain: the first of the same transaction
) strict
"""

_NEXT_LINK = "(select coalesce(max(id), 0) + 1 from link)"
_HAS_HUB = "exists (select 1 from hub_begun)"

HUB_JOURNAL_TRIGGERS = (
    f"create trigger hub_journal_visit after insert on visit when {_HAS_HUB} begin"
    f" insert into hub_journal (visit, version, link) values (new.row, new.version, {_NEXT_LINK});"
    " end",
    "create trigger hub_journal_version after update of version on visit"
    f" when new.version <> old.version and {_HAS_HUB} begin"
    f" insert into hub_journal (visit, version, link) values (new.row, new.version, {_NEXT_LINK});"
    " end",
    # The state is read with the visit: an entry of the same transaction says it already.
    f"create trigger hub_journal_message after insert on outbox_event when {_HAS_HUB} begin"
    " insert into hub_journal (visit, version, link)"
    f" select v.row, 0, {_NEXT_LINK} from outbox o join visit v on v.id = o.visit"
    " where o.id = new.outbox and not exists (select 1 from hub_journal j"
    " where j.seq = (select max(seq) from hub_journal) and j.visit = v.row"
    f" and j.link = {_NEXT_LINK}); end",
)

# All versions of all visits that are older than the journal, the newest visits first.
FILL_HUB_JOURNAL = """
insert into hub_journal (visit, version, link)
select visit, version, (select coalesce(max(id), 0) from link) from (
    select v.row as visit, w.version from visit_version w join visit v on v.id = w.visit
    union all
    select row, version from visit)
order by visit desc, version
"""

# Changes that were made here to visits of other desks: they are the next version of a visit that
# this logbook does not have.  Rows are only added; they go when their time is over.
CHANGE_ELSEWHERE = """
create table change_elsewhere (
    id integer primary key autoincrement,
    at text not null,
    author text not null,
    visit text not null,                   -- its id; another desk recorded it
    version integer not null,              -- that the change makes
    owner integer not null,                -- the number of that desk in the hub
    parent text not null,                  -- the digest of the version that it was made of
    ticket text not null,                  -- what was printed there
    person text not null,                  -- the person's number at the insurer
    why text not null,
    record text not null                   -- JSON: the visit as it is with the change
) strict
"""
# A change elsewhere is for the hub, whatever `hub_begun` says.
CHANGE_ELSEWHERE_PARTS = (
    CHANGE_ELSEWHERE,
    "create index change_elsewhere_visit on change_elsewhere (visit)",
    # Null: an entry about a visit of this logbook; otherwise `visit` is 0.
    "alter table hub_journal add column elsewhere integer",
    "create index hub_journal_elsewhere on hub_journal (elsewhere) where elsewhere is not null",
    "create trigger change_elsewhere_no_update before update on change_elsewhere"
    " begin select raise(abort, 'rows of change_elsewhere are only added'); end",
    "create trigger change_elsewhere_journal after insert on change_elsewhere begin"
    " insert into hub_journal (visit, version, link, elsewhere)"
    f" values (0, new.version, {_NEXT_LINK}, new.id); end",
)
