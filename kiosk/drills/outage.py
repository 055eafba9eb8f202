"""The outage drill: the insurer fails for five minutes, played in seconds, and the desk works on.

The pretend insurer has another fault each minute. In each minute one patient comes, is judged,
confirmed and given a ticket. Then the gateway recovers, and every visit must arrive. The drill
runs the real program on a simulated clock and a temporary data directory.
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
SHORT_TIMEOUTS = {"ask_timeout_s": 1, "send_timeout_s": 1}
RECOVERY_LIMIT = timedelta(minutes=40)  # by then every visit must have arrived

# The fault of each minute, and the pretend patient who comes.
SCRIPT = (
    (Fault.NONE, "an"),
    (Fault.BAD_GATEWAY, "binh"),
    (Fault.HANG, "dung"),
    (Fault.LOST, "giang"),
    (Fault.SIGNED_OUT, "khoi"),
    (Fault.UNKNOWN_CODE, "chi"),
)


class _SimulatedClock:
    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment


def play_outage(now: datetime) -> Iterator[dict[str, Any]]:
    """Play the drill from `now` (aware) on.

    Yields a JSON object for each minute, with what happened at the desk, and at the end a summary:
    whether all visits arrived, when, and how often.
    """
    clock = _SimulatedClock(now)
    insurer = SandboxInsurer(clock)
    server = WebServer(insurer.app, "127.0.0.1", 0, threads=8)
    server.start()
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
            folder = Path(name)
            sections = demo_settings(f"http://127.0.0.1:{server.port}", folder)
            sections["insurer"] |= SHORT_TIMEOUTS
            remember_people(folder, now)
            kiosk = Kiosk(load_settings(None, sections), folder, demo=True, now=clock)
            for minute, (fault, patient) in enumerate(SCRIPT):
                insurer.faults.current = fault
                yield {"minute": minute, "insurer": str(fault)} | _serve(kiosk, patient, clock())
                clock.moment += MINUTE
            insurer.faults.current = Fault.NONE
            insurer.faults.end()
            yield _recover(kiosk, insurer, clock)
    finally:
        insurer.faults.end()
        server.stop()


def _serve(kiosk: Kiosk, key: str, now: datetime) -> dict[str, Any]:
    """Scan and confirm one patient and try to send the message; return what happened."""
    patient = person(key)
    assert patient is not None  # SCRIPT names pretend patients only
    assert kiosk.delivery is not None  # the settings name a gateway
    attempt = kiosk.desk.receive(Scan(payload_of(patient, now).encode(), "drill", now))
    reason = "drill" if attempt.outcome == "desk" else ""
    visit, _ = kiosk.desk.confirm(attempt.id, Confirmation(clerk_reason=reason), key)
    kiosk.delivery.deliver_some()
    counts = kiosk.outbox.counts()
    return {
        "patient": patient.holder,
        "outcome": attempt.outcome,
        "reason": attempt.reason,
        "ticket": visit.ticket,
        "waiting": counts["queued"] + counts["in_flight"],
        "accepted": counts["accepted"],
        "needs_a_person": counts["refused"] + counts["parked"],
    }


def _recover(kiosk: Kiosk, insurer: SandboxInsurer, clock: _SimulatedClock) -> dict[str, Any]:
    """Deliver what waits to the gateway, which works again; return the summary of the drill."""
    assert kiosk.delivery is not None  # the settings name a gateway
    recovered_at = clock.moment
    while clock.moment - recovered_at < RECOVERY_LIMIT:
        while kiosk.delivery.deliver_some():
            pass
        # A person looks at each message in the tray, finds no fault in it, and sends it again.
        for item in kiosk.corrections.tray():
            kiosk.corrections.send_again(item.visit, clock())
        if not any(kiosk.outbox.counts()[state] for state in ("queued", "in_flight")):
            break
        clock.moment += MINUTE
    counts = kiosk.outbox.counts()
    received = insurer.ledger.visits()
    return {
        "well_again": True,
        "minutes_until_all_arrived": (clock.moment - recovered_at) // MINUTE,
        "visits": sum(counts.values()),
        "accepted": counts["accepted"],
        "at_the_insurer": len(received),
        "sent_more_than_once": sum(visit.times > 1 for visit in received),
        "lost": sum(counts.values()) - len(received),
    }
