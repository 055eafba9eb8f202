"""The site's own network: from there, and at this PC, a number and a PIN are enough (D52).

From elsewhere a second factor is needed too.  An address that cannot be read is elsewhere.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable


class OwnNetworks:
    """Networks such as `10.20.0.0/16`, which the settings have checked."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = [ipaddress.ip_network(network, strict=False) for network in networks]

    def __contains__(self, address: object) -> bool:
        """Return whether an address is of the site, or of this PC."""
        try:
            parsed = ipaddress.ip_address(str(address).partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(parsed, "ipv4_mapped", None)
        return parsed.is_loopback or any((mapped or parsed) in each for each in self._networks)
