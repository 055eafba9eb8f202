"""A month without a feed, played in a second: what the desk still decides, day by day.

The pretend insurer publishes its feed once, and then neither it nor its gateway answers.  All of
it is the real program, on a clock of its own and a directory that is thrown away.
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

DAYS = (0, 1, 2, 6, 8, 14, 21, 29, 31)
# Whose card is shown: known by the insurer's word, known by a signature, signed by a key that was
# withdrawn, and one that the registry alone knows.
WHO = {"insurer's word": "an", "signature": "binh", "withdrawn key": "phuc"}
IN_REGISTRY = "GD4019999910001"


def play_month_offline(now: datetime) -> Iterator[dict[str, Any]]:
    """Play it from `now` on; yield a line for each day that is looked at."""
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
            for day in DAYS:
                moment = now + timedelta(days=day)
                assert kiosk.feed_schedule is not None  # there is a feed
                kiosk.feed_schedule.go()
                kiosk.data.refresh()
                insurer.quirks.on = frozenset({Quirk.FEED_GONE})
                yield {"day": day} | _told(kiosk) | _judged(kiosk, now, moment)
        finally:
            server.stop()


def _told(kiosk: Kiosk) -> dict[str, Any]:
    report = kiosk.data_report()
    worst = report["badge"]
    return {
        "told": f"{worst['name']}: {worst['state']}",
        "feed": report["tries"]["failure"] or "ok",
    }


def _judged(kiosk: Kiosk, began: datetime, moment: datetime) -> dict[str, Any]:
    """Show the cards to the desk; return what it decided, and its notes."""
    payloads = {what: payload_of(one, began) for what, key in WHO.items() if (one := person(key))}
    found = {}
    for what, payload in (payloads | {"registry": IN_REGISTRY}).items():
        attempt = kiosk.desk.receive(Scan(payload.encode(), "drill", moment))
        newest = kiosk.attempts.newest_verdict_on(attempt.reading)
        assert newest is not None  # it was written down just now
        found[what] = f"{newest.outcome}: {newest.reason}"
    return found
