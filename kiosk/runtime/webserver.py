"""A web application on waitress, in its own thread; any other thread can stop it."""

from __future__ import annotations

import contextlib
import threading
from typing import Any, cast

from flask import Flask
from waitress import wasyncore
from waitress.server import create_server

STOP_TIMEOUT_S = 0.5  # for requests that are being answered, and again for the thread


class WebServer:
    """A server whose port is open from the start; requests are answered after `start()`."""

    def __init__(self, app: Flask, host: str, port: int, threads: int) -> None:
        """Bind `port`; 0 takes a free one, and `self.port` says which.  Raises OSError if the
        port is in use or may not be used."""
        server = create_server(
            app,
            host="127.0.0.1" if host == "localhost" else host,  # one socket, so one port
            port=port,
            threads=threads,
            ident="",
            connection_limit=400,
            channel_timeout=60,  # seconds; an event stream is never silent for so long
            channel_request_lookahead=1,  # so that an event stream notices that its page has gone
            clear_untrusted_proxy_headers=True,
            max_request_body_size=32 * 1024 * 1024,
        )
        self._server = cast(Any, server)  # its type stubs leave out what is used below
        self.port: int = int(self._server.effective_port)
        self._thread = threading.Thread(target=self._server.run, name="web", daemon=True)

    def start(self) -> None:
        """Answer requests from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Give running requests a moment to end, then close the port and every connection."""
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=STOP_TIMEOUT_S)
        # The sockets belong to the server's loop: it must close them.
        with contextlib.suppress(OSError):  # the loop may have ended and closed its trigger
            self._server.trigger.pull_trigger(lambda: wasyncore.close_all(self._server._map))
        self._thread.join(STOP_TIMEOUT_S)
