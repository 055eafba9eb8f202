"""Browsers at which somebody has signed in before: a cookie with an id and its HMAC.

It opens nothing.  Its browser has tries of its own at the PIN (`throttle`), which nobody elsewhere
can use up.
"""

from __future__ import annotations

import hmac
import re
import secrets

ID_BYTES = 12


class Devices:
    """Makes and checks the ids of browsers. `key` is the one of `secret_file`."""

    def __init__(self, key: bytes) -> None:
        self._key = hmac.digest(key, b"tiepdon device", "sha256")

    def make(self) -> str:
        """Return the cookie of a browser that has none."""
        device = secrets.token_hex(ID_BYTES)
        return f"{device}.{self._check(device)}"

    def id_in(self, cookie: str) -> str:
        """Return the id in a cookie; empty if this kiosk did not make it."""
        found = re.fullmatch(rf"([0-9a-f]{{{2 * ID_BYTES}}})\.([0-9a-f]{{64}})", cookie)
        is_ours = found and hmac.compare_digest(found[2], self._check(found[1]))
        return found[1] if found and is_ours else ""

    def _check(self, device: str) -> str:
        return hmac.digest(self._key, device.encode("ascii"), "sha256").hex()
