"""The address that Prometheus asks, and the times of all answers."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, request

from kiosk.metrics import Metrics
from kiosk.web.request_ids import seconds_so_far

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def make_metrics(metrics: Metrics) -> Blueprint:
    """Return the blueprint of /metrics."""
    pages = Blueprint("metrics", __name__)

    @pages.get("/metrics")
    def scrape() -> Response:
        """Return all metrics in Prometheus' text format."""
        return Response(metrics.text(), content_type=MEDIA_TYPE)

    return pages


def install_request_times(app: Flask, metrics: Metrics) -> None:
    """Count every answer, with the time until its headers."""

    @app.after_request
    def count(response: Response) -> Response:
        rule = request.url_rule.rule if request.url_rule else None
        metrics.request(rule, request.method, response.status_code, seconds_so_far())
        return response
