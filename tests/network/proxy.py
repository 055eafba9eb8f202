"""A hospital's HTTP proxy in Python, which can also misbehave, and TLS before a plain server."""

from __future__ import annotations

import base64
import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from kiosk.runtime.local_authority import make_authority, make_site_certificate

NAME = "gateway.example"  # RFC 2606: nobody has such a name
PAUSE_S = 0.02


def relay(one: socket.socket, other: socket.socket) -> None:
    """Pass bytes both ways until one side ends."""

    def pass_on(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    back = threading.Thread(target=pass_on, args=(other, one), daemon=True)
    back.start()
    pass_on(one, other)
    back.join(5)


@contextlib.contextmanager
def listening(handle: Callable[[socket.socket], None]) -> Iterator[int]:
    """Yield a port whose connections are handled in threads of their own."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            handle(connection)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                connection.settimeout(20)
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server.getsockname()[1]
    finally:
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()


@contextlib.contextmanager
def tls_before(port: int, folder: Path, *more_names: str) -> Iterator[tuple[int, Path]]:
    """Yield a port with TLS for NAME before a plain one, and its authority's certificate."""
    folder.mkdir(exist_ok=True)
    names, key = [NAME, *more_names], folder / "authority.key"
    make_authority(folder, key, names, datetime.now(UTC))
    make_site_certificate(folder, key, names, datetime.now(UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "site.pem", folder / "site.key")

    def handle(connection: socket.socket) -> None:
        with (
            context.wrap_socket(connection, server_side=True) as inner,
            socket.create_connection(("127.0.0.1", port), 5) as plain,
        ):
            relay(inner, plain)

    with listening(handle) as tls_port:
        yield tls_port, folder / "authority.pem"


class Proxy:
    """A proxy: every name leads to `target`. `asked` are the first lines that it got."""

    def __init__(self, target: int, account: str = "") -> None:
        self._target, self._account = target, account
        self.asked: list[str] = []
        self.heads: list[str] = []
        self.mode = "good"  # or hang, drip, garbage, half, a status such as 403
        self.opened = 0

    def handle(self, connection: socket.socket) -> None:
        """Answer one connection."""
        self.opened += 1
        head = b""
        while b"\r\n\r\n" not in head:
            data = connection.recv(65_536)
            if not data:
                return
            head += data
        text = head.decode("latin-1")
        self.asked.append(text.split("\r\n")[0])
        self.heads.append(text)
        if self._misbehaves(connection):
            return
        expected = base64.b64encode(self._account.encode()).decode()
        if self._account and f"Proxy-Authorization: Basic {expected}\r\n" not in text:
            connection.sendall(
                b"HTTP/1.1 407 Secret-of-the-proxy\r\nProxy-Authenticate: Basic realm=x\r\n"
                b"Content-Length: 0\r\nConnection: close\r\n\r\n"
            )
            return
        with socket.create_connection(("127.0.0.1", self._target), 5) as target:
            if text.startswith("CONNECT "):
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                target.sendall(head)
            relay(connection, target)

    def _misbehaves(self, connection: socket.socket) -> bool:
        if self.mode.isdigit():
            head = f"HTTP/1.1 {self.mode} Secret-of-the-proxy\r\nContent-Length: 0\r\n\r\n"
            connection.sendall(head.encode())
        elif self.mode == "hang":
            connection.recv(1)  # until the other side gives up
        elif self.mode == "drip":
            for octet in b"HTTP/1.1 200 " + b"x" * 10_000:
                connection.sendall(bytes([octet]))
                time.sleep(PAUSE_S)
        elif self.mode == "garbage":
            connection.sendall(b"\x00\xff\x15\x03 no HTTP \r\n\r\n" * 50)
        elif self.mode == "half":
            connection.sendall(b"HTTP/1.1 200 OK\r\nX-")
        return self.mode != "good"


@contextlib.contextmanager
def proxying(target: int, account: str = "") -> Iterator[tuple[Proxy, str]]:
    """Yield a proxy and its address."""
    proxy = Proxy(target, account)
    with listening(proxy.handle) as port:
        yield proxy, f"127.0.0.1:{port}"
