"""The pages over the whole facility, over HTTP and against a real hub."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kiosk.logbook import Accesses
from kiosk.settings import load_settings
from kiosk.staff import Role
from kiosk.web.older_days import OPEN_FOR
from kiosk.web.pages.facility import ROUTES
from kiosk.web.permissions import RULES
from tests.cast import payload
from tests.hub.cluster import FACILITY, HubDatabase, free_port
from tests.hub.facility_rows import DeskAtHub, add_desk_at, now, visit_json
from tests.staff.web import PIN, Site, record
from verify import CLINIC_ZONE, clinic_day

NUMBER = "GD4999990000077"


@pytest.fixture
def two(hub: HubDatabase) -> DeskAtHub:
    """Another desk of the hub, with a visit of today and one of last month."""
    desk = add_desk_at(hub, 2)
    desk.record("Nguyễn Thị Lan", NUMBER, insurer_state="refused", insurer_code="205")
    desk.record("Trần Văn Cũ", at=now() - timedelta(days=30))
    return desk


def site_at(hub: HubDatabase, folder: Path, *, is_up: bool = True, reports: bool = True) -> Site:
    """Return a site at desk 1 of a hub, with people."""
    own = replace(hub.add_desk(1), report_password_file=hub.add_report() if reports else "")
    url = own.url if is_up else f"postgresql://127.0.0.1:{free_port()}/nowhere"
    site = Site(
        folder,
        facility={"code": FACILITY},
        hub={
            "url": url,
            "desk": 1,
            "password_file": own.password_file,
            "report_password_file": own.report_password_file,
        },
    )
    site.clock.moment = datetime.now(CLINIC_ZONE)
    site.hire()
    return site


@pytest.fixture
def site(hub: HubDatabase, two: DeskAtHub, tmp_path: Path) -> Iterator[Site]:
    assert two.seq == 2
    site = site_at(hub, tmp_path)
    yield site
    site.kiosk.database.close()


@pytest.fixture
def clerk(site: Site) -> FlaskClient:
    return site.signed_in(Role.CLERK)


def text(answer: object) -> str:
    page = answer.get_data(as_text=True)  # type: ignore[attr-defined]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_the_newest_visits_of_all_desks_are_shown_masked(clerk: FlaskClient) -> None:
    page = text(clerk.get("/facility?lang=en"))

    assert "Nguyễn Thị Lan" in page
    assert "C · desk 2" in page
    assert "Trần Văn Cũ" not in page  # older than yesterday
    assert NUMBER not in page
    assert f"{NUMBER[-4:]}" in page


def test_what_is_typed_is_posted_and_each_look_is_written_down(
    clerk: FlaskClient, site: Site
) -> None:
    found = clerk.post("/facility/found", data={"q": "lan", "desk": "2"})

    assert "Nguyễn Thị Lan" in text(found)
    assert found.headers["X-Filters"] == "/facility?desk=2"
    [look] = Accesses(site.kiosk.database).newest()
    assert look.what == "facility.found"
    assert look.visit is not None
    assert look.person == NUMBER[-10:]  # although the visit is not in this logbook
    assert "Nothing was found" in text(clerk.post("/facility/found?lang=en", data={"q": "xyz"}))


def test_older_days_take_ones_own_pin_and_a_reason(clerk: FlaskClient, site: Site) -> None:
    def look(**form: str) -> tuple[int, str]:
        answer = clerk.post("/facility/older?lang=en", data={"q": "cu"} | form)
        return answer.status_code, text(answer)

    status, page = look(pin=PIN, why="")
    assert (status, "Trần Văn Cũ" in page) == (400, False)
    status, page = look(pin="000000", why="khiếu nại")
    assert (status, "Trần Văn Cũ" in page) == (403, False)
    status, page = look(pin=PIN, why="khiếu nại")
    assert (status, "Trần Văn Cũ" in page) == (200, True)
    assert "Trần Văn Cũ" in text(clerk.post("/facility/found", data={"q": "cu"}))
    look_of = Accesses(site.kiosk.database).newest()
    assert {each.why for each in look_of if each.visit} == {"khiếu nại"}

    other = site.signed_in(Role.SUPERVISOR)  # somebody else has to give their own PIN
    assert "Trần Văn Cũ" not in text(other.post("/facility/found", data={"q": "cu"}))
    site.clock.go(OPEN_FOR)
    assert "Trần Văn Cũ" not in text(clerk.post("/facility/found", data={"q": "cu"}))


@pytest.mark.usefixtures("two")
def test_a_desk_without_the_password_for_reports_offers_no_older_days(
    hub: HubDatabase, tmp_path: Path
) -> None:
    clerk = site_at(hub, tmp_path, reports=False).signed_in(Role.CLERK)
    page = clerk.get("/facility?lang=en&from=01/01/2026")

    assert 'id="older-pin"' not in page.get_data(as_text=True)
    assert "cannot be searched from this desk" in text(page)
    assert clerk.post("/facility/older", data={"pin": PIN, "why": "x"}).status_code == 409


def test_a_card_that_is_read_is_looked_for_and_nothing_is_recorded(
    clerk: FlaskClient, site: Site
) -> None:
    answer = clerk.post("/facility/scanned", json={"payload": payload("an").decode()}).get_json()

    assert answer["address"] is None
    assert answer["text"]
    assert "Nothing was found" in text(
        clerk.post("/facility/found?lang=en", data={"q": answer["text"]})
    )
    assert clerk.post("/facility/scanned", json={"payload": "xyz"}).get_json()["text"] == ""
    assert site.kiosk.database.rows("select 1 from attempt") == []


def test_a_visit_of_another_desk_can_be_read_and_ours_leads_to_the_logbook(
    clerk: FlaskClient, hub: HubDatabase
) -> None:
    [row] = hub.sql("select id from hub.visit where day = %s", [clinic_day(now())])
    page = clerk.get(f"/facility/visits/{row['id']}?lang=en")
    ours = record(clerk)

    assert "Nguyễn Thị Lan" in text(page)
    assert NUMBER not in text(page)
    assert "goes through the hub to the desk that recorded the visit" in text(page)
    assert clerk.get(f"/facility/visits/{ours}").headers["Location"] == f"/logbook/visits/{ours}"
    assert clerk.get("/facility/visits/01999-20261129-0000000000000000").status_code == 404
    assert clerk.get("/facility/visits/nonsense").status_code == 404


def test_the_tray_the_day_and_the_report_name_the_desks_that_are_late(
    clerk: FlaskClient, two: DeskAtHub
) -> None:
    two.seen(timedelta(hours=3))
    pages = {
        path: text(clerk.get(f"/facility/{path}?lang=en")) for path in ("tray", "day", "report")
    }
    since = (datetime.now(CLINIC_ZONE) - timedelta(hours=3)).strftime("%H:%M")[:4]

    for path, page in pages.items():
        assert re.search(rf"[A-Z] · desk 2 ?: +as of {since}", page), path
        assert "Nguyễn Thị Lan" in page if path == "tray" else "Nguyễn Thị Lan" not in page, path
    assert "205" in pages["tray"]


@pytest.mark.usefixtures("two")
def test_the_pages_say_that_the_hub_is_down_and_show_what_this_desk_knows(
    hub: HubDatabase, tmp_path: Path
) -> None:
    site = site_at(hub, tmp_path, is_up=False)
    clerk = site.signed_in(Role.CLERK)
    visit = record(clerk)
    name = site.kiosk.visits.by_id(visit).patient  # type: ignore[union-attr]
    for path in ("", "/tray", "/day", "/report"):
        page = text(clerk.get(f"/facility{path}?lang=en"))
        assert "The hub cannot be reached. Noticed at" in page, path
        assert "only what this desk itself has recorded" in page, path
        assert "Nguyễn Thị Lan" not in page, path
        if path in ("/day", "/report"):
            assert "that this desk has recorded on th" in page, path
    found = text(clerk.post("/facility/found?lang=en", data={"q": name}))
    assert "Only this desk" in found
    assert str(name) in found


@pytest.mark.parametrize("choice", ["leave", "take"])
def test_a_person_chooses_between_two_versions(
    clerk: FlaskClient, site: Site, two: DeskAtHub, hub: HubDatabase, choice: str
) -> None:
    visit = record(clerk)
    row = {"arrived_at": now(), "outcome": "admitted", "reason": "in_force", "person": ""}
    two.set_aside(visit, 2, visit_json(row | {"room": "Phòng 9"}, "Tên Khác", NUMBER))
    page = clerk.get(f"/facility/visits/{visit}/versions?lang=en")
    assert "Tên Khác" in text(page)
    assert NUMBER not in text(page)
    assert "Compare" in text(clerk.get("/facility/tray?lang=en"))

    form = dict(re.findall(r'name="(stream|divergent|version)" value="([^"]*)"', page.text))
    without_reason = clerk.post(
        f"/facility/visits/{visit}/versions", data=form | {"choice": "take"}
    )
    assert without_reason.status_code == 409
    done = clerk.post(
        f"/facility/visits/{visit}/versions", data=form | {"choice": choice, "why": "giấy tờ"}
    )
    ours = site.kiosk.visits.by_id(visit)

    assert done.headers["Location"] == "/facility/tray?said=settled"
    assert ours is not None
    assert (ours.patient == "Tên Khác") == (choice == "take")
    assert ours.version == (2 if choice == "take" else 1)
    assert hub.sql("select 1 from hub.divergent where settled_at is null") == []
    assert "Compare" not in text(clerk.get("/facility/tray?lang=en"))


def test_a_version_that_was_set_aside_says_that_the_visit_was_cancelled_there(
    clerk: FlaskClient, two: DeskAtHub
) -> None:
    visit = record(clerk)
    row = {"arrived_at": now(), "outcome": "admitted", "reason": "in_force", "person": ""}
    other = json.loads(visit_json(row | {"room": "Phòng 9"}, "Tên Khác", NUMBER))
    two.set_aside(visit, 2, json.dumps(other | {"cancelled_at": now().isoformat()}))
    page = clerk.get(f"/facility/visits/{visit}/versions?lang=en")

    assert "was cancelled there" in text(page)
    assert 'value="leave"' in page.text
    assert 'value="take"' not in page.text  # its values are not what it was about


def test_without_a_hub_the_pages_say_so_and_have_the_same_routes(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.hire()
    clerk = site.signed_in(Role.CLERK)
    alone = {
        (method, rule.endpoint)
        for rule in site.app.url_map.iter_rules()
        if rule.endpoint.startswith("facility.")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }

    assert alone == {row for row in RULES if row[1].startswith("facility.")}
    assert alone == {(method, f"facility.{endpoint}") for method, _path, endpoint in ROUTES}
    assert "works alone" in text(clerk.get("/facility?lang=en"))
    assert "/facility" not in clerk.get("/logbook").text
    assert clerk.post("/facility/found").status_code == 404


def test_the_routes_with_a_hub_are_those_without(clerk: FlaskClient, site: Site) -> None:
    routes = {
        (method, str(rule).removeprefix("/facility"), rule.endpoint.removeprefix("facility."))
        for rule in site.app.url_map.iter_rules()
        if rule.endpoint.startswith("facility.")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }

    assert routes == set(ROUTES)
    assert 'href="/facility"' in clerk.get("/logbook").text
    assert load_settings(None, may_lack_code=True).hub.url == ""
