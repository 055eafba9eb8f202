"""What a desk may do at the hub, tried as a desk whose machine was stolen.

The list is that of docs/security.md: each way in that was thought of is tried with the account of a
desk, over the connection that the program uses.
"""

from __future__ import annotations

import psycopg
import pytest

from kiosk.hub import HubBusy, HubConnection, HubError, HubRefused, HubUnreachable, retire_desk
from tests.hub.cluster import FACILITY, OTHER_FACILITY, HubDatabase
from tests.hub.rows import begin_stream, days_ago, today, visit_row, write

DENIED = "42501"


def refused(hub: HubConnection, sql: str, values: object = None) -> str:
    """Return the SQLSTATE with which the hub refuses a statement."""
    with pytest.raises(HubError) as error:
        hub.rows(sql, values)  # type: ignore[arg-type]
    return error.value.sqlstate


@pytest.fixture
def ours(hub: HubDatabase) -> HubConnection:
    """Desk 1 of our facility, beside a desk of another one; both have a visit today."""
    theirs = hub.desk(1, OTHER_FACILITY)
    begin_stream(theirs)
    write(theirs, visit_row(7, facility=OTHER_FACILITY))
    own = hub.desk(1)
    begin_stream(own)
    write(own, visit_row(1), visit_row(2, days_ago(40)))
    return own


@pytest.mark.parametrize(
    "table",
    ["facility", "desk", "stream", "visit", "visit_version", "lately", "lately_version", "own"],
)
def test_nothing_of_another_facility_is_seen(ours: HubConnection, table: str) -> None:
    column = "code" if table == "facility" else "facility"

    seen = {row[column] for row in ours.rows(f"select {column} from hub.{table}")}

    assert seen == {FACILITY}


def test_a_row_of_another_facility_is_not_written(ours: HubConnection) -> None:
    with pytest.raises(HubRefused) as error:
        write(ours, visit_row(8, facility=OTHER_FACILITY))

    assert error.value.sqlstate == DENIED


def test_whether_another_facility_has_a_visit_cannot_be_tried_out(ours: HubConnection) -> None:
    there, not_there = (visit_row(number, facility=OTHER_FACILITY) for number in (7, 9))

    answers = []
    for row in (there, not_there):
        with pytest.raises(HubRefused) as error:
            write(ours, row)
        answers.append(str(error.value))

    assert answers[0] == answers[1]


def test_a_visit_cannot_be_moved_to_another_facility(ours: HubConnection) -> None:
    assert refused(ours, "update hub.visit set facility = %s", [OTHER_FACILITY]) == DENIED


@pytest.mark.parametrize(
    "sql",
    [
        "delete from hub.visit",
        "delete from hub.visit_version",
        "delete from hub.divergent",
        "delete from hub.stream",
        "truncate hub.visit",
        "update hub.visit_version set why = 'x'",
        "update hub.visit set day = day",
        "update hub.visit set id = id",
        "update hub.visit set desk = 2",
        "update hub.visit set hub_at = now()",
        "update hub.stream set desk = 2",
        "update hub.desk set retired_at = null",
        "insert into hub.desk (facility, id, name, letter, login)"
        " values ('01999', 9, '', 'Z', 'x')",
        "insert into hub.step (step, name, oldest_reader) values (99, 'x', 99)",
        "update hub.step set oldest_reader = 99",
        "update hub.identity set id = gen_random_uuid()",
        "drop table hub.visit",
        "alter table hub.visit disable row level security",
        "alter table hub.visit no force row level security",
        "drop policy own_facility on hub.visit",
        "create policy mine on hub.visit using (true)",
        "create table hub.mine (id int)",
        "create table public.mine (id int)",
        "create temporary table mine (id int)",
        "create schema mine",
        "create function public.spy(text) returns bool language sql as 'select true'",
        "create role mine",
        "grant hub_owner to current_user",
        "grant select on hub.visit to public",
        "set role hub_owner",
        "set role hub_report",
        "set session authorization postgres",
        "alter role current_user superuser",
        "alter role current_user bypassrls",
        "alter role desk_79888_1 password 'x'",
        "copy hub.visit to program 'cat'",
        "select pg_read_file('/etc/passwd')",
        "select lo_import('/etc/passwd')",
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'desk_79888_1'",
        "alter system set fsync = off",
        "load 'plpgsql'",
        "listen_addresses",
    ],
)
def test_a_desk_is_refused(ours: HubConnection, sql: str) -> None:
    assert refused(ours, sql) in (DENIED, "42601")


