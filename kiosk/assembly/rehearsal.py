"""Whether the program would start with other settings: tried before it ends to start with them.

A service that ends over a wrong setting is not started again, and its pages with the way back are
gone then.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from kiosk.feed import read_root
from kiosk.insurer import open_gateway, open_signer
from kiosk.readers import build_reader
from kiosk.settings import Settings
from kiosk.webhooks import open_receiver


def rehearse_start(settings: Settings, folder: Path, now: Callable[[], datetime]) -> None:
    """Read what the settings name and a start needs; nothing is asked, sent or written.

    `folder` is the data directory, and `now` returns the time (aware). Raises SettingsError as the
    start would.
    """
    open_gateway(settings, now, time.monotonic)
    open_signer(settings, folder, now)
    for port in settings.readers:
        build_reader(port, now)
    if settings.feed.url or settings.feed.folder:
        read_root(Path(settings.feed.root_file))
    for target in settings.webhooks:
        open_receiver(target, proxies=settings.network.proxies())
