"""The address that monitoring asks whether the program is running."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from kiosk.web.status import Status


def make_health(status: Status, instance: str, logbook: Callable[[], str]) -> Blueprint:
    """Return the blueprint of /healthz, /readyz and /ping.

    `instance` names the logbook, and `logbook` returns `ok`, or why nothing is recorded.
    """
    health = Blueprint("health", __name__)

    @health.get("/healthz")
    def healthz() -> ResponseReturnValue:
        """Answer with the status.  The program is healthy if it answers at all."""
        return jsonify({"alive": True} | status())

    @health.get("/readyz")
    def readyz() -> ResponseReturnValue:
        """Answer whether visits are recorded: 200, or 503 while the logbook is held."""
        state = logbook()
        return jsonify({"ready": state == "ok", "logbook": state}), 200 if state == "ok" else 503

    @health.get("/ping")
    def ping() -> ResponseReturnValue:
        """Answer at once, reading nothing: every open page asks every few seconds."""
        return jsonify({"instance": instance})

    return health
