"""A walk over every route as everybody, in each mode: the program does what the table says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.routing import Rule

from kiosk.staff import Role, Scope
from kiosk.web.permissions import (
    APPROVALS,
    DEMO_TABLE,
    RULES,
    SUPERVISORS,
    TABLE,
    WITH_APPROVAL,
    install_permissions,
    served,
)
from tests.staff.web import Site

ARGUMENTS = {
    "change": "confirm", "key": "an", "kiosk": "hall", "filename": "icon.svg", "figure": "visits",
    "period_name": "2026-11", "visit_id": "v1",
}  # fmt: skip
PEOPLE = [Role.CLERK, Role.SUPERVISOR, Role.ADMINISTRATOR, Role.KIOSK]
EVIL = "https://evil.example"
HOSTILES: list[dict[str, str]] = [  # a fetch, a form, a picture, an older browser, the next port
    {"Origin": EVIL, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"},
    {"Origin": "null", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
    {"Origin": EVIL},
    {"Origin": "http://localhost:8000", "Sec-Fetch-Site": "same-site"},
]


def stub_views(app: Flask) -> None:
    """Let every view answer at once: only the checks before it are tried."""
    for endpoint in app.view_functions:
        app.view_functions[endpoint] = lambda **_values: "reached"
    app.before_request_funcs.pop("self_service", None)


def calls(app: Flask) -> Iterator[tuple[str, str, str]]:
    """Yield method, endpoint and path of each route."""
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"OPTIONS"}):
            yield method, rule.endpoint, path_of(app, rule)


def path_of(app: Flask, rule: Rule) -> str:
    values = {name: ARGUMENTS.get(name, "1") for name in rule.arguments}
    with app.test_request_context():
        return str(app.url_map.bind("localhost").build(rule.endpoint, values, force_external=False))


def row(method: str, endpoint: str) -> tuple[str, str]:
    return ("GET" if method == "HEAD" else method, endpoint)


def wrong_answers(
    site: Site,
    powers: set[str],
    cookie: str = "",
    headers: dict[str, str] | None = None,
    pretended: str = "",
) -> list[str]:
    """Call every route; return where the answer is not that of the table.

    Whoever has no power at all is answered 401, others 403.
    """
    client, offences = site.client(cookie), []
    if pretended:
        client.set_cookie("pretend_role", pretended)
    unknown = not powers or powers == {"locked"}
    is_page = bool({"Origin", "Sec-Fetch-Site"} & set(headers or {}))
    here = {"public"} if is_page else {"public", "local"}  # the test is on the program's machine
    for method, endpoint, path in calls(site.app):
        allowed = bool(RULES[row(method, endpoint)] & (powers | here))
        if row(method, endpoint) in APPROVALS:
            allowed = allowed and bool(powers & SUPERVISORS)
        status = client.open(path, method=method, headers=headers).status_code
        wanted = {200} if allowed else {401} if unknown else {403}
        if status not in wanted:
            offences.append(f"{method} {path} ({endpoint}): {status}, not {wanted}")
    return offences


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    site.hire()
    stub_views(site.app)
    return site


@pytest.mark.parametrize("demo", [False, True])
def test_the_table_has_a_row_for_each_route_and_no_other(tmp_path: Path, demo: bool) -> None:
    app = Site(tmp_path, demo=demo).app
    of_demo = {
        (words[0], words[1])
        for text in DEMO_TABLE.values()
        for words in zip(*[iter(text.split())] * 2, strict=True)
    }

    assert served(app) == (set(RULES) if demo else set(RULES) - of_demo)


def test_no_row_is_in_the_table_twice() -> None:
    texts = [*TABLE.values(), *DEMO_TABLE.values(), *WITH_APPROVAL.values()]
    rows = [pair for text in texts for pair in zip(*[iter(text.split())] * 2, strict=True)]

    assert len(rows) == len(set(rows)) == len(RULES)


def test_a_route_without_a_row_stops_the_start(site: Site) -> None:
    app = Flask("other")
    app.add_url_rule("/forgotten", "forgotten", lambda: "reached")

    with pytest.raises(RuntimeError, match="forgotten"):
        install_permissions(app, site.app, [])  # type: ignore[arg-type]


def test_a_route_that_is_added_later_is_shut(site: Site) -> None:
    site.app.add_url_rule("/later", "later", lambda: "reached")

    assert site.client().get("/later").status_code == 401
    assert site.signed_in(Role.ADMINISTRATOR).get("/later").status_code == 403


def test_strangers_reach_what_is_public_only(site: Site) -> None:
    assert wrong_answers(site, set()) == []
    assert wrong_answers(site, set(), "x" * 43) == []


@pytest.mark.parametrize("role", PEOPLE)
def test_each_role_reaches_what_the_table_says(site: Site, role: Role) -> None:
    assert wrong_answers(site, {role.value}, site.session(role)) == []


def test_a_locked_session_reaches_its_unlocking_only(site: Site) -> None:
    cookie = site.session(Role.ADMINISTRATOR)
    site.seconds.go(601)

    assert wrong_answers(site, {"locked"}, cookie) == []


def test_an_administrator_without_a_second_factor_reaches_its_set_up_only(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.hire(factor=False)
    stub_views(site.app)

    assert wrong_answers(site, {"no_factor"}, site.session(Role.ADMINISTRATOR)) == []
    page = site.signed_in(Role.ADMINISTRATOR).get("/staff", headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["Location"]) == (303, "/staff/me")


@pytest.mark.parametrize("scope", list(Scope))
def test_each_scope_reaches_what_the_table_says(site: Site, scope: Scope) -> None:
    assert wrong_answers(site, {f"scope:{scope}"}, headers=site.token(scope)) == []


def test_a_token_opens_no_page_beside_a_session(site: Site) -> None:
    cookie = site.session(Role.ADMINISTRATOR)

    assert wrong_answers(site, {"scope:read"}, cookie, site.token(Scope.READ)) == []
    assert wrong_answers(site, set(), cookie, {"Authorization": "Bearer tdk_wrong"}) == []


def test_a_token_from_a_page_of_a_browser_is_refused(site: Site) -> None:
    headers = site.token(*Scope) | {"Sec-Fetch-Site": "same-origin"}

    assert wrong_answers(site, set(), headers=headers) == []


def reached_from(site: Site, headers: dict[str, str], cookie: str = "", role: str = "") -> set[str]:
    """Return what a page of another site gets an answer from in somebody's browser."""
    client = site.client(cookie)
    if role:
        client.set_cookie("pretend_role", role)
    return {
        f"{method} {path}"
        for method, _endpoint, path in calls(site.app)
        if client.open(path, method=method, headers=headers).status_code not in (401, 403)
    }


