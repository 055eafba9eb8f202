"""The checks of the way out of this machine: the proxy of its network, and the gateway behind it.

What is reached through a proxy is tried through it: names of the internet are often known to the
proxy only.  A tunnel is opened and closed again; nothing is sent through it.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from kiosk.doctor.check import ATTENTION, BAD, GOOD, Check
from kiosk.doctor.words import plain
from kiosk.doctor.words import words as _
from kiosk.errors import SettingsError
from kiosk.runtime.proxies import DIRECT, Proxies, ProxyServer
from kiosk.settings import Insurer, NetworkSettings

CONNECT_TIMEOUT_S = 3.0
DEFAULT_PORTS = {"https": 443, "http": 80}
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})[ \r\n]")  # RFC 9112, 4
MAX_STATUS_BYTES = 1_000


def proxy_check(network: NetworkSettings) -> Iterator[Check]:
    """Check whether the proxy of the settings can be reached; nothing without a proxy."""
    if not network.proxy:
        return
    code, what = "proxy", _("proxy to the internet")
    try:
        proxies = network.proxies()
    except SettingsError as exc:
        do = _("Mend [network] in the settings: the program does not start again with it.")
        yield Check(code, what, BAD, plain(str(exc)), do)
        return
    server = proxies.by_scheme.get("https")
    if server is None:
        seen = _("the system names no proxy for https: everything is reached directly")
        yield Check(code, what, GOOD, seen)
        return
    why = failure(lambda: _connect(server.host, server.port))
    if not why:
        seen = _("%(where)s can be reached", where=server.address)
        yield Check(code, what, GOOD, seen)
        return
    seen = _("%(where)s cannot be reached (%(why)s)", where=server.address, why=why)
    do = _("Check [network] proxy, and ask whoever runs the network whether its proxy works.")
    yield Check(code, what, BAD, seen, do)


def gateway_check(insurer: Insurer, way_out: Callable[[], Proxies] = lambda: DIRECT) -> Check:
    """Check whether the gateway can be reached, through the proxy if one leads to it."""
    code, what = "gateway", _("gateway")
    if not insurer.url:
        seen = _("[insurer] url is empty: nothing is asked or sent")
        return Check(code, what, ATTENTION, seen, _("Fill in the section [insurer]."))
    try:
        address = urlsplit(insurer.url)
        host, port = address.hostname or "", address.port or DEFAULT_PORTS[address.scheme]
    except ValueError:
        seen = _("[insurer] url is %(url)s", url=repr(insurer.url))
        return Check(code, what, BAD, seen, _("Write https:// and a host."))
    where = f"{host}:{port}"
    server = way_out().of(insurer.url)
    if server is None:
        why = failure(lambda: _connect(host, port))
        seen = _("%(where)s cannot be reached (%(why)s)", where=where, why=why)
        do = _("Check the network and the firewall; visits wait here meanwhile.")
        found = _("%(where)s can be reached", where=where)
    else:
        why = failure(lambda: _tunnel(server, host, port))
        through = {"where": where, "proxy": server.address}
        seen = _("%(where)s cannot be reached through %(proxy)s (%(why)s)", why=why, **through)
        do = _("Check [network] proxy and its account; visits wait here meanwhile.")
        found = _("%(where)s can be reached through the proxy %(proxy)s", **through)
    return Check(code, what, BAD, seen, do) if why else Check(code, what, GOOD, found)


def failure(reach: Callable[[], None]) -> str:
    """Return why something cannot be reached, as a short name; empty if it can."""
    try:
        reach()
    except _Refused as exc:
        return str(exc)
    except (OSError, UnicodeError) as exc:
        return type(exc).__name__
    return ""


class _Refused(Exception):
    """A proxy opened no tunnel; the text says what it answered instead."""


def _connect(host: str, port: int) -> None:
    socket.create_connection((host, port), CONNECT_TIMEOUT_S).close()


def _tunnel(server: ProxyServer, host: str, port: int) -> None:
    """Have the proxy open a tunnel, as `CONNECT` asks (RFC 9110, 9.3.6), and close it."""
    until = time.monotonic() + CONNECT_TIMEOUT_S
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    lines += [f"{name}: {value}" for name, value in server.headers.items()]
    answer = b""
    with socket.create_connection((server.host, server.port), CONNECT_TIMEOUT_S) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode("ascii"))
        while b"\n" not in answer and len(answer) < MAX_STATUS_BYTES:
            if (left := until - time.monotonic()) <= 0:
                raise TimeoutError
            connection.settimeout(left)
            if not (more := connection.recv(MAX_STATUS_BYTES)):
                break
            answer += more
    status = STATUS.match(answer)
    if status is None:
        raise _Refused("no HTTP")
    if not status.group(1).startswith(b"2"):
        raise _Refused(f"HTTP {status.group(1).decode()}")
