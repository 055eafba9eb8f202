"""As whom a hub is opened: the address, the account, its password, the authority of its TLS."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kiosk.errors import SettingsError
from kiosk.runtime.ordinary_file import read_ordinary_text
from kiosk.settings import HubAddress, Settings, hub_address

CONNECT_TIMEOUT_S = 3  # for each host
OPTIONS = (  # of the session; the server ends what the watchdog has left behind
    "-c statement_timeout=20s -c lock_timeout=5s -c idle_in_transaction_session_timeout=60s"
    r" -c default_transaction_isolation=read\ committed -c timezone=UTC -c datestyle=ISO"
    # A desk that lost its power leaves connections behind, which count against its limit.
    " -c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
)
KEEPALIVE = {"keepalives": 1, "keepalives_idle": 10, "keepalives_interval": 5}


@dataclass(frozen=True, slots=True)
class HubAccess:
    """Where a hub is, and as whom it is opened.

    `facilities` are the codes that the account's facility may have; None: any account, such as an
    administrator's, whose schema and timeline are not looked at.
    """

    address: HubAddress
    user: str
    password_file: str = ""
    ca_file: str = ""
    facilities: frozenset[str] | None = None

    def password(self) -> str | None:
        """Return the password; None without a file. Raises SettingsError if it cannot be read."""
        if not self.password_file:
            return None
        try:
            return read_ordinary_text(Path(self.password_file))
        except (OSError, UnicodeDecodeError) as exc:
            reason = getattr(exc, "strerror", None) or "it is not text"
            raise SettingsError(
                f"the hub's password file {self.password_file}: cannot be read ({reason})"
            ) from exc

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of libpq, without the password.

        Raises SettingsError if the hub would be reached over a network without TLS.
        """
        address = self.address
        found: dict[str, Any] = {
            "host": ",".join(address.hosts),
            "port": ",".join(map(str, address.ports)),
            "dbname": address.database,
            "user": self.user,
            "connect_timeout": CONNECT_TIMEOUT_S,
            "target_session_attrs": "read-write",
            "application_name": "tiepdon",
            "client_encoding": "UTF8",
            "options": OPTIONS,
            **KEEPALIVE,
        }
        if self.ca_file:
            if not Path(self.ca_file).is_file():
                raise SettingsError(f"the hub's ca_file {self.ca_file}: there is no such file")
            return found | {"sslmode": "verify-full", "sslrootcert": self.ca_file}
        if not address.is_local:
            raise SettingsError(
                "the hub is on another machine: expected a ca_file, with the certificate of the"
                " authority that made the hub's"
            )
        return found | {"sslmode": "prefer"}


def desk_access(settings: Settings) -> HubAccess:
    """Return the access of this desk. Raises SettingsError if no hub is set."""
    return _access(settings, _desk_login(settings), settings.hub.password_file)


def report_access(settings: Settings) -> HubAccess | None:
    """Return the access that reads older days of the facility; None if this desk has none.

    Raises SettingsError if no hub is set.
    """
    facility = _desk_login(settings).split("_")[1]
    if not settings.hub.report_password_file:
        return None
    return _access(settings, f"report_{facility}", settings.hub.report_password_file)


def admin_access(url: str, password_file: str = "", ca_file: str = "") -> HubAccess:
    """Return the access of an administrator, whose account is in the address.

    Raises SettingsError if the address is wrong, or names no account.
    """
    address = hub_address(url)
    if address is None or not address.user:
        raise SettingsError(
            "--url: expected postgresql://ACCOUNT@HOST:5432/DATABASE without a password, or"
            " postgresql://ACCOUNT@/DATABASE?host=FOLDER for the socket of this machine"
        )
    return HubAccess(address, address.user, password_file, ca_file)


def _access(settings: Settings, user: str, password_file: str) -> HubAccess:
    address = hub_address(settings.hub.url)
    assert address is not None  # checked with the settings
    codes = settings.facility.all_codes
    return HubAccess(address, user, password_file, settings.hub.ca_file, codes)


def _desk_login(settings: Settings) -> str:
    address = hub_address(settings.hub.url)
    if address is None:
        raise SettingsError("[hub] url is empty: this desk has no hub (docs/hub.md)")
    return address.user or f"desk_{settings.facility.code}_{settings.hub.desk}"
