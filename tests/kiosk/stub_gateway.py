"""Gateways for tests of the client: the sandbox, and servers that give any answer."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from kiosk.insurer.gateway import Gateway
from kiosk.insurer.session import Account, GatewaySession
from kiosk.insurer.transport import Transport
from kiosk.sandbox import SandboxInsurer, person
from tests.cast import Clock
from verify import Birth, Card

ACCOUNT = Account("01999_BV", "sandbox", "01999", "Nhân Viên Thử", "001999999999")
Running = tuple[SandboxInsurer, str]


def gateway_to(url: str, clock: Clock, account: Account = ACCOUNT, timeout_s: float = 5) -> Gateway:
    """Return a client of the gateway at `url`."""
    transport = Transport(url)
    session = GatewaySession(transport, account, clock, timeout_s)
    return Gateway(transport, session, clock, timeout_s, timeout_s)


def card_of(key: str) -> Card:
    """Return the card of one of the sandbox's people, by their key."""
    patient = person(key)
    assert patient is not None
    return Card(patient.card_number, holder=patient.holder, born=Birth.from_date(patient.born))


Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def serving(server: HTTPServer) -> Iterator[str]:
    """Run a server in a thread; give its address."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """Run a server that answers every GET and POST with `answer`; give its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.body = raw.decode("utf-8", "replace")
            answer(self)

        def do_GET(self) -> None:
            answer(self)

        def send_response(self, code: int, message: str | None = None) -> None:
            """Send no Date: the tests' clocks do not show the machine's time."""
            self.send_response_only(code, message)

        def log_message(self, *_: object) -> None:
            pass

    with serving(HTTPServer(("127.0.0.1", 0), Handler)) as address:
        yield address


def saying(body: bytes, status: int = 200) -> Answer:
    """Return an answer with this body."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def dripping(handler: BaseHTTPRequestHandler) -> None:
    """Send a body byte by byte for six seconds."""
    handler.send_response(200)
    handler.end_headers()
    try:
        for _ in range(60):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            threading.Event().wait(0.1)
    except OSError:
        return


def dripping_headers(handler: BaseHTTPRequestHandler) -> None:
    """Send headers line by line for six seconds."""
    try:
        for piece in (b"HTTP/1.1 200 OK\r\n", *[b"X-Slow: 1\r\n"] * 60):
            handler.wfile.write(piece)
            handler.wfile.flush()
            threading.Event().wait(0.1)
    except OSError:
        handler.close_connection = True


def reset(handler: BaseHTTPRequestHandler) -> None:
    """Reset the connection."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    handler.close_connection = True


NONSENSE = [
    saying(b"<html>502 Bad Gateway</html>", 502),
    saying(b"", 200),
    saying(b"[]"),
    saying(b'{"maKetQua": "2'),
    saying(b'{"maKetQua": null, "APIKey": null}'),
    saying(b'{"maKetQua": "200", "APIKey": {"expires_in": "soon"}}'),
    saying(b"[" * 100_000),
    saying(b"\xff\xfe\x00"),
    saying(b'{"x": "' + b"x" * 1_100_000 + b'"}'),
    saying(b"500", 500),
    saying(b"{}", 302),
    saying(b'{"maKetQua": "200"}', 503),
    saying(b'{"maKetQua": "200", "APIKey": {"access_token": "\\ud800"}}'),
    dripping_headers,
    dripping,
    reset,
]


def token_then(answer: dict[str, object]) -> Answer:
    """Return an answer that gives a token to a sign-in, and `answer` to any other call."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        token = {
            "maKetQua": 200,  # a number instead of text, as some gateways send
            "APIKey": {
                "access_token": "YQ==",
                "id_token": "x",
                "expires_in": "2026-11-25T03:10:00.1234567Z",
            },
        }
        body = token if handler.path.endswith("/take") else answer
        saying(json.dumps(body).encode())(handler)

    return reply
