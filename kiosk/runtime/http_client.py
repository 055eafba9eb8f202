"""HTTP connections with a limit on the time until an answer begins.

The socket timeout alone is no such limit: it starts again with each byte, so a server that sends
its headers byte by byte could hold a thread for hours.  (Python counts it over a whole handshake of
TLS, so that needs no watchdog.)  TLS is verified against the system's
certificate authorities.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

CONNECT_TIMEOUT_S = 5.0

# urllib3 logs request lines, and those hold the password hash.  A filter holds even if somebody
# turns on its debugging, which a level of the parent does not.
for _name in list(logging.root.manager.loggerDict):
    if _name == "urllib3" or _name.startswith("urllib3."):
        logging.getLogger(_name).addFilter(lambda _record: False)


def watched_pool() -> urllib3.PoolManager:
    """Return a pool of connections whose answers must begin within their read timeout."""
    pool = urllib3.PoolManager(maxsize=4, block=False)
    pool.pool_classes_by_scheme = {"http": _WatchedPool, "https": _WatchedTlsPool}
    return pool


class _WatchedConnection(HTTPConnection):
    """A connection that is shut down if the headers of an answer are not complete in time."""

    def getresponse(self) -> Any:
        """Return the answer, its body still unread."""
        seconds = self.timeout if isinstance(self.timeout, int | float) else CONNECT_TIMEOUT_S
        watchdog = threading.Timer(seconds, _shut_down, [self.sock])
        watchdog.daemon = True
        watchdog.start()
        try:
            return super().getresponse()
        finally:
            watchdog.cancel()


class _WatchedTlsConnection(_WatchedConnection, HTTPSConnection):
    """The same over TLS."""


class _WatchedPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _WatchedConnection


class _WatchedTlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _WatchedTlsConnection


def _shut_down(sock: socket.socket | None) -> None:
    with contextlib.suppress(OSError):  # the other side may have closed it already
        if sock is not None:
            sock.shutdown(socket.SHUT_RDWR)
