"""Check the hub: the database that several desks share (docs/hub.md).

1. The address names no password: it is shown on pages.  The account follows from the facility's
   code and the desk's number; it is named in the address only if the code has changed since.
2. Everything between a desk and the hub is encrypted, and the hub proves who it is (TLS,
   `verify-full`), unless it is on this machine.  There is no setting for less.
3. A desk that has a hub has a number there.
4. A desk that sends for others makes their messages of the records at the hub.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from kiosk.settings.network import is_loopback
from kiosk.settings.screens import Require
from kiosk.settings.sections import HubSettings

HOST = r"(?:[0-9A-Za-z._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?"
URL = re.compile(
    rf"postgres(?:ql)?://(?:(?P<user>\w{{1,63}})@)?(?P<hosts>{HOST}(?:,{HOST})*)?"
    r"/(?P<database>[0-9A-Za-z_-]{1,63})(?:\?host=(?P<folder>/[0-9A-Za-z._/-]+|%2F[0-9A-Za-z._%-]+)"
    r"(?:&port=(?P<port>\d{1,5}))?)?",
    re.ASCII,
)
LOGIN = re.compile(r"desk_(?P<facility>\d{2}[0-9A-Z]{3})_(?P<desk>[1-9]\d{0,2})", re.ASCII)
DEFAULT_PORT = 5432
MAX_DESKS = 999
MAX_URL_LENGTH = 500
SHAPE = (
    '"postgresql://first:5432,second:5432/tiepdon" without a password, or'
    ' "postgresql:///tiepdon?host=/var/run/postgresql" for a hub on this machine'
)


@dataclass(frozen=True, slots=True)
class HubAddress:
    """Where a hub is: its machines in the order in which they are tried, its database.

    `hosts` has names or addresses, or the folder of one socket; `user` is empty if the address
    names no account.
    """

    hosts: tuple[str, ...]
    ports: tuple[int, ...]
    database: str
    user: str = ""

    @property
    def is_local(self) -> bool:
        """Whether the hub is reached without leaving this machine."""
        return all(host.startswith("/") or is_loopback(host) for host in self.hosts)


def hub_address(url: str) -> HubAddress | None:
    """Return what an address of a hub says. None if it has another shape than SHAPE."""
    match = URL.fullmatch(url) if len(url) <= MAX_URL_LENGTH else None
    if match is None or bool(match["hosts"]) == bool(match["folder"]):
        return None
    if match["folder"]:
        hosts, ports = [unquote(match["folder"])], [int(match["port"] or DEFAULT_PORT)]
    else:
        places = [re.fullmatch(r"(.*?)(?::(\d+))?", host) for host in match["hosts"].split(",")]
        hosts = [place[1].strip("[]") for place in places if place]
        ports = [int(place[2] or DEFAULT_PORT) for place in places if place]
    if not all(1 <= port <= 65_535 for port in ports):
        return None
    return HubAddress(tuple(hosts), tuple(ports), match["database"], match["user"] or "")


def check_hub(hub: HubSettings, codes: frozenset[str], require: Require) -> None:
    """Raise SettingsError, by `require`, if the hub cannot be reached as the settings say.

    `codes` are all codes of this facility.
    """
    for name in ("password_file", "report_password_file", "ca_file"):
        value = getattr(hub, name)
        is_whole = not value or Path(value).is_absolute()
        require(is_whole, f"[hub] {name}", value, "the whole path of a file, or nothing")
    require(0 <= hub.desk <= MAX_DESKS, "[hub] desk", hub.desk, f"0 to {MAX_DESKS}")
    sends = re.fullmatch(r"each|[1-9]\d{0,2}", hub.sends, re.ASCII)
    require(bool(sends), "[hub] sends", hub.sends, '"each", or the number of a desk: "1"')
    if not hub.url:
        return
    require(
        hub.sends == "each" or hub.records == "yes",
        "[hub] sends",
        hub.sends,
        '"each", or records = "yes": another desk makes the messages of the records at the hub',
    )
    address = hub_address(hub.url)
    require(address is not None, "[hub] url", _without_password(hub.url), SHAPE)
    assert address is not None
    require(hub.desk > 0, "[hub] desk", hub.desk, f"1 to {MAX_DESKS}: its number at the hub")
    if address.user:
        login = LOGIN.fullmatch(address.user)
        is_ours = login is not None and login["facility"] in codes
        require(
            is_ours and address.user.endswith(f"_{hub.desk}"),
            "[hub] url",
            hub.url,
            f"no account before the host, or desk_CODE_{hub.desk} with a code of this facility",
        )
    require(
        bool(hub.ca_file) or address.is_local,
        "[hub] ca_file",
        hub.ca_file,
        "a file with the certificate of the authority that made the hub's certificate, because"
        " the hub is on another machine",
    )


def _without_password(url: str) -> str:
    """Return an address that is wrong without what may be a password: its account, its query."""
    start, mark, rest = url.partition("://")
    if not mark:
        return "…"
    _account, at, host = rest.partition("?")[0].rpartition("@")
    return f"{start}://{'…@' if at else ''}{host}"[:MAX_URL_LENGTH]
