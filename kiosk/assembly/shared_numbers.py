"""The queue numbers that desks share, where the settings name a hub.

Nothing of the hub is imported without one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from kiosk.settings import Settings

if TYPE_CHECKING:
    from kiosk.assembly.kiosk import Kiosk
    from kiosk.hub import HouseNumbers, Hub


def open_numbers(
    kiosk: Kiosk, settings: Settings, clock: Callable[[], datetime]
) -> HouseNumbers | None:
    """Return the numbers of the hub; None without a hub. Nothing is fetched before its `run`.

    `kiosk` may still be without its parts: they are looked up when numbers are fetched.
    """
    if not settings.hub.url:
        return None
    from kiosk.hub import HouseNumbers

    def hub() -> Hub:
        assert kiosk.hub is not None, "the hub is opened before any thread starts"
        return kiosk.hub

    return HouseNumbers(
        settings.hub.desk,
        lambda limit_s: hub().open(limit_s),
        lambda connection: hub().release(connection),
        lambda day: kiosk.tickets.given_on(day),
        clock,
    )
