"""What a desk may do at the hub, tried as a desk whose machine was stolen.

The list is that of docs/security.md: each way in that was thought of is tried with the account of a
desk, over the connection that the program uses.
"""

from __future__ import annotations

import psycopg
import pytest

from kiosk.errors import SettingsError
from kiosk.hub.connection import HubConnection
from kiosk.hub.desks import retire_desk
from kiosk.hub.errors import HubBusy, HubError, HubRefused, HubUnreachable
from tests.hub.cluster import FACILITY, OTHER_FACILITY, HubDatabase
from tests.hub.rows import begin_stream, days_ago, today, visit_row, write

DENIED = "42501"
FORBIDDEN = [
    "delete from hub.visit",
    "delete from hub.visit_version",
    "delete from hub.divergent",
    "delete from hub.stream",
    "truncate hub.visit",
    "update hub.visit_version set why = 'x'",
    "update hub.visit set day = day",
    "update hub.visit set id = id",
    "update hub.visit set desk = 1",
    "update hub.visit set hub_at = now()",
    "insert into hub.visit (facility, day, id, hub_at) values ('01999', current_date, 'x', now())",
    "update hub.stream set desk = 2",
    "update hub.desk set retired_at = null",
    "insert into hub.desk (facility, id, name, letter, login) values ('01999', 9, '', 'Z', 'x')",
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
]


def refused(hub: HubConnection, sql: str, values: object = None) -> str:
    """Return the SQLSTATE with which the hub refuses a statement."""
    with pytest.raises(HubError) as error:
        hub.rows(sql, values)  # type: ignore[arg-type]
    return error.value.sqlstate


@pytest.fixture(scope="module")
def ours(shared_hub: HubDatabase) -> HubConnection:
    """Desk 1 of our facility, beside its desk 2 and a desk of another facility.

    Each has a visit today, and ours older ones too.
    """
    hub = shared_hub
    theirs, second, own = hub.desk(1, OTHER_FACILITY), hub.desk(2), hub.desk(1)
    for desk in (theirs, second, own):
        begin_stream(desk)
    write(theirs, visit_row(7, facility=OTHER_FACILITY))
    write(second, *(visit_row(3 + days, days_ago(days), desk=2) for days in (1, 2, 40)))
    write(own, visit_row(1), visit_row(2, days_ago(40)))
    return own


def test_nothing_of_another_facility_is_seen(ours: HubConnection) -> None:
    columns = {"facility": "code"}
    tables = ("facility", "desk", "stream", "visit", "visit_version")
    for table in (*tables, "lately", "lately_version", "own"):
        column = columns.get(table, "facility")
        seen = {row[column] for row in ours.rows(f"select {column} from hub.{table}")}
        assert seen == {FACILITY}, table


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


def test_a_desk_is_refused_whatever_changes_more_than_its_rows(ours: HubConnection) -> None:
    states = {sql: refused(ours, sql) for sql in FORBIDDEN}

    assert set(states.values()) == {DENIED}, states


def test_row_security_cannot_be_switched_off(ours: HubConnection) -> None:
    ours.execute("set row_security = off")
    try:
        assert refused(ours, "select id from hub.visit") == DENIED
    finally:
        ours.execute("reset row_security")


def test_the_parts_of_a_table_are_closed(ours: HubConnection) -> None:
    parts = ours.rows(
        "select inhrelid::regclass::text as name from pg_inherits"
        " where inhparent = 'hub.visit'::regclass"
    )

    assert len(parts) > 3
    for part in parts:
        assert refused(ours, f"select 1 from {part['name']}") == DENIED


def test_statistics_and_statements_of_others_show_no_values(
    ours: HubConnection, shared_hub: HubDatabase
) -> None:
    shared_hub.sql("analyze hub.visit, hub.visit_version")

    statistics = "select attname from pg_stats where attname in ('person', 'record')"
    assert ours.rows(statistics) == []
    others = ours.rows("select query from pg_stat_activity where usename <> session_user")
    assert {row["query"] for row in others} <= {"<insufficient privilege>", None, ""}


