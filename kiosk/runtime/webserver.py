"""A web application on waitress, in its own thread; any other thread can stop it."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any, cast

from flask import Flask
from waitress import wasyncore
from waitress.adjustments import Adjustments

from kiosk.runtime.web_channel import CLEANUP_S, BoundedServer

# The largest body; the application refuses less, with an answer that explains itself.
MAX_REQUEST_BYTES = 20 * 1024 * 1024
STOP_TIMEOUT_S = 0.5  # for requests that are being answered, and again for the thread


class WebServer:
    """A server whose port is open from the start; requests are answered after `start()`."""

    def __init__(
        self, app: Flask, host: str, port: int, threads: int, *, proxy: str = "", wide: bool = False
    ) -> None:
        """Bind `port`; 0 takes a free one, and `self.port` says which.

        `proxy` is the address of a proxy with TLS in front: what it says of the browser's address
        and of https is believed; of nobody else.  If `wide`, the host is reached by other machines,
        of which only the proxy is let in.  Raises OSError if the port is in use or may not be used.
        """
        trust: dict[str, Any] = {}
        if proxy:
            trust = {
                "trusted_proxy": proxy,
                "trusted_proxy_count": 1,
                # Not x-forwarded-host: the proxy passes the browser's Host on.
                "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto"},
            }
        settings = Adjustments(
            host=_address(host),
            port=port,
            threads=threads,
            ident="",
            connection_limit=400,  # MAX_CONNECTIONS, the port and the trigger are less
            cleanup_interval=CLEANUP_S,
            channel_request_lookahead=1,  # so that an event stream notices that its page has gone
            clear_untrusted_proxy_headers=True,
            max_request_body_size=MAX_REQUEST_BYTES,
            **trust,
        )
        server = BoundedServer(app, adj=settings)
        server.proxy, server.only_proxy = proxy, wide
        self._server = cast(Any, server)  # its type stubs leave out what is used below
        self.port: int = int(self._server.effective_port)
        self._thread = threading.Thread(target=self._server.run, name="web", daemon=True)

    def start(self) -> None:
        """Answer requests from now on."""
        self._thread.start()

    def connections(self) -> int:
        """Return how many connections are open."""
        return len(self._server.active_channels)

    def slow_closed(self) -> int:
        """Return how many connections were closed because they were slow."""
        return int(self._server.slow_closed)

    def stop(self) -> None:
        """Give running requests a moment to end, then close the port and every connection."""
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=STOP_TIMEOUT_S)
        # The sockets belong to the server's loop: it must close them.
        with contextlib.suppress(OSError):  # the loop may have ended and closed its trigger
            self._server.trigger.pull_trigger(lambda: wasyncore.close_all(self._server._map))
        self._thread.join(STOP_TIMEOUT_S)


def _address(host: str) -> str:
    """Return one address of a host: one socket, so one port.  Raises OSError if it has none."""
    if host == "localhost":
        return "127.0.0.1"
    return str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
