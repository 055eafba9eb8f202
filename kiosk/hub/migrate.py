"""Making and changing the hub's tables: numbered steps of SQL, each once, in one transaction.

1. A step is a file `steps/NNNN_name.sql`.  Its first line says which programs may still use the hub
   afterwards: `-- oldest_reader: N`, the newest step that they have to know.
2. Two runs at once exclude each other (`lock table hub.step`).
3. A step waits for no lock: behind a long report it would make all desks wait.  It gives up after
   LOCK_TIMEOUT_MS and begins again.
4. Steps only add.  A column is dropped two releases after its last reader.
5. Everything belongs to hub_owner, which nobody signs in as.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from kiosk.hub.connection import HubConnection
from kiosk.hub.errors import HubBusy, HubError, HubRefused

T = TypeVar("T")
STEPS = Path(__file__).parent / "steps"
OWNER = "hub_owner"
GROUPS = ("hub_desk", "hub_report", "hub_group")  # of desks, of reports, of a group's office
OLDEST_READER = re.compile(r"-- oldest_reader: (\d+)\n")
LOCK_TIMEOUT_MS = 100
MAX_TRIES = 600
LONGEST_PAUSE_S = 1.0
STEP_LIMIT_S = 600.0  # a step may make an index
BOOKS = """
create schema if not exists hub authorization hub_owner;
set local role hub_owner;
create table if not exists hub.step (
    step int primary key,
    name text not null,
    oldest_reader int not null,            -- the step that a program has to know
    at timestamptz not null default now()
);
create table if not exists hub.identity (
    id uuid not null,                      -- names this hub, also in a copy of it
    only_one boolean primary key default true check (only_one)
);
insert into hub.identity (id) values (gen_random_uuid()) on conflict do nothing;
"""


@dataclass(frozen=True, slots=True)
class HubStep:
    """A step of the schema; `oldest_reader` is the step that a program has to know after it."""

    number: int
    name: str
    oldest_reader: int
    sql: str


def shipped_steps(folder: Path = STEPS) -> list[HubStep]:
    """Return the steps of a folder, by their numbers, which begin with 1 and have no gap."""
    steps = []
    for path in sorted(folder.glob("[0-9]*.sql")):
        sql = path.read_text("utf-8")
        match = OLDEST_READER.match(sql)
        assert match, f"{path.name}: its first line says no oldest_reader"
        steps.append(HubStep(int(path.name[:4]), path.stem[5:], int(match[1]), sql))
    assert [step.number for step in steps] == list(range(1, len(steps) + 1)), "a step is missing"
    return steps


def migrate(
    hub: HubConnection,
    steps: list[HubStep] | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> list[int]:
    """Bring the hub to the newest step; return the numbers of the steps that were run.

    `hub` is an administrator's connection, whose account may make roles.  Raises HubBusy if a lock
    was not to be had in MAX_TRIES tries, and the other errors of a HubConnection.
    """
    _make_roles(hub)
    patiently(lambda: _make_books(hub), pause)
    return [
        step.number
        for step in (shipped_steps() if steps is None else steps)
        if patiently(lambda step=step: _run(hub, step), pause)  # type: ignore[misc]
    ]


def patiently(work: Callable[[], T], pause: Callable[[float], None] = time.sleep) -> T:
    """Return what `work`, a whole transaction, returns; try again while the hub is busy."""
    for tries in range(MAX_TRIES):
        try:
            return work()
        except HubBusy:
            pause(random.uniform(0, min(0.02 * 2**tries, LONGEST_PAUSE_S)))
    return work()


def as_owner(hub: HubConnection) -> None:
    """Go on as hub_owner until the end of the transaction, and wait for no lock."""
    hub.execute(f"set local lock_timeout = '{LOCK_TIMEOUT_MS}ms'")
    hub.execute(f"set local statement_timeout = '{int(STEP_LIMIT_S)}s'")
    hub.execute(f"set local role {OWNER}")


def _make_roles(hub: HubConnection) -> None:
    there = {row["rolname"] for row in hub.rows("select rolname from pg_roles")}
    for role in (OWNER, *GROUPS):
        if role not in there:
            try:
                hub.execute(f"create role {role} nologin")
            except HubRefused as exc:
                if exc.sqlstate not in ("42710", "23505"):  # another run made it
                    raise
    if not hub.rows(f"select pg_has_role('{OWNER}', 'usage') as has")[0]["has"]:
        hub.execute(f"grant {OWNER} to current_user")


def _make_books(hub: HubConnection) -> None:
    """Make the schema, the table of steps, and who may connect to the database."""
    if hub.rows("select to_regclass('hub.identity') as there")[0]["there"] is None:
        try:
            with hub.transaction():
                hub.execute(BOOKS)
        except HubRefused as exc:
            if exc.sqlstate not in ("42P06", "42P07", "23505"):
                raise
            raise HubBusy("another run makes the first tables", exc.sqlstate) from None
    database = hub.rows("select current_database() as name")[0]["name"].replace('"', '""')
    with hub.transaction():
        as_owner(hub)
        hub.execute("lock table hub.step in exclusive mode")  # two at once would fail
        hub.execute("reset role")
        hub.execute(f'revoke connect, temporary on database "{database}" from public')
        hub.execute(f'grant connect on database "{database}" to {", ".join((OWNER, *GROUPS))}')


def _run(hub: HubConnection, step: HubStep) -> bool:
    """Run a step unless it was run; return whether it was run now."""
    with hub.transaction():
        as_owner(hub)
        hub.execute("lock table hub.step in exclusive mode")
        if hub.rows("select 1 from hub.step where step = %s", [step.number]):
            return False
        try:
            hub.execute(step.sql, limit_s=STEP_LIMIT_S)
        except HubRefused as exc:
            raise HubError(f"step {step.number} ({step.name}) failed: {exc}", exc.sqlstate) from exc
        hub.execute(
            "insert into hub.step (step, name, oldest_reader) values (%s, %s, %s)",
            [step.number, step.name, step.oldest_reader],
        )
    return True
