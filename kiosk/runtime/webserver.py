"""A web application on waitress, in a thread of its own, that can be stopped from any other."""

from __future__ import annotations

import contextlib
import threading
from typing import Any, cast

from flask import Flask
from waitress import wasyncore
from waitress.server import create_server

LAST_WAIT_S = 0.5


class WebServer:
    """The port is bound when this is made; `port` 0 takes a free one."""

    def __init__(self, app: Flask, host: str, port: int, threads: int) -> None:
        server = create_server(
            app,
            host="127.0.0.1" if host == "localhost" else host,  # one socket, so one port
            port=port,
            threads=threads,
            ident="",
            connection_limit=400,
            channel_timeout=60,  # seconds; event streams are never so long silent
            channel_request_lookahead=1,  # so that an event stream notices that its page has gone
            clear_untrusted_proxy_headers=True,
            max_request_body_size=32 * 1024 * 1024,
        )
        self._server = cast(Any, server)  # its types leave out what is used below
        self.port: int = int(self._server.effective_port)
        self._thread = threading.Thread(target=self._server.run, name="web", daemon=True)

    def start(self) -> None:
        """Answer requests from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Let requests under way end for a moment, then close the port and every connection."""
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=LAST_WAIT_S)
        # The sockets belong to the server's loop: it must close them itself.
        with contextlib.suppress(OSError):  # it may have woken by itself, and closed the waker
            self._server.trigger.pull_trigger(lambda: wasyncore.close_all(self._server._map))
        self._thread.join(LAST_WAIT_S)
