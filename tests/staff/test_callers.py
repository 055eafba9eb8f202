"""Who acts: a person, another program, a wired reader, a screen for patients."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

from kiosk.staff import Role, Scope
from tests.cast import BHYT17, payload
from tests.staff.web import NAMES, Site, record


def test_what_is_done_carries_the_person(site: Site) -> None:
    client = site.signed_in(Role.CLERK)
    visit = record(client)
    client.post(
        f"/logbook/visits/{visit}/correct",
        data={"why": "sai số", "phone": "0999999901", "version": 1},
    )
    stored = site.kiosk.visits.by_id(visit)
    assert stored is not None

    assert stored.author == f"staff {site.numbers[Role.CLERK]} {NAMES[Role.CLERK]}"
    assert site.kiosk.corrections.versions(visit)[0].author == stored.author
    page = client.get(f"/logbook/visits/{visit}").get_data(as_text=True)
    assert f"{NAMES[Role.CLERK]} ({site.numbers[Role.CLERK]})" in page


def test_a_program_records_in_its_own_name(site: Site) -> None:
    headers = site.token(Scope.SCAN, Scope.VISIT)
    client = site.client()
    body = {"payload": payload("an").decode(), "reader": "his"}
    attempt = client.post("/api/scans", json=body, headers=headers).get_json()["attempt"]
    made = client.post(
        "/api/visits", json={"attempt": attempt}, headers=headers | {"Idempotency-Key": "k"}
    )
    stored = site.kiosk.visits.by_id(made.get_json()["id"])

    assert stored is not None
    assert stored.author == "program HIS"
    assert client.get("/api/visits", headers=headers).status_code == 403
    assert client.get("/", headers=headers).status_code == 403


def test_a_wired_reader_s_name_is_for_a_program_that_is_bound_to_it(site: Site) -> None:
    body = {"payload": BHYT17, "reader": "front"}
    refused = site.signed_in(Role.CLERK).post("/api/scans", json=body)
    bound, other = site.token(Scope.SCAN, reader="front"), site.token(Scope.SCAN)

    assert (refused.status_code, refused.get_json()["title"]) == (403, "reader_not_yours")
    assert site.client().post("/api/scans", json=body, headers=other).status_code == 403
    assert site.client().post("/api/scans", json=body, headers=bound).status_code == 200


def test_the_insurer_is_asked_in_the_name_of_who_scans(site: Site) -> None:
    askers, members = site.staff.askers, site.staff.members
    clerk = site.numbers[Role.CLERK]
    client = site.signed_in(Role.CLERK)
    client.post("/api/scans", json={"payload": BHYT17, "reader": "typed-1"})
    author = f"staff {clerk} {NAMES[Role.CLERK]}"

    assert askers.at("typed-1", "") == author
    assert askers.identity(author) is None  # the citizen number is not known
    members.change(clerk, site.clock(), "a test", citizen_number="099999000001")
    assert askers.identity(author) == (NAMES[Role.CLERK], "099999000001")
    assert askers.identity("desk") is None


def test_a_wired_reader_belongs_to_who_is_signed_in_at_its_desk(site: Site) -> None:
    askers, number = site.staff.askers, site.numbers[Role.CLERK]
    assert askers.at("front", "1") is None

    site.staff.sessions.begin(number, site.clock(), "127.0.0.1", desk="1")
    assert askers.at("front", "1") == f"staff {number} {NAMES[Role.CLERK]}"
    assert askers.at("back", "2") is None
    site.seconds.go(601)
    assert askers.at("front", "1") is None


def test_a_token_is_shown_once_and_revoked(site: Site, tmp_path: Path) -> None:
    boss = site.signed_in(Role.ADMINISTRATOR)
    wrong = {"name": "HIS", "scope": ["read"], "last_day": "31/02/2027"}
    assert boss.post("/staff/tokens", data=wrong).status_code == 400
    page = boss.post("/staff/tokens", data={"name": "HIS", "scope": ["read"]}).get_data(
        as_text=True
    )
    token = re.search(r"tdk_[\w-]+", page)
    assert token is not None
    headers = {"Authorization": f"Bearer {token[0]}"}

    assert site.client().get("/api/visits", headers=headers).status_code == 200
    assert token[0] not in boss.get("/staff/tokens").get_data(as_text=True)
    assert token[0] not in "".join(sqlite3.connect(tmp_path / "logbook.db").iterdump())
    boss.post("/staff/tokens/1/revoke")
    assert site.client().get("/api/visits", headers=headers).status_code == 401


def test_each_look_is_written_down_for_the_supervisor(site: Site) -> None:
    client, boss = site.signed_in(Role.CLERK), site.signed_in(Role.SUPERVISOR)
    visit = record(client)
    client.get("/logbook")
    client.get(f"/logbook/visits/{visit}")
    page = boss.get("/staff/accesses").get_data(as_text=True)

    assert page.count(f"{NAMES[Role.CLERK]} ({site.numbers[Role.CLERK]})") == 2
    of_visit = boss.get(f"/staff/accesses?visit={visit}").get_data(as_text=True)
    assert of_visit.count(f"<code>{visit[:8]}</code>") == 2
    assert client.get("/staff/accesses").status_code == 403


def test_a_browser_becomes_a_screen_for_patients(site: Site) -> None:
    browser = site.signed_in(Role.ADMINISTRATOR)
    assert browser.post(f"/staff/screens/{site.numbers[Role.KIOSK]}").status_code == 303

    site.seconds.go(90 * 24 * 3600)
    assert browser.get("/display/calls").status_code == 200
    assert browser.get("/").status_code == 403
    assert browser.post(f"/staff/screens/{site.numbers[Role.CLERK]}").status_code == 403


def test_the_demonstration_switches_roles(tmp_path: Path) -> None:
    client = Site(tmp_path, demo=True).client()
    assert "Lê Thu Hà" in client.get("/").get_data(as_text=True)
    assert client.get("/logbook/nightly").status_code == 200

    client.post("/demo/staff", data={"role": "clerk"})
    assert client.get("/logbook/nightly").status_code == 403
    client.post("/demo/staff", data={"role": "supervisor"})
    assert "Trần Minh Đức" in client.get("/logbook/nightly").get_data(as_text=True)
    client.post("/demo/staff", data={"role": ""})
    assert client.get("/staff").status_code == 200
