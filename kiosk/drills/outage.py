"""The outage drill: five bad minutes at the insurer, played in seconds, and the desk through them.

The pretend insurer has a bad day of another kind each minute; a patient comes in each, is judged,
confirmed and given a number; then the gateway is well again.  All of it is the real program, on a
clock of its own and a directory that is thrown away.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from kiosk.assembly import Kiosk
from kiosk.desk import Confirmation
from kiosk.runtime.webserver import WebServer
from kiosk.sandbox import Fault, SandboxInsurer, demo_settings, payload_of, person, remember_people
from kiosk.settings import load_settings
from scanner import Scan

MINUTE = timedelta(minutes=1)
QUICK = {"ask_timeout_s": 1, "send_timeout_s": 1}  # seconds that the drill waits for the silent
WELL_BY = timedelta(minutes=40)  # after which everything must have arrived

# What happens in each minute, and who comes.
SCRIPT = (
    (Fault.NONE, "an"),
    (Fault.BAD_GATEWAY, "binh"),
    (Fault.HANG, "dung"),
    (Fault.LOST, "giang"),
    (Fault.SIGNED_OUT, "khoi"),
    (Fault.UNKNOWN_CODE, "chi"),
)


class _Clock:
    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment


def play_outage(now: datetime) -> Iterator[dict[str, Any]]:
    """Play it; yield what happened at the desk, a minute each, and at last whether all arrived."""
    clock = _Clock(now)
    insurer = SandboxInsurer(clock)
    server = WebServer(insurer.app, "127.0.0.1", 0, threads=8)
    server.start()
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
            folder = Path(name)
            sections = demo_settings(f"http://127.0.0.1:{server.port}", folder)
            sections["insurer"] |= QUICK
            remember_people(folder, now)
            kiosk = Kiosk(load_settings(None, sections), folder, demo=True, now=clock)
            for minute, (fault, who) in enumerate(SCRIPT):
                insurer.faults.current = fault
                yield {"minute": minute, "insurer": str(fault)} | _serve(kiosk, who, clock())
                clock.moment += MINUTE
            insurer.faults.current = Fault.NONE
            insurer.faults.end()
            yield _afterwards(kiosk, insurer, clock)
    finally:
        insurer.faults.end()
        server.stop()


def _serve(kiosk: Kiosk, who: str, now: datetime) -> dict[str, Any]:
    """Have one patient scanned and confirmed, and the message sent if it goes."""
    one = person(who)
    assert one is not None and kiosk.delivery is not None  # noqa: PT018 - of the script
    attempt = kiosk.desk.receive(Scan(payload_of(one, now).encode(), "drill", now))
    said = Confirmation(clerk_reason="drill") if attempt.outcome == "desk" else Confirmation()
    visit, _ = kiosk.desk.confirm(attempt.id, said, who)
    kiosk.delivery.deliver_some()
    counts = kiosk.outbox.counts()
    return {
        "patient": one.holder,
        "outcome": attempt.outcome,
        "reason": attempt.reason,
        "ticket": visit.ticket,
        "waiting": counts["queued"] + counts["in_flight"],
        "accepted": counts["accepted"],
        "needs_a_person": counts["refused"] + counts["parked"],
    }


def _afterwards(kiosk: Kiosk, insurer: SandboxInsurer, clock: _Clock) -> dict[str, Any]:
    """Let the gateway be well; return when all had arrived, and what did."""
    assert kiosk.delivery is not None
    well_at = clock.moment
    while clock.moment - well_at < WELL_BY:
        while kiosk.delivery.deliver_some():
            pass
        for trouble in kiosk.corrections.tray():  # a person has looked: it was the gateway
            kiosk.corrections.send_again(trouble.visit, clock())
        if not any(kiosk.outbox.counts()[state] for state in ("queued", "in_flight")):
            break
        clock.moment += MINUTE
    counts = kiosk.outbox.counts()
    received = insurer.ledger.visits()
    return {
        "well_again": True,
        "minutes_until_all_arrived": (clock.moment - well_at) // MINUTE,
        "visits": sum(counts.values()),
        "accepted": counts["accepted"],
        "at_the_insurer": len(received),
        "sent_more_than_once": sum(one.times > 1 for one in received),
        "lost": sum(counts.values()) - len(received),
    }
