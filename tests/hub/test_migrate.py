"""The hub's steps and months, on real servers with people at work."""

from __future__ import annotations

import threading
from datetime import date
from pathlib import Path

import pytest

from kiosk.hub.access import HubAccess
from kiosk.hub.connection import HubConnection, known_step
from kiosk.hub.desks import add_desk
from kiosk.hub.errors import HubBusy, HubError
from kiosk.hub.migrate import HubStep, migrate, patiently, shipped_steps
from kiosk.hub.partitions import (
    drop_before,
    first_of_month,
    make_partitions,
    months_ready,
    parts_of,
)
from kiosk.settings import HubAddress
from tests.hub.cluster import FACILITY, HubDatabase
from tests.hub.rows import today, visit_row, write

NEXT = known_step() + 1


def step(sql: str, number: int = NEXT) -> list[HubStep]:
    """Return the steps with one more."""
    return [*shipped_steps(), HubStep(number, "more", 1, sql)]


def test_steps_are_numbered_without_a_gap_and_say_who_may_read_them() -> None:
    steps = shipped_steps()

    assert steps[-1].number == known_step() == len(steps)
    assert all(step.oldest_reader <= step.number for step in steps)


def test_a_step_without_its_first_line_is_refused(tmp_path: Path) -> None:
    (tmp_path / "0001_x.sql").write_text("select 1;")

    with pytest.raises(AssertionError, match="oldest_reader"):
        shipped_steps(tmp_path)


def test_a_second_run_does_nothing(hub: HubDatabase) -> None:
    admin = hub.admin()

    assert migrate(admin) == []
    assert make_partitions(admin, today()) == []


def test_everything_belongs_to_an_owner_whom_nobody_signs_in_as(hub: HubDatabase) -> None:
    owners = hub.sql(
        "select distinct pg_get_userbyid(relowner) as owner from pg_class"
        " where relnamespace = 'hub'::regnamespace and relkind in ('r', 'p', 'v')"
    )
    assert owners == [{"owner": "hub_owner"}]
    assert hub.sql("select rolcanlogin from pg_roles where rolname like 'hub\\_%'") == (
        [{"rolcanlogin": False}] * 4
    )


def test_every_table_of_a_facility_has_row_security_that_holds_the_owner_too(
    hub: HubDatabase,
) -> None:
    """A table that a later step adds without policies is found here."""
    tables = hub.sql(
        "select c.relname as name, c.relrowsecurity and c.relforcerowsecurity as held"
        " from pg_class c where c.relnamespace = 'hub'::regnamespace and not c.relispartition"
        " and c.relkind in ('r', 'p') and exists (select 1 from pg_attribute a"
        " where a.attrelid = c.oid and a.attname = 'facility')"
    )

    assert len(tables) >= 7
    assert not [table["name"] for table in tables if not table["held"]]


def test_every_view_repeats_the_facility_or_is_the_group_s(hub: HubDatabase) -> None:
    views = hub.sql(
        "select c.relname as name, pg_get_viewdef(c.oid) as text, c.reloptions as options"
        " from pg_class c where c.relnamespace = 'hub'::regnamespace and c.relkind = 'v'"
    )

    assert len(views) >= 4
    for view in views:
        assert "security_barrier=true" in (view["options"] or []), view["name"]
        if view["name"] != "sums":
            assert "SESSION_USER" in view["text"], view["name"]


def test_a_step_that_fails_leaves_nothing_behind(hub: HubDatabase) -> None:
    admin = hub.admin()
    with pytest.raises(HubError, match=f"step {NEXT}"):
        migrate(admin, step("create table hub.half (id int); select 1 / 0;"))

    assert not hub.sql("select 1 from hub.step where step = %s", [NEXT])
    assert hub.sql("select to_regclass('hub.half') as half") == [{"half": None}]


def test_a_step_behind_a_report_makes_no_desk_wait(hub: HubDatabase) -> None:
    """It gives up its place, and tries again once the report is done."""
    desk = hub.desk(1)
    tries: list[int] = []
    with hub.cluster.connect(hub.name) as report:
        report.autocommit = False
        report.execute("select count(*) from hub.visit")  # holds its lock until it ends

        def pause(_seconds: float) -> None:
            write(desk, visit_row(len(tries)))
            tries.append(1)
            if len(tries) == 3:
                report.rollback()

        done = migrate(hub.admin(), step("alter table hub.visit add column more int;"), pause)

    assert done == [NEXT]
    assert len(tries) == 3


