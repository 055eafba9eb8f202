"""Why the pages cannot be served at an address, in words for the person who started the program."""

from __future__ import annotations

import errno
import json
import os
import socket
import urllib.error
import urllib.request

ASK_TIMEOUT_S = 1.0
MAX_ANSWER_BYTES = 4096
# Windows has numbers of its own for the errors of sockets.
TAKEN = {errno.EADDRINUSE, 10048}
FORBIDDEN = {errno.EACCES, errno.EPERM, 10013}
NOT_HERE = {errno.EADDRNOTAVAIL, 10049}


def why_not_served(host: str, port: int, exc: Exception) -> str:
    """Return why `host` and `port` cannot be served, and what to do, after the error `exc`."""
    if isinstance(exc, socket.gaierror):
        return f"nothing is known by the name {host!r}; expected an address of this machine"
    number = _number(exc)
    if number in TAKEN:
        return _why_taken(host, port)
    if number in FORBIDDEN:
        return f"this account may not use port {port}; take one from 1024 on, by [web] port"
    if number in NOT_HERE:
        return f"{host} is no address of this machine; expected one of its own, or 127.0.0.1"
    return f"{type(exc).__name__}; try another address or port"


def _why_taken(host: str, port: int) -> str:
    other = "or serve on another port, by [web] port or --port"
    if _is_ours(host, port):
        return (
            f"port {port} is taken by a Tiếp Đón of another data directory, or of another account;"
            f" stop that one, {other}"
        )
    ask = f"netstat -ano | findstr :{port}" if os.name == "nt" else f"ss -ltnp 'sport = :{port}'"
    return f"port {port} is taken by another program; `{ask}` names it: stop it, {other}"


def _is_ours(host: str, port: int) -> bool:
    """Return whether what answers at a port is this program, by its answer to /ping."""
    name = "127.0.0.1" if host in ("", "0.0.0.0", "localhost") else host
    url = f"http://[{name}]:{port}/ping" if ":" in name else f"http://{name}:{port}/ping"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never through a proxy
    try:
        with opener.open(url, timeout=ASK_TIMEOUT_S) as answer:
            found = json.loads(answer.read(MAX_ANSWER_BYTES))
    except (OSError, ValueError, urllib.error.URLError):
        return False
    return isinstance(found, dict) and isinstance(found.get("instance"), str)


def _number(exc: Exception) -> int:
    return int(getattr(exc, "winerror", None) or getattr(exc, "errno", None) or 0)
