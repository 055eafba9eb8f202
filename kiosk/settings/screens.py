"""Check the settings of the screens for self-service.

1. Each screen has a name of its own, which is no desk's.
2. It sends patients to a desk that a reader names, or to any desk.
3. A reader that is attached to it has no desk, and no other screen.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from kiosk.settings.sections import Settings

NAME = r"[0-9A-Za-z_]{1,16}"

# Called as require(is_right, key, seen, expected); raises SettingsError if a value is wrong.
Require = Callable[[bool, str, object, str], None]


def check_self_service(settings: Settings, require: Require) -> None:
    """Raise SettingsError, by `require`, if a screen cannot be as the settings have it."""
    names = [kiosk.name for kiosk in settings.self_service]
    attached = [kiosk.reader for kiosk in settings.self_service if kiosk.reader]
    desks = {reader.desk for reader in settings.readers}
    without_desk = {reader.name for reader in settings.readers if not reader.desk}
    for key, values in (("name", names), ("reader", attached)):
        is_own = len(set(values)) == len(values)
        require(is_own, f"[[self_service]] {key}", values, f"a {key} of its own for each screen")
    for kiosk in settings.self_service:
        require(
            re.fullmatch(NAME, kiosk.name) is not None and kiosk.name not in desks,
            "[[self_service]] name",
            kiosk.name,
            "1 to 16 letters (A to Z), digits and _, and not the name of a desk",
        )
        require(
            kiosk.desk in {"", *desks},
            "[[self_service]] desk",
            kiosk.desk,
            "a desk that a reader names",
        )
        require(
            kiosk.reader in {"", *without_desk},
            "[[self_service]] reader",
            kiosk.reader,
            "the name of one of [[readers]] that has no desk",
        )