def test_two_runs_at_once_exclude_each_other(hub: HubDatabase) -> None:
    more = step("create table hub.more (id int);")
    done: list[list[int]] = []
    admins = [hub.admin() for _ in range(4)]
    threads = [
        threading.Thread(target=lambda admin=admin: done.append(migrate(admin, more)))
        for admin in admins
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(done) == [[], [], [], [NEXT]]


def test_what_is_always_busy_is_given_up() -> None:
    tries = []

    def busy() -> None:
        tries.append(1)
        raise HubBusy("it is busy", "55P03")

    with pytest.raises(HubBusy):
        patiently(busy, lambda _seconds: None)
    assert len(tries) > 100


def test_months_are_ready_ahead_and_older_days_have_a_place(hub: HubDatabase) -> None:
    admin, desk = hub.admin(), hub.desk(1)
    ahead = first_of_month(today(), 3)
    write(desk, visit_row(1, date(2019, 2, 3)), visit_row(2), visit_row(3, ahead))

    assert months_ready(desk) == first_of_month(today(), 4)
    assert make_partitions(admin, first_of_month(today(), 1)) == [
        f"{table}_{first_of_month(today(), 4):%Y_%m}" for table in ("visit", "visit_version")
    ]
    assert len(desk.rows("select id from hub.visit")) == 3


def test_a_month_is_made_while_a_report_reads(hub: HubDatabase) -> None:
    with hub.cluster.connect(hub.name) as report:
        report.autocommit = False
        report.execute("select count(*) from hub.visit")

        assert make_partitions(hub.admin(), first_of_month(today(), 2))
        report.rollback()


def test_old_months_go_and_newer_days_stay(hub: HubDatabase) -> None:
    admin, desk = hub.admin(), hub.desk(1)
    last = first_of_month(today(), -1)
    write(desk, visit_row(1, date(2019, 2, 3)), visit_row(2, last), visit_row(3))

    assert drop_before(admin, first_of_month(last)) == []
    assert [row["seq"] for row in hub.sql("select seq from hub.visit order by seq")] == [2, 3]

    dropped = drop_before(admin, first_of_month(today()))
    assert dropped == [f"{table}_{last:%Y_%m}" for table in ("visit", "visit_version")]
    assert [row["seq"] for row in hub.sql("select seq from hub.visit_version")] == [3]
    assert f"visit_{last:%Y_%m}" not in parts_of(admin, "visit")
    assert make_partitions(admin, today()) == []


def test_a_desk_that_brings_old_days_again_is_not_held_up(hub: HubDatabase) -> None:
    """One that begins again with its journal brings what the hub has dropped, too."""
    admin, desk = hub.admin(), hub.desk(1)
    drop_before(admin, first_of_month(today()))

    write(desk, visit_row(1, first_of_month(today(), -1)), visit_row(2, date(2019, 2, 3)))

    drop_before(admin, first_of_month(today()))
    assert hub.sql("select seq from hub.visit") == []


@pytest.mark.parametrize("later", [-13, -1, 0, 1, 11, 12])
def test_months_are_counted_over_years(later: int) -> None:
    month = first_of_month(date(2026, 11, 29), later)

    assert month.day == 1
    assert (month.year * 12 + month.month) - (2026 * 12 + 11) == later


def test_the_lane_down_reads_rows_by_their_place_and_only_this_month_s(hub: HubDatabase) -> None:
    """Its conditions have to get through the barrier of the view, to the index and the parts."""
    desk = hub.desk(1)
    sql = (
        "explain (costs off) select id from hub.lately where facility = %s and stream = %s"
        " and seq > %s order by seq limit 5"
    )
    plan = [row["QUERY PLAN"] for row in desk.rows(sql, [FACILITY, visit_row(1)["stream"], 5])]

    view = next(place for place, line in enumerate(plan) if "Scan on lately" in line)
    assert "Filter" not in plan[view + 1], plan
    assert not [line for line in plan if "_before" in line], plan


def test_an_administrator_without_superpowers_can_set_up_a_hub(hub: HubDatabase) -> None:
    """Managed services give an account that may make roles and databases, and no more."""
    cluster = hub.cluster
    cluster.sql("drop role if exists managed")
    cluster.sql("create role managed login createrole createdb")
    cluster.sql("grant hub_owner to managed")
    name = f"{hub.name}_managed"
    with cluster.connect("postgres", "managed") as managed:
        managed.execute(f"create database {name}".encode())
    try:
        address = HubAddress((str(cluster.folder),), (cluster.port,), name)
        admin = HubConnection(HubAccess(address, "managed"), hub.watchdog)
        assert migrate(admin) == [each.number for each in shipped_steps()]
        make_partitions(admin, today())
        add_desk(admin, FACILITY, "Bệnh viện Một", 901)
        write_as = cluster.connect(name, f"desk_{FACILITY}_901")
        assert write_as.execute("select code from hub.facility").fetchall() == [{"code": FACILITY}]
        write_as.close()
        admin.close()
    finally:
        cluster.sql(f"drop database {name} with (force)")
