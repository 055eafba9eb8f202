"""The browser of the screen can do nothing else, and no other becomes a screen."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiosk.errors import SettingsError
from kiosk.web.self_guard import ALLOWED, COOKIE
from tests.cast import payload
from tests.conftest import Kiosk
from tests.self_service.screen import (
    begin,
    show,
    with_screen,
)


def test_the_screen_can_open_self_service_and_nothing_else(app: Flask, screen: FlaskClient) -> None:
    """Walk the whole URL map: what nobody has thought of is refused."""
    seen = set()
    for rule in app.url_map.iter_rules():
        seen.add(rule.endpoint)
        path = rule.rule
        for name in rule.arguments:
            path = path.replace(next(p for p in parts_of(path) if name in p), "1")
        for method in (rule.methods or set()) - {"OPTIONS"}:  # refused to all
            answer = screen.open(path, method=method, buffered=False)
            is_refused = answer.status_code == 403
            assert is_refused == (rule.endpoint not in ALLOWED), f"{method} {path}"
            if is_refused and method != "HEAD":
                assert "Nguyễn" not in answer.get_data(as_text=True)
            answer.close()
    assert seen >= ALLOWED
    assert screen.get("/nowhere").status_code == 403


def parts_of(path: str) -> list[str]:
    """Return the variable parts of a rule, as they are written."""
    return [f"<{part.split('>')[0]}>" for part in path.split("<")[1:]]


@pytest.mark.parametrize("value", ["", "another", "hall; x"])
def test_a_mark_with_any_value_closes_everything(app: Flask, value: str) -> None:
    browser = app.test_client()
    browser.set_cookie(COOKIE, value)

    assert browser.get("/").status_code == 403
    assert browser.get("/self").status_code == 403
    assert browser.post("/self/turns", json={"intent": "card"}).status_code == 403


def test_a_desk_cannot_use_the_calls_of_a_screen(app: Flask) -> None:
    clerk = app.test_client()

    assert clerk.get("/self").status_code == 403
    assert clerk.get("/self?device=elsewhere").status_code == 403
    for path in ("turns", "frames", "scans", "slips", "end", "staff"):
        assert clerk.post(f"/self/{path}", json={}).status_code == 403, path
    assert clerk.get("/self/status").status_code == 403
    assert clerk.get("/").status_code == 200


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "cross-site"}])
def test_opening_the_address_of_a_screen_marks_no_browser(
    app: Flask, headers: dict[str, str]
) -> None:
    clerk = app.test_client()
    answer = clerk.get("/self?device=hall", headers=headers)

    assert "Set-Cookie" not in answer.headers
    assert clerk.get_cookie(COOKIE) is None
    assert clerk.get("/").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://elsewhere.example"},  # all that a browser says over plain HTTP
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_page_of_another_site_does_not_turn_a_browser_into_a_screen(
    app: Flask, headers: dict[str, str]
) -> None:
    clerk = app.test_client()
    answer = clerk.post("/self/mark", data={"device": "hall"}, headers=headers)

    assert answer.status_code == 403
    assert clerk.get("/").status_code == 200


def test_only_a_screen_of_the_settings_is_marked_and_only_once(
    app: Flask, screen: FlaskClient
) -> None:
    clerk = app.test_client()
    for form in ({"device": "elsewhere"}, {}):
        assert clerk.post("/self/mark", data=form).status_code == 403
        assert clerk.get_cookie(COOKIE) is None
    assert screen.post("/self/mark", data={"device": "hall"}).status_code == 403


def test_without_a_screen_in_the_settings_self_service_is_off(client: FlaskClient) -> None:
    assert client.get("/self").status_code == 404
    assert client.get("/self?device=hall").status_code == 404
    assert client.get("/").status_code == 200


def test_a_scan_at_the_screen_is_not_a_scan_of_a_desk(screen: FlaskClient, app: Flask) -> None:
    show(screen, payload("an"), begin(screen))

    picture = app.test_client().get("/display/patient/state").get_json()
    assert picture["picture"] == "ready"


def test_the_page_holds_no_patient(screen: FlaskClient) -> None:
    show(screen, payload("an"), begin(screen))
    answer = screen.get("/self")

    assert "Nguyễn" not in answer.get_data(as_text=True)
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("screens", "word"),
    [
        ([{"name": "in der Halle"}], "name"),
        ([{"name": "hall"}, {"name": "hall"}], "a name of its own"),
        ([{"name": "hall", "desk": "9"}], "desk"),
        ([{"name": "hall", "reader": "front"}], "reader"),
        ([{"name": "hall", "reader": "none"}], "reader"),
    ],
)
def test_wrong_settings_of_a_screen_stop_the_start(
    tmp_path: Path, kiosk: Kiosk, screens: list[dict[str, str]], word: str
) -> None:
    with pytest.raises(SettingsError, match=word):
        with_screen(tmp_path, kiosk.settings, self_service=screens)
