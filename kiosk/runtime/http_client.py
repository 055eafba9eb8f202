"""HTTP connections with a limit on the time until an answer begins.

The socket timeout alone is no such limit: it starts again with each byte, so a server that sends
its headers byte by byte could hold a thread for hours.  (Python counts it over a whole handshake of
TLS, so that needs no watchdog.)  TLS is verified against the system's
certificate authorities.

A proxy that the settings name is used as `kiosk.runtime.proxies` says; its answer to CONNECT is
watched in the same way.
"""

from __future__ import annotations

import contextlib
import http.client
import logging
import socket
import threading
from collections.abc import Iterator
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from kiosk.runtime.proxies import DIRECT, Proxies, ProxyServer, proxy_refusal, status_in

CONNECT_TIMEOUT_S = 5.0

# urllib3 logs request lines, and those hold the password hash.  A filter holds even if somebody
# turns on its debugging, which a level of the parent does not.
for _name in list(logging.root.manager.loggerDict):
    if _name == "urllib3" or _name.startswith("urllib3."):
        logging.getLogger(_name).addFilter(lambda _record: False)


class WatchedPool:
    """Connections whose answers must begin within their read timeout, through a proxy or not."""

    def __init__(self, proxies: Proxies = DIRECT) -> None:
        """Open no connection yet."""
        self._proxies = proxies
        self._lock = threading.Lock()
        self._pools: dict[ProxyServer | None, urllib3.PoolManager] = {}

    def request(self, method: str, url: str, **details: Any) -> urllib3.BaseHTTPResponse:
        """Send a request, as urllib3 does; raises its errors, and ProxyRefused."""
        server = self._proxies.of(url)
        try:
            answer = self._pool(server).request(method, url, **details)
        except (urllib3.exceptions.HTTPError, OSError) as exc:
            if server is None:
                raise
            raise _through_proxy(exc, server) from None
        if server is not None and answer.status == 407:
            answer.close()
            raise ProxyRefused(proxy_refusal(407, server))
        return answer

    def _pool(self, server: ProxyServer | None) -> urllib3.PoolManager:
        with self._lock:
            if server not in self._pools:
                self._pools[server] = _new_pool(server)
            return self._pools[server]


class ProxyRefused(urllib3.exceptions.HTTPError):
    """A proxy let nothing through. The text is one sentence of ours, without the account."""


def words_of_failure(exc: BaseException) -> str:
    """Return what may be shown of an error of HTTP: its kind, as texts may hold the URL."""
    return str(exc) if isinstance(exc, ProxyRefused) else type(exc).__name__


def _new_pool(server: ProxyServer | None) -> urllib3.PoolManager:
    if server is None:
        pool = urllib3.PoolManager(maxsize=8, block=False)
    else:
        pool = urllib3.ProxyManager(
            f"http://{server.address}", proxy_headers=server.headers, maxsize=8, block=False
        )
    pool.pool_classes_by_scheme = {"http": _WatchedHttpPool, "https": _WatchedTlsPool}
    return pool


def _through_proxy(exc: Exception, server: ProxyServer) -> Exception:
    """Return an error of a request through a proxy in our words, if it is about the proxy."""
    step: BaseException | None = exc
    while step is not None:
        if isinstance(step, _TunnelFailed):
            if step.status is not None:
                return ProxyRefused(proxy_refusal(step.status, server))
            break
        step = step.__cause__ or step.__context__
    if step is not None or isinstance(exc, urllib3.exceptions.ProxyError):
        why = type(exc).__name__
        return ProxyRefused(
            f"the proxy {server.address} cannot be reached, or answers no HTTP ({why}): check"
            " [network] proxy"
        )
    return exc


class _WatchedConnection(HTTPConnection):
    """A connection that is shut down if the headers of an answer are not complete in time."""

    def getresponse(self) -> Any:
        """Return the answer, its body still unread."""
        with _watched(self.sock, self.timeout):
            return super().getresponse()

    def _tunnel(self) -> None:
        """Ask a proxy for the tunnel to the host."""
        try:
            with _watched(self.sock, self.timeout):
                super()._tunnel()
        except (OSError, http.client.HTTPException) as exc:
            raise _TunnelFailed(status_in(str(exc))) from None


class _TunnelFailed(OSError):
    """A proxy gave no tunnel. `status` is its HTTP status; None if it answered in another way."""

    def __init__(self, status: int | None) -> None:
        super().__init__("no tunnel through the proxy")
        self.status = status


@contextlib.contextmanager
def _watched(sock: socket.socket | None, timeout: object) -> Iterator[None]:
    """Shut a socket down if this context lasts for longer than a timeout (seconds)."""
    seconds = timeout if isinstance(timeout, int | float) else CONNECT_TIMEOUT_S
    watchdog = threading.Timer(seconds, _shut_down, [sock])
    watchdog.daemon = True
    watchdog.start()
    try:
        yield
    finally:
        watchdog.cancel()


class _WatchedTlsConnection(_WatchedConnection, HTTPSConnection):
    """The same over TLS."""


class _WatchedHttpPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _WatchedConnection


class _WatchedTlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _WatchedTlsConnection


def _shut_down(sock: socket.socket | None) -> None:
    with contextlib.suppress(OSError):  # the other side may have closed it already
        if sock is not None:
            sock.shutdown(socket.SHUT_RDWR)
