"""Connections to real servers that hang, die, go back in time, or are not ours."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta

import pytest

from kiosk.errors import SettingsError
from kiosk.hub.access import desk_access
from kiosk.hub.connection import HubConnection
from kiosk.hub.errors import (
    HubBusy,
    HubError,
    HubLoginRefused,
    HubNeedsOperator,
    HubRefused,
    HubUnfit,
    HubUnreachable,
)
from kiosk.settings import Settings, load_settings
from kiosk.settings.sections import HubSettings
from tests.hub.cluster import FACILITY, OTHER_FACILITY, HubDatabase, free_port
from tests.hub.rows import visit_row, write


def settings_with(hub: HubSettings, code: str = FACILITY) -> Settings:
    """Return the settings of a desk."""
    own = load_settings(None, {"facility": {"code": code}})
    return replace(own, hub=hub)


def test_a_desk_connects_and_knows_where_it_is(hub: HubDatabase) -> None:
    with_two = replace(hub.add_desk(2), url=f"{hub.url}".replace("127.0.0.1", "localhost"))
    desk = hub.connect(settings_with(with_two))

    assert (desk.facility, desk.desk, desk.step) == (FACILITY, 2, desk.step)
    assert (desk.step >= 1, len(desk.timeline), len(desk.hub)) == (True, 8, 36)
    assert desk.rows("select 1 as one where %s", [True]) == [{"one": 1}]
    assert desk.batch([("select 1 as a", None), ("select %s as b", [2])]) == [
        [{"a": 1}],
        [{"b": 2}],
    ]
    assert desk.clock().tzinfo is not None


def test_a_transaction_is_whole_or_not_there(hub: HubDatabase) -> None:
    desk = hub.desk(1)
    with suppress(ZeroDivisionError), desk.transaction():
        write_number(desk, 1)
        raise ZeroDivisionError
    with desk.transaction():
        write_number(desk, 2)

    assert desk.rows("select next from hub.number_space") == [{"next": 2}]


def write_number(desk: HubConnection, following: int) -> None:
    desk.execute(
        "insert into hub.number_space values (%s, current_date, '3', %s)", [FACILITY, following]
    )


def test_a_wrong_password_is_said_to_be_one(hub: HubDatabase) -> None:
    settings = hub.add_desk(1)
    with open(settings.password_file, "w") as file:
        file.write("not the password")

    with pytest.raises(HubLoginRefused) as error:
        hub.connect(settings_with(settings))
    assert "not the password" not in str(error.value)


def test_an_unknown_desk_and_a_missing_file_are_said_to_be_so(hub: HubDatabase) -> None:
    settings = hub.add_desk(1)
    with pytest.raises(HubLoginRefused):
        hub.connect(settings_with(replace(settings, desk=77)))
    with pytest.raises(SettingsError, match="password file"):
        hub.connect(settings_with(replace(settings, password_file="/nowhere")))


def test_a_hub_that_is_down_is_unreachable(hub: HubDatabase) -> None:
    settings = hub.add_desk(1)
    with pytest.raises(HubUnreachable):
        hub.connect(settings_with(replace(settings, url=f"postgresql://127.0.0.1:{free_port()}/x")))


@pytest.mark.slow
def test_a_hub_that_accepts_and_never_answers_is_given_up(hub: HubDatabase) -> None:
    settings = hub.add_desk(1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://127.0.0.1:{silent.getsockname()[1]}/x"
        begun = time.monotonic()
        with pytest.raises(HubUnreachable):
            hub.connect(settings_with(replace(settings, url=url)))
    assert time.monotonic() - begun < 20


def test_a_statement_that_hangs_is_ended_by_the_watchdog(hub: HubDatabase) -> None:
    desk = hub.desk(1, limit_s=0.3)

    with pytest.raises(HubUnreachable):
        desk.rows("select pg_sleep(30)")
    with pytest.raises(HubUnreachable):
        desk.rows("select 1 as one")


def test_another_thread_can_end_a_wait(hub: HubDatabase) -> None:
    desk = hub.desk(1)
    assert desk.listen()
    timer = threading.Timer(0.1, desk.interrupt)
    timer.start()

    with pytest.raises(HubUnreachable):
        desk.wait(30)
    timer.join()


def test_a_notice_of_the_facility_wakes_its_desks_only(hub: HubDatabase) -> None:
    first, second, theirs = hub.desk(1), hub.desk(2), hub.desk(1, OTHER_FACILITY)
    assert second.listen()
    assert theirs.listen()

    with first.transaction():
        first.notify()

    assert second.wait(10)
    assert not theirs.wait(0.1)


def test_a_text_that_cannot_be_stored_is_refused_like_any_row(hub: HubDatabase) -> None:
    desk = hub.desk(1)
    for text in ("a\0b", "half \ud800"):
        with pytest.raises(HubRefused) as error:
            desk.rows("select %s::text as text", [text])
        assert error.value.sqlstate.startswith("22")
    for json in (r'{"a": "\u0000"}', r'{"a": "\ud800"}'):
        with pytest.raises(HubRefused) as error:
            desk.rows("select %s::jsonb as record", [json])
        assert error.value.sqlstate in ("22P05", "22P02")
    assert desk.rows("select 1 as one") == [{"one": 1}]


def test_an_error_shows_no_value_of_a_row(hub: HubDatabase) -> None:
    desk = hub.desk(1)
    row = visit_row(1) | {"person": "9999900099", "day": "2026-02-31"}
    with pytest.raises(HubRefused) as error:
        write(desk, row)
    shown = f"{error.value!r} {error.value.__cause__!r} {error.value.__suppress_context__}"
    assert not [value for value in ("99999", "2026-02-31") if value in shown]
    assert shown.endswith("True")


def test_a_day_without_a_partition_waits_for_an_operator(hub: HubDatabase) -> None:
    desk = hub.desk(1)
    with pytest.raises(HubNeedsOperator, match="partition"):
        write(desk, visit_row(1, date(2099, 1, 1)))
    with pytest.raises(HubRefused):
        write(desk, visit_row(1) | {"version": 0})  # a check that has a name


def test_a_lock_and_a_deadlock_are_busy(hub: HubDatabase) -> None:
    first, second = hub.desk(1), hub.desk(2)
    write(first, visit_row(1), visit_row(2))
    change = "update hub.visit set room = 'x' where seq = %s"
    errors: list[HubError] = []

    def other() -> None:
        try:
            with second.transaction():
                second.execute(change, [2])
                ready.set()
                second.execute(change, [1])
        except HubError as error:
            errors.append(error)

    ready = threading.Event()
    thread = threading.Thread(target=other)
    try:
        with first.transaction():
            first.execute(change, [1])
            thread.start()
            assert ready.wait(10)
            first.execute(change, [2])
    except HubError as error:
        errors.append(error)
    thread.join()

    assert [type(error) for error in errors] == [HubBusy]
    assert errors[0].sqlstate == "40P01"


@pytest.mark.parametrize(
    ("sqlstate", "kind"),
    [
        ("40001", HubBusy),
        ("55P03", HubBusy),
        ("57014", HubBusy),
        ("08006", HubUnreachable),
        ("57P01", HubUnreachable),
        ("25006", HubUnreachable),
        ("28000", HubLoginRefused),
        ("53100", HubNeedsOperator),
        ("58030", HubNeedsOperator),
        ("XX000", HubNeedsOperator),
        ("23514", HubNeedsOperator),
        ("23505", HubRefused),
        ("22001", HubRefused),
        ("42501", HubRefused),
        ("P0001", HubRefused),
    ],
)
def test_an_error_is_what_its_sqlstate_says(
    shared_hub: HubDatabase, sqlstate: str, kind: type[HubError]
) -> None:
    """The full disk (53100) among them, and none with the words of the server."""
    desk = shared_hub.opened[-1] if len(shared_hub.opened) > 1 else shared_hub.desk(1)
    raised = f"do $$ begin raise exception '9999900001' using errcode = '{sqlstate}'; end $$"
    with pytest.raises(HubError) as error:
        desk.execute(raised)

    assert type(error.value) is kind
    assert error.value.sqlstate == sqlstate
    assert "99999" not in str(error.value)


def test_a_hub_of_another_facility_is_refused(hub: HubDatabase) -> None:
    theirs = hub.add_desk(1, OTHER_FACILITY)
    ours = settings_with(
        replace(theirs, url=theirs.url.replace("//", f"//desk_{OTHER_FACILITY}_1@"))
    )

    with pytest.raises(HubUnfit, match="another facility"):
        hub.connect(ours)


def test_a_database_that_is_no_hub_is_said_to_be_none(hub: HubDatabase) -> None:
    settings = hub.add_desk(1)
    with pytest.raises(HubUnfit, match="hub migrate"):
        hub.connect(settings_with(replace(settings, url=hub.cluster.address("postgres"))))


def test_a_desk_that_is_too_old_works_alone(hub: HubDatabase) -> None:
    settings = hub.add_desk(1)
    hub.sql("insert into hub.step (step, name, oldest_reader) values (999, 'later', 998)")

    with pytest.raises(HubUnfit, match="knows"):
        hub.connect(settings_with(settings))


def test_a_desk_goes_on_with_a_hub_that_is_newer_or_older(hub: HubDatabase) -> None:
    settings = hub.add_desk(1)
    hub.sql("insert into hub.step (step, name, oldest_reader) values (999, 'later', 1)")
    assert hub.connect(settings_with(settings)).step == 999
    hub.sql("delete from hub.step where step > 1")
    assert hub.connect(settings_with(settings)).step == 1


def test_no_hub_means_no_driver() -> None:
    code = "import kiosk.cli.main, kiosk.hub, kiosk.cli.hub, sys;print('psycopg' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "False"


def test_without_the_extra_one_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, hub: HubDatabase
) -> None:
    settings = settings_with(hub.add_desk(1))
    monkeypatch.setitem(sys.modules, "psycopg", None)

    with pytest.raises(SettingsError, match=r'pip install "tiepdon\[hub\]"'):
        hub.connect(settings)


def test_desk_access_needs_a_hub() -> None:
    with pytest.raises(SettingsError, match="has no hub"):
        desk_access(load_settings(None, {"facility": {"code": FACILITY}}))


def test_an_account_with_too_many_connections_is_said_to_have_them(hub: HubDatabase) -> None:
    settings = settings_with(hub.add_desk(41))
    hub.sql(f'alter role "desk_{FACILITY}_41" connection limit 1')
    hub.connect(settings)

    with pytest.raises(HubUnreachable, match="no connection left") as error:
        hub.connect(settings)
    assert error.value.sqlstate == "53300"


def test_a_connection_that_is_lost_can_be_interrupted_and_closed(hub: HubDatabase) -> None:
    desk = hub.desk(1)
    desk.interrupt()
    with pytest.raises(HubUnreachable):
        desk.rows("select 1 as one")
    for _ in range(2):
        desk.interrupt()
        desk.close()

    assert not desk.is_open
    with pytest.raises(HubUnreachable):
        desk.rows("select 1 as one")


def test_what_the_database_sets_for_all_does_not_reach_a_desk(hub: HubDatabase) -> None:
    for setting in (
        "default_transaction_isolation = 'serializable'",
        "timezone = 'Asia/Tokyo'",
        "datestyle = 'German'",
        "statement_timeout = 0",
    ):
        hub.sql(f"alter database {hub.name} set {setting}")

    desk = hub.desk(1)

    assert desk.clock().utcoffset() == timedelta(0)
    assert desk.rows("select current_date as day")[0]["day"].year > 2025
    shown = [desk.rows(f"show {name}")[0][name] for name in ("transaction_isolation",)]
    assert shown == ["read committed"]
    assert desk.rows("show statement_timeout") == [{"statement_timeout": "20s"}]
