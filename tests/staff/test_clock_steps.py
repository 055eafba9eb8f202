"""The time of day jumps while somebody is signed in: nobody is thrown out, and nobody stays in."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from kiosk.staff import Role
from tests.staff.web import PIN, Site, record, sign_in

STEPS = [
    timedelta(minutes=-3),
    timedelta(hours=7),
    timedelta(days=-3650),
    timedelta(days=3650),
]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    site.hire()
    return site


@pytest.mark.parametrize("step", STEPS)
def test_a_step_of_the_clock_throws_nobody_out(site: Site, step: timedelta) -> None:
    client = site.signed_in(Role.CLERK)
    site.clock.go(step)

    assert client.get("/desk/status").status_code == 200
    site.seconds.go(599)
    assert client.get("/desk/status").status_code == 200


@pytest.mark.parametrize("step", STEPS)
def test_a_step_of_the_clock_keeps_nobody_in(site: Site, step: timedelta) -> None:
    client = site.signed_in(Role.CLERK)
    site.clock.go(step)
    site.seconds.go(601)
    assert client.get("/desk/status").status_code == 401

    busy = site.signed_in(Role.CLERK)
    for _minute in range(16 * 60 + 1):  # somebody who never rests
        site.seconds.go(60)
        busy.get("/sign-in/session", headers={"X-By-Person": "1"})
    assert busy.get("/desk/status").status_code == 401


def test_an_approval_lasts_two_minutes_whatever_the_clock_says(site: Site) -> None:
    client = site.signed_in(Role.CLERK)
    visit = record(client)
    body = {"account": str(site.numbers[Role.SUPERVISOR]), "pin": PIN, "action": "unmask",
            "object": visit, "reason": "BHXH hỏi"}  # fmt: skip
    tokens = [client.post("/approvals", json=body).get_json()["approval"] for _ in range(2)]
    path = f"/logbook/visits/{visit}/numbers"
    site.clock.go(timedelta(days=365))
    assert client.post(path, headers={"X-Approval": tokens[0]}).status_code == 200

    site.clock.go(timedelta(days=-730))
    site.seconds.go(121)
    assert client.post(path, headers={"X-Approval": tokens[1]}).status_code == 403


def test_the_clock_goes_back_after_a_code_was_used_and_a_recovery_code_still_opens(
    site: Site,
) -> None:
    number = site.numbers[Role.ADMINISTRATOR]
    site.staff.factor.turn_off(number, site.clock(), "a test")
    secret, _uri = site.staff.factor.offer(number, "a test")
    site.secret = secret
    site.clock.go(timedelta(days=365))
    codes = site.staff.factor.confirm(number, site.code(), site.clock(), "a test")
    assert codes is not None
    site.clock.go(timedelta(days=-365))

    assert sign_in(site.client(), number, code=site.code()).status_code == 401
    assert sign_in(site.client(), number, code=codes[0]).status_code == 200


def test_a_clock_that_jumps_by_months_locks_an_account_and_back_unlocks_it(site: Site) -> None:
    number = site.numbers[Role.CLERK]
    site.clock.go(timedelta(days=46))
    assert sign_in(site.client(), number).get_json()["result"] == "locked"

    site.clock.go(timedelta(days=-46))
    assert sign_in(site.client(), number).status_code == 200
