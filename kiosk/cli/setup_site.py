"""The site that the first-run assistant works on, as `serve` knows it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from kiosk.cli.options import now
from kiosk.runtime.paths import settings_file
from kiosk.runtime.webserver import WebServer
from kiosk.sandbox import PASSWORD, USERNAME, SandboxInsurer
from kiosk.settings import Settings
from kiosk.setup import SetupNotes, SetupSite, SiteFile
from verify import CLINIC_ZONE

DEMO_FOLDER = "setup"  # in the data directory: the demonstration's own settings are not touched
ANSWER_S = 1.0  # in which the answer is on its way before the program ends
PRACTICE_THREADS = 4


def setup_site(
    config: Path | None,
    folder: Path,
    in_use: Callable[[], Settings],
    stop: threading.Event,
    again: threading.Event,
    is_demo: bool,
) -> SetupSite:
    """Return the site of `serve`; its settings file need not exist yet.

    `in_use` returns the settings that the next start would use.  A restart sets `again` and then
    `stop`.  In the demonstration what is set up goes into a folder of its own.
    """
    place = folder / DEMO_FOLDER if is_demo else folder
    file = None if is_demo else settings_file(config, folder)
    site_file = SiteFile(file or place / "kiosk.toml", lambda: now().astimezone(CLINIC_ZONE))

    def restart() -> None:
        again.set()
        threading.Timer(ANSWER_S, stop.set).start()

    return SetupSite(
        site_file,
        place,
        SetupNotes(place),
        site_file.settings if is_demo else in_use,
        None if is_demo else restart,
        _practice_gateway,
        (USERNAME, PASSWORD),
        is_demo,
    )


@contextlib.contextmanager
def _practice_gateway() -> Iterator[str]:
    """Serve a pretend gateway for a moment, and yield its address."""
    server = WebServer(SandboxInsurer(now).app, "127.0.0.1", 0, threads=PRACTICE_THREADS)
    server.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.stop()
