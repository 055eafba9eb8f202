"""The address that monitoring asks whether the program is running."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from kiosk.web.status import Status


def make_health(status: Status, instance: str) -> Blueprint:
    """Return the blueprint of /healthz and /ping. `instance` names the logbook."""
    health = Blueprint("health", __name__)

    @health.get("/healthz")
    def healthz() -> ResponseReturnValue:
        """Answer with the status.  The program is healthy if it answers at all."""
        return jsonify({"alive": True} | status())

    @health.get("/ping")
    def ping() -> ResponseReturnValue:
        """Answer at once, reading nothing: every open page asks every few seconds."""
        return jsonify({"instance": instance})

    return health
