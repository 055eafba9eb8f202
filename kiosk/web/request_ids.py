"""The id of each request: taken from the proxy, or made; returned, logged, shown on error pages."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, Response, request

from kiosk.runtime.request_id import current_request, is_request_id, new_request_id

log = logging.getLogger(__name__)

HEADER = "X-Request-ID"
BEGAN = "tiepdon.began"  # in the WSGI environment: seconds, of the performance counter
SLOW_S = 3.0  # a request that takes longer is named in the log

Environment = dict[str, Any]
StartResponse = Callable[..., Any]


def install_request_ids(app: Flask, has_proxy: bool) -> None:
    """Give each request an id, before anything else sees it.

    With `has_proxy` an id that the trusted proxy sends is taken, if it is well-formed.  The server
    removes X-Forwarded-For from what anybody else sends, so that header shows who speaks.
    """
    inner = app.wsgi_app

    def with_id(environ: Environment, start_response: StartResponse) -> Iterable[bytes]:
        sent = environ.get("HTTP_X_REQUEST_ID", "")
        is_trusted = has_proxy and "HTTP_X_FORWARDED_FOR" in environ
        request_id = sent if is_trusted and is_request_id(sent) else new_request_id()
        environ[BEGAN] = time.perf_counter()

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            return start_response(status, [*headers, (HEADER, request_id)], *more)

        token = current_request.set(request_id)
        try:
            return inner(environ, start)
        finally:
            current_request.reset(token)

    app.wsgi_app = with_id  # type: ignore[method-assign]  # as Flask's documentation says
    app.after_request(_note_slow)
    app.add_template_global(current_request.get, "request_id")


def seconds_so_far() -> float:
    """Return for how many seconds this request has been answered."""
    return time.perf_counter() - float(request.environ.get(BEGAN, time.perf_counter()))


def _note_slow(response: Response) -> Response:
    seconds = seconds_so_far()
    if seconds > SLOW_S:
        rule = request.url_rule.rule if request.url_rule else "an unknown path"
        log.warning("%s %s took %.1f s", request.method, rule, seconds)
    return response
