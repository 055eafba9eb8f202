"""One POST on a connection of its own, all of it within a given time.

- The time covers everything: finding the address, connecting, TLS, and an answer that drips.  Each
  of them could otherwise last for hours, because a socket's timeout begins again with each byte.
- Only the status of the answer is read.  Nothing follows a redirect, and no body is read: a
  receiver can neither lead the program elsewhere nor fill its memory.
- TLS is verified against the system's certificate authorities, or against a file of them.
- No message of an error holds the URL, which may hold a credential.
- A proxy of the settings is asked for a tunnel (`kiosk.runtime.proxies`); only https passes it.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from kiosk.errors import SettingsError
from kiosk.runtime.errors import NotPosted
from kiosk.runtime.ordinary_file import read_ordinary
from kiosk.runtime.proxies import DIRECT, Proxies, ProxyServer, proxy_refusal

MAX_CONNECT_S = 5.0  # to each address of the host
Address = tuple[int, str, int]  # a family of sockets, an address and a port


def tls_context(authority_file: str = "") -> ssl.SSLContext:
    """Return what verifies a receiver's certificate: by a file of authorities, or the system's.

    Raises SettingsError if the file cannot be used.
    """
    try:
        if authority_file:
            read_ordinary(Path(authority_file))  # a pipe would hold the library for ever
        return ssl.create_default_context(cafile=authority_file or None)
    except (OSError, ValueError) as exc:  # ssl.SSLError is an OSError
        name = Path(authority_file).name
        why = f"{name} cannot be used ({type(exc).__name__}); expected certificates as PEM"
        raise SettingsError(f"authority_file: {why}") from exc


def post_once(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    total_s: float,
    context: ssl.SSLContext,
    proxies: Proxies = DIRECT,
) -> int:
    """Send a body; return the HTTP status of the answer. `proxies` are the way out.

    Raises NotPosted if there is no answer within `total_s` seconds, whatever the reason.
    """
    parts = urlsplit(url)
    is_tls = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if is_tls else 80)
    server = proxies.of(url) if is_tls else None
    deadline = time.monotonic() + total_s
    sock: socket.socket | None = None
    watchdog: threading.Timer | None = None
    is_through = False  # the tunnel of a proxy
    try:
        if server is None:
            sock = _connect(host, port, deadline)
        else:
            sock = _connect(server.host, server.port, deadline)
            watchdog = _watch(sock, deadline)
            _ask_for_tunnel(sock, host, port, server)
            watchdog.cancel()
            is_through = True
        if is_tls:  # without the handshake, which the watchdog bounds
            sock = context.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
        watchdog = _watch(sock, deadline)
        if isinstance(sock, ssl.SSLSocket):
            sock.do_handshake()
        connection = http.client.HTTPConnection(host, port)
        connection.sock = sock
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body, {**headers, "Connection": "close"})
        with connection.getresponse() as response:
            if time.monotonic() >= deadline:  # it was cut off, and looks as if it were whole
                raise TimeoutError
            return response.status
    except (OSError, http.client.HTTPException) as exc:
        # The cause is not chained: its text may hold what the receiver sent.
        if time.monotonic() >= deadline:  # then the connection was cut here
            raise NotPosted(f"no answer within {total_s:g} s") from None
        if server is not None and not is_through:
            raise NotPosted(_proxy_reason(exc, server)) from None
        raise NotPosted(network_reason(exc)) from None
    finally:
        if watchdog is not None:
            watchdog.cancel()
        if sock is not None:
            sock.close()


def _ask_for_tunnel(sock: socket.socket, host: str, port: int, server: ProxyServer) -> None:
    """Ask a proxy for a tunnel to a host.

    Raises NotPosted if the proxy refuses, and the errors of sockets and of HTTP.
    """
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {where} HTTP/1.1", f"Host: {where}"]
    lines += [f"{name}: {value}" for name, value in server.headers.items()]
    sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
    with http.client.HTTPResponse(sock, method="CONNECT") as answer:
        answer.begin()
        if answer.status != 200:
            raise NotPosted(proxy_refusal(answer.status, server))


def _watch(sock: socket.socket, deadline: float) -> threading.Timer:
    """Shut a socket down at a deadline, unless the timer is cancelled before."""
    watchdog = threading.Timer(_left(deadline), _shut_down, [sock])
    watchdog.daemon = True
    watchdog.start()
    return watchdog


def _connect(host: str, port: int, deadline: float) -> socket.socket:
    """Return a connection to the first address of a host that takes one."""
    failure: OSError = OSError("the host has no address")
    for family, address, number in _addresses(host, port, deadline):
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.settimeout(min(_left(deadline), MAX_CONNECT_S))
            sock.connect((address, number))
            sock.settimeout(_left(deadline))
        except OSError as exc:
            sock.close()
            failure = exc
        else:
            return sock
    raise failure


def _addresses(host: str, port: int, deadline: float) -> list[Address]:
    """Return the addresses of a host.

    The system's resolver has no timeout of its own: it runs in a thread, which is left behind.
    """
    found: list[Address] = []
    failures: list[OSError] = []

    def resolve() -> None:
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend((row[0], str(row[4][0]), int(row[4][1])) for row in rows)
        except OSError as exc:
            failures.append(exc)
        except UnicodeError:  # a label of the name that is too long
            failures.append(socket.gaierror("not a host's name"))

    thread = threading.Thread(target=resolve, name="resolver", daemon=True)
    thread.start()
    thread.join(_left(deadline))
    if thread.is_alive():
        raise TimeoutError("the host's address was not found in time")
    if failures:
        raise failures[0]
    return found


def _left(deadline: float) -> float:
    """Return the seconds until a deadline, never 0, which would mean no timeout."""
    return max(deadline - time.monotonic(), 0.001)


def _shut_down(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the other side may have closed it already
        sock.shutdown(socket.SHUT_RDWR)


def _proxy_reason(exc: Exception, server: ProxyServer) -> str:
    return f"the proxy {server.address}: {network_reason(exc)}; check [network] proxy"


def network_reason(exc: Exception) -> str:
    """Return why a connection failed, in words without anything that the other side sent."""
    if isinstance(exc, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {exc.verify_message}"
    if isinstance(exc, ssl.SSLError):
        return f"no TLS connection ({exc.reason or type(exc).__name__})"
    if isinstance(exc, socket.gaierror):
        return "the host's name has no address"
    if isinstance(exc, TimeoutError):
        return "it does not answer"
    if isinstance(exc, http.client.HTTPException):
        return f"its answer is not HTTP ({type(exc).__name__})"
    return f"no connection ({type(exc).__name__})"
