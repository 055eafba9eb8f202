-- oldest_reader: 1
-- Who sends which message to the insurer, and the lists that the desks of a facility share.
-- (docs/decisions/0059; pages may use 0002.)

-- Which desk sends the messages of a desk, as that desk's settings say, and who is signed in there.
-- Each desk writes its own.
create table hub.sends (
    facility text not null,
    desk smallint not null,
    sender smallint,                       -- null: the desk itself
    people text[] not null default '{}'    -- names of members of staff
        check (cardinality(people) <= 20 and length(array_to_string(people, '')) <= 4000),
    seen_at timestamptz not null default clock_timestamp(),
    primary key (facility, desk),
    foreign key (facility, desk) references hub.desk (facility, id)
);

-- A person decided that a desk sends what a retired desk has not sent.
create table hub.takeover (
    facility text not null,
    desk smallint not null,                -- whose messages
    at timestamptz not null default clock_timestamp(),
    by_desk smallint not null,             -- which sends them
    author text not null,                  -- who decided
    reason text not null check (reason <> ''),
    ended_at timestamptz,                  -- the desk works again, or another one took over
    primary key (facility, desk, at),
    foreign key (facility, desk) references hub.desk (facility, id),
    foreign key (facility, by_desk) references hub.desk (facility, id),
    check (by_desk <> desk)
);
create unique index takeover_open on hub.takeover (facility, desk) where ended_at is null;

-- The messages that a desk sends for another one: handed over by their desk, or taken over.  A row is
-- one state of one message: state_seq is that of `visit`, so that a message that a person queues
-- again is a new row.
create table hub.sending (
    facility text not null,
    day date not null,
    visit text not null,
    version int not null,
    state_seq bigint not null,
    desk smallint not null,                -- which gets what came of it
    sender smallint not null,              -- which sends it
    claim uuid,                            -- proves who holds it
    state text not null default 'queued' check (
        state in ('in_flight', 'queued', 'accepted', 'refused', 'parked', 'replaced')
    ),
    tries int not null default 0,
    lease_until timestamptz,               -- in flight: nobody else sends it before this
    next_try_at timestamptz not null default clock_timestamp(),
    code text,
    message text,
    insurer_transaction text,
    sent_at timestamptz,                   -- of the newest document; null: nothing was sent
    document bytea,                        -- as it was sent, until its desk has it
    certificate_serial text,
    account text not null default '',
    call text not null default '',
    answer text,                           -- the whole answer, until its desk has it
    settled_at timestamptz,
    taken_at timestamptz,                  -- when its desk had noted it
    primary key (facility, day, visit, state_seq)
);
create index sending_due on hub.sending (facility, desk) where state in ('in_flight', 'queued');
create index sending_open on hub.sending (facility, desk) where taken_at is null;

-- All visits of a batch have one moment, so that `state_seq`, which the desk counts, orders them.
alter table hub.visit alter column hub_at set default now();

-- Lists that all desks of a facility have.  A change is a new version; nothing is changed.
create table hub.shared_list (
    facility text not null references hub.facility (code),
    kind text not null check (kind in ('rooms', 'staff')),
    version int not null check (version >= 1),
    desk smallint not null,                -- which brought it
    at timestamptz not null default clock_timestamp(),
    entries jsonb not null,                -- pairs of key and entry, in their order
    primary key (facility, kind, version)
);

-- Whose messages the desk of this login sends: of those that say so themselves, and of retired
-- desks that it took over.
create view hub.relayed_desk with (security_barrier) as
select s.facility, s.desk from hub.sends s
where s.facility = split_part(session_user::text, '_', 2)
    and s.sender::text = split_part(session_user::text, '_', 3)
union
select t.facility, t.desk from hub.takeover t
join hub.desk d on d.facility = t.facility and d.id = t.desk
where t.facility = split_part(session_user::text, '_', 2)
    and t.by_desk::text = split_part(session_user::text, '_', 3)
    and t.ended_at is null and d.retired_at is not null;

-- What it has to send for them, unless the visit has another message by now.
create view hub.to_send with (security_barrier) as
select s.facility, s.day, s.visit, v.version, s.state_seq, s.desk, s.state, s.next_try_at,
    s.lease_until, v.hub_at, v.person
from hub.sending s
join hub.relayed_desk r on r.facility = s.facility and r.desk = s.desk
join hub.visit v on v.facility = s.facility and v.day = s.day and v.id = s.visit
where s.facility = split_part(session_user::text, '_', 2) and s.state in ('in_flight', 'queued')
    and v.state_seq = s.state_seq and v.insurer_state in ('queued', 'in_flight')
    and v.cancelled_at is null;

