"""Signing in over HTTP: cookies, the lock, the change of clerks, the first administrator."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from kiosk.cli.serve import first_code
from kiosk.staff import Role
from tests.cast import BHYT17
from tests.staff.web import NAMES, OTHER_PIN, PIN, SITE_NAME, Site, record, set_up_factor, sign_in


def test_a_clerk_signs_in_and_the_desk_opens(site: Site) -> None:
    client = site.client()
    refused = client.get("/", headers={"Accept": "text/html"})
    signed = sign_in(client, site.numbers[Role.CLERK])

    assert (refused.status_code, b'name="pin"' in refused.data) == (401, True)
    assert b'role="alert"></p>' in refused.data
    assert signed.get_json() == {"result": "signed_in", "number": site.numbers[Role.CLERK]}
    desk = client.get("/").get_data(as_text=True)
    assert NAMES[Role.CLERK] in desk
    assert 'id="lock"' in desk


def test_the_cookies_are_for_this_site_only(site: Site) -> None:
    plain = sign_in(site.client(), site.numbers[Role.CLERK]).headers.getlist("Set-Cookie")
    client = site.app.test_client()
    body = {"account": str(site.numbers[Role.CLERK]), "pin": PIN}
    secure = client.post("/sign-in", json=body, base_url="https://localhost")
    cookies = secure.headers.getlist("Set-Cookie")

    for cookie in (*plain, *cookies):
        assert all(part in cookie for part in ("HttpOnly", "SameSite=Strict", "Path=/"))
        assert "Domain" not in cookie
    assert [cookie.split("=")[0] for cookie in plain] == ["staff_session", "staff_device"]
    assert all(cookie.startswith("__Host-") and "Secure" in cookie for cookie in cookies)
    planted = site.app.test_client()
    planted.set_cookie("staff_session", site.session(Role.ADMINISTRATOR))
    assert planted.get("/", base_url="https://localhost").status_code == 401


def test_a_form_leads_to_the_page_that_was_asked_for(site: Site) -> None:
    form = {"account": str(site.numbers[Role.CLERK]), "pin": PIN}
    elsewhere = ("//evil.example", "https://evil.example", "/\\evil.example", "/\r\nx: y")
    for typed, led in [("/logbook?lang=en", "/logbook?lang=en"), *((e, "/") for e in elsewhere)]:
        answer = site.client().post("/sign-in", data=form | {"next": typed})
        assert (answer.status_code, answer.headers["Location"]) == (303, led)


def test_a_wrong_pin_shows_nothing_that_was_typed_but_the_number(site: Site) -> None:
    answer = site.client().post("/sign-in", data={"account": "<b>7", "pin": "555123"})
    page = answer.get_data(as_text=True)

    assert answer.status_code == 401
    assert "&lt;b&gt;7" in page
    assert "555123" not in page


def test_a_thousand_wrong_pins_lock_no_clerk_out_at_a_known_pc(site: Site) -> None:
    number = site.numbers[Role.CLERK]
    known = site.client()
    sign_in(known, number)
    statuses = [sign_in(site.client(), number, f"{580000 + n}").status_code for n in range(1000)]

    assert statuses.count(401) == 5
    assert statuses.count(429) == 995
    assert sign_in(known, number).status_code == 200
    waiting = sign_in(site.client(), number)
    assert (waiting.status_code, int(waiting.headers["Retry-After"]) > 0) == (429, True)
    assert sign_in(site.client(), site.numbers[Role.SUPERVISOR]).status_code == 200


def test_the_next_clerk_takes_over_in_the_same_browser(site: Site) -> None:
    client = site.client()
    sign_in(client, site.numbers[Role.CLERK])
    first = client.get_cookie("staff_session")
    sign_in(client, site.numbers[Role.SUPERVISOR])

    assert first is not None
    assert client.get("/sign-in/session").get_json()["name"] == NAMES[Role.SUPERVISOR]
    assert site.client(first.value).get("/").status_code == 401


def test_a_person_who_is_signed_in_twice_is_told(site: Site) -> None:
    client = site.signed_in(Role.CLERK)
    assert "⚠</span></button>" not in client.get("/logbook").get_data(as_text=True)

    site.session(Role.CLERK)
    assert "⚠</span></button>" in client.get("/logbook").get_data(as_text=True)
    assert "127.0.0.1" in client.get("/staff/me").get_data(as_text=True)


def test_pages_that_ask_by_themselves_keep_nobody_signed_in(site: Site) -> None:
    client = site.signed_in(Role.CLERK)
    for _ in range(30):
        site.seconds.go(60)
        client.get("/desk/status")
        client.get("/ping")
        client.get("/sign-in/session")
        client.post("/api/frames")

    assert client.get("/desk/status").status_code == 401
    assert client.get("/sign-in/session").get_json()["locked"] is True
    page = client.get("/logbook", headers={"Accept": "text/html"}).get_data(as_text=True)
    assert NAMES[Role.CLERK] in page
    assert 'name="pin"' in page


@pytest.mark.parametrize("way", ["post", "header", "navigation"])
def test_a_person_keeps_the_session_open(site: Site, way: str) -> None:
    client = site.signed_in(Role.CLERK)
    for _ in range(3):
        site.seconds.go(599)
        if way == "post":
            client.post("/api/numbers/help", json={"text": "1"})
        elif way == "header":
            client.get("/sign-in/session", headers={"X-By-Person": "1"})
        else:
            client.get("/logbook", headers={"Sec-Fetch-User": "?1", "Sec-Fetch-Site": "none"})

    assert client.get("/desk/status").status_code == 200


def test_the_pin_opens_a_locked_session_again(site: Site) -> None:
    client = site.signed_in(Role.CLERK)
    assert client.post("/sign-in/lock").get_json() == {"locked": True}
    assert client.get("/desk/status").status_code == 401

    assert sign_in(client, site.numbers[Role.CLERK]).status_code == 200
    assert client.get("/desk/status").status_code == 200


def test_a_scan_of_a_wired_reader_goes_in_while_the_page_is_locked(site: Site) -> None:
    client = site.signed_in(Role.CLERK)
    client.post("/sign-in/lock")
    attempt = site.kiosk.scan(BHYT17)

    assert site.kiosk.attempts.get(attempt) is not None
    assert client.get(f"/desk/attempts/{attempt}").status_code == 401


def test_whoever_signs_out_is_out(site: Site) -> None:
    client = site.signed_in(Role.CLERK)
    cookie = client.get_cookie("staff_session")
    assert cookie is not None
    client.post("/sign-out")

    assert client.get("/").status_code == 401
    assert site.client(cookie.value).get("/").status_code == 401


def test_a_role_that_is_taken_away_ends_the_session(site: Site) -> None:
    client, boss = site.signed_in(Role.SUPERVISOR), site.signed_in(Role.ADMINISTRATOR)
    number = site.numbers[Role.SUPERVISOR]
    assert client.get("/logbook/nightly").status_code == 200

    form = {"name": NAMES[Role.SUPERVISOR], "role": "clerk", "citizen_number": ""}
    assert boss.post(f"/staff/{number}", data=form).status_code == 303
    assert client.get("/logbook/nightly").status_code == 401


def test_the_cookie_of_another_site_is_worth_nothing(site: Site, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Site(tmp_path / "other")
    other.hire()

    assert site.client(other.session(Role.ADMINISTRATOR)).get("/").status_code == 401


def test_a_cookie_of_before_a_role_was_taken_away_is_worth_nothing_again(site: Site) -> None:
    number, old = site.numbers[Role.SUPERVISOR], site.session(Role.SUPERVISOR)
    members = site.staff.members
    for role in (Role.CLERK, Role.SUPERVISOR):
        members.change(number, site.clock(), "a test", role=role)

    assert site.client(old).get("/logbook/nightly").status_code == 401
    assert site.client(old).get("/sign-in/session").status_code == 401


def test_a_stream_ends_with_its_session(site: Site) -> None:
    client = site.signed_in(Role.CLERK)
    stream = client.get("/events", buffered=False)
    lines = iter(stream.response)
    next(lines)
    client.post("/sign-in/lock")
    done = threading.Event()

    def read() -> None:
        for _line in lines:
            pass
        done.set()

    threading.Thread(target=read, daemon=True).start()
    assert done.wait(5)


def test_a_badge_is_read_at_the_sign_in(site: Site) -> None:
    boss = site.signed_in(Role.ADMINISTRATOR)
    badge = site.staff.badges.make(site.numbers[Role.CLERK], site.clock(), "a test")

    assert sign_in(site.client(), badge).get_json()["number"] == site.numbers[Role.CLERK]
    page = boss.post(f"/staff/{site.numbers[Role.CLERK]}/badge").get_data(as_text=True)
    assert "<svg" in page
    assert sign_in(site.client(), badge).status_code == 401  # there is a newer one


def test_a_badge_in_front_of_the_desk_is_no_card(site: Site) -> None:
    client = site.signed_in(Role.CLERK)
    badge = site.staff.badges.make(site.numbers[Role.CLERK], site.clock(), "a test")
    answer = client.post("/api/scans", json={"payload": badge, "reader": "typed"})

    assert (answer.status_code, answer.get_json()["title"]) == (422, "staff_badge")
    assert site.kiosk.attempts.last_id() == 0


def test_the_first_administrator_is_made_with_the_code(tmp_path: Path) -> None:
    site = Site(tmp_path)
    code = site.staff.first_codes.make(site.clock())
    client = site.client()
    form = {"name": "Phạm Gia Huy", "pin": PIN}

    assert "Ai ngồi đây là quản trị" in client.get("/logbook").get_data(as_text=True)
    assert client.post("/sign-in/first", data=form | {"code": "AAAA"}).status_code == 403
    weak = client.post("/sign-in/first", data=form | {"code": code, "pin": "123456"})
    assert weak.status_code == 400
    assert code in weak.get_data(as_text=True)  # nothing typed is lost
    made = client.post("/sign-in/first", data=form | {"code": code})
    assert (made.status_code, made.headers["Location"]) == (303, "/staff/me")
    assert client.get("/staff").status_code == 403  # before the second factor is set up
    set_up_factor(site, client)
    assert client.get("/staff").status_code == 200
    assert site.client().get("/").status_code == 401
    again = site.client().post("/sign-in/first", data=form | {"code": code})
    assert again.status_code == 403


def test_a_code_is_printed_where_other_machines_are_served_and_nobody_may_sign_in(
    tmp_path: Path,
) -> None:
    assert first_code(Site(tmp_path).kiosk) is None

    site = Site(tmp_path, host="0.0.0.0")
    code = first_code(site.kiosk)
    assert code is not None
    assert len(code) == len("AAAA-AAAA-AAAA-AAAA")
    site.hire([Role.ADMINISTRATOR])
    assert first_code(site.kiosk) is None


def test_whoever_sits_there_makes_no_administrator_without_the_code(tmp_path: Path) -> None:
    site = Site(tmp_path)
    form = {"name": "An", "role": "administrator", "citizen_number": ""}

    assert site.client().post("/staff", data=form).status_code == 409
    assert not site.staff.members.exist()


def test_an_administrator_hires_and_the_temporary_pin_is_replaced(site: Site) -> None:
    boss = site.signed_in(Role.ADMINISTRATOR)
    form = {"name": "<i>Ngô</i> Bảo", "role": "clerk", "citizen_number": "099999000001"}
    page = boss.post("/staff", data=form).get_data(as_text=True)
    pin = re.search(r'class="once">(\d+)<', page)
    assert pin is not None
    assert "<i>Ngô" not in page
    number = site.staff.members.all()[-1].id
    client = site.client()

    assert sign_in(client, number, pin[1]).get_json()["result"] == "new_pin_needed"
    weak = sign_in(client, number, pin[1], new_pin="111111")
    assert (weak.status_code, weak.get_json()["result"]) == (400, "new_pin_needed")
    assert sign_in(client, number, pin[1], new_pin=OTHER_PIN).status_code == 200
    assert pin[1] not in boss.get("/staff").get_data(as_text=True)


FAR, OUTER = "203.0.113.9", f"http://{SITE_NAME}"


def far(site: Site, number: int, **typed: str) -> Any:
    """Return the answer to a sign-in from outside of the site's network."""
    return signed_in_at(FAR, site.client(), number, **typed)


