"""SQL that brings rows as a desk does, for tests of the tables and of what reads them.

The program's own is in the lane up, which also finds versions that diverge.

All rows of a batch come as one JSON text (`%(rows)s`), which costs the desk least.  They are sorted
by their key, so that two desks that write the same visits lock them in the same order.
`%(facility)s`, `%(desk)s` and `%(stream)s` are those of the desk that brings them.

A row has: day, visit, version, seq, digest (hexadecimal), written_at, why, author, record (an
object or null), owner (the desk that recorded the visit), arrived_at, person, room, ticket,
outcome, reason, cancelled_at, state_seq, insurer_state, insurer_code, insurer_transaction.

A desk may not read `person` in the table, and PostgreSQL takes `excluded.person` for reading it.
So the person of a corrected visit is written by a statement of its own, `SET_PERSONS`, in the same
transaction; it is needed only if a row has a version above 1.
"""

from __future__ import annotations

_ROWS = """jsonb_to_recordset(%(rows)s::jsonb) as r (day date, visit text, version int, seq bigint,
    digest text, written_at timestamptz, why text, author text, record jsonb, owner smallint,
    arrived_at timestamptz, person text, room text, ticket text, outcome text, reason text,
    cancelled_at timestamptz, state_seq bigint, insurer_state text, insurer_code text,
    insurer_transaction text)"""

# Returns the visit and version of each that was not there.
INSERT_VERSIONS = f"""
insert into hub.visit_version (facility, day, visit, version, desk, stream, seq, digest,
    written_at, why, author, record)
select %(facility)s, r.day, r.visit, r.version, %(desk)s, %(stream)s, r.seq,
    decode(r.digest, 'hex'), r.written_at, coalesce(r.why, ''), coalesce(r.author, ''),
    nullif(r.record, 'null'::jsonb)
from {_ROWS}
order by r.day, r.visit, r.version
on conflict do nothing
returning visit, version
"""

# The newest of each visit in the batch.  Its content is guarded by the version, and the state of
# its message by state_seq: the two change at different desks.
UPSERT_VISITS = f"""
insert into hub.visit (facility, day, id, version, stream, seq, desk, arrived_at, person, room,
    ticket, outcome, reason, cancelled_at, state_seq, insurer_state, insurer_code,
    insurer_transaction)
select distinct on (r.day, r.visit) %(facility)s, r.day, r.visit, r.version, %(stream)s, r.seq,
    r.owner, r.arrived_at, r.person, r.room, r.ticket, r.outcome, r.reason, r.cancelled_at,
    r.state_seq, r.insurer_state, r.insurer_code, r.insurer_transaction
from {_ROWS}
order by r.day, r.visit, r.version desc, r.seq desc
on conflict (facility, day, id) do update set
    version = greatest(visit.version, excluded.version),
    stream = excluded.stream,
    seq = excluded.seq,
    arrived_at = case when excluded.version > visit.version then excluded.arrived_at
        else visit.arrived_at end,
    room = case when excluded.version > visit.version then excluded.room else visit.room end,
    ticket = case when excluded.version > visit.version then excluded.ticket else visit.ticket end,
    outcome = case when excluded.version > visit.version then excluded.outcome
        else visit.outcome end,
    reason = case when excluded.version > visit.version then excluded.reason else visit.reason end,
    cancelled_at = case when excluded.version > visit.version then excluded.cancelled_at
        else visit.cancelled_at end,
    state_seq = greatest(visit.state_seq, excluded.state_seq),
    insurer_state = case when excluded.state_seq > visit.state_seq then excluded.insurer_state
        else visit.insurer_state end,
    insurer_code = case when excluded.state_seq > visit.state_seq then excluded.insurer_code
        else visit.insurer_code end,
    insurer_transaction = case when excluded.state_seq > visit.state_seq
        then excluded.insurer_transaction else visit.insurer_transaction end
where excluded.version > visit.version or excluded.state_seq > visit.state_seq
"""

# After UPSERT_VISITS: the rows that it has changed are locked already, in their order.
SET_PERSONS = f"""
update hub.visit v set person = r.person
from {_ROWS}
where v.facility = %(facility)s and v.day = r.day and v.id = r.visit and v.version = r.version
    and v.stream = %(stream)s and v.seq = r.seq and r.version > 1
"""
