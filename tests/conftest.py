"""Fixtures that every room uses."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest
from flask.testing import FlaskClient

from kiosk import Parts, create_app
from kiosk.checkup import Checkups
from kiosk.desk import Asking, Copayments, Desk, Entitlements, Screen, Whereabouts
from kiosk.drill import drill
from kiosk.insurer import composer
from kiosk.logbook import (
    Attempts,
    Corrections,
    Database,
    Difficulties,
    Jobs,
    Outbox,
    ReaderChecks,
    Visits,
)
from kiosk.places import place
from kiosk.sandbox import SandboxInsurer
from kiosk.settings import Settings
from scanner import Scan
from tests.browser import AT_THE_END
from tests.cast import Clock, demo_knowledge, running_insurer, settings_for
from verify import Knowledge, read_law

RAM_DISK = Path("/dev/shm")
RAM_DISK_LEAST_FREE = 1 << 30  # bytes; a run needs a fifth of it

# Property tests draw the same cases in each run; .ci/long draws many, at random.
hypothesis.settings.register_profile(
    "sample", derandomize=True, max_examples=50, deadline=None, database=None
)
hypothesis.settings.register_profile(
    "all", derandomize=True, max_examples=300, deadline=None, database=None
)
hypothesis.settings.register_profile("long", max_examples=5_000, deadline=None)
hypothesis.settings.load_profile("sample")


def pytest_configure() -> None:
    """Put temporary folders into memory where there is room, as no test needs them to last.

    The program waits for the disk before it says that a visit is recorded; here that wait
    would be most of the time of a test.  Processes that tests start inherit the place.
    """
    has_room = (
        os.access(RAM_DISK, os.W_OK) and shutil.disk_usage(RAM_DISK).free >= RAM_DISK_LEAST_FREE
    )
    if has_room and "TMPDIR" not in os.environ:
        os.environ["TMPDIR"] = str(RAM_DISK)
        tempfile.tempdir = None  # so that it is looked up again


def pytest_unconfigure() -> None:
    """Close the browser that tests shared."""
    AT_THE_END.close()


@dataclass
class Kiosk:
    """A kiosk without threads, on a real logbook."""

    settings: Settings
    knowledge: Knowledge
    database: Database
    attempts: Attempts
    visits: Visits
    outbox: Outbox
    screen: Screen
    desk: Desk
    clock: Clock
    entitlements: Entitlements

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
        settings = settings_for(tmp_path, insurer_url)
        database = Database(tmp_path / "logbook.db")
        attempts, screen = Attempts(database), Screen(4)
        entitlements = Entitlements(read_law(place("config") / "tables"), settings)
        visits = Visits(database, composer(entitlements.expected_code))
        known = demo_knowledge(tmp_path)
        whereabouts = Whereabouts(visits, lambda: entitlements.law.phrases, settings)
        desk = Desk(
            lambda: known, attempts, visits, screen, entitlements, whereabouts, settings, clock
        )  # fmt: skip
        return Kiosk(
            settings, known, database, attempts, visits, Outbox(database), screen, desk, clock,
            entitlements,
        )  # fmt: skip

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
def make_client(kiosk: Kiosk, stop: threading.Event) -> Callable[..., FlaskClient]:
    """Make such a client, with other settings where they are wanted."""
    return lambda settings=kiosk.settings: _client(kiosk, settings, stop)


def _client(kiosk: Kiosk, settings: Settings, stop: threading.Event) -> FlaskClient:
    parts = Parts(
        settings,
        kiosk.desk,
        kiosk.screen,
        kiosk.attempts,
        kiosk.visits,
        kiosk.outbox,
        Corrections(kiosk.database, composer(kiosk.entitlements.expected_code)),
        Jobs(kiosk.database),
        Difficulties(kiosk.database),
        Checkups((), ReaderChecks(kiosk.database), kiosk.clock),
        kiosk.entitlements,
        Copayments(Asking(lambda _reader: "never", 10), None, kiosk.clock),
        lambda: {
            "instance": kiosk.database.instance,
            "not_recording_since": None,
            "outbox": kiosk.outbox.counts(),
            "insurer": {
                "configured": True,
                "failing_since": None,
                "not_asked_since": None,
                "not_asked_why": None,
            },
            "newest_word": None,
            "data": None,
            "nightly": {"last": None, "late": False},
            "readers": [],
        },
        kiosk.clock,
        stop,
        lambda: {"badge": None, "sets": [], "tries": {}, "work": None, "clocks": {}},
        sandbox_url="http://127.0.0.1:1",
        drill=drill,
    )
    return create_app(parts).test_client()


@pytest.fixture
def insurer(clock: Clock) -> Iterator[tuple[SandboxInsurer, str]]:
    with running_insurer(clock) as running:
        yield running
