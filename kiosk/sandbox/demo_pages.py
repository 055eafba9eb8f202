"""The demonstration's pages: pretend patients, and the phone each of them shows."""

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

QUIET_ZONE = 4  # modules, as ISO/IEC 18004 wants
NO_CARD = "no-card"


Drill = Callable[[datetime], Iterator[dict[str, Any]]]


def make_demo(
    desk: Desk, insurer_url: str, clock: Callable[[], datetime], drill: Drill
) -> Blueprint:
    """Return the blueprint of /demo."""
    demo = Blueprint("demo", __name__, url_prefix="/demo")

    @demo.app_context_processor
    def people() -> dict[str, object]:
        return {"people": PEOPLE, "no_card": NO_CARD, "insurer_url": insurer_url, "demo": True}

    @demo.get("/phones/<key>")
    def phone(key: str) -> ResponseReturnValue:
        """Show a pretend patient's phone with the card and its code."""
        payload = _payload(key)
        code = segno.make(payload, error="m", micro=False)
        picture = Markup(code.svg_inline(border=QUIET_ZONE, omitsize=True))
        return render_template("demo/phone.html", one=person(key), key=key, code=picture)

    @demo.post("/phones/<key>/scan")
    def scan(key: str) -> ResponseReturnValue:
        """Read that phone, as a reader would."""
        attempt = desk.receive(Scan(_payload(key).encode(), "demo-phone", clock()))
        return jsonify({"attempt": attempt.id})

    @demo.get("/drill")
    def drill_page() -> ResponseReturnValue:
        """Offer the outage drill."""
        return render_template("demo/drill.html", minutes=[], last=None)

    @demo.post("/drill")
    def play() -> ResponseReturnValue:
        """Play the outage drill, on a logbook of its own, and show it."""
        *minutes, last = drill(clock())
        return render_template("demo/drill.html", minutes=minutes, last=last)

    def _payload(key: str) -> str:
        if key == NO_CARD:
            return NOT_A_CARD
        one = person(key) or abort(404)
        return payload_of(one, clock())

    return demo
