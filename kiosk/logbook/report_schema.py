"""The tables of closings, contacts and the facts of visits, as SQL; see `kiosk.logbook.schema`.

`visit_fact` repeats nothing that names a person.  It exists because a report over a year reads
400,000 visits, whose records are a kilobyte of JSON each (docs/decisions/0046).  Triggers keep it
equal to the visits within every transaction that changes one.
"""

from __future__ import annotations

# The clinic's day and hour of an arrival; the clinic has one offset from UTC, without summer time.
_DAY = "date({row}.arrived_at, '+420 minutes')"
_HOUR = "cast(strftime('%H', {row}.arrived_at, '+420 minutes') as integer)"

# What reports count visits by.  An empty text: not known.
VISIT_FACT = """
create table visit_fact (
    day text not null,                     -- of the arrival, at the clinic
    visit integer not null,                -- the row of the visit
    hour integer not null,                 -- of the arrival, at the clinic
    is_cancelled integer not null,
    outcome text not null,
    reason text not null,
    card_group text not null,              -- the first two letters of the card's number
    benefit text not null,                 -- its third sign: the code of the share
    facility text not null,                -- where the card is registered
    room text not null,
    service text not null,                 -- its code
    route text not null,                   -- how the patient came
    care text not null,                    -- MA_LOAI_KCB of the service
    source text not null,                  -- desk, self-service or paper
    reader text not null,                  -- that read the card
    is_left_out integer not null,          -- 1: the law wants no message about it
    took_ms integer,                       -- from the first scan to the recording; null: not known
    primary key (day, visit)
) strict, without rowid
"""


def _fields(row: str) -> dict[str, str]:
    """Return the SQL of each column that follows a visit, of which `row` is the name in SQL."""

    def of(path: str) -> str:
        return f"coalesce(json_extract({row}.record, '$.{path}'), '')"

    number = (
        f"upper(case when length({of('card_number')}) = 15 then {of('card_number')}"
        f" when length({row}.number) = 15 then {row}.number else '' end)"
    )
    return {
        "day": _DAY.format(row=row),
        "visit": f"{row}.row",
        "hour": _HOUR.format(row=row),
        "is_cancelled": f"{row}.cancelled_at is not null",
        "outcome": f"{row}.outcome",
        "reason": f"{row}.reason",
        "card_group": f"substr({number}, 1, 2)",
        "benefit": f"substr({number}, 3, 1)",
        "facility": of("registered_at"),
        "room": of("room"),
        "service": of("service_code"),
        "route": of("arrival"),
        "care": of("care"),
        "source": (
            f"case when json_extract({row}.record, '$.paper') is not null then 'paper'"
            f" when json_extract({row}.record, '$.author') = 'self-service' then 'self-service'"
            " else 'desk' end"
        ),
        "is_left_out": (
            f"{of('arrival')} in ('emergency', 'uninsured')"
            f" or coalesce(json_extract({row}.record, '$.secret'), 0) <> 0"
        ),
    }


# How long it took, by our clock: as `kiosk.logbook.days_end` has it.  A visit from paper has no
# such time, nor has one between whose scan and recording the clock was changed.
_TOOK = """
case when took between 0 and 12 * 3600000 then took end from (select cast(round(86400000 * (
    julianday(recorded_at) - julianday(coalesce((
        select min(b.at) from attempt b indexed by attempt_counted where b.number = a.number
        and b.refines is null and b.at <= a.at
        and b.at > strftime('%Y-%m-%dT%H:%M:%S', a.at, '-30 minutes')), a.at)))) as integer) as took
"""
_SELECT_TOOK = (
    f"(select {_TOOK} from (select {{row}}.arrived_at as recorded_at) join attempt a"
    " on a.id = {row}.attempt where json_extract({row}.record, '$.paper') is null))"
)


def _filled(row: str) -> str:
    fields = _fields(row)
    return (
        f"insert into visit_fact ({', '.join(fields)}, reader, took_ms)"
        f" select {', '.join(fields.values())},"
        f" coalesce((select reader from attempt where id = {row}.attempt), ''), "
    )


def _changed() -> str:
    fields = _fields("new")
    return ", ".join(f"{name} = {sql}" for name, sql in fields.items())


VISIT_FACT_TRIGGERS = (
    f"create trigger visit_fact_new after insert on visit begin"
    f" {_filled('new')} {_SELECT_TOOK.format(row='new')}; end",
    "create trigger visit_fact_change after update of"
    " record, arrived_at, cancelled_at, number, outcome, reason on visit begin"
    f" update visit_fact set {_changed()}"
    f" where day = {_DAY.format(row='old')} and visit = old.row; end",
    "create trigger visit_fact_gone after delete on visit begin"
    f" delete from visit_fact where day = {_DAY.format(row='old')} and visit = old.row; end",
)
# The visits that are there already.  Their first scans are found in one pass over the readings,
# in place of one search for each visit; a clock that was corrected since is in `visit_clock`.
FILL_VISIT_FACT = f"""
with scan as (
    select id, at, min(at) over (partition by coalesce(number, 'reading ' || id)
        order by julianday(at) range between 0.020833333 preceding and current row) as first_at
    from attempt where refines is null
)
{_filled("v")}
case when json_extract(v.record, '$.paper') is null then (
    select case when took between 0 and 12 * 3600000 then took end from (select cast(round(
        86400000 * (julianday(coalesce(c.recorded_at, v.arrived_at)) - julianday(s.first_at)))
        as integer) as took)) end
from visit v left join scan s on s.id = v.attempt left join visit_clock c on c.visit = v.id
"""

# Readings and questions are counted from indexes alone: their rows are long.
REPORT_INDEXES = (
    "create index attempt_counted on attempt (at, refines, reader, reason, number)",
    "drop index attempt_at",
    "create index lookup_timed on lookup (at, kind, result, duration_ms)",
    "drop index lookup_at",
    "create index visit_version_replaced on visit_version (replaced_at, visit, version)",
)

# A day that a person closed: the figures as they were then.  Rows are only added.
DAY_CLOSING = """
create table day_closing (
    id integer primary key autoincrement,
    day text not null,                     -- at the clinic
    at text not null,
    author text not null,
    figures text not null,                 -- as JSON: counts, nothing about a person
    note text not null
) strict
"""
# Patients who were contacted after the insurer's later answer.  Rows are only added; they go with
# their visit, when its time is over.
CONTACTED = """
create table contacted (
    id integer primary key autoincrement,
    visit text not null,                   -- its id
    at text not null,
    author text not null,
    note text not null,
    undoes integer references contacted (id)  -- the row that was a mistake; null: a contact
) strict
"""
REPORT_TABLES = (
    DAY_CLOSING,
    "create index day_closing_day on day_closing (day, id)",
    CONTACTED,
    "create index contacted_visit on contacted (visit, id)",
    "create index contacted_undoes on contacted (undoes) where undoes is not null",
    "create trigger contacted_no_update before update on contacted"
    " begin select raise(abort, 'rows of contacted are only added'); end",
    "create trigger contacted_no_delete before delete on contacted"
    " when exists (select 1 from visit where id = old.visit)"
    " begin select raise(abort, 'rows of contacted are only added'); end",
)
