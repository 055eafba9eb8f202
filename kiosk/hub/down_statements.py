"""The SQL of the lane down.  Persons and records come through the hub's views of two days.

What a desk writes is bounded here, so that nonsense of one desk (a time without end, a text without
measure) stops no other one.
"""

from __future__ import annotations

_FIRST, _LAST = "timestamptz '1900-01-01'", "timestamptz '9000-01-01'"
_DAYS_400_MS = 34_560_000_000

# One row for each stream, and one for a desk that has none yet.
SELECT_STREAMS = f"""
select clock_timestamp() as hub_at, d.id as desk, d.name, d.retired_at is not null as is_retired,
    s.id::text as stream, s.acked_seq,
    case when s.seen_at is null then null else greatest({_FIRST}, least({_LAST}, s.seen_at)) end
        as seen_at,
    case when s.complete_at is null then null
        else greatest({_FIRST}, least({_LAST}, s.complete_at)) end as complete_at,
    greatest(-{_DAYS_400_MS}, least({_DAYS_400_MS}, coalesce(s.clock_skew_ms, 0))) as skew_ms
from hub.desk d left join hub.stream s on s.facility = d.facility and s.desk = d.id
where d.facility = %(facility)s
"""

# What the mirror keeps, and what finds it.  A record is null where the desks keep their records.
_COLUMNS = f"""
    v.id, v.day, v.version, v.desk,
    greatest({_FIRST}, least({_LAST}, v.arrived_at)) as arrived_at,
    v.cancelled_at is not null as is_cancelled,
    left(v.person, 40) as person, left(v.room, 200) as room, left(v.ticket, 40) as ticket,
    left(v.record ->> 'number', 40) as number,
    left(v.record ->> 'card_number', 40) as card_number,
    left(v.record ->> 'citizen_number', 40) as citizen_number,
    v.record -> 'other_numbers' as other_numbers
"""
# The table says which rows are new, by the index of the lane; the view then gives each of them.  In
# one step the planner, which cannot know how few they are, reads two days of the facility instead;
# `offset 0` keeps the steps apart.  `first_day` is that of the view or an earlier one: partitions
# before it are not looked at.  A row without an id is too old for the view: this desk's clock is
# behind, or midnight has just passed.
SELECT_NEW = f"""
select n.stream, n.seq, r.* from unnest(%(streams)s::uuid[], %(at)s::bigint[]) as k (id, at)
cross join lateral (
    select v.day, v.id, v.stream::text as stream, v.seq from hub.visit v
    where v.facility = %(facility)s and v.day >= %(first_day)s and v.stream = k.id
        and v.seq > k.at and v.desk <> %(desk)s
    order by v.seq limit %(limit)s) n
left join lateral (
    select {_COLUMNS} from hub.lately v
    where v.facility = %(facility)s and v.day = n.day and v.id = n.id offset 0) r on true
"""
SELECT_DAYS = f"""
select {_COLUMNS} from hub.lately v
where v.facility = %(facility)s and v.desk <> %(desk)s and (v.day, v.id) > (%(day)s, %(id)s)
order by v.day, v.id limit %(limit)s
"""

# Our own visits that another desk has changed, of any day: only which, and to which version.  Of
# which desk the newest version is decides: the row itself says whose the last change was, and that
# may have been the state of our own message.
_CHANGED_ELSEWHERE = """exists (select 1 from hub.visit_version w where w.facility = v.facility
        and w.day = v.day and w.visit = v.id and w.version = v.version and w.desk <> v.desk)"""
SELECT_OURS = f"""
select r.* from unnest(%(streams)s::uuid[], %(at)s::bigint[]) as k (stream, at)
cross join lateral (
    select v.id, v.version, v.stream::text as stream, v.seq from hub.visit v
    where v.facility = %(facility)s and v.stream = k.stream and v.seq > k.at
        and v.desk = %(desk)s and {_CHANGED_ELSEWHERE}
    order by v.seq limit %(limit)s) r
"""
SELECT_OURS_LATELY = f"""
select v.id, v.version, v.stream::text as stream, v.seq from hub.visit v
where v.facility = %(facility)s and v.day >= %(day)s and v.desk = %(desk)s
    and {_CHANGED_ELSEWHERE}
"""

# The version of one of our visits that the logbook has, and those after it.
SELECT_VERSIONS = """
select version, newest, digest, written_at, why, author, record, brought_by,
    (select d.name from hub.desk d where d.facility = o.facility and d.id = o.brought_by) as name
from hub.own o where o.facility = %(facility)s and o.day = %(day)s and o.visit = %(visit)s
    and o.version >= %(version)s
order by version
"""