-- The same with the record, of which the message is made.
create view hub.to_send_record with (security_barrier) as
select s.facility, s.day, s.visit, s.version, s.state_seq, w.record
from hub.to_send s
join hub.visit_version w
    on w.facility = s.facility and w.day = s.day and w.visit = s.visit and w.version = s.version
where s.facility = split_part(session_user::text, '_', 2);

-- What others send for this desk, with what came of it; and what was sent for a retired desk, whose
-- machine may have come back under another number.  Not what names this desk as its sender: any desk
-- of the facility may write that into a row.
create view hub.own_sending with (security_barrier) as
select s.* from hub.sending s
join hub.desk d on d.facility = s.facility and d.id = s.desk
where s.facility = split_part(session_user::text, '_', 2)
    and (split_part(session_user::text, '_', 3) = s.desk::text or d.retired_at is not null);

grant select, insert (facility, desk, sender, people), update (sender, people, seen_at)
    on hub.sends to hub_desk;
grant select, insert (facility, desk, by_desk, author, reason), update (ended_at)
    on hub.takeover to hub_desk;
grant select (facility, day, visit, version, state_seq, desk, sender, claim, state, tries,
        lease_until, next_try_at, code, message, insurer_transaction, sent_at, settled_at,
        taken_at),
    insert (facility, day, visit, version, state_seq, desk, sender),
    update (version, sender, claim, state, tries, lease_until, next_try_at, code, message,
        insurer_transaction, sent_at, document, certificate_serial, account, call, answer,
        settled_at, taken_at)
    on hub.sending to hub_desk;
grant select, insert (facility, kind, version, desk, entries) on hub.shared_list to hub_desk;
grant select on hub.relayed_desk, hub.to_send, hub.to_send_record, hub.own_sending to hub_desk;
grant select (facility, day, visit, version, state_seq, desk, sender, state, tries, code,
        sent_at, settled_at, taken_at)
    on hub.sending to hub_report;
grant select on hub.sends, hub.takeover to hub_report;

alter table hub.sends enable row level security, force row level security;
alter table hub.takeover enable row level security, force row level security;
alter table hub.sending enable row level security, force row level security;
alter table hub.shared_list enable row level security, force row level security;

create policy owner on hub.sends to hub_owner using (true);
create policy owner on hub.takeover to hub_owner using (true);
create policy owner on hub.sending to hub_owner using (true);
create policy owner on hub.shared_list to hub_owner using (true);

create policy own_facility on hub.sends for select to hub_desk, hub_report
    using (facility = split_part(session_user::text, '_', 2));
create policy own_desk_says on hub.sends for insert to hub_desk
    with check (facility = split_part(session_user::text, '_', 2)
        and desk = split_part(session_user::text, '_', 3)::smallint);
create policy own_desk_changes on hub.sends for update to hub_desk
    using (facility = split_part(session_user::text, '_', 2)
        and desk = split_part(session_user::text, '_', 3)::smallint);

create policy own_facility on hub.takeover for select to hub_desk, hub_report
    using (facility = split_part(session_user::text, '_', 2));
create policy own_desk_takes on hub.takeover for insert to hub_desk
    with check (facility = split_part(session_user::text, '_', 2)
        and by_desk = split_part(session_user::text, '_', 3)::smallint);
create policy ending on hub.takeover for update to hub_desk
    using (facility = split_part(session_user::text, '_', 2));

create policy own_facility on hub.sending for select to hub_desk, hub_report
    using (facility = split_part(session_user::text, '_', 2));
create policy own_desk_hands_over_or_takes on hub.sending for insert to hub_desk
    with check (facility = split_part(session_user::text, '_', 2)
        and split_part(session_user::text, '_', 3) in (desk::text, sender::text));
-- A row that is due again is claimed by whoever sends now, and one of a retired desk is noted by its
-- machine under another number: both are desks that the row does not name.
create policy own_facility_settles on hub.sending for update to hub_desk
    using (facility = split_part(session_user::text, '_', 2));

create policy own_facility on hub.shared_list for select to hub_desk
    using (facility = split_part(session_user::text, '_', 2));
create policy own_desk_brings on hub.shared_list for insert to hub_desk
    with check (facility = split_part(session_user::text, '_', 2)
        and desk = split_part(session_user::text, '_', 3)::smallint);