def test_row_security_cannot_be_switched_off(ours: HubConnection) -> None:
    ours.execute("set row_security = off")

    assert refused(ours, "select id from hub.visit") == DENIED


def test_parts_of_a_table_are_closed(ours: HubConnection) -> None:
    parts = ours.rows("select inhrelid::regclass::text as name from pg_inherits"
                      " where inhparent = 'hub.visit'::regclass")  # fmt: skip

    assert len(parts) > 3
    for part in parts:
        assert refused(ours, f"select 1 from {part['name']}") == DENIED


def test_statistics_and_statements_of_others_show_no_values(
    ours: HubConnection, hub: HubDatabase
) -> None:
    hub.sql("analyze hub.visit")
    hub.sql("analyze hub.visit_version")

    assert ours.rows("select * from pg_stats where schemaname = 'hub' and tablename like 'vis%'"
                     " and attname in ('person', 'record')") == []  # fmt: skip
    others = ours.rows("select query from pg_stat_activity where usename <> session_user")
    assert {row["query"] for row in others} <= {"<insufficient privilege>", None, ""}


def test_what_a_desk_sets_changes_nothing_about_what_it_sees(ours: HubConnection) -> None:
    """Policies read the account, which no command changes, and no value that can be set."""
    ours.execute(f"set hub.facility = '{OTHER_FACILITY}'")
    ours.execute(f"set application_name = 'desk_{OTHER_FACILITY}_1'")
    ours.execute("set search_path = public, pg_temp, pg_catalog")

    assert ours.rows("select session_user::text as me")[0]["me"] == f"desk_{FACILITY}_1"
    assert {row["facility"] for row in ours.rows("select facility from hub.visit")} == {FACILITY}


def test_persons_and_records_are_read_through_views_only(ours: HubConnection) -> None:
    assert refused(ours, "select person from hub.visit") == DENIED
    assert refused(ours, "select * from hub.visit") == DENIED
    assert refused(ours, "select id from hub.visit where person = '9999900001'") == DENIED
    assert refused(ours, "select id from hub.visit order by person") == DENIED
    assert refused(ours, "select record from hub.visit_version") == DENIED
    assert refused(ours, "update hub.visit set room = person") == DENIED
    assert refused(
        ours, "update hub.visit set room = '' where id is not null returning person"
    ) == DENIED  # fmt: skip


def test_a_desk_reads_persons_of_yesterday_and_today_only(
    ours: HubConnection, hub: HubDatabase
) -> None:
    second = hub.desk(2)
    begin_stream(second)
    write(second, visit_row(3, days_ago(1), 2), visit_row(4, days_ago(2), 2))

    seen = {row["day"] for row in ours.rows("select day, person, record from hub.lately")}
    versions = {row["day"] for row in ours.rows("select day, record from hub.lately_version")}

    assert seen == versions == {today(), days_ago(1)}


def test_no_time_zone_makes_an_older_day_readable(ours: HubConnection, hub: HubDatabase) -> None:
    second = hub.desk(2)
    begin_stream(second)
    write(second, visit_row(4, days_ago(2), 2))
    ours.execute("set timezone = 'Etc/GMT+12'")

    assert {row["day"] for row in ours.rows("select day from hub.lately")} == {today()}


def test_a_condition_that_fails_says_nothing_about_hidden_rows(
    ours: HubConnection, hub: HubDatabase
) -> None:
    """An operator that fails for a hidden row would say that the row is there."""
    second = hub.desk(2)
    begin_stream(second)
    write(second, visit_row(4, days_ago(2), 2))

    rows = ours.rows("select id from hub.lately where 1 / (day - %s) >= -1000", [days_ago(2)])
    assert len(rows) == 1


