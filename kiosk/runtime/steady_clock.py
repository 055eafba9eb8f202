"""A clock that nobody can set: the seconds since the machine was started.

The machine's time of day can be put forward or back while the program runs.  The steady clock
cannot.  Two readings of it in one boot of the machine give the true time between them, also across
a restart of the program and across sleep.
"""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class SteadyClock:
    """Seconds that only grow, and the name of the boot that they are counted in.

    Seconds of two different boots cannot be compared.  Where the system gives its boots no name
    (Windows), each start of the program counts as a boot.
    """

    def __init__(self, boot: str = "", seconds: Callable[[], float] | None = None) -> None:
        """Use the machine's clock; a test passes a `boot` and `seconds` of its own."""
        self.boot = boot or _boot_name()
        self._seconds = seconds or steady_s

    def __call__(self) -> float:
        """Return the seconds, from an unknown beginning."""
        return self._seconds()


def steady_s() -> float:
    """Return the seconds of the machine's steady clock, those of sleep included."""
    if sys.platform == "linux":  # whose monotonic clock stops while the machine sleeps
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


def _boot_name() -> str:
    try:
        return BOOT_ID.read_text("ascii").strip()
    except (OSError, ValueError):
        return secrets.token_hex(8)
