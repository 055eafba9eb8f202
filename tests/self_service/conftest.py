"""What these tests share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiosk.sandbox import make_demo
from kiosk.settings import Settings
from kiosk.web.app import create_app
from tests.cast import Clock
from tests.conftest import Kiosk
from tests.self_service.screen import (
    be_screen,
    play,
    with_screen,
)


@pytest.fixture
def settings(tmp_path: Path, kiosk: Kiosk) -> Settings:
    return with_screen(tmp_path, kiosk.settings)


@pytest.fixture
def site(settings: Settings, tmp_path: Path, clock: Clock) -> Kiosk:
    return Kiosk(settings, tmp_path, demo=True, now=clock)


@pytest.fixture
def app(site: Kiosk, stop: Any) -> Flask:
    return create_app(site, stop, [make_demo(site.desk, "http://127.0.0.1:1", site.clock, play)])


@pytest.fixture
def screen(app: Flask) -> FlaskClient:
    """The browser that is the screen in the hall."""
    browser = app.test_client()
    be_screen(browser)
    return browser
