"""One HTTP exchange with the gateway: a POST, and the JSON object that came back.

The gateway answers errors with HTTP 200 and a code; a proxy before it answers with HTML.
Whatever is not a JSON object within the time and size allowed is InsurerUnreachable.
"""

from __future__ import annotations

import contextlib
import email.utils
import json
import time
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import urllib3

from kiosk.insurer.errors import InsurerUnreachable
from kiosk.runtime.http_client import CONNECT_TIMEOUT_S, watched_pool

MEANT = (200, 401, 403)  # what the gateway itself sends; the rest is a proxy's or a fault
MAX_ANSWER = 1024 * 1024  # bytes


class Transport:
    """A pool of connections to one host. TLS is verified against the system's authorities."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._pool = watched_pool()
        self._told: tuple[datetime, float] | None = None  # its clock, and when by our monotonic

    def post(
        self,
        path: str,
        total_s: float,
        *,
        as_json: dict[str, str] | None = None,
        as_form: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """Return the JSON object that answers; InsurerUnreachable after `total_s` seconds."""
        if as_json is not None:
            body, kind = json.dumps(as_json, ensure_ascii=False), "application/json; charset=utf-8"
        else:
            body, kind = urlencode(as_form or {}), "application/x-www-form-urlencoded"
        deadline = time.monotonic() + total_s
        try:
            response = self._pool.request(
                "POST",
                self._url + path,
                body=body.encode(),
                headers={"Content-Type": kind, "Accept": "application/json", **(headers or {})},
                timeout=urllib3.Timeout(connect=min(CONNECT_TIMEOUT_S, total_s), read=total_s),
                retries=False,
                redirect=False,
                preload_content=False,
            )
            self._note_clock(response.headers.get("Date"))
            try:
                text = _read(response, deadline)
            finally:
                response.close()
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as exc:
            # The cause is not chained: its text may hold the URL, and that the credentials.
            raise InsurerUnreachable(type(exc).__name__) from None
        return _object(text, response.status)

    def clock(self) -> datetime | None:
        """Return what the gateway's own clock shows now; None where it never told."""
        if self._told is None:
            return None
        moment, at = self._told
        try:
            return moment + timedelta(seconds=time.monotonic() - at)
        except OverflowError:  # it stands at the end of time
            return None

    def _note_clock(self, said: str | None) -> None:
        with contextlib.suppress(TypeError, ValueError, OverflowError):
            moment = email.utils.parsedate_to_datetime(said or "")
            self._told = (moment, time.monotonic()) if moment.tzinfo else None

    @staticmethod
    def as_text(answer: dict[str, Any]) -> str:
        """Return an answer as it is kept for evidence."""
        return json.dumps(answer, ensure_ascii=False)


def _read(response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
    """Read the body piece by piece: a drip must not outlast the deadline, nor a flood the cap."""
    body = b""
    while piece := response.read1(65_536):
        body += piece
        if len(body) > MAX_ANSWER:
            raise ValueError("answer too big")
        if time.monotonic() > deadline:
            raise TimeoutError
    return body


def _object(text: bytes, status: int) -> dict[str, Any]:
    """Return the object; an empty 401 is what the newest calls say for a token that is over."""
    if status == 401 and not text.strip():
        return {"maKetQua": "401"}
    try:
        answer = json.loads(text)
        json.dumps(answer, ensure_ascii=False).encode()  # half letters could not be kept
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict) or status not in MEANT:
        raise InsurerUnreachable(f"HTTP {status} with {len(text)} bytes that are no answer")
    return answer
