"""Fixtures for the tests of every room."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from flask.testing import FlaskClient

from kiosk import assembly
from kiosk.drills.outage import play_outage
from kiosk.sandbox import SandboxInsurer, make_demo, remember_people, trust_settings
from kiosk.settings import Settings
from kiosk.web.app import create_app
from scanner import Scan
from tests.api_answers import check_answers
from tests.browser import CLEAN_UP, chromium
from tests.cast import Clock, running_insurer, settings_for
from tests.compiled import keep_compiled, make_folder, remove_folder
from tests.process import Server, serving
from verify import Knowledge

RAM_DISK = Path("/dev/shm")
RAM_DISK_MIN_FREE = 1 << 30  # bytes; a run needs a fifth of it

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
    """Keep temporary folders in memory, and keep what is compiled."""
    _put_folders_into_memory()
    CLEAN_UP.callback(remove_folder, make_folder())
    keep_compiled()


def _put_folders_into_memory() -> None:
    """Put temporary folders into memory if there is space: no test needs them to last.

    The program waits for the disk before it confirms a visit, and that wait would be most of
    the time of a test.  Processes that tests start inherit the folder.
    """
    has_space = (
        os.access(RAM_DISK, os.W_OK) and shutil.disk_usage(RAM_DISK).free >= RAM_DISK_MIN_FREE
    )
    if has_space and "TMPDIR" not in os.environ:
        os.environ["TMPDIR"] = str(RAM_DISK)
        tempfile.tempdir = None  # so that Python looks it up again


def pytest_unconfigure() -> None:
    """Close the browser that tests shared, and remove what was compiled."""
    CLEAN_UP.close()


class Kiosk(assembly.Kiosk):
    """A kiosk on a real logbook whose threads are not started."""

    clock: Clock

    @property
    def knowledge(self) -> Knowledge:
        """The current data that cards are judged with."""
        return self.data.current().knowledge

    def scan(self, payload: bytes | str) -> int:
        """Scan a card at the reader `front`; return the id of the attempt."""
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
    """Make such a client, with other settings if a test passes some."""

    def make(settings: Settings = kiosk.settings) -> FlaskClient:
        is_same = settings is kiosk.settings
        served = kiosk if is_same else Kiosk(settings, tmp_path, demo=True, now=kiosk.clock)
        demo = make_demo(served.desk, "http://127.0.0.1:1", kiosk.clock, play_outage)
        app = create_app(served, stop, [demo])
        check_answers(app)
        return app.test_client()

    return make


@pytest.fixture
def server() -> Iterator[Server]:
    """The program in a process of its own, with the people of the demo and an empty logbook."""
    with serving("--demo") as running:
        yield running


@pytest.fixture
def page(server: Server) -> Iterator[Any]:
    """The desk of `server` in a browser; it follows the program already."""
    with chromium() as context:
        page = context.new_page()
        page.goto(server.url)
        page.wait_for_selector("#status *")
        yield page


@pytest.fixture
def insurer(clock: Clock) -> Iterator[tuple[SandboxInsurer, str]]:
    with running_insurer(clock) as running:
        yield running
