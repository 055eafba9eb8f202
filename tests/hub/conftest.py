"""Fixtures of the hub's tests: a real PostgreSQL for each process, a database for each test."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
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
from verify import CLINIC_ZONE, clinic_day

TEST_LASTS = timedelta(seconds=20)
MODULE_LASTS = timedelta(minutes=2)


def wait_for_midnight(within: timedelta) -> None:
    """Let the clinic's day end first if it ends within a time: a hub's clock cannot be set."""
    now = datetime.now(CLINIC_ZONE)
    midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), CLINIC_ZONE)
    if midnight - now < within:
        time.sleep((midnight - now).total_seconds())


@pytest.fixture(scope="module", autouse=True)
def day_of_a_module() -> None:
    """Let what a module's tests share be of the day on which they run."""
    wait_for_midnight(MODULE_LASTS)


@pytest.fixture(autouse=True)
def day_of_a_test() -> None:
    """Let a test end on the day on which it begins."""
    wait_for_midnight(TEST_LASTS)


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
