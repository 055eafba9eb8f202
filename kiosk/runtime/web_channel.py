"""The server's side of slow and of many connections: none of them keeps the program from others.

waitress closes a connection that was silent for a while.  A visitor who sends one byte now and
then is never silent, and four hundred of them fill all places.  Here, therefore:

1. A request has a time in which it must be complete, counted from its first byte: `HEAD_S` for its
   headers, `BODY_S` for all of it.  A connection must begin its first request within `HEAD_S`, and
   must take an answer within `ANSWER_S`.
2. One address has at most `MAX_PER_ADDRESS` connections; a proxy, which speaks for many, is exempt.
   All together have `MAX_CONNECTIONS`.
3. If a new connection finds no place, the one that has kept us waiting for a request for the
   longest time is closed for it.  Only if none is waiting, the new one is refused.
4. The bodies of all requests together have at most `MAX_BODY_BYTES`.  What would go beyond is
   answered with 503; small bodies, such as scans and visits, are always taken.
5. If the pages are served to other machines through a proxy, only it and this machine connect.

It rests on insides of waitress (`channel_class`, `maintenance`, `accept`, the parser), so setup.cfg
pins its version.  All but `HTTPChannel.service`, and `handle_write` within it, run in one thread.
"""

from __future__ import annotations

import time
from typing import Any

from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.utilities import Error

HEAD_S = 10.0
BODY_S = 60.0
ANSWER_S = 120.0
IDLE_S = 60.0  # between two requests
MAX_PER_ADDRESS = 40  # a browser has six for each person who uses it
MAX_CONNECTIONS = 360
MAX_BODY_BYTES = 64 * 1024 * 1024
SMALL_BODY_BYTES = 64 * 1024
BODY_STEP_BYTES = 256 * 1024  # after so many bytes of a body the sum is looked at again
CLEANUP_S = 2  # between two looks at the times of all connections


class TooMuchAtOnce(Error):
    """The answer to a body that finds no place beside the others."""

    code = 503
    reason = "Service Unavailable"

    def to_response(self, ident: Any = None) -> Any:
        """Return status, headers and body."""
        status, headers, body = super().to_response(ident)
        return status, [*headers, ("Retry-After", "2")], body


class BoundedChannel(HTTPChannel):
    """A connection that knows since when it keeps us waiting for a request."""

    server: Any  # waitress' stubs are narrower than what it does
    requests: Any
    requests_lock: Any

    def __init__(self, server: Any, sock: Any, addr: Any, adj: Any, map: Any = None) -> None:  # noqa: A002  # waitress' name
        self._waiting_since: float | None = time.monotonic()  # None while a request is answered
        self._is_idle = False  # the last request was answered, and no other one has begun
        self._answering_since: float | None = None
        self._body_steps = 0
        super().__init__(server, sock, addr, adj, map=map)

    def received(self, data: bytes) -> bool:
        """Take bytes of requests, and note when the one that is not complete began."""
        was_begun = self.request is not None
        done = bool(super().received(data))
        if self.request is None:
            self._body_steps = 0
            return done
        if not was_begun and (self._is_idle or self._waiting_since is None):
            self._waiting_since, self._is_idle = time.monotonic(), False
        self._bound_body(self.request)
        return done

    def service(self) -> None:
        """Answer a request, in a thread of the application."""
        self._waiting_since, self._is_idle = None, False
        super().service()

    def handle_close(self) -> None:
        """Close the connection, and the file that holds the body of a request that never ended."""
        if self.request is not None:
            self.request.close()
        super().handle_close()

    def _bound_body(self, request: Any) -> None:
        """Refuse a request whose body finds no place beside those of all others."""
        size = request.body_bytes_received
        if size <= SMALL_BODY_BYTES or size // BODY_STEP_BYTES < self._body_steps:
            return
        self._body_steps = size // BODY_STEP_BYTES + 1
        if self.server.body_bytes() <= MAX_BODY_BYTES:
            return
        with self.requests_lock:
            request.error = TooMuchAtOnce("Other requests fill the memory: try again in a moment.")
            request.completed = True
            request.close()
            self.requests.append(request)
            self.request, self._body_steps = None, 0
            if len(self.requests) == 1:
                self.server.add_task(self)

    def body_bytes(self) -> int:
        """Return how many bytes of bodies this connection occupies."""
        requests = [*self.requests, self.request]
        return sum(r.body_bytes_received for r in requests if r is not None and r.error is None)

    def is_too_slow(self, now: float) -> bool:
        """Return whether it has kept us waiting for too long, at `now` (seconds, monotonic)."""
        if not self.total_outbufs_len:
            self._answering_since = None
        elif self._answering_since is None:
            self._answering_since = now
        elif now - self._answering_since > ANSWER_S:
            return True
        if self._waiting_since is None:
            if self.request is not None or not self.requests:
                self._waiting_since, self._is_idle = now, self.request is None
            return False
        if self._is_idle:
            return now - self._waiting_since > IDLE_S
        in_body = self.request is not None and self.request.headers_finished
        return now - self._waiting_since > (BODY_S if in_body else HEAD_S)

    def gives_way(self, now: float) -> tuple[bool, float] | None:
        """Return how readily it is closed for a new connection: the least value goes first.

        None if it has a request that is being answered.  Those that are between two requests go
        last: their browser may be sending one at this moment.
        """
        if self.requests or self.total_outbufs_len or self.will_close:
            return None
        is_idle = self._is_idle or self._waiting_since is None
        return is_idle, self._waiting_since or now


class BoundedServer(TcpWSGIServer):
    """A server whose connections are bounded as this module says."""

    channel_class = BoundedChannel
    active_channels: Any
    proxy = ""  # the address that speaks for many; set it before the server runs
    slow_closed = 0  # connections, since the start
    only_proxy = False  # whether other machines than the proxy are refused

    def accept(self) -> Any:
        """Return a new connection and its address; None if nobody came, or found no place."""
        pair = super().accept()
        if pair is None:
            return None
        connection, address = pair
        if self._is_welcome(address[0]):
            return pair
        connection.close()
        return None

    def maintenance(self, now: float) -> None:
        """Close the connections that are too slow."""
        now = time.monotonic()
        for channel in self.active_channels.values():
            if channel.is_too_slow(now) and not channel.will_close:
                channel.will_close = True
                self.slow_closed += 1

    def body_bytes(self) -> int:
        """Return how many bytes of bodies all connections occupy."""
        return sum(channel.body_bytes() for channel in list(self.active_channels.values()))

    def _is_welcome(self, address: str) -> bool:
        is_proxy = bool(self.proxy) and address == self.proxy
        if self.only_proxy and not is_proxy and not address.startswith(("127.", "::1")):
            return False
        channels = [c for c in self.active_channels.values() if not c.will_close]
        if len(channels) >= MAX_CONNECTIONS:
            return _make_room(channels)
        own = [channel for channel in channels if channel.addr[0] == address]
        return is_proxy or len(own) < MAX_PER_ADDRESS or _make_room(own)


def _make_room(channels: list[BoundedChannel]) -> bool:
    """Close the connection that has waited for the longest; return False if none is waiting."""
    now = time.monotonic()
    ranked = [(rank, place) for place, c in enumerate(channels) if (rank := c.gives_way(now))]
    if not ranked:
        return False
    channels[min(ranked)[1]].will_close = True
    return True
