"""The monthly parts of the two big tables: made ahead, and dropped when their time is over.

1. Months are made MONTHS_AHEAD ahead, by whoever runs `hub migrate` each night.  A row of a month
   that is missing is refused (SQLSTATE 23514 without a constraint), and the desk waits with it.
2. What is older than the first month that was made, such as the visits that desks had before they
   had a hub, goes into one part of its own, `…_before`.
3. A part is made beside its table and then attached: that waits for no report, and makes no desk
   wait, as `create table … partition of` would.
"""

from __future__ import annotations

import re
from datetime import date

from kiosk.hub.connection import HubConnection
from kiosk.hub.migrate import STEP_LIMIT_S, as_owner, patiently

TABLES = ("visit", "visit_version")
MONTHS_AHEAD = 3
PART = re.compile(r"_(\d{4})_(\d{2})", re.ASCII)
SELECT_PARTS = """
select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
where i.inhparent = %s::regclass
"""


def first_of_month(day: date, later: int = 0) -> date:
    """Return the first day of the month of a day, or of one `later` months after it."""
    months = day.year * 12 + day.month - 1 + later
    return date(months // 12, months % 12 + 1, 1)


def make_partitions(hub: HubConnection, today: date, ahead: int = MONTHS_AHEAD) -> list[str]:
    """Make the months that are missing, from the last one's to `ahead` months after today's.

    `today` is a day at the clinic.  Returns the names of the parts that were made.
    """
    made = []
    for table in TABLES:
        there = months_of(hub, table)
        first = min(there, default=first_of_month(today, -1))
        months = [first_of_month(today, later) for later in range(-1, ahead + 1)]
        for month in (month for month in months if month not in there and month >= first):
            patiently(lambda table=table, month=month: _make(hub, table, month))  # type: ignore[misc]
            made.append(_name(table, month))
        if f"{table}_before" not in parts_of(hub, table):
            patiently(lambda table=table, first=first: _make_before(hub, table, first))  # type: ignore[misc]
            made.append(f"{table}_before")
    return made


def months_ready(hub: HubConnection) -> date | None:
    """Return the first day for which no part is ready; None without any part."""
    newest = max(months_of(hub, "visit"), default=None)
    return newest and first_of_month(newest, 1)


def drop_before(hub: HubConnection, month: date) -> list[str]:
    """Delete all visits of the days before a month; return the names of the parts that went.

    `month` is its first day.  Older days have a place afterwards too, which is empty: a desk that
    begins again with its journal brings them once more, and must not be held up.
    """
    dropped = []
    for table in TABLES:
        dropped += patiently(lambda table=table: _drop(hub, table, month))  # type: ignore[misc]
    with hub.transaction():
        as_owner(hub)
        for table in ("divergent", "sending"):
            hub.execute(f"delete from hub.{table} where day < %s", [month], STEP_LIMIT_S)
    return dropped


def months_of(hub: HubConnection, table: str) -> set[date]:
    """Return the first days of the months that a table has a part for."""
    parts = (PART.fullmatch(name.removeprefix(table)) for name in parts_of(hub, table))
    return {date(int(match[1]), int(match[2]), 1) for match in parts if match}


def parts_of(hub: HubConnection, table: str) -> set[str]:
    """Return the names of the parts of a table."""
    return {row["name"] for row in hub.rows(SELECT_PARTS, [f"hub.{table}"])}


def _name(table: str, month: date) -> str:
    return f"{table}_{month:%Y_%m}"


def _make(hub: HubConnection, table: str, month: date) -> None:
    with hub.transaction():
        as_owner(hub)
        _attach(hub, table, _name(table, month), f"'{month}'", first_of_month(month, 1))


def _make_before(hub: HubConnection, table: str, end: date) -> None:
    with hub.transaction():
        as_owner(hub)
        _attach(hub, table, f"{table}_before", "minvalue", end)


def _attach(hub: HubConnection, table: str, name: str, begins: str, end: date) -> None:
    hub.execute(
        f"create table hub.{name}"
        f" (like hub.{table} including defaults including constraints including storage)"
    )
    # Each morning the planner would take today, which is newer than its statistics, for empty, and
    # read all of it for each visit.  Without statistics of days it takes a day for a small part.
    hub.execute(f"alter table hub.{name} alter column day set statistics 0")
    hub.execute(
        f"alter table hub.{table} attach partition hub.{name}"
        f" for values from ({begins}) to ('{end}')"
    )


def _drop(hub: HubConnection, table: str, month: date) -> list[str]:
    """Drop the months before `month`, and let the part `…_before` reach up to those that stay."""
    with hub.transaction():
        as_owner(hub)
        there = months_of(hub, table)
        over = sorted(each for each in there if each < month)
        if not over or not there - set(over):
            hub.execute(f"delete from hub.{table} where day < %s", [month], STEP_LIMIT_S)
            return []
        names = [_name(table, each) for each in over]
        for name in (*names, f"{table}_before"):
            hub.execute(f"alter table hub.{table} detach partition hub.{name}")
            hub.execute(f"drop table hub.{name}")
        _attach(hub, table, f"{table}_before", "minvalue", min(there - set(over)))
        return names
