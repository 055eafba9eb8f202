"""The proxy through which a hospital's network lets its machines reach the internet.

1. Without a setting everything is reached directly, whatever the environment says: a variable that
   some installer has set must not lead patients' data elsewhere.
2. This machine itself is never reached through a proxy.
3. What goes to an https address passes as a tunnel (CONNECT): the proxy sees the host's name, and
   neither credentials nor data.
4. The proxy's account is sent to the proxy only (Basic), and is in no message.  A proxy that wants
   NTLM or Kerberos needs a small program of its own in between (docs/network.md).
"""

from __future__ import annotations

import base64
import ipaddress
import re
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from kiosk.errors import SettingsError
from kiosk.runtime.ordinary_file import read_ordinary_text

SYSTEM = "system"  # instead of an address: the proxy that the system names
DEFAULT_PORT = 3128
EXPECTED = 'expected "http://host:port", "http://user@host:port" or "system"'


@dataclass(frozen=True, slots=True)
class ProxyServer:
    """A proxy's address, and its account as the value of `Proxy-Authorization`; empty: none."""

    host: str
    port: int
    authorization: str = field(default="", repr=False)

    @property
    def address(self) -> str:
        """The address without the account, as it is shown."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return f"{name}:{self.port}"

    @property
    def headers(self) -> dict[str, str]:
        """The headers that the proxy gets."""
        return {"Proxy-Authorization": self.authorization} if self.authorization else {}


@dataclass(frozen=True, slots=True)
class Proxies:
    """Which proxy leads to which address; without `by_scheme` none does."""

    by_scheme: dict[str, ProxyServer] = field(default_factory=dict)
    direct: tuple[str, ...] = ()  # names, domains and networks that are reached directly
    also_direct: Callable[[str], bool] = field(default=lambda _host: False)

    def of(self, url: str) -> ProxyServer | None:
        """Return the proxy through which a URL is reached. None: directly."""
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        if not host or is_this_machine(host):
            return None
        if any(_matches(host, entry) for entry in self.direct) or self.also_direct(host):
            return None
        return self.by_scheme.get(parts.scheme)


DIRECT = Proxies()


def open_proxies(
    proxy: str, password_file: str = "", no_proxy: Iterable[str] = (), setting: str = "[network]"
) -> Proxies:
    """Return the proxies of the settings: an address, `system`, or nothing.

    `password_file` holds the password of the account in the address.  The system's proxies are
    those of the environment (HTTPS_PROXY, HTTP_PROXY, NO_PROXY), on Windows and macOS else those of
    its settings; they are read once.

    Raises SettingsError if an address or the file cannot be used. The message holds no password.
    """
    if not proxy:
        return DIRECT
    if proxy == SYSTEM:
        return _system(tuple(no_proxy), setting)
    parts = _parts(proxy, f"{setting} proxy")
    if parts.password is not None:
        raise SettingsError(
            f"{setting} proxy: holds a password; write it into a file, and name that in"
            " proxy_password_file"
        )
    server = _server(parts, _password(password_file, setting) if parts.username else "")
    return Proxies({"http": server, "https": server}, tuple(no_proxy))


def _system(no_proxy: tuple[str, ...], setting: str) -> Proxies:
    found = urllib.request.getproxies()
    servers = {}
    for scheme in ("http", "https"):
        if address := found.get(scheme) or found.get("all"):
            full = address if "://" in address else f"http://{address}"
            parts = _parts(full, f"{setting} proxy is {SYSTEM!r}, and the system's for {scheme}")
            servers[scheme] = _server(parts, unquote(parts.password or ""))
    named = tuple(entry.strip() for entry in found.get("no", "").split(",") if entry.strip())
    return Proxies(servers, no_proxy + named, lambda host: bool(urllib.request.proxy_bypass(host)))


def _parts(address: str, where: str) -> SplitResult:
    """Return the parts of a proxy's address. Raises SettingsError, which never shows it."""
    try:
        parts = urlsplit(address)
        is_right = parts.port != 0 and bool(parts.hostname) and parts.path in ("", "/")
    except ValueError:
        is_right, parts = False, urlsplit("")
    if not is_right or parts.scheme != "http" or parts.query or not address.isprintable():
        raise SettingsError(f"{where}: is no address of an HTTP proxy; {EXPECTED}")
    return parts


def _server(parts: SplitResult, password: str) -> ProxyServer:
    user = unquote(parts.username or "")
    account = base64.b64encode(f"{user}:{password}".encode()).decode()
    return ProxyServer(
        parts.hostname or "", parts.port or DEFAULT_PORT, f"Basic {account}" if user else ""
    )


def _password(file: str, setting: str) -> str:
    key = f"{setting} proxy_password_file"
    if not file:
        raise SettingsError(f"{key}: is empty, but the proxy's address names an account")
    try:
        text = read_ordinary_text(Path(file))
    except (OSError, ValueError) as exc:
        raise SettingsError(f"{key}: {file} cannot be read ({type(exc).__name__})") from exc
    if not text or "\n" in text or "\r" in text:
        raise SettingsError(f"{key}: {file} holds no single line; expected the password alone")
    return text


def is_this_machine(host: str) -> bool:
    """Return whether a host of a URL is this machine itself."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback or address.is_unspecified


def _matches(host: str, entry: str) -> bool:
    """Return whether a host is what an entry names: itself, its domain, or its network."""
    entry = entry.strip().lower().removeprefix("*")
    if not entry:
        return True  # "*": everything
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    except (ValueError, TypeError):  # one of them is a name
        name = entry.removeprefix(".")
        return host == name or host.endswith(f".{name}")


def proxy_refusal(status: int, server: ProxyServer) -> str:
    """Return in one sentence why a proxy let nothing through, after its HTTP status."""
    if status == 407:
        why = (
            "refuses its account: check the user in"
            if server.authorization
            else "wants an account: name its user in"
        )
        return f"the proxy {server.address} {why} [network] proxy, and proxy_password_file (407)"
    if status in (403, 405):
        return (
            f"the proxy {server.address} does not let this machine reach that address: ask who runs"
            f" it to allow it ({status})"
        )
    return f"the proxy {server.address} could not reach that address (HTTP {status})"


def status_in(text: str) -> int | None:
    """Return the HTTP status in the library's error about a tunnel. None if it has none."""
    found = re.search(r"Tunnel connection failed: (\d{3})\b", text)
    return int(found[1]) if found else None