def test_what_a_desk_sets_changes_nothing_about_what_it_sees(ours: HubConnection) -> None:
    """Policies read the account, which no command changes, and no value that can be set."""
    with ours.transaction():
        ours.execute(f"set local hub.facility = '{OTHER_FACILITY}'")
        ours.execute(f"set local application_name = 'desk_{OTHER_FACILITY}_1'")
        ours.execute("set local search_path = public, pg_temp, pg_catalog")

        assert ours.rows("select session_user::text as me")[0]["me"] == f"desk_{FACILITY}_1"
        seen = {row["facility"] for row in ours.rows("select facility from hub.visit")}
    assert seen == {FACILITY}


def test_persons_and_records_are_not_read_in_the_tables(ours: HubConnection) -> None:
    for sql in (
        "select person from hub.visit",
        "select * from hub.visit",
        "select count(*) from hub.visit where person = '9999900001'",
        "select id from hub.visit order by person",
        "update hub.visit set room = person",
        "update hub.visit set room = '' where person = '9999900001'",
        "update hub.visit set room = '' returning person",
        "select record from hub.visit_version",
        "select record from hub.divergent",
        "insert into hub.visit select * from hub.visit",
        "copy hub.visit to stdout",
    ):
        assert refused(ours, sql) == DENIED, sql


def test_a_desk_reads_persons_of_yesterday_and_today_only(ours: HubConnection) -> None:
    seen = {row["day"] for row in ours.rows("select day, person, record from hub.lately")}
    versions = {row["day"] for row in ours.rows("select day, record from hub.lately_version")}

    assert seen == versions == {today(), days_ago(1)}


def test_no_time_zone_makes_an_older_day_readable(ours: HubConnection) -> None:
    with ours.transaction():
        ours.execute("set local timezone = 'Etc/GMT+12'")

        assert {row["day"] for row in ours.rows("select day from hub.lately")} == {
            today(),
            days_ago(1),
        }


def test_a_condition_that_fails_says_nothing_about_hidden_rows(ours: HubConnection) -> None:
    """An operator that fails for a hidden row would say that the row is there."""
    rows = ours.rows("select id from hub.lately where 1 / (day - %s) >= -1000", [days_ago(2)])

    assert len(rows) == 2


def test_what_a_desk_recorded_itself_can_be_fetched_back(ours: HubConnection) -> None:
    own = ours.rows("select day, person, record from hub.own order by day")

    assert [row["day"] for row in own] == [days_ago(40), today()]
    assert own[0]["record"]["holder"] == "Người Thử 2"


def test_a_version_names_the_desk_whose_account_brought_it(ours: HubConnection) -> None:
    with pytest.raises(HubRefused) as error:
        write(ours, visit_row(6, desk=1, by=2))

    assert error.value.sqlstate == DENIED


def test_no_desk_reads_what_was_sent_for_another_by_naming_itself_as_the_sender(
    ours: HubConnection, shared_hub: HubDatabase
) -> None:
    visit = visit_row(4, days_ago(1), desk=2)["visit"]
    handed_over = (
        "insert into hub.sending (facility, day, visit, version, state_seq, desk, sender, document)"
        " values (%s, %s, %s, 1, 1, 2, 3, 'a document') returning visit"
    )
    assert shared_hub.sql(handed_over, [FACILITY, days_ago(1), visit])

    ours.execute("update hub.sending set sender = 1 where visit = %s", [visit])

    assert ours.rows("select document from hub.own_sending") == []
    assert refused(ours, "select document from hub.sending") == DENIED


