"""The SQL of the lane up. All of a batch is one JSON text; keys come sorted, against deadlocks.

Modifying CTEs, advisory locks and sequences are not used: not every engine has them.
"""

from __future__ import annotations

BEGIN_STREAM = """
insert into hub.stream (facility, id, desk, program, knows_step, seen_at)
values (%(facility)s, %(stream)s, %(desk)s, %(program)s, %(step)s, clock_timestamp())
on conflict (facility, id) do nothing
"""
END_STREAM = """
update hub.stream set ended_at = clock_timestamp()
where facility = %(facility)s and id = %(ends)s and ended_at is null
"""
EARLIER_STREAMS = """
select 1 as n from hub.stream where facility = %(facility)s and desk = %(desk)s
and id <> %(stream)s limit 1
"""
SELECT_STREAM = """
select acked_seq, acked_chain, ended_at is not null as is_ended from hub.stream
where facility = %(facility)s and id = %(stream)s
"""
LOCK_STREAM = f"{SELECT_STREAM} for update"

# Other streams of this desk that somebody uses: another program works with a copy of our data.
LIVE_TWINS = """
select count(*) as n from hub.stream where facility = %(facility)s and desk = %(desk)s
and id <> %(stream)s and ended_at is null and seen_at > clock_timestamp() - interval '2 minutes'
"""
END_OLD_TWINS = """
update hub.stream set ended_at = clock_timestamp() where facility = %(facility)s
and desk = %(desk)s and id <> %(stream)s and ended_at is null
and coalesce(seen_at, begun_at) < clock_timestamp() - interval '2 minutes'
"""


def _newer(by: str, *columns: str) -> str:
    """Return assignments that replace columns where the number in the column `by` is higher."""
    return ",\n    ".join(
        f"{name} = case when excluded.{by} > v.{by} then excluded.{name} else v.{name} end"
        for name in columns
    )


_NEWER_VERSION = _newer("version", "arrived_at", "room", "outcome", "reason", "cancelled_at")
_NEWER_STATE = _newer("state_seq", "insurer_state", "insurer_code", "insurer_transaction")

# The rows of a batch, each with the digest of the version before.  `owner` is the desk that
# recorded the visit; null: the one that brings it.
_COLUMNS = """(day date, visit text, version int, seq bigint,
    digest text, parent text, written_at timestamptz, why text, author text, record jsonb,
    owner smallint, arrived_at timestamptz, person text, room text, ticket text, outcome text,
    reason text, cancelled_at timestamptz, state_seq bigint, insurer_state text, insurer_code text,
    insurer_transaction text)"""
_ROWS = f"jsonb_to_recordset(%(rows)s::jsonb) as r {_COLUMNS}"
# A subquery and no join, which a planner would do over all versions of the facility: it knows
# neither how few rows a batch has nor, behind its policies, how many the table has.
_IS_THERE = """decode(r.digest, 'hex') = (select w.digest from hub.visit_version w
    where w.facility = %(facility)s and w.day = r.day and w.visit = r.visit
        and w.version = r.version)"""

# Whether a version was made of one that waits for a person, or of an earlier one of this batch in
# whose place the hub has another desk's.
_IS_OF_DIVERGENT = f"""(exists (select 1 from hub.divergent d where d.facility = %(facility)s
        and d.visit = r.visit and d.version = r.version - 1
        and d.digest = decode(r.parent, 'hex') and d.settled_at is null)
    or exists (select 1 from jsonb_to_recordset(%(rows)s::jsonb) as q {_COLUMNS}
        join hub.visit_version w on w.facility = %(facility)s and w.day = q.day
            and w.visit = q.visit and w.version = q.version
            and w.digest <> decode(q.digest, 'hex')
        where q.day = r.day and q.visit = r.visit and q.version < r.version
            and not exists (select 1 from hub.divergent e where e.facility = %(facility)s
                and e.visit = q.visit and e.version = q.version
                and e.digest = decode(q.digest, 'hex') and e.settled_at is not null)))"""

