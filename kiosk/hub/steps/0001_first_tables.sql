-- oldest_reader: 1
-- The first tables of the hub, run by `hub migrate` as hub_owner in one transaction.
-- A released step is never changed: what comes later is a file with the next number.
--
-- Rules for all tables:
-- 1. Every key begins with the facility, then the day if there is one: key and partition follow
--    from a visit's id, which holds the day.
-- 2. A desk sees its own facility only.  Which one that is, its login says (session_user, which no
--    command of the desk can change), never a value that it sets.
-- 3. A desk deletes nothing.  It reads persons and records of yesterday and today only, through the
--    views hub.lately and hub.own, not through the tables.
-- 4. Nothing here is in an order that the hub makes: (stream, seq) is the desk's own count.

create table hub.facility (
    code text primary key check (code ~ '^\d{2}[0-9A-Z]{3}$'),
    name text not null
);

create table hub.desk (
    facility text not null references hub.facility (code),
    id smallint not null check (id between 1 and 999),
    name text not null,
    letter text not null,                  -- before the numbers that it gives while it is cut off
    login text not null unique,
    added_at timestamptz not null default clock_timestamp(),
    retired_at timestamptz,                -- null: it works
    primary key (facility, id),
    unique (facility, letter)
);

-- One unbroken run of a desk's journal.  acked_* move in the transaction that brings the rows, so
-- that they say what the hub has, whatever became of an answer.
create table hub.stream (
    facility text not null,
    id uuid not null,
    desk smallint not null,
    begun_at timestamptz not null default clock_timestamp(),
    ended_at timestamptz,
    acked_seq bigint not null default 0,
    acked_chain bytea not null default '', -- of the journal's row acked_seq
    clock_skew_ms bigint,                  -- the hub's clock minus the desk's, at the last batch
    seen_at timestamptz,                   -- the last sign of life, by the hub's clock
    complete_at timestamptz,               -- when all that the desk had recorded had come
    program text,                          -- the desk's version
    knows_step int,                        -- the newest step that the desk knows
    primary key (facility, id),
    foreign key (facility, desk) references hub.desk (facility, id)
) with (fillfactor = 50);

-- Each visit as it stands.
create table hub.visit (
    facility text not null,
    day date not null,                     -- at the clinic, as in the id
    id text not null,
    version int not null check (version between 1 and 10000),
    stream uuid not null,                  -- of the newest change …
    seq bigint not null,                   -- … and its place there
    desk smallint not null,                -- where it was recorded
    arrived_at timestamptz not null,
    hub_at timestamptz not null default clock_timestamp(),
    person text not null,                  -- the person's number at the insurer
    room text not null,
    ticket text not null,
    outcome text not null,
    reason text not null,
    cancelled_at timestamptz,
    state_seq bigint not null default 0,   -- grows with each change of the message's state
    insurer_state text not null,           -- of its newest message, or not_sent
    insurer_code text,
    insurer_transaction text,
    primary key (facility, day, id),
    check (length(id) <= 60),
    check (substr(id, 7, 8)::int
        = extract(year from day) * 10000 + extract(month from day) * 100 + extract(day from day))
) partition by range (day);
create index visit_person on hub.visit (facility, day, person);
create index visit_lane on hub.visit (facility, stream, seq);
-- Few visits are in these: what needs a person, and what was corrected to another day's arrival.
create index visit_open on hub.visit (facility, arrived_at)
    where insurer_state in ('refused', 'parked') and cancelled_at is null;
create index visit_other_day on hub.visit (facility, arrived_at)
    where (arrived_at at time zone interval '7 hours')::date <> day;

-- The record of each version, once.  Never changed; `visit` can be made again from it.
create table hub.visit_version (
    facility text not null,
    day date not null,
    visit text not null,
    version int not null check (version between 1 and 10000),
    desk smallint not null,                -- whose login brought it
    stream uuid not null,
    seq bigint not null,
    digest bytea not null,                 -- of the canonical record
    written_at timestamptz not null,       -- by the desk's clock
    why text not null default '',          -- in the words of who changed the visit
    author text not null default '',
    record jsonb,                          -- null: the facility keeps records at the desks
    primary key (facility, day, visit, version),
    check (pg_column_size(record) <= 262144)
) partition by range (day);

