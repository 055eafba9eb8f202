"""Bad days for the pretend insurer, chosen on its page or by a header of one call.

Whatever a client has to live with: the list is of what was seen of the real gateway, and of what
networks do.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any

from flask import Flask, Response, g, request
from flask.typing import ResponseReturnValue

HEADER = "X-Sandbox-Fault"
LATENCY_S = 5.0
HANG_S = 300.0  # longer than any client waits
ELSEWHERE = "203.0.113.9"  # an address for documents (RFC 5737)


class Fault(StrEnum):
    """One word for each; the page shows them in this order."""

    NONE = "none"
    SLOW = "slow"  # answers after five seconds
    HANG = "hang"  # not a byte, for minutes
    LOST = "lost"  # does what was asked, and its answer never comes
    CUT = "cut"  # the connection ends within the answer
    BAD_GATEWAY = "bad_gateway"  # a proxy's 502, in HTML
    ERROR_500 = "error_500"  # 500, in plain words
    EMPTY_401 = "empty_401"  # 401 without a body, as the newest calls do
    SIGNED_OUT = "signed_out"  # all tokens are revoked before their time
    OTHER_ADDRESS = "other_address"  # the call seems to come from another line
    CODE_100 = "code_100"  # the card book cannot be read
    CODE_101 = "code_101"  # an error of the server
    TRUNCATED = "truncated"  # half of the JSON
    NUMBERS = "numbers"  # codes as numbers
    NULL_LISTS = "null_lists"  # null for every list and text that is empty
    UNKNOWN_CODE = "unknown_code"  # 999
    TOO_LARGE = "too_large"  # 1001: a file for the quiet hours


SENT = {Fault.CODE_100: "100", Fault.CODE_101: "101", Fault.UNKNOWN_CODE: "999",
        Fault.TOO_LARGE: "1001"}  # fmt: skip


class Faults:
    """The fault of the day, and what it does to each call below /api/."""

    def __init__(self, revoke_all: Callable[[], None]) -> None:
        self.current = Fault.NONE
        self._revoke_all = revoke_all
        self._over = threading.Event()

    def install(self, app: Flask) -> None:
        """Stand between this application's calls and their answers."""
        app.before_request(self._before)
        app.after_request(self._after)

    def end(self) -> None:
        """Let go of what hangs."""
        self._over.set()

    def address(self) -> str:
        """Return where this call seems to come from."""
        return (
            ELSEWHERE if _fault(self.current) is Fault.OTHER_ADDRESS else request.remote_addr or ""
        )

    def _before(self) -> ResponseReturnValue | None:
        if not request.path.startswith("/api/"):
            return None
        g.fault = _fault(self.current)
        is_login = request.path == "/api/token/take"
        match g.fault:
            case Fault.SLOW:
                time.sleep(LATENCY_S)
            case Fault.HANG:
                self._over.wait(HANG_S)
                return Response(status=504)
            case Fault.BAD_GATEWAY:
                return Response("<html><h1>502 Bad Gateway</h1></html>", 502, mimetype="text/html")
            case Fault.ERROR_500:
                return Response("Internal Server Error", 500, mimetype="text/plain")
            case Fault.EMPTY_401 if not is_login:
                return Response(b"", 401)
            case Fault.SIGNED_OUT if not is_login:
                self._revoke_all()
                self.current = (
                    Fault.NONE if self.current is Fault.SIGNED_OUT else self.current
                )  # once
            case fault if fault in SENT and not is_login:
                return Response(json.dumps({"maKetQua": SENT[fault]}), mimetype="application/json")
        return None

    def _after(self, response: Response) -> Response:
        fault = g.get("fault", Fault.NONE)
        if fault is Fault.NONE:
            return response
        if fault is Fault.LOST:
            self._over.wait(HANG_S)
        body = response.get_data()
        if fault is Fault.CUT:
            response.response = _cut(body)
        elif fault is Fault.TRUNCATED:
            response.set_data(body[: len(body) // 2])
        elif fault in (Fault.NUMBERS, Fault.NULL_LISTS) and response.is_json:
            changed = {name: _changed(fault, value) for name, value in json.loads(body).items()}
            response.set_data(json.dumps(changed, ensure_ascii=False))
        return response


def _fault(of_the_day: Fault) -> Fault:
    asked = request.headers.get(HEADER, "")
    return Fault(asked) if asked in list(Fault) else of_the_day


def _changed(fault: Fault, value: Any) -> Any:
    if fault is Fault.NUMBERS and isinstance(value, str) and value.isdigit() and len(value) == 3:
        return int(value)
    return None if fault is Fault.NULL_LISTS and value in ("", []) else value


def _cut(body: bytes) -> Iterator[bytes]:
    """Yield half of a body; the server closes a connection whose answer is not whole."""
    yield body[: len(body) // 2]
    raise ConnectionError("the sandbox was told to cut this answer")