# Step 4.  A version is not taken for the next one if the hub has another version before it, unless
# a person has settled that.
INSERT_VERSIONS = f"""
insert into hub.visit_version
    (facility, day, visit, version, desk, stream, seq, digest, written_at, why, author, record)
select %(facility)s, r.day, r.visit, r.version, %(desk)s, %(stream)s, r.seq,
    decode(r.digest, 'hex'), r.written_at, r.why, r.author, nullif(r.record, 'null'::jsonb)
from {_ROWS}
where r.parent is null
    or (not {_IS_OF_DIVERGENT}
        and not exists (select 1 from hub.visit_version p where p.facility = %(facility)s
        and p.day = r.day and p.visit = r.visit and p.version = r.version - 1
        and p.digest <> decode(r.parent, 'hex')))
    or exists (select 1 from hub.divergent d where d.facility = %(facility)s and d.visit = r.visit
        and d.version = r.version - 1 and d.digest = decode(r.parent, 'hex')
        and d.settled_at is not null)
order by r.day, r.visit, r.version
on conflict do nothing
returning visit, version
"""

# A ticket is in no record: only the desk of the visit knows what it has given, also for a version
# that another desk has made, or after a restore that took its number.
_OWN_TICKET = """excluded.version = v.version and v.desk = %(desk)s
    and excluded.ticket <> v.ticket"""

# Another desk has made the newest version of a visit.  The change stays the newest one, whatever
# becomes of the message meanwhile, until the visit's own desk brings the same version: that says
# that it has taken the change over.
_OF_ANOTHER = """exists (select 1 from hub.stream s where s.facility = v.facility
        and s.id = v.stream and s.desk <> v.desk)"""
_CONFIRMED = f"excluded.version = v.version and v.desk = %(desk)s and {_OF_ANOTHER}"

# Step 6.  Only versions that the hub has as we have them; each half is replaced by its newest.
UPSERT_VISITS = f"""
insert into hub.visit as v
    (facility, day, id, version, stream, seq, desk, arrived_at, person, room, ticket, outcome,
    reason, cancelled_at, state_seq, insurer_state, insurer_code, insurer_transaction)
select distinct on (r.day, r.visit)
    %(facility)s, r.day, r.visit, r.version, %(stream)s, r.seq, coalesce(r.owner, %(desk)s),
    r.arrived_at, r.person, r.room, r.ticket, r.outcome, r.reason, r.cancelled_at, r.state_seq,
    r.insurer_state, r.insurer_code, r.insurer_transaction
from {_ROWS}
where {_IS_THERE}
order by r.day, r.visit, r.version desc
on conflict (facility, day, id) do update set
    stream = case when excluded.version < v.version and {_OF_ANOTHER}
        then v.stream else excluded.stream end,
    seq = case when excluded.version < v.version and {_OF_ANOTHER} then v.seq else excluded.seq end,
    version = greatest(v.version, excluded.version),
    {_NEWER_VERSION},
    ticket = case when excluded.version > v.version or ({_OWN_TICKET})
        then excluded.ticket else v.ticket end,
    state_seq = greatest(v.state_seq, excluded.state_seq),
    {_NEWER_STATE}
where excluded.version > v.version or excluded.state_seq > v.state_seq or ({_OWN_TICKET})
    or ({_CONFIRMED})
"""
# A desk may not read `person` there, and PostgreSQL takes `excluded.person` for reading it.
SET_PERSONS = f"""
update hub.visit v set person = r.person
from {_ROWS}
where v.facility = %(facility)s and v.day = r.day and v.id = r.visit and v.version = r.version
    and v.stream = %(stream)s and v.seq = r.seq and r.version > 1
"""
# `count` is how many states there are: the planner, which takes every JSON for a hundred rows, then
# finds the visit of one answer by its key.
UPDATE_STATES = f"""
update hub.visit v set stream = case when {_OF_ANOTHER} then v.stream else %(stream)s end,
    seq = case when {_OF_ANOTHER} then v.seq else r.seq end, state_seq = r.state_seq,
    insurer_state = r.insurer_state, insurer_code = r.insurer_code,
    insurer_transaction = r.insurer_transaction
from (
    select distinct on (s.day, s.visit) s.*
    from jsonb_to_recordset(%(states)s::jsonb) as s (seq bigint, day date, visit text,
        state_seq bigint, insurer_state text, insurer_code text, insurer_transaction text)
    order by s.day, s.visit, s.state_seq desc, s.seq desc
    limit %(count)s) r
where v.facility = %(facility)s and v.day = r.day and v.id = r.visit and r.state_seq > v.state_seq
"""

