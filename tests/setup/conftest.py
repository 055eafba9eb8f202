"""A site that is set up in a folder, over HTTP."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kiosk.runtime.webserver import WebServer
from kiosk.sandbox import PASSWORD, USERNAME, SandboxInsurer
from kiosk.settings import load_settings
from kiosk.setup import SetupNotes, SetupSite, SiteFile
from kiosk.web.app import create_app
from tests.cast import Clock
from tests.conftest import Kiosk

VERSION = re.compile(r'name="version" value="(\w*)"')
FACILITY = {
    "code": "01999",
    "name": "Bệnh viện Mẫu",
    "level": "co_ban",
    "score": "45",
    "former_tier": "huyen",
    "listed": "",
}


class Assistant:
    """The assistant of a fresh site, whose program is not started again by itself."""

    def __init__(self, folder: Path, clock: Clock, insurer: SandboxInsurer) -> None:
        self.folder, self.file = folder, folder / "kiosk.toml"
        self.restarts = 0
        settings = load_settings(self._own(), may_lack_code=True)
        self.kiosk = Kiosk(settings, folder, demo=False, now=clock)

        @contextmanager
        def practice_gateway() -> Iterator[str]:
            with served(insurer) as url:
                yield url

        start: Callable[[], AbstractContextManager[str]] = practice_gateway
        self.site = SetupSite(
            SiteFile(self.file, clock),
            folder,
            SetupNotes(folder),
            lambda: load_settings(self._own(), may_lack_code=True),
            self._restart,
            start,
            (USERNAME, PASSWORD),
        )
        self.client: FlaskClient = create_app(
            self.kiosk, threading.Event(), site=self.site
        ).test_client()

    def _own(self) -> Path | None:
        return self.file if self.file.is_file() else None

    def _restart(self) -> None:
        self.restarts += 1

    def page(self, step: str) -> str:
        """Return the page of a step."""
        answer = self.client.get(f"/setup/{step}?lang=en", follow_redirects=True)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.get_data(as_text=True)

    def version(self, step: str = "facility") -> str:
        """Return the version of the settings file that a page was made of."""
        found = VERSION.search(self.page(step))
        assert found is not None
        return found[1]

    def send(self, step: str, do: str = "save", **fields: object) -> tuple[int, str]:
        """Send the form of a step; return the status and the page that answers, in English."""
        version = fields.pop("version", None)
        form = {"do": do, "version": self.version() if version is None else version, **fields}
        answer = self.client.post(f"/setup/{step}?lang=en", data=form)
        if answer.status_code == 303:
            return 303, self.client.get(answer.headers["Location"]).get_data(as_text=True)
        return answer.status_code, answer.get_data(as_text=True)


@contextmanager
def served(insurer: SandboxInsurer) -> Iterator[str]:
    """Serve the pretend gateway; yield its address."""
    server = WebServer(insurer.app, "127.0.0.1", 0, threads=4)
    server.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.stop()


@pytest.fixture
def sandbox(clock: Clock) -> SandboxInsurer:
    return SandboxInsurer(clock)


@pytest.fixture
def make_assistant(
    tmp_path: Path, clock: Clock, sandbox: SandboxInsurer
) -> Callable[[], Assistant]:
    return lambda: Assistant(tmp_path / "data", clock, sandbox)


@pytest.fixture
def assistant(tmp_path: Path, make_assistant: Callable[[], Assistant]) -> Assistant:
    (tmp_path / "data").mkdir()
    return make_assistant()
