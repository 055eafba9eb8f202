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
from kiosk.hub.migrate import as_owner, patiently

TABLES = ("visit", "visit_version")
MONTHS_AHEAD = 3
PART = re.compile(r"visit_(\d{4})_(\d{2})", re.ASCII)
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
        if f"{table}_before" not in parts_of(hub, table):
            made += _make(hub, table, f"{table}_before", None, first_of_month(today, -1))
        for later in range(-1, ahead + 1):
            month = first_of_month(today, later)
            name = f"{table}_{month:%Y_%m}"
            if name not in parts_of(hub, table):
                made += _make(hub, table, name, month, first_of_month(month, 1))
    return made


def months_ready(hub: HubConnection) -> date | None:
    """Return the first day for which no part is ready; None if there is none at all."""
    months = [
        first_of_month(date(int(match[1]), int(match[2]), 1), 1)
        for name in parts_of(hub, "visit")
        if (match := PART.fullmatch(name))
    ]
    return max(months, default=None)


def drop_before(hub: HubConnection, month: date) -> list[str]:
    """Delete all visits of the days before a month; return the names of the parts that went.

    `month` is its first day.  Whole months are dropped; of the part `…_before` rows are deleted.
    """
    dropped = []
    for table in TABLES:
        for name in sorted(parts_of(hub, table)):
            match = re.fullmatch(rf"{table}_(\d{{4}})_(\d{{2}})", name)
            if match and first_of_month(date(int(match[1]), int(match[2]), 1), 1) <= month:
                patiently(lambda table=table, name=name: _drop(hub, table, name))  # type: ignore[misc]
                dropped.append(name)
        with hub.transaction():
            as_owner(hub)
            hub.execute(f"delete from hub.{table} where day < %s", [month], limit_s=600)
    with hub.transaction():
        as_owner(hub)
        hub.execute("delete from hub.divergent where day < %s", [month], limit_s=600)
    return dropped


def parts_of(hub: HubConnection, table: str) -> set[str]:
    """Return the names of the parts of a table."""
    return {row["name"] for row in hub.rows(SELECT_PARTS, [f"hub.{table}"])}


def _make(hub: HubConnection, table: str, name: str, first: date | None, end: date) -> list[str]:
    begins = f"'{first}'" if first else "minvalue"

    def make() -> None:
        with hub.transaction():
            as_owner(hub)
            hub.execute(
                f"create table hub.{name} (like hub.{table} including defaults"
                " including constraints including storage)"
            )
            hub.execute(
                f"alter table hub.{table} attach partition hub.{name}"
                f" for values from ({begins}) to ('{end}')"
            )

    patiently(make)
    return [name]


def _drop(hub: HubConnection, table: str, name: str) -> None:
    with hub.transaction():
        as_owner(hub)
        hub.execute(f"alter table hub.{table} detach partition hub.{name}")
        hub.execute(f"drop table hub.{name}")
