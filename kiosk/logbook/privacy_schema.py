"""The tables of retention, requests, breaches and reviews, as SQL; see `kiosk.logbook.schema`.

What was purged or erased is written down as counts: no row here repeats what is gone.
"""

from __future__ import annotations

# What was deleted because its time was over: one row for each kind of data in each run.
PURGE = """
create table purge (
    id integer primary key autoincrement,
    at text not null,
    kind text not null,
    before text not null,                  -- rows from before this moment were deleted
    deleted integer not null,              -- how many; grows while the run lasts
    author text not null
) strict
"""
# What was erased of one person, on whose request, and what had to stay.  Rows are only added.
ERASURE = """
create table erasure (
    id integer primary key autoincrement,
    at text not null,
    author text not null,
    request integer,                       -- the id of the person's request; null: without one
    why text not null,
    erased text not null,                  -- JSON: how many of each kind; no data
    stays text not null                    -- JSON: how many of each kind
) strict
"""
# What a person asked about their own data.  Each change adds a version.  `about` and `contact` are
# emptied when the request's own time is over; everything else stays as it is.
PERSON_REQUEST = """
create table person_request (
    id integer not null,
    version integer not null,              -- the first is 1
    kind text not null check (
        kind in ('see', 'copy', 'correct', 'erase', 'restrict', 'withdraw', 'object', 'complain')
    ),
    about text not null,                   -- who asks, and about whom
    contact text not null,                 -- where the answer goes
    way text not null,                     -- at the desk, in writing, by telephone …
    received_at text not null,
    state text not null check (state in ('open', 'answered', 'done', 'refused')),
    answered_at text,                      -- when the person was answered first
    answer text not null,
    at text not null,
    author text not null,
    primary key (id, version)
) strict
"""
# An event that exposed, lost or changed data.  Each change adds a version.
BREACH = """
create table breach (
    id integer not null,
    version integer not null,              -- the first is 1
    state text not null check (state in ('open', 'closed', 'no_breach')),
    noticed_at text not null,
    began_at text,                         -- null: not known
    what text not null,
    data text not null,                    -- which kinds of data
    people integer,                        -- how many; null: not known
    cause text not null,
    harm text not null,
    measures text not null,
    is_severe integer not null,
    contact text not null,                 -- who answers for it
    first_word_at text,                    -- the first word to the authority
    reported_at text,                      -- the report to the authority
    people_informed_at text,
    at text not null,
    author text not null,
    primary key (id, version)
) strict
"""
# That somebody looked through who may do what.  Rows are only added.
ACCESS_REVIEW = """
create table access_review (
    id integer primary key autoincrement,
    at text not null,
    author text not null,
    accounts integer not null,             -- that could sign in then
    sha256 text not null,                  -- of the list that was looked at, in hexadecimal
    note text not null
) strict
"""
ADDED_ONLY = ("erasure", "access_review")

PURGED = "exists (select 1 from purge where kind = '{kind}' and before > old.{moment})"


def purgeable(table: str, kind: str, moment: str) -> str:
    """Return the trigger by which rows may be deleted only once a purge names a later moment."""
    return (
        f"create trigger {table}_no_delete before delete on {table}"
        f" when not {PURGED.format(kind=kind, moment=moment)}"
        f" begin select raise(abort, 'rows of {table} are only added'); end"
    )


# A consent may lose the visit that it names, and the person once it keeps nothing; nothing else.
CONSENT_FIXED_2 = """
create trigger consent_no_update before update on consent
when not (
    (new.person is old.person or (new.person is null
        and not exists (select 1 from consent_value x where x.consent = old.id)))
    and (new.visit is null or new.visit is old.visit)
    and new.id is old.id and new.at is old.at and new.author is old.author
    and new.withdraws is old.withdraws and new.key is old.key and new.purpose is old.purpose
    and new.kept is old.kept and new.until is old.until and new.how is old.how
    and new.wording is old.wording
) begin select raise(abort, 'rows of consent are only added'); end
"""
# A look may lose the number of a person of whom no visit was shown, and nothing else.
ACCESS_FIXED_2 = """
create trigger access_no_update before update on access
when not (
    old.visit is null and new.person like 'erased %' and new.visit is null
    and new.id is old.id and new.at is old.at and new.member is old.member
    and new.author is old.author and new.session is old.session and new.desk is old.desk
    and new.address is old.address and new.what is old.what and new.why is old.why
) begin select raise(abort, 'rows of access are only added'); end
"""
