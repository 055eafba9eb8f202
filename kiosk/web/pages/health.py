"""The addresses that monitoring asks whether the program runs, and whether it is ready.

- /healthz answers 200 if the program answers at all, with its status.
- /readyz answers 200 if visits are recorded, else 503 and which condition does not hold.
- /ping answers at once and reads nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from kiosk.web.status import Status


def make_health(
    status: Status,
    instance: str,
    readiness: Callable[[], dict[str, Any]],
    version: str,
    clock: Callable[[], datetime],
) -> Blueprint:
    """Return the blueprint of /healthz, /readyz and /ping.

    `instance` names the logbook, `readiness` says whether visits are recorded, `version` is the
    program's, and `clock` returns the time (aware).
    """
    health = Blueprint("health", __name__)
    started = clock()

    @health.get("/healthz")
    def healthz() -> ResponseReturnValue:
        """Answer with the status.  The program is healthy if it answers at all."""
        program = {
            "version": version,
            "started": started.isoformat(timespec="seconds"),
            "uptime_s": max(0, round((clock() - started).total_seconds())),
        }
        return jsonify({"alive": True, "program": program} | status())

    @health.get("/readyz")
    def readyz() -> ResponseReturnValue:
        """Answer whether visits are recorded: 200, or 503 and why not."""
        state = readiness()
        return jsonify(state), 200 if state["ready"] else 503

    @health.get("/ping")
    def ping() -> ResponseReturnValue:
        """Answer at once, reading nothing: every open page asks every few seconds."""
        return jsonify({"instance": instance})

    return health
