"""Desk 1, at which people change visits of desk 2."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kiosk.staff import Role
from tests.cast import Clock
from tests.hub.cluster import HubDatabase
from tests.hub.elsewhere.pages import (
    hub_of,
    site_at,
)
from tests.hub.sending_site import SendingDesk, make_desk
from tests.staff.web import Site


@pytest.fixture
def site(hub: HubDatabase, tmp_path: Path) -> Iterator[Site]:
    """Desk 1, at which somebody changes visits of desk 2."""
    folder = tmp_path / "site"
    folder.mkdir()
    site = site_at(hub, folder)
    yield site
    hub_of(site.kiosk).watchdog.close()
    site.kiosk.database.close()


@pytest.fixture
def owner(hub: HubDatabase, tmp_path: Path) -> Iterator[SendingDesk]:
    """Desk 2, which records visits."""
    desk = make_desk(hub, tmp_path / "owner", Clock(datetime.now(UTC)), 2)
    yield desk
    desk.close()


@pytest.fixture
def clerk(site: Site) -> FlaskClient:
    return site.signed_in(Role.CLERK)


@pytest.fixture
def visit(owner: SendingDesk) -> str:
    """A visit of desk 2, which the hub has."""
    visit = owner.confirm("an")
    owner.put_up()
    return visit