@pytest.mark.parametrize("headers", HOSTILES)
def test_another_site_reads_and_changes_nothing_in_anybody_s_browser(
    site: Site, headers: dict[str, str]
) -> None:
    for role in PEOPLE:
        assert reached_from(site, headers, site.session(role)) == set(), role
    assert reached_from(site, headers) == set()
    assert reached_from(site, headers | site.token(*Scope)) == set()


@pytest.mark.parametrize("headers", HOSTILES)
@pytest.mark.parametrize("demo", [False, True])
def test_another_site_reaches_nothing_while_nobody_signs_in(
    tmp_path: Path, demo: bool, headers: dict[str, str]
) -> None:
    site = Site(tmp_path, demo=demo)
    stub_views(site.app)
    for role in ["", *[each.value for each in PEOPLE]] if demo else [""]:
        assert reached_from(site, headers, role=role) == set(), role


def test_another_site_may_only_open_our_pages(site: Site) -> None:
    opening = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    opening["Sec-Fetch-Dest"] = "document"
    reached = reached_from(site, opening, site.session(Role.CLERK))

    assert "GET /" in reached
    assert not any(each.startswith("POST") for each in reached)
    assert not reached & {"GET /events", "GET /display/patient/events"}


def test_each_action_needs_an_approval_where_the_site_wants_one(tmp_path: Path) -> None:
    for number, chosen in enumerate([(), ("cancel",), tuple(WITH_APPROVAL)]):
        (tmp_path / str(number)).mkdir()
        site = Site(tmp_path / str(number), staff={"approve": list(chosen)})
        site.hire()
        stub_views(site.app)
        client = site.signed_in(Role.CLERK)
        for method, endpoint, path in calls(site.app):
            action = APPROVALS.get(row(method, endpoint))
            if action:
                answer = client.open(path, method=method).status_code
                assert answer == (403 if action in chosen else 200), (path, chosen)


