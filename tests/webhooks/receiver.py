"""A real receiver of webhooks, on a port of its own, that behaves well or badly as a test says."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

DRIP_S = 0.05
ANSWERS = {
    "ok": b"HTTP/1.1 204 No Content\r\n\r\n",
    "fails": b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n",
    "gone": b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n",
    "garbage": b"SSH-2.0-OpenSSH_9.2\r\n",
    "closes": b"",
    "many headers": b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 1000,
}


class Delivered(NamedTuple):
    """A message as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class WebhookReceiver:
    """Listens until it is closed. `behaviour` is one of ANSWERS, or what `_answer` knows."""

    def __init__(self, behaviour: str = "ok", tls: ssl.SSLContext | None = None) -> None:
        self.behaviour = behaviour
        self.behaviours: list[str] = []  # of the next messages, before `behaviour`
        self.seen: list[Delivered] = []  # all messages, whatever was answered
        self.accepted: list[Delivered] = []  # those that were answered by 204
        self._tls = tls
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}/hook?from=desk"
        self.named_url = self.url.replace("127.0.0.1", "localhost")
        self._closed = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        self._closed.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _listen(self) -> None:
        while not self._closed.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            if self.behaviour == "no handshake":
                self._closed.wait(30)
                return
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection:
                message = _read(connection)
                self.seen.append(message)
                self._answer(connection, message)

    def _answer(self, connection: socket.socket, message: Delivered) -> None:
        behaviour = self.behaviours.pop(0) if self.behaviours else self.behaviour
        if behaviour == "ok":
            self.accepted.append(message)
        if behaviour == "hangs":
            self._closed.wait(30)
        elif behaviour == "drips":
            for number in range(2000):
                connection.sendall(b"HTTP/1.1 200 OK\r\n"[number : number + 1] or b"x")
                self._closed.wait(DRIP_S)
        elif behaviour == "redirects":
            connection.sendall(
                f"HTTP/1.1 302 Found\r\nLocation: {self.url}\r\nContent-Length: 0\r\n\r\n".encode()
            )
        elif behaviour == "continues":  # for ever, so that the status never comes
            while not self._closed.wait(DRIP_S):
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        elif behaviour == "huge":
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while not self._closed.is_set():
                connection.sendall(b"x" * 65_536)
        else:
            connection.sendall(ANSWERS[behaviour])


def _read(connection: socket.socket) -> Delivered:
    """Return a request; raises OSError if it ends too early."""
    text = b""
    while b"\r\n\r\n" not in text:
        text += _some(connection)
    head, _, body = text.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    if "content-length" not in headers:
        raise OSError("the head has no length: its sender was killed")
    while len(body) < int(headers["content-length"]):
        body += _some(connection)
    return Delivered(first.split()[1], headers, body)


def _some(connection: socket.socket) -> bytes:
    piece = connection.recv(65_536)
    if not piece:
        raise ConnectionError("the request ended")
    return piece


@contextmanager
def receiving(
    behaviour: str = "ok", tls: ssl.SSLContext | None = None
) -> Iterator[WebhookReceiver]:
    """Run a receiver."""
    receiver = WebhookReceiver(behaviour, tls)
    try:
        yield receiver
    finally:
        receiver.close()


def tls_of(folder: Path) -> ssl.SSLContext:
    """Return what a receiver presents: the certificate of `local_authority` in a folder."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "site.pem", folder / "site.key")
    return context