def test_what_a_desk_recorded_itself_can_be_fetched_back(
    ours: HubConnection, hub: HubDatabase
) -> None:
    second = hub.desk(2)
    begin_stream(second)
    write(second, visit_row(5, days_ago(40), 2))

    own = ours.rows("select day, person, record from hub.own order by day")

    assert [row["day"] for row in own] == [days_ago(40), today()]
    assert own[0]["record"]["holder"] == "Người Thử 2"


def test_a_version_names_the_desk_whose_account_brought_it(
    ours: HubConnection, hub: HubDatabase
) -> None:
    with pytest.raises(HubRefused) as error:
        write(ours, visit_row(6, desk=1, by=2))
    assert error.value.sqlstate == DENIED

    hub.desk(2)
    with pytest.raises(HubRefused) as error:
        ours.execute(
            "insert into hub.stream (facility, id, desk) values (%s, gen_random_uuid(), 2)",
            [FACILITY],
        )
    assert error.value.sqlstate == DENIED


def test_a_desk_moves_no_other_desk_s_stream(ours: HubConnection, hub: HubDatabase) -> None:
    second = hub.desk(2)
    stream = begin_stream(second)

    assert ours.execute("update hub.stream set acked_seq = 99 where id = %s", [stream]) == 0
    assert ours.execute("update hub.stream set acked_seq = 99") == 1


def test_another_desk_corrects_a_visit_and_old_days_still_go_up(
    ours: HubConnection, hub: HubDatabase
) -> None:
    """The two things that a policy on days would have stopped."""
    second = hub.desk(2)
    begin_stream(second)
    write(second, visit_row(1, version=2, by=2), visit_row(2, days_ago(40), version=2, by=2))
    write(ours, visit_row(2, days_ago(40)))  # all of it again

    versions = hub.sql("select id, version, desk from hub.visit where facility = '01999'")
    assert {(row["version"], row["desk"]) for row in versions} == {(2, 1)}


@pytest.mark.usefixtures("ours")
def test_reports_read_all_days_of_their_facility_and_write_nothing(hub: HubDatabase) -> None:
    hub.add_report()
    with hub.cluster.connect(hub.name, f"report_{FACILITY}") as report:
        rows = report.execute("select facility, day, person from hub.visit").fetchall()
        assert {row["facility"] for row in rows} == {FACILITY}
        assert {row["day"] for row in rows} == {today(), days_ago(40)}
        records = report.execute("select record from hub.visit_version").fetchall()
        assert len(records) == 2
        for sql in ("update hub.visit set room = ''", "insert into hub.number_space values"
                    " ('01999', current_date, '1', 1)", "select * from hub.sums"):  # fmt: skip
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                report.execute(sql)


@pytest.mark.usefixtures("ours")
def test_the_group_s_office_reads_sums_only(hub: HubDatabase) -> None:
    hub.add_report("")
    with hub.cluster.connect(hub.name, "group_report") as group:
        sums = group.execute("select facility, sum(visits)::int as n from hub.sums"
                             " group by 1 order by 1").fetchall()  # fmt: skip
        assert [(row["facility"], row["n"]) for row in sums] == [("01999", 2), ("79888", 1)]
        for table in ("visit", "visit_version", "lately", "stream", "desk", "divergent"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                group.execute(f"select 1 from hub.{table}")


def test_a_retired_desk_is_cut_off_at_once_and_stays_out(
    ours: HubConnection, hub: HubDatabase
) -> None:
    assert retire_desk(hub.admin(), FACILITY, 1)

    with pytest.raises(HubUnreachable):
        ours.rows("select 1 as one")
    with pytest.raises(psycopg.OperationalError):
        hub.cluster.connect(hub.name, f"desk_{FACILITY}_1")
    streams = hub.sql("select ended_at from hub.stream where facility = %s", [FACILITY])
    assert all(row["ended_at"] for row in streams)
    assert not retire_desk(hub.admin(), FACILITY, 1)


def test_a_desk_that_holds_locks_holds_nobody_for_long(
    ours: HubConnection, hub: HubDatabase
) -> None:
    second = hub.desk(2)
    with ours.transaction():
        ours.execute("update hub.visit set room = '9' where id = %s", [visit_row(1)["visit"]])
        second.execute("set lock_timeout = '50ms'")
        with pytest.raises(HubBusy):
            second.execute("update hub.visit set room = '8' where id = %s", [visit_row(1)["visit"]])
