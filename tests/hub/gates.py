"""A gate between a desk and the hub's servers: a TCP proxy that can be shut, or cut in a batch."""

from __future__ import annotations

import selectors
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass

CHUNK = 65_536
LOOK_EVERY_S = 0.2  # whether the end has come


@dataclass(slots=True)
class Gate:
    """The way of one desk. All fields may be changed at any time, by any thread."""

    is_shut: bool = False
    bytes_left: int | None = None  # to the hub, until the connection is cut; None: it is not
    cuts: int = 0


class Gates:
    """Gates with a port for each desk and server; one thread passes on what goes through."""

    def __init__(self, ports: list[int], count: int) -> None:
        """Open gates to servers at 127.0.0.1, by their ports, for so many desks."""
        self.gates = [Gate() for _ in range(count)]
        self.ports: list[list[int]] = []
        self._selector = selectors.DefaultSelector()
        self._listeners = []
        for gate in self.gates:
            listeners = [socket.create_server(("127.0.0.1", 0)) for _ in ports]
            for listener, port in zip(listeners, ports, strict=True):
                listener.setblocking(False)
                self._selector.register(listener, selectors.EVENT_READ, (gate, port))
            self.ports.append([listener.getsockname()[1] for listener in listeners])
            self._listeners += listeners
        self._pairs: dict[socket.socket, tuple[socket.socket, Gate, bool]] = {}
        self._has_ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def shut(self, number: int, is_shut: bool = True) -> None:
        """Shut a gate, or open it; whatever goes through it then is cut."""
        self.gates[number].is_shut = is_shut

    def cut_after(self, number: int, count: int | None) -> None:
        """Cut the way of a desk when it has sent so many bytes more; None: do not."""
        self.gates[number].bytes_left = count

    def close(self) -> None:
        """Cut everything, and end."""
        self._has_ended.set()
        self._thread.join()
        for each in (*self._pairs, *self._listeners):
            each.close()
        self._selector.close()

    def _run(self) -> None:
        while not self._has_ended.is_set():
            for key, _ in self._selector.select(LOOK_EVERY_S):
                source = key.fileobj
                assert isinstance(source, socket.socket)
                if key.data is not None:
                    self._let_in(source, *key.data)
                elif source in self._pairs:
                    self._pass_on(source)

    def _let_in(self, listener: socket.socket, gate: Gate, port: int) -> None:
        with suppress(OSError):
            inner, _ = listener.accept()
            if gate.is_shut:
                inner.close()
                return
            try:
                outer = socket.create_connection(("127.0.0.1", port), timeout=2)
            except OSError:
                inner.close()
                return
            for one, other, is_up in ((inner, outer, True), (outer, inner, False)):
                one.settimeout(5)
                self._pairs[one] = other, gate, is_up
                self._selector.register(one, selectors.EVENT_READ, None)

    def _pass_on(self, source: socket.socket) -> None:
        other, gate, is_up = self._pairs[source]
        try:
            data = source.recv(CHUNK)
            if is_up and gate.bytes_left is not None:
                if gate.bytes_left < len(data):
                    with suppress(OSError):
                        other.sendall(data[: gate.bytes_left])
                    gate.bytes_left, data = None, b""
                    gate.cuts += 1
                else:
                    gate.bytes_left -= len(data)
            if data and not gate.is_shut:
                other.sendall(data)
                return
        except OSError:
            pass
        for each in (source, other):
            self._pairs.pop(each, None)
            self._selector.unregister(each)
            each.close()