@pytest.mark.parametrize("role", [None, *PEOPLE])
def test_options_are_refused_and_unknown_paths_do_not_show(site: Site, role: Role | None) -> None:
    client = site.signed_in(role) if role else site.client()
    refused = 403 if role else 401

    assert {
        client.open(path, method="OPTIONS").status_code
        for _method, _endpoint, path in calls(site.app)
    } == {refused}
    assert client.get("/no/such/page").status_code == (404 if role else 401)
    assert client.delete("/").status_code == (405 if role else 401)
    evil = {"Host": "evil.example"}
    assert client.get("/", headers=evil).status_code == 401  # the cookie belongs to another host
    if role:
        client.set_cookie("staff_session", site.session(role), domain="evil.example")
        expected = 403 if role is Role.KIOSK else 400  # a screen may not open the desk at all
        assert client.get("/", headers=evil).status_code == expected


def test_without_members_everything_is_open_on_this_machine(tmp_path: Path) -> None:
    site = Site(tmp_path)
    stub_views(site.app)
    everything = {role.value for role in Role} | {f"scope:{scope}" for scope in Scope} | {"locked"}

    assert wrong_answers(site, everything) == []
    assert site.client().options("/").status_code == 403


def test_with_one_member_nothing_is_open_any_more(tmp_path: Path) -> None:
    site = Site(tmp_path)
    stub_views(site.app)
    assert site.client().get("/").status_code == 200

    site.hire([Role.CLERK])
    assert wrong_answers(site, set()) == []


def test_other_machines_are_served_nothing_without_members(tmp_path: Path) -> None:
    site = Site(tmp_path, host="0.0.0.0")
    stub_views(site.app)

    assert wrong_answers(site, set()) == []


def test_the_demonstration_is_open_until_a_role_is_chosen(tmp_path: Path) -> None:
    site = Site(tmp_path, demo=True)
    stub_views(site.app)
    everything = {role.value for role in Role} | {f"scope:{scope}" for scope in Scope} | {"locked"}
    assert wrong_answers(site, everything) == []

    for role in PEOPLE:
        assert wrong_answers(site, {role.value}, pretended=role.value) == []


def test_what_is_refused_to_somebody_who_is_known_is_in_the_log(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    site.signed_in(Role.CLERK).get("/staff?name=secret")
    site.client().get("/api/visits", headers=site.token(Scope.SCAN))

    said = [record.getMessage() for record in caplog.records if "refused" in record.getMessage()]
    clerk = site.numbers[Role.CLERK]
    assert said == [
        f"refused GET staff.page to staff {clerk} Lê Thu Hà",
        "refused GET visits.list_visits to program HIS",
    ]


def test_a_clerk_offers_an_approval_or_is_told_to(site: Site) -> None:
    client = site.signed_in(Role.CLERK)
    refused = client.post("/logbook/visits/v1/cancel")

    assert (refused.status_code, refused.get_json()["action"]) == (403, "cancel")
    assert client.post("/logbook/visits/v1/cancel", data={"approver": "102"}).status_code == 200
    assert site.signed_in(Role.SUPERVISOR).post("/logbook/visits/v1/cancel").status_code == 200


def test_the_logbook_is_not_asked_who_fetches_what_is_public(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.hire()
    assert site.client().get("/").status_code == 401
    with site.kiosk.database.transaction() as db:
        db.execute("alter table member rename to gone")

    with site.client().get("/static/icon.svg") as picture:
        assert picture.status_code == 200
    assert site.client().get("/ping").status_code == 200
    assert site.client().get("/").status_code == 507
