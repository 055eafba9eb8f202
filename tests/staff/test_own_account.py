"""The page of one's own account: the PIN and the second factor."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from kiosk.staff import Role
from tests.staff.web import OTHER_PIN, PIN, Site, set_up_factor, sign_in


def test_an_administrator_who_lost_the_factor_sets_another_one_up(site: Site) -> None:
    boss, number = site.signed_in(Role.ADMINISTRATOR), site.numbers[Role.ADMINISTRATOR]
    assert boss.get("/staff").status_code == 200
    site.staff.factor.turn_off(number, site.clock(), "staff recover")

    assert boss.get("/staff").status_code == 403
    assert "xác thực hai lớp" in boss.get("/staff/me").get_data(as_text=True)
    set_up_factor(site, boss)
    assert boss.get("/staff").status_code == 200


def test_an_administrator_sets_the_second_factor_up(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.hire(factor=False)
    boss = site.signed_in(Role.ADMINISTRATOR)
    assert boss.get("/").status_code == 403
    code, recovery = set_up_factor(site, boss)
    number = site.numbers[Role.ADMINISTRATOR]

    assert len(recovery) == 10
    assert sign_in(site.client(), number).get_json()["result"] == "code_needed"
    site.clock.go(timedelta(seconds=30))
    assert sign_in(site.client(), number, code=code.at(site.clock())).status_code == 200
    site.seconds.go(600)
    assert sign_in(site.client(), number, code=recovery[0]).status_code == 200


def test_the_own_pin_is_changed_with_the_old_one(site: Site) -> None:
    client = site.signed_in(Role.CLERK)

    for old, new, status in (
        ("999123", OTHER_PIN, 403),
        (PIN, "123456", 400),
        (PIN, OTHER_PIN, 200),
    ):
        typed = {"pin": old, "new_pin": new}
        assert client.post("/staff/me/pin", data=typed).status_code == status
    assert sign_in(site.client(), site.numbers[Role.CLERK], OTHER_PIN).status_code == 200
