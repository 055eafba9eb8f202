"""Faults of the pretend insurer, chosen on its page or by a header of a single call.

They are what a client has to cope with: some were seen at the real gateway, the others are common
in networks.
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
SLOW_ANSWER_S = 5.0
HANG_S = 300.0  # longer than any client waits
CHECK_S = 0.2  # between two looks whether the client of a call that hangs is still there
DOCUMENTATION_ADDRESS = "203.0.113.9"  # belongs to no network (RFC 5737)


class Fault(StrEnum):
    """The faults; the page shows them in this order."""

    NONE = "none"
    SLOW = "slow"  # the answer takes five seconds
    HANG = "hang"  # no byte of an answer for minutes
    LOST = "lost"  # the call is carried out, but its answer never arrives
    CUT = "cut"  # the connection ends in the middle of the answer
    BAD_GATEWAY = "bad_gateway"  # a proxy answers 502, in HTML
    ERROR_500 = "error_500"  # 500, as plain text
    EMPTY_401 = "empty_401"  # 401 without a body, as the newest calls answer
    SIGNED_OUT = "signed_out"  # all tokens are revoked before they expire
    OTHER_ADDRESS = "other_address"  # the call seems to come from another IP address
    CODE_100 = "code_100"  # the card book cannot be read
    CODE_101 = "code_101"  # the server has an error
    TRUNCATED = "truncated"  # half of the JSON is missing
    NUMBERS = "numbers"  # codes are numbers, not text
    NULL_LISTS = "null_lists"  # every empty list or text is null
    UNKNOWN_CODE = "unknown_code"  # the answer has the code 999, which is not documented
    TOO_LARGE = "too_large"  # 1001: the file is too large for the busy hours


RESULT_CODES = {
    Fault.CODE_100: "100",
    Fault.CODE_101: "101",
    Fault.UNKNOWN_CODE: "999",
    Fault.TOO_LARGE: "1001",
}


class Faults:
    """The current fault, and what it does to each call below /api/.

    `revoke_all` ends all sessions of the pretend insurer.
    """

    def __init__(self, revoke_all: Callable[[], None]) -> None:
        self.current = Fault.NONE
        self._revoke_all = revoke_all
        self._released = threading.Event()

    def install(self, app: Flask) -> None:
        """Apply the faults to the calls of this application and to their answers."""
        app.before_request(self._before)
        app.after_request(self._after)

    def end(self) -> None:
        """Let all calls that hang end now."""
        self._released.set()

    def address(self) -> str:
        """Return the IP address from which this call seems to come."""
        if _fault_of_call(self.current) is Fault.OTHER_ADDRESS:
            return DOCUMENTATION_ADDRESS
        return request.remote_addr or ""

    def _before(self) -> ResponseReturnValue | None:
        if not request.path.startswith("/api/"):
            return None
        g.fault = _fault_of_call(self.current)
        is_login = request.path == "/api/token/take"
        match g.fault:
            case Fault.SLOW:
                time.sleep(SLOW_ANSWER_S)
            case Fault.HANG:
                self._hang()
                return Response(status=504)
            case Fault.BAD_GATEWAY:
                return Response("<html><h1>502 Bad Gateway</h1></html>", 502, mimetype="text/html")
            case Fault.ERROR_500:
                return Response("Internal Server Error", 500, mimetype="text/plain")
            case Fault.EMPTY_401 if not is_login:
                return Response(b"", 401)
            case Fault.SIGNED_OUT if not is_login:
                self._revoke_all()
                if self.current is Fault.SIGNED_OUT:  # it happens once, then all is well again
                    self.current = Fault.NONE
            case fault if fault in RESULT_CODES and not is_login:
                body = json.dumps({"maKetQua": RESULT_CODES[fault]})
                return Response(body, mimetype="application/json")
        return None

    def _hang(self) -> None:
        """Wait until the calls are released, the client has gone, or HANG_S have passed.

        A call whose client has gone would keep a thread of the server from all others.
        """
        is_gone = request.environ.get("waitress.client_disconnected", lambda: False)
        deadline = time.monotonic() + HANG_S
        while not (is_gone() or time.monotonic() > deadline):
            if self._released.wait(CHECK_S):
                return

    def _after(self, response: Response) -> Response:
        fault = g.get("fault", Fault.NONE)
        if fault is Fault.NONE:
            return response
        if fault is Fault.LOST:
            self._hang()
        body = response.get_data()
        if fault is Fault.CUT:
            response.response = _cut(body)
        elif fault is Fault.TRUNCATED:
            response.set_data(body[: len(body) // 2])
        elif fault in (Fault.NUMBERS, Fault.NULL_LISTS) and response.is_json:
            changed = {name: _changed(fault, value) for name, value in json.loads(body).items()}
            response.set_data(json.dumps(changed, ensure_ascii=False))
        return response


def _fault_of_call(current: Fault) -> Fault:
    """Return the fault that the header of this call names, else the current one."""
    named = request.headers.get(HEADER, "")
    return Fault(named) if named in list(Fault) else current


def _changed(fault: Fault, value: Any) -> Any:
    if fault is Fault.NUMBERS and isinstance(value, str) and value.isdigit() and len(value) == 3:
        return int(value)
    return None if fault is Fault.NULL_LISTS and value in ("", []) else value


def _cut(body: bytes) -> Iterator[bytes]:
    """Yield half of a body and fail; the server then closes the connection."""
    yield body[: len(body) // 2]
    raise ConnectionError("the sandbox cuts this answer on purpose")
