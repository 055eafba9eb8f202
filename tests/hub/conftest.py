"""Fixtures of the hub's tests: a real PostgreSQL for each process, a database for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.hub.cluster import (
    MISSING,
    NEEDED,
    Cluster,
    HubDatabase,
    have_postgres,
    hub_database,
    make_template,
)
from verify import clinic_day


def require_postgres() -> None:
    """Skip the test if PostgreSQL is missing; fail it where it must be there."""
    if not have_postgres():
        if NEEDED:
            pytest.fail(MISSING)
        pytest.skip(MISSING)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A primary, which all tests of this process share: nobody stops it."""
    require_postgres()
    primary = Cluster.create()
    try:
        make_template(primary, clinic_day(datetime.now(UTC)))
        yield primary
    finally:
        primary.remove()


@pytest.fixture
def hub(cluster: Cluster, tmp_path: Path) -> Iterator[HubDatabase]:
    """A hub of its own for a test, with all steps and without desks."""
    with hub_database(cluster, tmp_path) as database:
        yield database


@pytest.fixture(scope="module")
def shared_hub(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubDatabase]:
    """A hub that all tests of a module share: they change nothing in it."""
    with hub_database(cluster, tmp_path_factory.mktemp("hub")) as database:
        yield database


@pytest.fixture
def make_pair(tmp_path: Path) -> Iterator[Callable[..., HubDatabase]]:
    """Make a primary of its own with a standby, and a hub there, for tests that stop servers.

    `cluster` is the primary, and `others` has the standby, at the database that is returned.
    """
    require_postgres()
    with ExitStack() as opened:

        def make(synchronous: bool = False) -> HubDatabase:
            primary = Cluster.create()
            opened.callback(primary.remove)
            make_template(primary, clinic_day(datetime.now(UTC)))
            standby = primary.standby(synchronous=synchronous)
            opened.callback(standby.remove)
            return opened.enter_context(hub_database(primary, tmp_path, standby))

        yield make
