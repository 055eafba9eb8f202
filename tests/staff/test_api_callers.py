"""Programs over HTTP: a key belongs to its program, and a token does what its scopes say."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from kiosk.staff import Role, Scope
from kiosk.web.permissions import RULES
from tests.cast import payload
from tests.staff.test_permissions import calls, row, stub_views
from tests.staff.web import Site

API = ("/api/", "/events", "/healthz", "/ping")
EVIL = "https://evil.example"
# What a call may bring beside its token, and whether a token counts with it.
ORIGINS: dict[str, tuple[dict[str, str], bool]] = {
    "a program": ({}, True),
    "a hostile page": ({"Origin": EVIL, "Sec-Fetch-Site": "cross-site"}, False),
    "a hostile page of an old browser": ({"Origin": EVIL}, False),
    "a page without an origin": ({"Origin": "null"}, False),
    "a page of our own site": (
        {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"},
        False,
    ),
    "a link that was typed": ({"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}, False),
}
MODES = ("nobody yet", "demonstration", "staff")
HOSTILE = {"a hostile page", "a hostile page of an old browser", "a page without an origin"}


def site_in(mode: str, folder: Path) -> Site:
    site = Site(folder, demo=mode == "demonstration")
    if mode == "staff":
        site.hire()
    return site


@pytest.mark.parametrize("mode", MODES)
def test_a_token_reaches_what_its_scope_says_wherever_it_comes_from(
    tmp_path: Path, mode: str
) -> None:
    site = site_in(mode, tmp_path)
    stub_views(site.app)
    client, offences = site.client(), []
    routes = [found for found in calls(site.app) if found[2].startswith(API)]
    tokens: dict[str, dict[str, str]] = {scope: site.token(scope) for scope in Scope}
    tokens["wrong"] = {"Authorization": "Bearer tdk_wrong"}
    for (scope, token), (origin, (headers, counts)) in product(tokens.items(), ORIGINS.items()):
        powers = {f"scope:{scope}"} if counts and scope != "wrong" else set()
        for method, endpoint, path in routes:
            who = RULES[row(method, endpoint)]
            status = client.open(path, method=method, headers=token | headers).status_code
            wanted = 200 if who & (powers | {"public"}) else 403 if powers else 401
            if wanted == 200 and origin in HOSTILE:
                wanted = 403  # a public route, from a page of another site
            if status != wanted:
                offences.append(f"{scope} by {origin}: {method} {path}: {status}, not {wanted}")

    assert len(routes) > 20
    assert offences == []


@pytest.mark.parametrize("mode", MODES)
def test_a_hostile_page_reaches_no_call_without_a_token(tmp_path: Path, mode: str) -> None:
    site = site_in(mode, tmp_path)
    stub_views(site.app)
    clients = {"stranger": site.client()}
    if mode == "staff":
        clients |= {role.value: site.signed_in(role) for role in Role}
    reached = [
        (who, origin, method, path)
        for (who, client), origin in product(clients.items(), HOSTILE)
        for method, _endpoint, path in calls(site.app)
        if path.startswith("/api/")
        and client.open(path, method=method, headers=ORIGINS[origin][0]).status_code == 200
    ]

    assert reached == []


@pytest.mark.parametrize("mode", MODES)
def test_the_document_is_for_programs_and_the_desk(tmp_path: Path, mode: str) -> None:
    site = site_in(mode, tmp_path)

    stranger = site.client().get("/api/openapi.json").status_code
    assert stranger == (401 if mode == "staff" else 200)
    for scope in Scope:
        assert site.client().get("/api/openapi.json", headers=site.token(scope)).status_code == 200
    if mode == "staff":
        assert site.signed_in(Role.CLERK).get("/api/openapi.json").status_code == 200
        assert site.signed_in(Role.KIOSK).get("/api/openapi.json").status_code == 403


def test_each_call_of_a_program_is_done_by_its_scope_alone(tmp_path: Path) -> None:
    site = site_in("staff", tmp_path)
    scan, visit = site.token(Scope.SCAN), site.token(Scope.VISIT)
    number = site.client().post("/api/scans", json={"payload": "9999900001"}, headers=scan)
    path = f"/api/scans/{number.get_json()['attempt']}/holder"
    holder = {"holder": "Nguyễn Văn An", "born": "1980"}

    assert site.client().post(path, json=holder, headers=scan).status_code == 200
    assert site.client().post(path, json=holder, headers=visit).status_code == 403
    prints = site.client().get("/api/tickets/1/prints", headers=visit)
    assert prints.get_json()["prints"][0]["state"] is None


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return site_in("staff", tmp_path)


def program(site: Site, name: str) -> dict[str, str]:
    """Return the headers of a program of this name."""
    token = site.staff.tokens.make(name, [Scope.SCAN, Scope.VISIT], site.clock(), "a test")
    return {"Authorization": f"Bearer {token}"}


def record(client: FlaskClient, headers: dict[str, str], person: str, key: str) -> Any:
    scan = {"payload": payload(person).decode()}
    attempt = client.post("/api/scans", json=scan, headers=headers).get_json()["attempt"]
    body = {"attempt": attempt, "clerk_reason": "thử"}
    return client.post("/api/visits", json=body, headers=headers | {"Idempotency-Key": key})


def outcome(client: FlaskClient, headers: dict[str, str], key: str) -> Any:
    answer = client.post("/api/visits/outcome", headers=headers | {"Idempotency-Key": key})
    return answer.get_json()["visit"]


def test_two_programs_may_use_the_same_key(site: Site) -> None:
    client, his, lab = site.client(), program(site, "HIS"), program(site, "LAB")

    first = record(client, his, "an", "1")
    second = record(client, lab, "binh", "1")

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.get_json()["id"] != second.get_json()["id"]
    for headers, made in ((his, first), (lab, second)):
        assert outcome(client, headers, "1")["id"] == made.get_json()["id"]


def test_no_program_finds_or_closes_the_key_of_another(site: Site) -> None:
    client, his, lab = site.client(), program(site, "HIS"), program(site, "LAB")
    record(client, his, "an", "1")

    assert outcome(client, lab, "1") is None  # and closes its own
    assert outcome(client, lab, "2") is None
    assert record(client, his, "binh", "2").status_code == 201
    assert record(client, lab, "chi", "2").get_json(force=True)["title"] == "key_closed"


def test_the_key_of_a_person_is_not_found_by_a_program(site: Site) -> None:
    clerk, client, his = site.signed_in(Role.CLERK), site.client(), program(site, "HIS")
    made = record(clerk, {}, "an", "1").get_json()

    assert outcome(client, his, "1") is None
    assert outcome(clerk, {}, "1")["id"] == made["id"]
    assert outcome(site.signed_in(Role.SUPERVISOR), {}, "1")["id"] == made["id"]


def test_a_key_is_found_again_by_the_program_with_a_new_token(site: Site) -> None:
    client = site.client()
    made = record(client, program(site, "HIS"), "an", "1").get_json()

    assert outcome(client, program(site, "HIS"), "1")["id"] == made["id"]