-- A version that came when its number was taken by another one.  It waits for a person.
create table hub.divergent (
    facility text not null,
    visit text not null,
    version int not null,
    stream uuid not null,
    day date not null,
    desk smallint not null,                -- whose login brought it
    seq bigint not null,
    digest bytea not null,
    written_at timestamptz not null,
    why text not null default '',
    author text not null default '',
    record jsonb,
    found_at timestamptz not null default clock_timestamp(),
    settled_at timestamptz,
    check (pg_column_size(record) <= 262144),
    primary key (facility, visit, version, stream)
);
create index divergent_open on hub.divergent (facility, found_at) where settled_at is null;

-- The queue numbers of a room and day: which one is next, and who asked for those before.
create table hub.number_space (
    facility text not null,
    day date not null,
    room text not null,
    next int not null check (next >= 1),
    primary key (facility, day, room)
);
create table hub.number_given (
    facility text not null,
    day date not null,
    room text not null,
    number int not null check (number >= 1),
    desk smallint not null,
    asked uuid not null,                   -- of the desk: the same question gets the same number
    given_at timestamptz not null default clock_timestamp(),
    primary key (facility, day, room, number),
    unique (facility, asked)
);

-- What a desk may read of persons: yesterday, today, and what a clock that is ahead made tomorrow.
-- Views of the owner: the facility is a condition here too, because its policies are the owner's.
create view hub.lately with (security_barrier) as
select v.facility, v.day, v.id, v.version, v.stream, v.seq, v.desk, v.arrived_at, v.hub_at,
    v.person, v.room, v.ticket, v.outcome, v.reason, v.cancelled_at, v.state_seq, v.insurer_state,
    v.insurer_code, v.insurer_transaction, w.digest, w.written_at, w.why, w.author, w.record
from hub.visit v
join hub.visit_version w
    on w.facility = v.facility and w.day = v.day and w.visit = v.id and w.version = v.version
where v.facility = split_part(session_user::text, '_', 2)
    and v.day >= (now() at time zone 'Asia/Ho_Chi_Minh')::date - 1
    and w.day >= (now() at time zone 'Asia/Ho_Chi_Minh')::date - 1; -- so that its parts are left out

create view hub.lately_version with (security_barrier) as
select facility, day, visit, version, desk, stream, seq, digest, written_at, why, author, record
from hub.visit_version
where facility = split_part(session_user::text, '_', 2)
    and day >= (now() at time zone 'Asia/Ho_Chi_Minh')::date - 1;

-- What the desk itself recorded, of all days: it has that in its logbook, and fetches it back if
-- the logbook was restored.  Ask with day and visit; which visits there are says hub.visit.  Only
-- `desk` counts, which no desk can change: otherwise it could make any visit its own, and read it.
create view hub.own with (security_barrier) as
select w.facility, w.day, w.visit, w.version, w.desk as brought_by, w.stream, w.seq, w.digest,
    w.written_at, w.why, w.author, w.record, v.version as newest, v.desk, v.arrived_at,
    v.hub_at, v.person, v.room, v.ticket, v.outcome, v.reason, v.cancelled_at, v.state_seq,
    v.insurer_state, v.insurer_code, v.insurer_transaction
from hub.visit v
join hub.visit_version w on w.facility = v.facility and w.day = v.day and w.visit = v.id
where v.facility = split_part(session_user::text, '_', 2)
    and v.desk::text = split_part(session_user::text, '_', 3);

-- Divergent versions that wait, which the desks' trays show; they are few.
create view hub.divergent_waiting with (security_barrier) as
select facility, visit, version, stream, day, desk, seq, digest, written_at, why, author, record,
    found_at
from hub.divergent
where facility = split_part(session_user::text, '_', 2) and settled_at is null;

-- The sums for the office of a group of hospitals: no person, no visit.
create view hub.sums with (security_barrier) as
select facility, day, outcome, reason, insurer_state, cancelled_at is not null as cancelled,
    count(*) as visits
from hub.visit
group by facility, day, outcome, reason, insurer_state, cancelled_at is not null;

-- Who may what.  On tables with partitions nothing is granted on the partitions themselves.
grant usage on schema hub to hub_desk, hub_report, hub_group;
grant select on hub.step, hub.identity to hub_desk, hub_report, hub_group;
grant select on hub.facility, hub.desk, hub.stream to hub_desk, hub_report;
grant insert (facility, id, desk, program, knows_step, clock_skew_ms, seen_at),
    update (ended_at, acked_seq, acked_chain, clock_skew_ms, seen_at, complete_at, program, knows_step)
    on hub.stream to hub_desk;
