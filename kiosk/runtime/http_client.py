"""HTTP connections whose answer must begin in time, however slowly its headers drip in.

TLS is verified against the system's authorities.
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

# This library logs request lines, which hold the password hash.
logging.getLogger("urllib3").setLevel(logging.CRITICAL + 1)


def watched_pool() -> urllib3.PoolManager:
    """Return a pool of such connections."""
    pool = urllib3.PoolManager(maxsize=4, block=False)
    pool.pool_classes_by_scheme = {"http": _WatchedPool, "https": _WatchedTlsPool}
    return pool


class _Watched(HTTPConnection):
    """A connection whose answer must begin within its timeout, however its headers drip in."""

    def getresponse(self) -> Any:
        """Return the answer; the socket is shut when the time is over."""
        seconds = self.timeout if isinstance(self.timeout, int | float) else CONNECT_TIMEOUT_S
        watchdog = threading.Timer(seconds, _shut, [self.sock])
        watchdog.daemon = True
        watchdog.start()
        try:
            return super().getresponse()
        finally:
            watchdog.cancel()


class _WatchedTls(_Watched, HTTPSConnection):
    """The same over TLS."""


class _WatchedPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Watched


class _WatchedTlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _WatchedTls


def _shut(sock: socket.socket | None) -> None:
    with contextlib.suppress(OSError):  # it may have closed by itself
        if sock is not None:
            sock.shutdown(socket.SHUT_RDWR)
