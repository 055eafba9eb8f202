"""One HTTP exchange with the gateway: a POST, and the JSON object that answers it.

- The gateway answers errors with HTTP 200 and a code.  A proxy before it answers with HTML.
- An answer that is not a JSON object, or exceeds the allowed time or size, is InsurerUnreachable.
- No error and no log line holds a URL or a body: they contain credentials and personal data.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import urllib3

from kiosk.insurer.errors import InsurerUnreachable
from kiosk.runtime.http_client import CONNECT_TIMEOUT_S, WatchedPool, words_of_failure
from kiosk.runtime.proxies import DIRECT, Proxies
from kiosk.runtime.server_time import ServerClock
from kiosk.runtime.steady_clock import steady_s

GATEWAY_STATUSES = (200, 401, 403)  # HTTP; any other comes from a proxy or is a fault
MAX_ANSWER_BYTES = 1024 * 1024


class GatewayAnswer(dict[str, Any]):
    """The JSON object of an answer, with its HTTP status and its text as it was received."""

    def __init__(self, values: dict[str, Any], http_status: int, text: str) -> None:
        super().__init__(values)
        self.http_status = http_status
        self.text = text

    def __repr__(self) -> str:
        """Leave out the content, which is personal data."""
        return f"GatewayAnswer({self.http_status}, {len(self.text)} characters)"


class Transport:
    """A pool of connections to one host. TLS is verified against the system's authorities.

    Any thread may use it.
    """

    def __init__(
        self, url: str, steady: Callable[[], float] = steady_s, proxies: Proxies = DIRECT
    ) -> None:
        """Open no connection yet.

        `steady` returns seconds that no change of our clock moves, and `proxies` are the way out.
        """
        self._url = url.rstrip("/")
        self._pool = WatchedPool(proxies)
        self.server_clock = ServerClock(steady)
        # Called with the path of each call, whether it was answered, and its seconds.
        self.observe: Callable[[str, bool, float], None] = lambda *_call: None

    def post(
        self,
        path: str,
        total_s: float,
        *,
        as_json: dict[str, str] | None = None,
        as_form: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> GatewayAnswer:
        """Send a body and return the JSON object that answers.

        Give either `as_json` or `as_form`; without both the form is empty.

        Raises InsurerUnreachable if no such answer comes within `total_s` seconds.
        """
        began, is_answered = time.perf_counter(), False
        try:
            answer = self._post(path, total_s, as_json, as_form, headers)
            is_answered = True
            return answer
        finally:
            self.observe(path.partition("?")[0], is_answered, time.perf_counter() - began)

    def _post(
        self,
        path: str,
        total_s: float,
        as_json: dict[str, str] | None,
        as_form: dict[str, str] | None,
        headers: dict[str, str] | None,
    ) -> GatewayAnswer:
        if as_json is not None:
            body, media_type = (
                json.dumps(as_json, ensure_ascii=False),
                "application/json; charset=utf-8",
            )
        else:
            body, media_type = urlencode(as_form or {}), "application/x-www-form-urlencoded"
        deadline = time.monotonic() + total_s
        asked_at_s = self.server_clock.steady()
        try:
            response = self._pool.request(
                "POST",
                self._url + path,
                body=body.encode(),
                headers={
                    "Content-Type": media_type,
                    "Accept": "application/json",
                    **(headers or {}),
                },
                timeout=urllib3.Timeout(connect=min(CONNECT_TIMEOUT_S, total_s), read=total_s),
                retries=False,
                redirect=False,
                preload_content=False,
            )
            self.server_clock.note(response.headers.get("Date"), asked_at_s)
            try:
                text = _read(response, deadline)
            finally:
                response.close()
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as exc:
            # The cause is not chained: its text may hold the URL with the credentials.
            why = words_of_failure(exc)
            if time.monotonic() >= deadline:  # then the connection was cut here
                why = f"no answer within {total_s:g} s ({why})"
            raise InsurerUnreachable(why) from None
        return _object(text, response.status)

    @staticmethod
    def as_text(answer: dict[str, Any]) -> str:
        """Return an answer as text, as it is kept for evidence."""
        return json.dumps(answer, ensure_ascii=False)


def _read(response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
    """Return the body, read in pieces so that time and size are checked between them.

    Raises InsurerUnreachable if it exceeds MAX_ANSWER_BYTES, or TimeoutError after the deadline
    (in monotonic seconds).
    """
    body = b""
    while piece := response.read1(65_536):
        body += piece
        if len(body) > MAX_ANSWER_BYTES:
            raise InsurerUnreachable(
                f"an answer of more than {MAX_ANSWER_BYTES} bytes", response.status
            )
        if time.monotonic() > deadline:
            raise TimeoutError
    return body


def _object(text: bytes, status: int) -> GatewayAnswer:
    """Return the JSON object in a body.

    The newest calls answer an expired token with an empty 401: that becomes code 401.
    """
    if status == 401 and not text.strip():
        return GatewayAnswer({"maKetQua": "401"}, status, "")
    try:
        answer = json.loads(text)
        json.dumps(answer, ensure_ascii=False).encode()  # a lone surrogate could not be stored
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict) or status not in GATEWAY_STATUSES:
        raise InsurerUnreachable(
            f"HTTP {status} with {len(text)} bytes instead of a JSON object", status
        )
    # `json.loads` found the encoding in the same way, and nothing in the text is a lone surrogate.
    return GatewayAnswer(answer, status, text.decode(json.detect_encoding(text)))