# Step 5, only if a version was not taken: which of ours the hub has in another form, or not at all.
SELECT_NOT_TAKEN = f"""
select r.visit, r.version from {_ROWS}
where ({_IS_THERE}) is not true
order by r.visit, r.version
"""
# Its record is left out if the visit became a state secret meanwhile (`withheld`, the digest of
# such a version): it stays at the desk that made it.
KEEP_DIVERGENT = f"""
insert into hub.divergent
    (facility, visit, version, stream, day, desk, seq, digest, written_at, why, author, record)
select %(facility)s, r.visit, r.version, %(stream)s, r.day, %(desk)s, r.seq,
    decode(r.digest, 'hex'), r.written_at, r.why, r.author,
    case when not exists (select 1 from hub.visit_version w where w.facility = %(facility)s
        and w.day = r.day and w.visit = r.visit and w.digest = decode(%(withheld)s, 'hex')
        and not exists (select 1 from hub.visit_version n where n.facility = w.facility
            and n.day = w.day and n.visit = w.visit and n.version > w.version))
        then nullif(r.record, 'null'::jsonb) end
from {_ROWS}
where not exists (select 1 from hub.divergent d where d.facility = %(facility)s
    and d.visit = r.visit and d.version = r.version and d.digest = decode(r.digest, 'hex'))
order by r.visit, r.version
on conflict do nothing
"""

# A change of a visit whose desk was retired: nobody there takes it over and sends it, so it waits
# for the desk that takes its messages over, or has done so (`kiosk.hub.takeover`).  `made` are the
# versions of this batch that were taken just now.
_MADE = "jsonb_to_recordset(%(made)s::jsonb) as r (day date, visit text, version int)"
_OF_RETIRED = """v.facility = %(facility)s and v.day = r.day and v.id = r.visit
    and v.version = r.version and v.cancelled_at is null and v.insurer_state <> 'not_sent'
    and exists (select 1 from hub.desk d where d.facility = v.facility and d.id = v.desk
        and d.retired_at is not null)"""
QUEUE_OF_RETIRED = f"""
update hub.visit v set state_seq = v.state_seq + 1, insurer_state = 'queued', insurer_code = null,
    insurer_transaction = null
from {_MADE}
where {_OF_RETIRED}
"""
HAND_TO_TAKER = f"""
insert into hub.sending (facility, day, visit, version, state_seq, desk, sender)
select v.facility, v.day, v.id, v.version, v.state_seq, v.desk, %(desk)s
from {_MADE} join hub.visit v on {_OF_RETIRED}
order by v.day, v.id
on conflict do nothing
"""

# Step 7.  `is_all`: nothing waits behind it.
_COMPLETE_AT = "case when %(is_all)s then clock_timestamp() else complete_at end"
MOVE_ACK = f"""
update hub.stream set acked_seq = %(seq)s, acked_chain = %(hash)s, seen_at = clock_timestamp(),
    complete_at = {_COMPLETE_AT},
    clock_skew_ms = round(1000 * extract(epoch from clock_timestamp() - %(now)s::timestamptz)),
    program = %(program)s, knows_step = %(step)s
where facility = %(facility)s and id = %(stream)s
"""
TOUCH_STREAM = f"""
update hub.stream set seen_at = clock_timestamp(), complete_at = {_COMPLETE_AT},
    clock_skew_ms = round(1000 * extract(epoch from clock_timestamp() - %(now)s::timestamptz)),
    program = %(program)s, knows_step = %(step)s
where facility = %(facility)s and id = %(stream)s and ended_at is null
returning clock_skew_ms
"""