def test_a_desk_begins_and_moves_its_own_streams_only(
    ours: HubConnection, shared_hub: HubDatabase
) -> None:
    begin = "insert into hub.stream (facility, id, desk) values (%s, gen_random_uuid(), 2)"
    assert refused(ours, begin, [FACILITY]) == DENIED
    assert ours.execute("update hub.stream set acked_seq = 99") == 1
    theirs = shared_hub.sql("select acked_seq from hub.stream where desk = 2")
    assert [row["acked_seq"] for row in theirs] == [0]


@pytest.mark.usefixtures("ours")
def test_reports_read_all_days_of_their_facility_and_write_nothing(
    shared_hub: HubDatabase,
) -> None:
    shared_hub.add_report()
    with shared_hub.cluster.connect(shared_hub.name, f"report_{FACILITY}") as report:
        rows = report.execute("select facility, day, person from hub.visit").fetchall()
        assert {row["facility"] for row in rows} == {FACILITY}
        assert {today(), days_ago(40)} < {row["day"] for row in rows}
        assert len(report.execute("select record from hub.visit_version").fetchall()) == 5
        for sql in (
            "update hub.visit set room = ''",
            "insert into hub.number_space values ('01999', current_date, '1', 1)",
            "select * from hub.sums",
            "select * from hub.lately",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                report.execute(sql.encode())


@pytest.mark.usefixtures("ours")
def test_the_group_s_office_reads_sums_only(shared_hub: HubDatabase) -> None:
    shared_hub.add_report("")
    with shared_hub.cluster.connect(shared_hub.name, "group_report") as group:
        sums = group.execute(
            "select facility, sum(visits)::int as n from hub.sums group by 1 order by 1"
        ).fetchall()
        assert [(row["facility"], row["n"]) for row in sums] == [("01999", 5), ("79888", 1)]
        for table in ("visit", "visit_version", "lately", "stream", "desk", "divergent"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                group.execute(f"select 1 from hub.{table}".encode())


def test_another_desk_corrects_a_visit_and_old_days_still_go_up(hub: HubDatabase) -> None:
    """The two things that a policy on days would have stopped."""
    first, second = hub.desk(1), hub.desk(2)
    write(first, visit_row(1), visit_row(2, days_ago(40)))
    moved = visit_row(2, days_ago(40), version=2, by=2) | {"person": "9999900077"}
    write(second, visit_row(1, version=2, by=2), moved)
    write(first, visit_row(2, days_ago(40)))  # all of it again

    visits = hub.sql("select version, desk, person from hub.visit order by day")
    assert visits == [
        {"version": 2, "desk": 1, "person": "9999900077"},
        {"version": 2, "desk": 1, "person": "9999900001"},
    ]
    assert len(hub.sql("select 1 from hub.visit_version")) == 4


def test_a_retired_desk_is_cut_off_at_once_and_stays_out(hub: HubDatabase) -> None:
    desk = hub.desk(9)
    begin_stream(desk)

    assert retire_desk(hub.admin(), FACILITY, 9)

    with pytest.raises(HubUnreachable):
        desk.rows("select 1 as one")
    with pytest.raises(psycopg.OperationalError):
        hub.cluster.connect(hub.name, f"desk_{FACILITY}_9")
    assert all(row["ended_at"] for row in hub.sql("select ended_at from hub.stream"))
    assert not retire_desk(hub.admin(), FACILITY, 9)
    with pytest.raises(SettingsError, match="was retired"):
        hub.add_desk(9)


def test_a_desk_that_holds_a_lock_is_ended_by_the_hub(hub: HubDatabase) -> None:
    first, second = hub.desk(1), hub.desk(2)
    write(first, visit_row(1))
    change = "update hub.visit set room = '9' where id = %s"
    with first.transaction():
        first.execute(change, [visit_row(1)["visit"]])
        second.execute("set lock_timeout = '50ms'")
        with pytest.raises(HubBusy):
            second.execute(change, [visit_row(1)["visit"]])

    limits = first.rows("select current_setting('idle_in_transaction_session_timeout') as idle")
    assert limits == [{"idle": "1min"}]
