"""The pages of the demonstration: the phones of pretend patients, and the outage drill."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import segno
from flask import Blueprint, abort, jsonify, render_template
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from kiosk.desk import Desk
from kiosk.sandbox.people import NOT_A_CARD, PEOPLE, person
from kiosk.sandbox.registry import payload_of
from scanner import Scan

QUIET_ZONE_MODULES = 4  # as ISO/IEC 18004 requires
NO_CARD = "no-card"

# Plays the outage drill from a moment (aware) on: a JSON object a minute, then the summary.
Drill = Callable[[datetime], Iterator[dict[str, Any]]]


def make_demo(
    desk: Desk, insurer_url: str, clock: Callable[[], datetime], drill: Drill
) -> Blueprint:
    """Return the blueprint of /demo.

    `desk` receives the scans, `insurer_url` is the page of the pretend insurer, `clock` returns the
    time (aware), and `drill` plays the outage drill.
    """
    demo = Blueprint("demo", __name__, url_prefix="/demo")

    @demo.app_context_processor
    def people() -> dict[str, object]:
        return {"people": PEOPLE, "no_card": NO_CARD, "insurer_url": insurer_url, "demo": True}

    @demo.get("/phones/<key>")
    def phone(key: str) -> ResponseReturnValue:
        """Show the phone of a pretend patient, with the card and its code."""
        payload = _payload(key)
        code = segno.make(payload, error="m", micro=False)
        picture = Markup(code.svg_inline(border=QUIET_ZONE_MODULES, omitsize=True))
        return render_template("demo/phone.html", one=person(key), key=key, code=picture)

    @demo.post("/phones/<key>/scan")
    def scan(key: str) -> ResponseReturnValue:
        """Scan that phone, as a reader would."""
        attempt = desk.receive(Scan(_payload(key).encode(), "demo-phone", clock()))
        return jsonify({"attempt": attempt.id})

    @demo.get("/drill")
    def drill_page() -> ResponseReturnValue:
        """Show the page that offers the outage drill."""
        return render_template("demo/drill.html", minutes=[], last=None)

    @demo.post("/drill")
    def play() -> ResponseReturnValue:
        """Play the outage drill on a separate logbook and show what happened."""
        *minutes, last = drill(clock())
        return render_template("demo/drill.html", minutes=minutes, last=last)

    def _payload(key: str) -> str:
        if key == NO_CARD:
            return NOT_A_CARD
        patient = person(key) or abort(404)
        return payload_of(patient, clock())

    return demo
