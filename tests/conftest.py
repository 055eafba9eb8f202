"""Fixtures that every room uses."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kiosk import assembly
from kiosk.drills.outage import drill
from kiosk.sandbox import SandboxInsurer, make_demo, remember_people, trust_settings
from kiosk.settings import Settings
from kiosk.web.app import create_app
from scanner import Scan
from tests.cast import Clock, running_insurer, settings_for
from verify import Knowledge


class Kiosk(assembly.Kiosk):
    """A kiosk on a real logbook whose threads are not started."""

    clock: Clock

    @property
    def knowledge(self) -> Knowledge:
        """Return what is known now."""
        return self.data.current().knowledge

    def scan(self, payload: bytes | str) -> int:
        """Show a card to the desk; return the attempt's id."""
        data = payload.encode() if isinstance(payload, str) else payload
        return self.desk.receive(Scan(data, "front", self.clock())).id


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_kiosk(tmp_path: Path, clock: Clock) -> Callable[..., Kiosk]:
    def make(insurer_url: str = "") -> Kiosk:
        remember_people(tmp_path, clock())
        trust = trust_settings(tmp_path, clock())
        settings = settings_for(tmp_path, insurer_url, web={"screens": 2}, **trust)
        return Kiosk(settings, tmp_path, demo=True, now=clock)

    return make


@pytest.fixture
def kiosk(make_kiosk: Callable[..., Kiosk]) -> Kiosk:
    return make_kiosk()


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


@pytest.fixture
def client(make_client: Callable[..., FlaskClient]) -> FlaskClient:
    """A client of the kiosk's pages in demo mode."""
    return make_client()


@pytest.fixture
def make_client(kiosk: Kiosk, stop: threading.Event, tmp_path: Path) -> Callable[..., FlaskClient]:
    """Make such a client, with other settings where they are wanted."""

    def make(settings: Settings = kiosk.settings) -> FlaskClient:
        is_own = settings is kiosk.settings
        served = kiosk if is_own else Kiosk(settings, tmp_path, demo=True, now=kiosk.clock)
        demo = make_demo(served.desk, "http://127.0.0.1:1", kiosk.clock, drill)
        return create_app(served, stop, [demo]).test_client()

    return make


@pytest.fixture
def insurer(clock: Clock) -> Iterator[tuple[SandboxInsurer, str]]:
    with running_insurer(clock) as running:
        yield running
