"""The patient's own display at a desk: what it shows, for how long, and what it never holds."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiosk.desk.open_surface import initials_of
from kiosk.sandbox import demo_settings
from kiosk.settings import load_settings
from kiosk.web.app import create_app
from scanner import Scan
from tests.cast import payload
from tests.conftest import Kiosk

READERS = [
    {"name": "front", "kind": "serial", "port": "COM1", "desk": "2"},
    {"name": "side", "kind": "serial", "port": "COM2", "desk": "3"},
]
READY = {
    "picture": "ready", "label": "", "room": "", "initials": "", "guide": "", "language": "",
}  # fmt: skip


def site_of(kiosk: Kiosk, folder: Path, initials: str = "no") -> Kiosk:
    """Return a kiosk with two desks."""
    trust = kiosk.settings.trust
    sections: dict[str, Any] = {
        "trust": {"keys_file": trust.keys_file, "revocations_file": trust.revocations_file},
        "readers": READERS,
        "display": {"initials": initials},
    }
    settings = load_settings(None, demo_settings("", folder) | sections)
    return Kiosk(settings, folder, demo=True, now=kiosk.clock)


@pytest.fixture
def site(kiosk: Kiosk, tmp_path: Path) -> Kiosk:
    return site_of(kiosk, tmp_path)


@pytest.fixture
def app(site: Kiosk, stop: Any) -> Flask:
    return create_app(site, stop)


@pytest.fixture
def clerk(app: Flask) -> FlaskClient:
    """The browser of desk 2."""
    browser = app.test_client()
    browser.post("/desk", data={"desk": "2"})
    return browser


def picture(app: Flask, desk: str = "2") -> Any:
    return app.test_client().get(f"/display/patient/state?desk={desk}").get_json()


def scan(clerk: FlaskClient, key: str) -> int:
    answer = clerk.post("/api/scans", json={"payload": payload(key).decode(), "reader": "typed-a"})
    return int(answer.get_json()["attempt"])


def record(clerk: FlaskClient, key: str) -> None:
    headers = {"Idempotency-Key": key}
    clerk.post("/api/visits", json={"attempt": scan(clerk, key)}, headers=headers)


def test_a_number_is_shown_for_fifteen_seconds_at_its_desk_only(
    app: Flask, clerk: FlaskClient, site: Kiosk
) -> None:
    assert picture(app) == READY
    record(clerk, "an")

    assert picture(app) == READY | {"picture": "number", "label": "1", "room": "Phòng khám 1"}
    assert picture(app, "3") == picture(app, "") == READY
    site.clock.go(timedelta(seconds=15))
    assert picture(app) == READY


def test_the_next_scan_wipes_a_number(app: Flask, clerk: FlaskClient) -> None:
    record(clerk, "an")
    scan(clerk, "dung")

    assert picture(app) == READY


@pytest.mark.parametrize("key", ["chi", "mai", "oanh", "long"])
def test_every_reason_for_the_desk_has_the_same_picture(
    app: Flask, clerk: FlaskClient, site: Kiosk, key: str
) -> None:
    scan(clerk, key)

    assert picture(app) == READY | {"picture": "staff"}
    site.clock.go(timedelta(minutes=2))
    assert picture(app) == READY


def test_a_reader_of_the_machine_shows_its_patients_at_its_own_desk(
    app: Flask, site: Kiosk
) -> None:
    site.desk.receive(Scan(payload("chi"), "side", site.clock()))

    assert picture(app, "3")["picture"] == "staff"
    assert picture(app) == READY


def test_a_number_that_is_shown_again_is_shown_here_too(
    app: Flask, clerk: FlaskClient, site: Kiosk
) -> None:
    record(clerk, "an")
    site.clock.go(timedelta(minutes=1))
    (visit,) = site.visits.newest()
    scan(clerk, "an")
    assert picture(app) == READY

    clerk.post("/display/patient/again", json={"visit_of": visit.attempt})

    assert picture(app)["label"] == "1"
    assert clerk.post("/display/patient/again", json={"visit_of": 999}).status_code == 404


def test_a_cancelled_visit_has_no_number_here(app: Flask, clerk: FlaskClient, site: Kiosk) -> None:
    record(clerk, "an")
    (visit,) = site.visits.newest()
    site.corrections.cancel(visit.id, "nhầm", site.clock())

    assert picture(app) == READY


def test_initials_are_shown_only_by_setting(kiosk: Kiosk, tmp_path: Path, stop: Any) -> None:
    app = create_app(site_of(kiosk, tmp_path, "yes"), stop)
    clerk = app.test_client()
    clerk.post("/desk", data={"desk": "2"})
    record(clerk, "an")

    assert picture(app)["initials"] == "N. V. A."


def test_the_page_and_its_stream_hold_no_name_reason_or_share(
    app: Flask, clerk: FlaskClient
) -> None:
    record(clerk, "an")
    page = app.test_client().get("/display/patient?desk=2").get_data(as_text=True)
    stream = app.test_client().get("/display/patient/events?desk=2", buffered=False).response
    texts = (part.decode() if isinstance(part, bytes) else str(part) for part in stream)
    first = next(text for text in texts if "data: {" in text)
    data = json.loads(first.partition("data: ")[2])

    assert set(data) == {"picture", "label", "room", "initials", "turn", "guide", "language"}
    for text in (page, first):
        for private in ("Nguyễn", "99999", "in_force", "admitted", "%", "attempt"):
            assert private not in text, private


def test_an_unknown_desk_has_no_display(app: Flask) -> None:
    for path in ("", "/state", "/events"):
        assert app.test_client().get(f"/display/patient{path}?desk=9").status_code == 404


@pytest.mark.parametrize(
    ("holder", "initials"),
    [
        ("Nguyễn Văn An", "N. V. A."),
        ("Đỗ Thị Hà", "Đ. T. H."),
        ("Y Ăm", "Y. Ă."),
        ("", ""),
        (None, ""),
        ("(12)", ""),
    ],
)
def test_initials_name_nobody(holder: str | None, initials: str) -> None:
    assert initials_of(holder) == initials


@pytest.mark.parametrize("code", ["TD1-01999-20261128-12-4711-0123456789", "TIEPDON-G12-05K"])
def test_a_ticket_or_a_paper_line_that_is_read_changes_nothing_for_the_patient(
    app: Flask, clerk: FlaskClient, code: str
) -> None:
    body = {"payload": code, "reader": "typed-a"}
    clerk.post("/api/scans", json=body)
    assert picture(app) == READY
    record(clerk, "an")
    shown = picture(app)
    assert shown["picture"] == "number"

    clerk.post("/api/scans", json=body)

    assert picture(app) == shown
