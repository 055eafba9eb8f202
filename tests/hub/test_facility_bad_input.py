"""The pages over the whole facility and what nobody types: no fault, and nothing gets out."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from kiosk.staff import Role
from tests.hub.cluster import OTHER_FACILITY, HubDatabase
from tests.hub.facility_rows import add_desk_at, now
from tests.hub.test_facility_pages import site_at
from tests.staff.web import Site

NAME = "Nguyễn Thị Kín"
BAD = (
    "x" * 100_000,
    "9" * 5_000,
    "\x00",
    "a\x00b",
    "1\x00",
    "\u202elan\u202c",
    "\ufffe",
    "'; drop table hub.visit; --",
    "%_\\",
    "٣",
    "\r\nX-Evil: 1",
    "31/12/9999",
    "0001-01-01",
)
PLACES = (
    "0001-01-01 0001-01-01T00:00:00+14:00 x",
    "9999-12-31 9999-12-31T23:59:59-14:00 x",
    "2026-11-29 2026-11-29T10:00:00+07:00 \x00",
    "2026-11-29 2026-11-29T10:00:00+07:00 " + "y" * 10_000,
    "2026-11-29 2026-11-29T10:00:00 x",
)
FILTERS = ("from", "to", "room", "desk", "outcome", "state", "cancelled", "before")


@pytest.fixture
def site(hub: HubDatabase, tmp_path: Path) -> Iterator[Site]:
    add_desk_at(hub, 2).record(NAME)
    site = site_at(hub, tmp_path)
    yield site
    site.kiosk.database.close()


@pytest.fixture
def clerk(site: Site) -> FlaskClient:
    return site.signed_in(Role.CLERK)


def is_answered(page: str) -> bool:
    """Whether a page shows what the hub said, not that it gave no answer."""
    return 'role="alert"' not in page


def test_whatever_is_typed_the_search_is_answered(clerk: FlaskClient) -> None:
    fields = product(("q", *FILTERS), BAD)
    for name, bad in (*fields, *(("before", place) for place in PLACES)):
        answer = clerk.post("/facility/found", data={"q": "kin", name: bad})
        assert answer.status_code == 200, (name, bad[:40])
        assert is_answered(answer.get_data(as_text=True)), (name, bad[:40])
        assert "Evil" not in str(answer.headers.keys())


def test_whatever_an_address_holds_a_page_says_so_and_goes_on(clerk: FlaskClient) -> None:
    fields = (("day", "date"), ("report", "period"), ("report", "from"), ("tray", "said"))
    for (page, name), bad in product(fields, BAD):
        answer = clerk.get(f"/facility/{page}", query_string={name: bad[:2000]})
        assert answer.status_code in (200, 303, 400, 404), (name, bad[:40])
    years = {"from": "01/01/2016", "to": f"{now():%d/%m/%Y}"}
    assert clerk.get("/facility/report", query_string=years).status_code == 400


def test_a_visit_of_another_facility_and_no_visit_look_the_same(
    clerk: FlaskClient, hub: HubDatabase
) -> None:
    theirs = add_desk_at(hub, 1, OTHER_FACILITY).record("Người Nơi Khác")

    for visit in (theirs, theirs[:-1] + "z", "x", "\x00", "..", "%", "x" * 2000):
        path = f"/facility/visits/{quote(visit, safe='')}"
        assert clerk.get(path).status_code in (404, 308), visit[:40]
        assert clerk.get(f"{path}/versions").status_code in (404, 308), visit[:40]
        choice = {"stream": "x\x00", "divergent": "\x00", "version": "x", "choice": "take"}
        answer = clerk.post(f"{path}/versions", data=choice)
        assert answer.status_code in (303, 308, 404), visit[:40]


def test_another_site_and_a_role_without_the_right_get_nothing(
    clerk: FlaskClient, site: Site
) -> None:
    evil = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
    screen = site.signed_in(Role.KIOSK)
    for path in ("", "/found", "/older", "/scanned", "/visits/x/versions"):
        assert clerk.post(f"/facility{path}", data={"q": "kin"}, headers=evil).status_code == 403
        assert screen.post(f"/facility{path}", data={"q": "kin"}).status_code == 403
        assert site.client().post(f"/facility{path}", data={"q": "kin"}).status_code == 401
    for path in ("", "/tray", "/day", "/report"):
        answer = screen.get(f"/facility{path}")
        assert answer.status_code == 403
        assert NAME not in answer.get_data(as_text=True)


def test_what_is_typed_and_found_is_in_no_address_and_no_log(
    clerk: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    found = clerk.post("/facility/found", data={"q": "kín", "desk": "2"})

    assert NAME in found.get_data(as_text=True)
    clerk.post("/facility/found", data={"q": "kín\x00"})
    assert found.headers["X-Filters"] == "/facility?desk=2"
    assert "kín" not in caplog.text.lower()
