"""A month without a feed, played in a second: what the desk still decides, day by day.

The pretend insurer publishes its feed once; after that neither the feed nor the gateway answers.
The drill runs the real program on a simulated clock and a temporary data directory.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from kiosk.assembly import Kiosk
from kiosk.runtime.webserver import WebServer
from kiosk.sandbox import (
    Quirk,
    SandboxFeed,
    SandboxInsurer,
    demo_settings,
    payload_of,
    person,
    remember_people,
)
from kiosk.settings import load_settings
from scanner import Scan

SHOWN_DAYS = (0, 1, 2, 6, 8, 14, 21, 29, 31)
# The pretend patients whose cards are scanned, by what the kiosk knows about the card: an answer
# of the insurer, a good signature, a signature by a withdrawn key.
PATIENTS = {"insurer's word": "an", "signature": "binh", "withdrawn key": "phuc"}
REGISTRY_CARD = "GD4019999910001"  # only the registry knows this card


def play_month_offline(now: datetime) -> Iterator[dict[str, Any]]:
    """Play the month from `now` (aware) on; yield a JSON object for each of SHOWN_DAYS.

    Each holds the day, the state of the data, the state of the feed, and the decision on each card.
    """
    moment = now

    def clock() -> datetime:
        return moment

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        feed = SandboxFeed(folder / "sandbox", clock)
        insurer = SandboxInsurer(clock, feed=feed)
        server = WebServer(insurer.app, "127.0.0.1", 0, threads=2)
        server.start()
        try:
            url = f"http://127.0.0.1:{server.port}"
            settings = load_settings(None, demo_settings("", folder) | feed.settings(url))
            remember_people(folder, now)
            kiosk = Kiosk(settings, folder, demo=True, now=clock)
            for day in SHOWN_DAYS:
                moment = now + timedelta(days=day)
                assert kiosk.feed_schedule is not None  # the settings name a feed
                kiosk.feed_schedule.update_once()
                kiosk.data.refresh()
                insurer.quirks.on = frozenset({Quirk.FEED_GONE})
                yield {"day": day} | _data_state(kiosk) | _decisions(kiosk, now, moment)
        finally:
            server.stop()


def _data_state(kiosk: Kiosk) -> dict[str, Any]:
    """Return what the desk shows about the age of its data, and how the feed was reached."""
    report = kiosk.data_report()
    worst = report["badge"]
    return {
        "told": f"{worst['name']}: {worst['state']}",
        "feed": report["tries"]["failure"] or "ok",
    }


def _decisions(kiosk: Kiosk, started: datetime, moment: datetime) -> dict[str, str]:
    """Scan each card at `moment`; return outcome and reason by what is known about the card."""
    payloads = {}
    for known_by, key in PATIENTS.items():
        patient = person(key)
        assert patient is not None  # PATIENTS names pretend patients only
        payloads[known_by] = payload_of(patient, started)
    payloads["registry"] = REGISTRY_CARD
    decisions = {}
    for known_by, payload in payloads.items():
        attempt = kiosk.desk.receive(Scan(payload.encode(), "drill", moment))
        newest = kiosk.attempts.newest_verdict_on(attempt.reading)
        assert newest is not None  # the desk has just recorded it
        decisions[known_by] = f"{newest.outcome}: {newest.reason}"
    return decisions
