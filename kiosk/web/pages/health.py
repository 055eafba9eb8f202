"""Whether the program is alive, for those who watch it."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from kiosk.web.status import Status


def make_health(status: Status) -> Blueprint:
    """Return the blueprint of /healthz."""
    health = Blueprint("health", __name__)

    @health.get("/healthz")
    def healthz() -> ResponseReturnValue:
        """Answer; what it says of reader, outbox and gateway is for people to look at."""
        return jsonify({"alive": True} | status())

    return health
