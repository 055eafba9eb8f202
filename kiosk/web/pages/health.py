"""The address that monitoring asks whether the program is running."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from kiosk.web.status import Status


def make_health(status: Status) -> Blueprint:
    """Return the blueprint of /healthz."""
    health = Blueprint("health", __name__)

    @health.get("/healthz")
    def healthz() -> ResponseReturnValue:
        """Answer with the status.  The program is healthy if it answers at all."""
        return jsonify({"alive": True} | status())

    return health
