"""The cast of the tests: cards as readers deliver them, and a kiosk on real SQLite and HTTP.

The pretend patients are those of `kiosk.sandbox.people`; An's card is in force.  Every number is
synthetic.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import request

from kiosk.data import AnswersCache, DataStore, site_data
from kiosk.runtime.webserver import WebServer
from kiosk.sandbox import (
    SandboxInsurer,
    demo_settings,
    payload_of,
    person,
    remember_people,
    trust_settings,
)
from kiosk.settings import Settings, load_settings
from verify import Coverage, Knowledge, Standing, clinic_day

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)  # ten in the morning at the clinic
TODAY = date(2026, 11, 25)

BHYT17 = (
    "9999900020|4e677579e1bb856e2056c4836e204de1baab75|01/02/1980|1|-|01 - 999|01/01/2024|-|"
    "05/01/2024|01019999900020|-|4| 01/01/2029|123456789abcdef0-1202|4|"
    "5175e1baad6e204de1baab752c205468c3a06e68207068e1bb912048c3a0204ee1bb9969|$"
)
BHYT15 = (
    "DN4019999900021|4e677579e1bb856e2056c4836e204de1baab75|01/02/1980|1|"
    "53e1bb91203120c490c6b0e1bb9d6e67205468e1bbad|01 - 999|01/01/2024|-|05/01/2024|"
    "01019999900021|-|4| 01/01/2024|0123456789abcde-7102|$"
)
AGAIN = "khám thêm"  # why a patient is recorded twice on one day
CCCD = "001099999901||Nguyễn Văn Mẫu|01021980|Nam|Số 1, Phường Thử, Hà Nội|15082021"


class Clock:
    """A clock that shows the time that a test sets."""

    def __init__(self, moment: datetime = NOW) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment

    def go(self, by: timedelta) -> None:
        self.moment += by


def payload(key: str) -> bytes:
    """Return the payload of a pretend patient's card."""
    patient = person(key)
    assert patient is not None
    return payload_of(patient, NOW).encode()


def make_coverage(number: str, standing: Standing = Standing.IN_FORCE, **more: Any) -> Coverage:
    """Return the insurer's coverage of a card, stated an hour ago."""
    fields: dict[str, Any] = {
        "code": "000",
        "as_of": NOW - timedelta(hours=1),
        "valid_from": date(2024, 1, 1),
        "valid_until": date(2027, 12, 31),
    }
    return Coverage(number=number, standing=standing, **(fields | more))


def settings_for(folder: Path, insurer_url: str = "", **sections: dict[str, Any]) -> Settings:
    """Return the sandbox's settings, overridden by a test's own."""
    merged = demo_settings(insurer_url, folder)
    for name, values in sections.items():
        merged[name] = merged.get(name, {}) | values
    return load_settings(None, merged)


def demo_knowledge(folder: Path, moment: datetime = NOW) -> Knowledge:
    """Return what a kiosk in demo mode knows."""
    return demo_data(folder, moment).current().knowledge


def demo_data(folder: Path, moment: datetime = NOW) -> DataStore:
    """Return the data of a kiosk in demo mode."""
    remember_people(folder, moment)
    settings = settings_for(folder, **trust_settings(folder, moment))
    answers = AnswersCache(folder / "coverage.db")
    site = site_data(settings, folder, answers, None, demo=True)
    return DataStore(folder / "feed", site)


@contextmanager
def running_insurer(clock: Any, latency_s: float = 0.0) -> Iterator[tuple[SandboxInsurer, str]]:
    """Run the pretend insurer on a port of its own. Yields it and its URL."""
    insurer = SandboxInsurer(clock, latency_s)
    server = WebServer(insurer.app, "127.0.0.1", 0, threads=8)
    server.start()
    try:
        yield insurer, f"http://127.0.0.1:{server.port}"
    finally:
        server.stop()


def hold_answers(insurer: SandboxInsurer) -> threading.Event:
    """Make an insurer answer about cards only after the returned event is set.

    Call this before the insurer's first request.
    """
    free = threading.Event()

    def wait() -> None:
        if "KQNhanLichSuKCB" in request.path:
            free.wait(30)

    insurer.app.before_request(wait)
    return free


def clinic_today() -> date:
    """Return today's date at the clinic, for tests that run a process of their own."""
    return clinic_day(datetime.now(UTC))
