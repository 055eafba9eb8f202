"""A badge in front of a wired reader goes to the sign-in of its desk, and is no patient."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

from kiosk.staff import Role, without_badges
from scanner import Scan
from tests.cast import BHYT17
from tests.staff.web import Site, sign_in


def test_a_badge_in_front_of_a_wired_reader_is_no_patient(site: Site) -> None:
    badge = site.staff.badges.make(site.numbers[Role.CLERK], site.clock(), "a test")
    received: list[Scan] = []
    shown: list[tuple[str, str]] = []
    receive = without_badges(received.append, lambda *which: shown.append(which))
    for data in (badge.encode(), BHYT17.encode()):
        receive(Scan(data, "front", site.clock()))

    assert [scan.payload for scan in received] == [BHYT17.encode()]
    assert shown == [("front", badge)]


def shown_badge(client: FlaskClient) -> Any:
    return client.post("/sign-in/badge", json={}).get_json()["number"]


def test_a_badge_at_a_wired_reader_fills_the_sign_in_of_its_desk_once(site: Site) -> None:
    number, show = site.numbers[Role.CLERK], site.staff.shown_badges.show
    client, other = site.client(), site.client()
    for browser, desk in ((client, "1"), (other, "2")):
        sign_in(browser, number)
        browser.post("/sign-out")
        browser.set_cookie("desk", desk)
    badge = site.staff.badges.make(number, site.clock(), "a test")

    show("1", badge)
    assert shown_badge(other) is None
    assert shown_badge(client) == number
    assert shown_badge(client) is None
    show("1", badge)
    site.seconds.go(31)
    assert shown_badge(client) is None  # too late


def test_a_badge_of_nobody_fills_nothing_and_a_strange_browser_learns_nothing(site: Site) -> None:
    number, show = site.numbers[Role.CLERK], site.staff.shown_badges.show
    client, stranger = site.client(), site.client()
    sign_in(client, number)
    client.post("/sign-out")
    for browser in (client, stranger):
        browser.set_cookie("desk", "1")
    old = site.staff.badges.make(number, site.clock(), "a test")
    badge = site.staff.badges.make(number, site.clock(), "a test")

    for text in (old, "TDB1-" + "A" * 26):
        show("1", text)
        assert shown_badge(client) is None
    show("1", badge)
    assert shown_badge(stranger) is None
    assert shown_badge(client) == number
    assert client.get("/").status_code == 401  # the PIN is still needed