grant select (facility, day, id, version, stream, seq, desk, arrived_at, hub_at, room, ticket,
        outcome, reason, cancelled_at, state_seq, insurer_state, insurer_code, insurer_transaction),
    insert (facility, day, id, version, stream, seq, desk, arrived_at, person, room, ticket,
        outcome, reason, cancelled_at, state_seq, insurer_state, insurer_code, insurer_transaction),
    update (version, stream, seq, arrived_at, person, room, ticket, outcome, reason,
        cancelled_at, state_seq, insurer_state, insurer_code, insurer_transaction)
    on hub.visit to hub_desk;
grant select (facility, day, visit, version, desk, stream, seq, digest, written_at, why, author), insert
    on hub.visit_version to hub_desk;
grant select (facility, visit, version, stream, day, desk, seq, digest, written_at, why, author,
        found_at, settled_at),
    insert (facility, visit, version, stream, day, desk, seq, digest, written_at, why, author, record),
    update (settled_at) on hub.divergent to hub_desk;
grant select, insert, update (next) on hub.number_space to hub_desk;
grant select, insert (facility, day, room, number, desk, asked) on hub.number_given to hub_desk;
grant select on hub.lately, hub.lately_version, hub.own, hub.divergent_waiting to hub_desk;
grant select on hub.visit, hub.visit_version, hub.divergent, hub.number_space, hub.number_given
    to hub_report;
grant select on hub.sums, hub.facility to hub_group;

-- Which rows: `force`, because the owner's views read these tables as the owner.
alter table hub.facility enable row level security, force row level security;
alter table hub.desk enable row level security, force row level security;
alter table hub.stream enable row level security, force row level security;
alter table hub.visit enable row level security, force row level security;
alter table hub.visit_version enable row level security, force row level security;
alter table hub.divergent enable row level security, force row level security;
alter table hub.number_space enable row level security, force row level security;
alter table hub.number_given enable row level security, force row level security;

create policy owner on hub.facility to hub_owner using (true);
create policy owner on hub.desk to hub_owner using (true);
create policy owner on hub.stream to hub_owner using (true);
create policy owner on hub.visit to hub_owner using (true);
create policy owner on hub.visit_version to hub_owner using (true);
create policy owner on hub.divergent to hub_owner using (true);
create policy owner on hub.number_space to hub_owner using (true);
create policy owner on hub.number_given to hub_owner using (true);

create policy own_facility on hub.facility for select to hub_desk, hub_report
    using (code = split_part(session_user::text, '_', 2));
create policy group_office on hub.facility for select to hub_group using (true);
create policy own_facility on hub.desk for select to hub_desk, hub_report
    using (facility = split_part(session_user::text, '_', 2));

create policy own_facility on hub.stream for select to hub_desk, hub_report
    using (facility = split_part(session_user::text, '_', 2));
create policy own_desk_begins on hub.stream for insert to hub_desk
    with check (facility = split_part(session_user::text, '_', 2)
        and desk = split_part(session_user::text, '_', 3)::smallint);
create policy own_desk_moves on hub.stream for update to hub_desk
    using (facility = split_part(session_user::text, '_', 2)
        and desk = split_part(session_user::text, '_', 3)::smallint);

create policy own_facility on hub.visit to hub_desk
    using (facility = split_part(session_user::text, '_', 2));
create policy reports on hub.visit for select to hub_report
    using (facility = split_part(session_user::text, '_', 2));

create policy own_facility on hub.visit_version for select to hub_desk, hub_report
    using (facility = split_part(session_user::text, '_', 2));
create policy own_desk_brings on hub.visit_version for insert to hub_desk
    with check (facility = split_part(session_user::text, '_', 2)
        and desk = split_part(session_user::text, '_', 3)::smallint);

create policy own_facility on hub.divergent for select to hub_desk, hub_report
    using (facility = split_part(session_user::text, '_', 2));
create policy own_desk_brings on hub.divergent for insert to hub_desk
    with check (facility = split_part(session_user::text, '_', 2)
        and desk = split_part(session_user::text, '_', 3)::smallint);
create policy settling on hub.divergent for update to hub_desk
    using (facility = split_part(session_user::text, '_', 2));

create policy own_facility on hub.number_space to hub_desk
    using (facility = split_part(session_user::text, '_', 2));
create policy reports on hub.number_space for select to hub_report
    using (facility = split_part(session_user::text, '_', 2));

create policy own_facility on hub.number_given for select to hub_desk, hub_report
    using (facility = split_part(session_user::text, '_', 2));
create policy own_desk_asks on hub.number_given for insert to hub_desk
    with check (facility = split_part(session_user::text, '_', 2)
        and desk = split_part(session_user::text, '_', 3)::smallint);
