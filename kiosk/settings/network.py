"""Check where the pages are served, and under which names.

1. Served on this machine only (a loopback address), the pages answer to the names of this machine,
   and to `[web] names`.
2. Other machines are served only under `[web] names`, and only through a proxy with TLS, whose
   address is `[web] proxy`: scans are personal data, and must not cross a network in plain HTTP.
3. Whoever reaches the pages from another machine has to sign in.
"""

from __future__ import annotations

import ipaddress
import re

from kiosk.settings.screens import Require
from kiosk.settings.sections import Web

HOST = r"[0-9A-Za-z.:_-]{1,253}"
HOST_NAME = r"[0-9a-z]([0-9a-z.-]{0,251}[0-9a-z])?"  # without a port, as browsers send it
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")  # as in a URL


def check_network(web: Web, require: Require) -> None:
    """Raise SettingsError, by `require`, if the pages cannot be served as the settings say."""
    require(
        re.fullmatch(HOST, web.host, re.ASCII) is not None,
        "[web] host",
        web.host,
        "an address or a name of this machine",
    )
    require(0 <= web.port <= 65_535, "[web] port", web.port, "0 to 65535")
    require(1 <= web.screens <= 100, "[web] screens", web.screens, "1 to 100")
    for name in web.names:
        require(
            re.fullmatch(HOST_NAME, name, re.ASCII) is not None or _is_address(name),
            "[web] names",
            name,
            'names such as "tiepdon.benhvien.vn", in small letters, without https:// or a port',
        )
    require(
        not web.proxy or _is_address(web.proxy),
        "[web] proxy",
        web.proxy,
        'the address of the proxy, for instance "127.0.0.1"',
    )
    require(
        is_loopback(web.host) or bool(web.names and web.proxy),
        "[web] host",
        web.host,
        '"127.0.0.1", because other machines are served only through a proxy with TLS:'
        " [web] names (the names in the browsers' address) and [web] proxy (the proxy's address)"
        " must be set first; docs/network.md says how",
    )


def is_loopback(host: str) -> bool:
    """Return whether a host, an address or a name, is this machine and nothing else."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # another name
        return False


def is_network(text: str) -> bool:
    """Return whether a text names a network, such as `10.20.0.0/16`, or one address."""
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def served_names(web: Web) -> frozenset[str]:
    """Return the names, as in a URL, under which the pages are served; all others are refused."""
    names = {f"[{name}]" if ":" in name else name for name in web.names}
    return frozenset(names.union(LOOPBACK_NAMES if is_loopback(web.host) else ()))


def is_reached_from_outside(web: Web) -> bool:
    """Return whether other machines may reach the pages, directly or through a proxy.

    Then everybody signs in, although there may be no member of staff yet.
    """
    return bool(web.names or web.proxy) or not is_loopback(web.host)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def without_account(url: str) -> str:
    """Return a URL that is wrong without what may be a password: its account and its query.

    The message about it goes to a terminal, into the log and onto a page.
    """
    start, mark, rest = url.partition("://")
    if not mark:
        return url
    host, query, _ = rest.partition("?")
    _account, at, host = host.rpartition("@")
    return f"{start}://{'…@' if at else ''}{host}{'?…' if query else ''}"
