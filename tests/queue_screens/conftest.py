"""What these tests share."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser import chromium
from tests.conftest import Kiosk
from tests.queue_screens.site import (
    ROOMS,
    Site,
)


@pytest.fixture
def site(kiosk: Kiosk, stop: threading.Event) -> Iterator[Site]:
    kiosk.rooms.save(ROOMS)
    made = Site(kiosk, stop)
    yield made
    stop.set()
    made.web.stop()


@pytest.fixture
def context() -> Iterator[Any]:
    with chromium() as lent:
        yield lent
