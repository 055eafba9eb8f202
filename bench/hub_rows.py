"""Visits of invented people in a hub for the bench: the same rows in every run.

Twenty facilities with twenty desks each, in the twelve months before today.  Each visit's record is
that of a visit which the product itself has recorded, with some other values.  All rows go through
the hub's own schema and have all its indexes.
"""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.logbook_rows import HOW
from bench.pages import _first_visit
from kiosk.hub import make_partitions
from kiosk.logbook import Database
from tests.hub.cluster import HubDatabase

FACILITIES = 20
DESKS = 20  # of each facility
PERSONS = 600_000
DAYS = 365
BATCH = 500_000  # visits of a transaction

# What a facility's code, a desk's stream and a day follow from: the number `i` of a visit.
PLACES = f"""
select i, '01' || (900 + mod(i, {FACILITIES})) as facility,
    mod(i / {FACILITIES}, {DESKS}) + 1 as desk,
    md5(mod(i, {FACILITIES * DESKS})::text)::uuid as stream,
    i / {FACILITIES * DESKS} + 1 as seq,
    %(first)s::date + (i * {DAYS} / %(count)s)::int as day,
    mod(i * 2654435761, 1000003) as r,
    substr(md5(i::text), 1, 16) as token
from generate_series(%(begin)s::bigint, %(end)s::bigint) i
"""
IDS = f"""
select *, facility || '-' || to_char(day, 'YYYYMMDD') || '-' || token as id,
    day + time '23:30' - interval '1 day' + mod(r, 30000) * interval '1 second' as at,
    '9999' || lpad(mod(r * 7, {PERSONS})::text, 6, '0') as person,
    case mod(r, 9) when 0 then 'desk' when 1 then 'unconfirmed' else 'admitted' end as outcome,
    case mod(r, 9) when 0 then 'ended' when 1 then 'not_yet_known' else 'in_force' end as reason,
    'Phòng khám ' || (mod(r, 24) + 1) as room
from ({PLACES}) as place
"""
VISITS = f"""
insert into hub.visit (facility, day, id, version, stream, seq, desk, arrived_at, hub_at, person,
    room, ticket, outcome, reason, state_seq, insurer_state, insurer_code, insurer_transaction)
select facility, day, id, 1, stream, seq, desk, at at time zone 'UTC',
    (at + interval '1 second') at time zone 'UTC', person, room, (mod(r, 300) + 1)::text, outcome,
    reason, 3, case when i > %(count)s - 60 then 'refused' else 'accepted' end,
    case when i > %(count)s - 60 then '205' else '200' end, md5(token)
from ({IDS}) as visit order by facility, day, id
"""
VERSIONS = f"""
insert into hub.visit_version (facility, day, visit, version, desk, stream, seq, digest, written_at,
    author, record)
select facility, day, id, 1, desk, stream, seq, sha256(id::bytea), at at time zone 'UTC',
    'staff 101 Người Thử',
    %(record)s::jsonb || jsonb_build_object('arrived_at', to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS')
    || '.000000+00:00', 'person', person, 'number', 'GD4019' || person, 'card_number',
    'GD4019' || person, 'room', room, 'outcome', outcome, 'reason', reason, 'registered_at',
    '01' || lpad(mod(r, 97)::text, 3, '0'), 'author', 'staff 101 Người Thử', 'holder',
    'Nguyễn Thị ' || (array['An', 'Bình', 'Châu', 'Dung', 'Giang', 'Hạnh', 'Khánh', 'Lan'])
    [mod(r, 8) + 1] || ' ' || substr(md5(person), 1, 4), 'valid_from', '2026-01-01', 'valid_until',
    '2026-12-31', 'citizen_number', '0010' || lpad(mod(r * 7, 10000000)::text, 8, '0'), 'phone',
    case mod(r, 2) when 0 then '' else '0999' || lpad(mod(r, 1000000)::text, 6, '0') end, 'how',
    %(how)s::jsonb)
from ({IDS}) as visit order by facility, day, id
"""
FACILITY_ROWS = f"""
insert into hub.facility (code, name)
select '01' || (900 + i), 'Bệnh viện ' || i from generate_series(0, {FACILITIES - 1}) i
on conflict do nothing
"""
DESK_ROWS = f"""
insert into hub.desk (facility, id, name, letter, login)
select f.code, d, 'Quầy ' || d, 'desk ' || d, 'desk_' || f.code || '_' || d
from hub.facility f, generate_series(1, {DESKS}) d on conflict do nothing
"""
STREAM_ROWS = f"""
insert into hub.stream (facility, id, desk, acked_seq, seen_at)
select '01' || (900 + mod(i, {FACILITIES})), md5(i::text)::uuid, mod(i / {FACILITIES}, {DESKS}) + 1,
    1, now()
from generate_series(0, {FACILITIES * DESKS - 1}) i
"""
INDEXES = """
select indexname, indexdef from pg_indexes i join pg_class c on c.relname = i.indexname
where schemaname = 'hub' and tablename = %s and c.relkind = 'I'
  and not exists (select 1 from pg_constraint where conindid = c.oid)
"""
SIZES = """
select sum(pg_table_size(relid)) as rows, sum(pg_indexes_size(relid)) as indexes
from pg_partition_tree('hub.{}'::regclass) where isleaf
"""


def record_of_a_visit() -> str:
    """Return the record of a visit as the product writes it, with an invented person."""
    with tempfile.TemporaryDirectory() as name:
        database = Database(Path(name) / "logbook.db")
        _first_visit(database, datetime(2026, 11, 2, 1, tzinfo=UTC))
        text = str(database.rows("select record from visit where row = 1")[0][0])
        database.close()
    return text


def fill(hub: HubDatabase, count: int, with_records: int, last: date) -> float:
    """Write `count` visits, the newest on `last`; return seconds.

    Only the newest `with_records` have their records; with all of them a hub is seven times as
    large, and no report reads them.
    """
    begun = time.perf_counter()
    first = last - timedelta(days=DAYS - 1)
    values: dict[str, Any] = {"first": first, "count": count, "record": record_of_a_visit()}
    values["how"] = HOW
    hub.sql("drop table hub.visit_before, hub.visit_version_before")  # of all earlier months
    make_partitions(hub.admin(), first, 14)
    hub.sql(FACILITY_ROWS)
    hub.sql(DESK_ROWS)
    hub.sql(STREAM_ROWS)
    later = [row for table in ("visit", "visit_version") for row in take_indexes(hub, table)]
    for begin in range(0, count, BATCH):
        part = values | {"begin": begin, "end": min(begin + BATCH, count) - 1}
        hub.sql(VISITS, part)
        if part["end"] >= count - with_records:
            hub.sql(VERSIONS, part | {"begin": max(begin, count - with_records)})
    for definition in later:
        hub.sql(definition)
    hub.sql("vacuum analyze hub.visit, hub.visit_version")
    return time.perf_counter() - begun


def take_indexes(hub: HubDatabase, table: str) -> list[str]:
    """Drop the indexes of a table that are no keys; return the statements that make them."""
    definitions = []
    for row in hub.sql(INDEXES, [table]):
        definitions.append(row["indexdef"].replace(" ON ONLY ", " ON "))
        hub.sql(f"drop index hub.{row['indexname']}")
    return definitions


def bytes_of(hub: HubDatabase, table: str) -> tuple[int, int]:
    """Return how many bytes the rows of a table take, and its indexes."""
    row = hub.sql(SIZES.format(table))[0]
    return int(row["rows"]), int(row["indexes"])
