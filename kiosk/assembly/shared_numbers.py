"""The queue numbers that desks share, where the settings name a hub.

Nothing of the hub is imported without one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date, datetime
from typing import TYPE_CHECKING

from kiosk.settings import Settings

if TYPE_CHECKING:
    from kiosk.hub import HouseNumbers, Hub


def open_numbers(
    settings: Settings,
    clock: Callable[[], datetime],
    hub: Callable[[], Hub | None],
    given: Callable[[date], Collection[tuple[str, int]]],
) -> HouseNumbers | None:
    """Return the numbers of the hub; None without a hub. Nothing is fetched before its `run`.

    `hub` and `given` (`Tickets.given_on`) are called when numbers are fetched: the parts of the
    kiosk that they return may not be there yet.
    """
    if not settings.hub.url:
        return None
    from kiosk.hub import HouseNumbers

    def there() -> Hub:
        found = hub()
        assert found is not None, "the hub is opened before any thread starts"
        return found

    return HouseNumbers(
        settings.hub.desk,
        lambda limit_s: there().open(limit_s),
        lambda connection: there().release(connection),
        given,
        clock,
    )
