"""The tables of the staff and of who looked at what, as SQL; see `kiosk.logbook.schema`.

They lie in the logbook's file, so that an approval is used up in the transaction of the change that
it allows.  No secret is stored as it is: PINs as argon2id under a key that is not in this file,
codes of 80 and more random bits as SHA-256.
"""

from __future__ import annotations

FIRST_NUMBER = 101  # of the members of staff: three digits that are no room and no ticket

# The people who may sign in, and the screens that have an account (role `kiosk`).
MEMBER = """
create table member (
    id integer primary key autoincrement,  -- the number that they type
    name text not null,
    citizen_number text not null,          -- at the gateway; empty: not known
    role text not null check (role in ('clerk', 'supervisor', 'administrator', 'kiosk')),
    active integer not null default 1,
    created_at text not null,
    unlocked_at text,                      -- the idle time counts from here
    last_sign_in_at text,
    pin_hash text,                         -- null: no PIN was set
    pin_key text,                          -- the mark of the key under which it was hashed
    pin_is_temporary integer not null default 0
) strict
"""
# Each change of a member, their PIN, their second factor, badges and tokens.  Rows are only added.
MEMBER_EVENT = """
create table member_event (
    id integer primary key autoincrement,
    at text not null,
    member integer references member (id), -- null: about no member, such as an API token
    what text not null,
    detail text not null,                  -- JSON; no PIN and no code
    author text not null
) strict
"""
# Each try to sign in whose PIN was looked at.  Rows are only added.
SIGN_IN = """
create table sign_in (
    id integer primary key autoincrement,
    at text not null,
    member integer references member (id), -- null: nobody has the number that was typed
    address text not null,
    device text not null,                  -- empty: a browser that nobody has signed in at before
    result text not null
) strict
"""
# The cookie's 32 random bytes are kept as their SHA-256.
STAFF_SESSION = """
create table staff_session (
    id integer primary key autoincrement,
    token blob not null unique,
    member integer not null references member (id),
    role text not null,                    -- as it was at the sign-in
    address text not null,
    device text not null,
    desk text not null,
    began_at text not null,
    boot text not null,                    -- in which the seconds count; see SteadyClock
    began_s real not null,
    moved_s real not null,                 -- when a person last did something, to the minute
    ended_at text,
    ended_why text
) strict
"""
SECOND_FACTOR = """
create table second_factor (
    member integer primary key references member (id),
    secret blob not null,                  -- encrypted under the key that is not in this file
    confirmed_at text,                     -- null: no code of it was typed yet
    last_step integer not null default 0   -- of the newest code that was used
) strict
"""
RECOVERY_CODE = """
create table recovery_code (
    member integer not null references member (id),
    code blob not null,
    used_at text,
    primary key (member, code)
) strict, without rowid
"""
BADGE = """
create table badge (
    id integer primary key autoincrement,
    code blob not null unique,
    member integer not null references member (id),
    made_at text not null,
    revoked_at text
) strict
"""
# What a supervisor allowed: one action on one object, in one session.
APPROVAL = """
create table approval (
    id integer primary key autoincrement,
    token blob not null unique,
    action text not null,
    object text not null,
    session integer not null references staff_session (id),
    approver integer not null references member (id),
    reason text not null,
    at text not null,
    boot text not null,
    until_s real not null,
    used_at text
) strict
"""
# What other programs sign in with.
API_TOKEN = """
create table api_token (
    id integer primary key autoincrement,
    token blob not null unique,
    name text not null,
    scopes text not null,                  -- separated by blanks
    reader text not null,                  -- empty: no reader's name may be used
    made_at text not null,
    last_day text,                         -- on which it may be used; null: no end
    used_on text,                          -- the last day of its use
    revoked_at text
) strict
"""
# A code by which the first administrator is made; only the newest one counts.
FIRST_CODE = """
create table first_code (
    id integer primary key autoincrement,
    code blob not null,
    made_at text not null,
    used_at text
) strict
"""
# Each look at a person's data.  Rows are only added; old ones go when `access_pruned` says so.
ACCESS = """
create table access (
    id integer primary key autoincrement,
    at text not null,
    member integer,                        -- null: nobody was signed in
    author text not null,
    session integer,
    desk text not null,
    address text not null,
    visit text,
    person text,                           -- as `visit.person`
    what text not null,
    why text not null
) strict
"""
ACCESS_PRUNED = """
create table access_pruned (
    id integer primary key autoincrement,
    at text not null,
    before text not null,
    author text not null
) strict
"""
ONLY_ADDED = ("member_event", "sign_in", "access", "access_pruned")


def only_added(table: str) -> list[str]:
    """Return the triggers that keep the rows of a table from being changed or deleted.

    Rows of `access` may go once a row of `access_pruned` names a later moment.
    """
    unless = (
        "when not exists (select 1 from access_pruned where before > old.at)"
        if table == "access"
        else ""
    )
    fault = f"select raise(abort, 'rows of {table} are only added')"
    return [
        f"create trigger {table}_no_update before update on {table} begin {fault}; end",
        f"create trigger {table}_no_delete before delete on {table} {unless} begin {fault}; end",
    ]
