"""A screen for self-service, and what patients do at it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from kiosk.desk import public_name
from kiosk.sandbox import PEOPLE, demo_settings
from kiosk.settings import Settings, load_settings

SCREEN = {"name": "hall", "desk": "2"}


READERS = [
    {"name": "front", "kind": "serial", "port": "COM1", "desk": "2"},
    {"name": "side", "kind": "serial", "port": "COM2", "desk": "3"},
    {"name": "post", "kind": "serial", "port": "COM3"},
]


FOR_THE_DESK = [person.key for person in PEOPLE if person.outcome == "desk"]


def with_screen(folder: Path, like: Settings, **sections: Any) -> Settings:
    """Return the settings of a site with a screen for self-service beside desk 2."""
    trust = {
        "keys_file": like.trust.keys_file,
        "revocations_file": like.trust.revocations_file,
    }
    merged: dict[str, Any] = {"trust": trust} | sections
    base = demo_settings("", folder) | {"readers": READERS, "self_service": [SCREEN]}
    return load_settings(None, base | merged)


def play(_at: object) -> Iterator[dict[str, Any]]:
    yield {}


def be_screen(browser: FlaskClient) -> None:
    """Make a browser the screen in the hall, as IT does."""
    assert "/self/mark" in browser.get("/self?device=hall").get_data(as_text=True)
    assert browser.post("/self/mark", data={"device": "hall"}).status_code == 303
    assert browser.get("/self").status_code == 200


def begin(screen: FlaskClient, intent: str = "card") -> dict[str, str]:
    """Begin a turn; return the header that names it."""
    return {"X-Turn": screen.post("/self/turns", json={"intent": intent}).get_json()["name"]}


def show(screen: FlaskClient, card: bytes, turn: dict[str, str]) -> Any:
    """Show a card in a turn; return the answer, but for the name of the turn."""
    answer = screen.post("/self/scans", json={"payload": card.decode()}, headers=turn)
    assert answer.status_code == 200
    told = answer.get_json()
    assert told.pop("turn") == public_name(turn["X-Turn"])
    return told


def staff_at(screen: FlaskClient) -> Any:
    return screen.get("/self/status", headers=begin(screen)).get_json()["staff"]
