"""A site on which people sign in, over HTTP."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp
from flask import Blueprint, Flask
from flask.testing import FlaskClient

from kiosk.drills.outage import play_outage
from kiosk.runtime.steady_clock import SteadyClock
from kiosk.sandbox import make_demo, remember_people, trust_settings
from kiosk.settings import ReaderPort
from kiosk.staff import Role, Scope
from kiosk.web.app import create_app
from tests.api_answers import check_answers
from tests.cast import Clock, payload, settings_for
from tests.conftest import Kiosk

PIN, OTHER_PIN = "402957", "718306"
NAMES = {
    Role.CLERK: "Lê Thu Hà",
    Role.SUPERVISOR: "Trần Minh Đức",
    Role.ADMINISTRATOR: "Phạm Gia Huy",
    Role.KIOSK: "sảnh",
}

SITE_NAME = "tiepdon.example"  # under which other machines reach the pages
HALF_MINUTE = timedelta(seconds=30)


def _served(host: str) -> dict[str, object]:
    """Return the settings with which the pages are served at an address."""
    if host == "127.0.0.1":
        return {"host": host}
    return {"host": host, "names": ["localhost", SITE_NAME], "proxy": "127.0.0.9"}


class Seconds:
    """The seconds of a machine's steady clock."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds

    def go(self, by: float) -> None:
        self.seconds += by


class Site:
    """The pages of a kiosk, with a steady clock that a test moves."""

    def __init__(
        self,
        folder: Path,
        *,
        demo: bool = False,
        host: str = "127.0.0.1",
        **sections: dict[str, Any],
    ) -> None:
        self.clock, self.seconds = Clock(), Seconds()
        remember_people(folder, self.clock())
        trust = trust_settings(folder, self.clock())
        settings = replace(
            settings_for(folder, "", web={"screens": 2} | _served(host), **trust | sections),
            readers=(ReaderPort("front", "serial", "COM1", desk="1"),),
        )
        self.kiosk = Kiosk(settings, folder, demo, self.clock, SteadyClock("boot", self.seconds))
        self.staff, self.numbers, self.secret = self.kiosk.staff, dict[Role, int](), ""
        pages: list[Blueprint] = []
        if demo:
            pages = [make_demo(self.kiosk.desk, "http://127.0.0.1:1", self.clock, play_outage)]
        self.stop = threading.Event()  # ends the streams
        self.app: Flask = create_app(self.kiosk, self.stop, pages, pretends=demo)
        check_answers(self.app)

    def hire(self, roles: Iterable[Role] = tuple(Role), factor: bool = True) -> None:
        """Make a member of each role; the people have the same PIN.

        An administrator gets a second factor, too, unless `factor` is false.
        """
        for role in roles:
            member = self.staff.members.add(NAMES[role], role, "", self.clock(), "a test")
            self.numbers[role] = member.id
            if role is not Role.KIOSK:
                self.staff.pins.set(member.id, PIN, self.clock(), "a test")
            if factor and role is Role.ADMINISTRATOR:
                self.secret, _uri = self.staff.factor.offer(member.id, "a test")
                self.staff.factor.confirm(member.id, self.code(-1), self.clock(), "a test")

    def code(self, steps: int = 0) -> str:
        """Return the code of the administrator's second factor, some half minutes from now."""
        return pyotp.TOTP(self.secret).at(self.clock() + steps * HALF_MINUTE)

    def client(self, cookie: str = "") -> FlaskClient:
        """Return a browser, which has a session if a cookie is named."""
        client = self.app.test_client()
        if cookie:
            client.set_cookie("staff_session", cookie)
        return client

    def session(self, role: Role) -> str:
        """Begin a session of the member with a role; return its cookie."""
        return self.staff.sessions.begin(self.numbers[role], self.clock(), "127.0.0.1")

    def signed_in(self, role: Role) -> FlaskClient:
        """Return a browser in which the member with a role is signed in."""
        return self.client(self.session(role))

    def token(self, *scopes: Scope, reader: str = "") -> dict[str, str]:
        """Return the headers of a program with a new token."""
        token = self.staff.tokens.make("HIS", scopes, self.clock(), "a test", reader)
        return {"Authorization": f"Bearer {token}"}


def sign_in(client: FlaskClient, number: object, pin: str = PIN, **more: str) -> Any:
    """Sign in; return the answer."""
    return client.post("/sign-in", json={"account": str(number), "pin": pin, **more})


def record(client: FlaskClient, **headers: str) -> str:
    """Scan An's card and record a visit; return its id."""
    body = {"payload": payload("an").decode(), "reader": "typed"}
    attempt = client.post("/api/scans", json=body).get_json()["attempt"]
    key = {"Idempotency-Key": "k"} | headers
    answer = client.post("/api/visits", json={"attempt": attempt}, headers=key)
    assert answer.status_code == 201, answer.get_json()
    return str(answer.get_json()["id"])


def set_up_factor(site: Site, client: FlaskClient) -> tuple[pyotp.TOTP, list[str]]:
    """Set the second factor up in the page; return its codes, and the recovery codes."""
    page = client.post("/staff/me/factor").get_data(as_text=True)
    secret = re.search(r'class="once">([A-Z2-7]+)<', page)
    assert secret is not None
    code = pyotp.TOTP(secret[1])
    on = client.post("/staff/me/factor/confirm", data={"code": code.at(site.clock())})
    assert on.status_code == 200
    return code, re.findall(r"[A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4}", on.get_data(as_text=True))
