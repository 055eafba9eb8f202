"""How many rows busy desks make the hub look at, on a morning that its statistics do not know."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from kiosk.hub import up_statements
from kiosk.hub.connection import HubConnection
from kiosk.hub.down_statements import SELECT_DAYS, SELECT_NEW
from kiosk.hub.number_rows import SELECT_TWICE
from tests.hub.cluster import FACILITY, HubDatabase
from tests.hub.rows import begin_stream, days_ago, today, visit_row
from tests.hub.statements import INSERT_VERSIONS, UPSERT_VISITS

DESKS, BEFORE, SINCE = 4, 600, 300  # visits of each desk, before the statistics and since
LOOKS_AT_A_VISIT = 6  # at most: at its rows in two tables, and at its stream


@pytest.fixture
def desk(hub: HubDatabase) -> HubConnection:
    """Return a desk in a hub whose statistics end days ago, as they do each morning."""
    fill(hub, days_ago(2), BEFORE)
    hub.sql("analyze")
    fill(hub, today(), SINCE)
    return hub.desk(DESKS + 1)


def fill(hub: HubDatabase, day: date, count: int) -> None:
    """Let each desk bring visits of a day."""
    for number in range(1, DESKS + 1):
        desk = hub.desk(number)
        stream = begin_stream(desk)
        first = (day.toordinal() * DESKS + number) * 10_000
        rows = [visit_row(first + each, day, number) for each in range(count)]
        values = {
            "facility": FACILITY,
            "desk": number,
            "stream": stream,
            "rows": json.dumps(rows, default=str),
        }
        with desk.transaction():
            desk.batch([(sql, values) for sql in (INSERT_VERSIONS, UPSERT_VISITS)])


def work_and_rows(desk: HubConnection, sql: str, values: dict[str, Any]) -> tuple[int, int]:
    """Return how many rows a statement looks at, and how many it returns."""
    found = desk.rows(f"explain (analyze, timing off, format json) {sql}", values)
    plan = found[0]["QUERY PLAN"][0]["Plan"]
    return looked_at(plan), plan["Actual Rows"]


def looked_at(plan: dict[str, Any]) -> int:
    """Return how many rows of tables a plan reads, and how many are thrown away on the way.

    PostgreSQL gives means of all loops, rounded: less than half a row a loop is not seen.
    """
    is_of_table = "Relation Name" in plan and "Scan" in plan["Node Type"]
    thrown_away = sum(each for name, each in plan.items() if name.startswith("Rows Removed by"))
    here = thrown_away + (plan["Actual Rows"] if is_of_table else 0)
    return int(here * plan["Actual Loops"]) + sum(map(looked_at, plan.get("Plans", ())))


def test_new_rows_are_found_by_their_place(hub: HubDatabase, desk: HubConnection) -> None:
    newest = hub.sql("select stream, max(seq) as seq from hub.visit group by stream")
    values = {
        "facility": FACILITY,
        "desk": desk.desk,
        "first_day": days_ago(1),
        "streams": [row["stream"] for row in newest],
        "at": [row["seq"] - 2 for row in newest],
        "limit": 500,
    }
    work, rows = work_and_rows(desk, SELECT_NEW, values)

    assert rows == 2 * DESKS
    assert work <= rows * LOOKS_AT_A_VISIT


def test_the_first_fetch_reads_each_visit_of_the_days_once(desk: HubConnection) -> None:
    values = {"facility": FACILITY, "desk": desk.desk, "day": days_ago(1), "id": "", "limit": 2000}
    work, rows = work_and_rows(desk, SELECT_DAYS, values)

    assert rows == DESKS * SINCE
    assert work <= rows * LOOKS_AT_A_VISIT


@pytest.mark.parametrize("name", ["INSERT_VERSIONS", "UPSERT_VISITS"])
def test_a_batch_reads_its_own_visits_only(desk: HubConnection, name: str) -> None:
    stream = begin_stream(desk)
    more = {"parent": None, "why": "", "author": ""}
    rows = [visit_row(each, today(), desk.desk, stream=stream) | more for each in (1, 2)]
    values = {
        "facility": FACILITY,
        "desk": desk.desk,
        "stream": stream,
        "rows": json.dumps(rows, default=str),
    }
    if name == "UPSERT_VISITS":
        desk.execute(up_statements.INSERT_VERSIONS, values)
    work, _ = work_and_rows(desk, getattr(up_statements, name), values)

    assert work <= len(rows) * LOOKS_AT_A_VISIT


@pytest.mark.usefixtures("desk")
def test_an_answer_about_a_message_finds_its_visit_by_the_key(hub: HubDatabase) -> None:
    own = hub.desk(1)
    visit = hub.sql("select day, id from hub.visit where day = %s and desk = 1 limit 1", [today()])
    state = {
        "seq": 99_999_999,
        "day": str(visit[0]["day"]),
        "visit": visit[0]["id"],
        "state_seq": 2,
        "insurer_state": "accepted",
    }
    values = {
        "facility": FACILITY,
        "desk": own.desk,
        "stream": begin_stream(own),
        "states": json.dumps([state]),
        "count": 1,
    }
    work, _ = work_and_rows(own, up_statements.UPDATE_STATES, values)

    assert work <= LOOKS_AT_A_VISIT + 2 * DESKS  # and at the streams, which are few
    changed = hub.sql("select 1 from hub.visit where insurer_state = 'accepted'")
    assert len(changed) == 1


def test_numbers_that_were_given_twice_are_found_in_one_pass(
    hub: HubDatabase, desk: HubConnection
) -> None:
    """Every desk of these has given the same numbers, which none of them could ask for."""
    hub.sql("update hub.visit set ticket = (seq %% 10000)::text where day = %s", [today()])
    work, rows = work_and_rows(desk, SELECT_TWICE, {"facility": FACILITY, "day": today()})

    assert rows == DESKS * SINCE
    assert work <= rows * LOOKS_AT_A_VISIT