def signed_in_at(address: str, client: FlaskClient, number: int, **typed: str) -> Any:
    body = {"account": str(number), "pin": PIN} | typed
    where = {"REMOTE_ADDR": address}
    return client.post("/sign-in", json=body, base_url=OUTER, environ_overrides=where)


@pytest.fixture
def wide(tmp_path: Path) -> Site:
    """A site that other machines reach."""
    (tmp_path / "wide").mkdir()
    site = Site(tmp_path / "wide", host="0.0.0.0")
    site.hire()
    return site


def test_from_elsewhere_a_pin_alone_opens_nothing(wide: Site) -> None:
    site = wide
    clerk, boss = site.numbers[Role.CLERK], site.numbers[Role.ADMINISTRATOR]
    asked = [far(site, clerk), far(site, clerk, pin="999123"), far(site, boss), far(site, 999)]
    wrong = [far(site, clerk, code="123456"), far(site, clerk, pin="999123", code="123456"),
             far(site, boss, code="AAAA-AAAA-AAAA")]  # fmt: skip

    assert {(a.status_code, a.get_json()["result"]) for a in asked} == {(401, "far_code_needed")}
    assert {(a.status_code, a.get_json()["result"]) for a in wrong} == {(401, "far_wrong")}
    assert far(site, boss, code=site.code()).status_code == 200
    for near in ("10.1.2.3", "::ffff:192.168.1.7", "127.0.0.1"):
        assert signed_in_at(near, site.client(), clerk).status_code == 200, near


def test_from_elsewhere_nobody_approves_or_becomes_the_first_administrator(wide: Site) -> None:
    site, client = wide, wide.client()
    signed_in_at("10.1.2.3", client, site.numbers[Role.CLERK])
    visit = record(site.signed_in(Role.CLERK))
    where: dict[str, Any] = {"base_url": OUTER, "environ_overrides": {"REMOTE_ADDR": FAR}}
    form = {"why": "trùng lượt", "approver": str(site.numbers[Role.SUPERVISOR])}
    form["approver_pin"] = PIN
    path = f"/logbook/visits/{visit}/cancel"

    answer = client.post(path, data=form, **where)
    assert (answer.status_code, "trùng lượt" in answer.get_data(as_text=True)) == (403, True)
    assert site.kiosk.visits.by_id(visit).cancelled_at is None  # type: ignore[union-attr]
    typed = {"pin": PIN, "new_pin": OTHER_PIN}
    assert client.post("/staff/me/pin", data=typed, **where).status_code == 403
    assert site.client().post("/sign-in/first", data={"code": "A"}, **where).status_code == 403
    client.post("/sign-out", **where)
