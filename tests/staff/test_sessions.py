"""Sessions: idle, lock, end, restart, clocks that jump."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from kiosk.runtime.steady_clock import SteadyClock
from kiosk.staff.members import Role
from kiosk.staff.sessions import MAX_AGE_S, Sessions, StaffSession
from tests.cast import NOW
from tests.staff.conftest import IDLE_S, Staff


def found(staff: Staff, token: str) -> StaffSession:
    session = staff.sessions.find(token)
    assert session is not None
    return session


def begin(staff: Staff, number: int, **more: str) -> str:
    return staff.sessions.begin(number, NOW, "127.0.0.1", **more)


def test_a_session_is_that_of_its_cookie_only(staff: Staff) -> None:
    token = begin(staff, staff.hire("An"), desk="1")
    session = found(staff, token)

    assert (session.member, session.name, session.role) == (101, "An", Role.CLERK)
    assert (session.desk, session.is_locked) == ("1", False)
    assert staff.sessions.find(token[:-1]) is None
    assert staff.sessions.find("\udcff") is None


def test_the_logbook_holds_no_token(staff: Staff, tmp_path: Path) -> None:
    token = begin(staff, staff.hire("An"))
    dump = "".join(sqlite3.connect(tmp_path / "logbook.db").iterdump())

    assert token not in dump
    assert token.encode().hex() not in dump.lower()


def test_a_session_that_nobody_moves_is_locked(staff: Staff) -> None:
    token = begin(staff, staff.hire("An"))
    staff.seconds.go(IDLE_S - 1)
    assert not found(staff, token).is_locked

    staff.sessions.move(found(staff, token))
    staff.seconds.go(IDLE_S)
    assert not found(staff, token).is_locked
    staff.seconds.go(1)
    assert found(staff, token).is_locked


def test_looking_does_not_move_a_session(staff: Staff) -> None:
    token = begin(staff, staff.hire("An"))
    for _ in range(100):
        staff.seconds.go(IDLE_S / 99)
        found(staff, token)

    assert found(staff, token).is_locked


def test_a_session_survives_a_restart_of_the_program(staff: Staff) -> None:
    token = begin(staff, staff.hire("An"))
    staff.seconds.go(300)
    staff.sessions.move(found(staff, token))
    again = Sessions(staff.database, staff.steady, IDLE_S)
    staff.seconds.go(IDLE_S)

    session = again.find(token)
    assert session is not None
    assert not session.is_locked
    staff.seconds.go(1)
    assert again.find(token).is_locked  # type: ignore[union-attr]


def test_after_a_boot_the_pin_is_asked_for(staff: Staff) -> None:
    token = begin(staff, staff.hire("An"))
    rebooted = Sessions(staff.database, SteadyClock("next boot", lambda: 2000.0), IDLE_S)

    session = rebooted.find(token)
    assert session is not None
    assert session.is_locked


def test_the_time_of_day_changes_nothing(staff: Staff) -> None:
    number = staff.hire("An")
    token = staff.sessions.begin(number, NOW + timedelta(days=3650), "127.0.0.1")
    staff.sessions.begin(number, NOW - timedelta(days=3650), "127.0.0.1")

    assert not found(staff, token).is_locked


def test_a_session_that_is_always_used_asks_for_the_pin_once_a_shift(staff: Staff) -> None:
    token = begin(staff, staff.hire("An"))
    for _ in range(int(MAX_AGE_S / IDLE_S)):
        staff.seconds.go(IDLE_S)
        staff.sessions.move(found(staff, token))
    assert not found(staff, token).is_locked

    staff.seconds.go(IDLE_S)
    assert found(staff, token).is_locked


def test_a_person_who_goes_away_locks_the_session(staff: Staff) -> None:
    token = begin(staff, staff.hire("An"))
    staff.sessions.lock(found(staff, token))

    assert found(staff, token).is_locked


@pytest.mark.parametrize("change", ["deactivated", "role"])
def test_a_session_ends_when_its_member_changes(staff: Staff, change: str) -> None:
    number = staff.hire("An")
    token = begin(staff, number)
    if change == "role":
        staff.members.change(number, NOW, "the boss", role=Role.SUPERVISOR)
    else:
        staff.members.deactivate(number, NOW, "the boss")

    assert staff.sessions.find(token) is None
    staff.members.change(number, NOW, "the boss", role=Role.CLERK)
    staff.members.activate(number, NOW, "the boss")
    assert staff.sessions.find(token) is None


def test_another_name_ends_no_session(staff: Staff) -> None:
    number = staff.hire("An")
    token = begin(staff, number)
    staff.members.change(number, NOW, "the boss", name="Ân")

    assert found(staff, token).name == "Ân"


def test_the_next_clerk_takes_the_place_in_the_same_browser(staff: Staff) -> None:
    first = begin(staff, staff.hire("An"))
    second = begin(staff, staff.hire("Bình"), instead_of=first)

    assert staff.sessions.find(first) is None
    assert found(staff, second).name == "Bình"


def test_other_sessions_of_the_same_person_are_noticed(staff: Staff) -> None:
    number = staff.hire("An")
    first, second = begin(staff, number, desk="1"), begin(staff, number, desk="2")
    begin(staff, staff.hire("Bình"))

    assert [other.desk for other in staff.sessions.others(found(staff, second))] == ["1"]
    assert len(staff.sessions.open()) == 3
    assert staff.sessions.end(found(staff, first).id, "ended", NOW)
    assert not staff.sessions.end(1, "ended", NOW)
    assert staff.sessions.others(found(staff, second)) == []


def test_a_screen_is_not_locked(staff: Staff) -> None:
    screen = staff.members.add("hall", Role.KIOSK, "", NOW, "a test")
    token = begin(staff, screen.id)
    staff.seconds.go(90 * 24 * 3600)
    begin(staff, staff.hire("An"))

    assert not found(staff, token).is_locked


def test_old_locked_sessions_end_when_somebody_signs_in(staff: Staff) -> None:
    token = begin(staff, staff.hire("An"))
    staff.seconds.go(24 * 3600 + 1)
    begin(staff, staff.hire("Bình"))

    assert staff.sessions.find(token) is None
