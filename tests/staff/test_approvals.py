"""Approvals, API tokens and the code of the first administrator."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest

from kiosk.staff.approvals import Approvals
from kiosk.staff.errors import NotApproved, WrongMember, WrongToken
from kiosk.staff.first_code import FirstCodes
from kiosk.staff.members import Role
from kiosk.staff.tokens import ApiTokens, Scope
from tests.cast import NOW, TODAY
from tests.staff.conftest import Staff


@pytest.fixture
def approvals(staff: Staff) -> Approvals:
    staff.sessions.begin(staff.hire("An"), NOW, "")
    staff.sessions.begin(staff.hire("Bình", Role.SUPERVISOR), NOW, "")
    return Approvals(staff.database, staff.steady)


def given(approvals: Approvals) -> str:
    return approvals.give("cancel", "visit-1", 1, 102, "trùng lượt", NOW)


def used(
    staff: Staff,
    approvals: Approvals,
    token: str,
    action: str = "cancel",
    what: str = "visit-1",
    session: int = 1,
) -> int:
    with staff.database.transaction() as db:
        return approvals.use(db, token, action, what, session, NOW)


def test_an_approval_allows_one_thing_once(staff: Staff, approvals: Approvals) -> None:
    token = given(approvals)
    for what, session in (
        (("cancel", "visit-2"), 1),
        (("correct", "visit-1"), 1),
        (("cancel", "visit-1"), 2),
    ):
        with pytest.raises(NotApproved):
            used(staff, approvals, token, *what, session=session)

    assert used(staff, approvals, token) == 102
    with pytest.raises(NotApproved):
        used(staff, approvals, token)


def test_an_approval_is_kept_if_the_change_fails(staff: Staff, approvals: Approvals) -> None:
    token = given(approvals)
    with suppress(ZeroDivisionError), staff.database.transaction() as db:
        approvals.use(db, token, "cancel", "visit-1", 1, NOW)
        raise ZeroDivisionError

    assert used(staff, approvals, token) == 102


def test_an_approval_lasts_two_minutes(staff: Staff, approvals: Approvals) -> None:
    token = given(approvals)
    staff.seconds.go(120)

    with pytest.raises(NotApproved):
        used(staff, approvals, token)


def test_a_token_is_known_until_it_ends(staff: Staff) -> None:
    tokens = ApiTokens(staff.database)
    token = tokens.make("HIS", [Scope.VISIT, Scope.READ], NOW, "the boss", "front", TODAY)
    found = tokens.find(token, NOW)

    assert token.startswith("tdk_")
    assert found is not None
    assert (found.name, found.scopes, found.reader) == (
        "HIS",
        frozenset({Scope.VISIT, Scope.READ}),
        "front",
    )
    assert tokens.all()[0].used_on == TODAY
    assert tokens.find(token + "x", NOW) is None
    assert tokens.find(token, NOW + timedelta(days=1)) is None
    assert tokens.revoke(found.id, NOW, "the boss")
    assert not tokens.revoke(found.id, NOW, "the boss")
    assert tokens.find(token, NOW) is None
    assert [event.what for event in staff.members.events()] == ["token_revoked", "token_made"]


def test_a_token_that_allows_nothing_is_not_made(staff: Staff) -> None:
    tokens = ApiTokens(staff.database)
    yesterday = TODAY - timedelta(days=1)
    for name, scopes, last_day in (
        ("HIS", [], TODAY),
        ("\n", [Scope.READ], TODAY),
        ("HIS", [Scope.READ], yesterday),
    ):
        with pytest.raises(WrongToken):
            tokens.make(name, scopes, NOW, "the boss", last_day=last_day)
    assert tokens.all() == []


def test_the_first_administrator_needs_the_newest_code_once(staff: Staff) -> None:
    codes = FirstCodes(staff.database)
    old, code = codes.make(NOW), codes.make(NOW)

    assert len(code.replace("-", "")) == 16
    assert codes.make_administrator(old, "An", "", NOW) is None
    assert codes.make_administrator(code, "An", "", NOW + timedelta(minutes=30)) is None
    assert codes.make_administrator(code, "An", "", NOW - timedelta(minutes=30)) is None
    with pytest.raises(WrongMember):
        codes.make_administrator(code, "", "", NOW)
    number = codes.make_administrator(code.lower().replace("-", " "), "An", "", NOW)
    assert number == 101
    assert staff.members.find(101).role is Role.ADMINISTRATOR
    assert codes.make_administrator(code, "Bình", "", NOW) is None


def test_there_is_no_first_administrator_after_another_member(staff: Staff) -> None:
    codes = FirstCodes(staff.database)
    code = codes.make(NOW)
    staff.hire("An")

    assert codes.make_administrator(code, "Bình", "", NOW) is None
