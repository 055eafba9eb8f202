"""Deleting visits from the hub whose data a facility has erased.

A desk cannot do it: whoever stole one could.  The day in a visit's id names its part of the tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from kiosk.errors import SettingsError
from kiosk.hub.connection import HubConnection
from kiosk.hub.migrate import as_owner

VISIT_ID = re.compile(r"[0-9A-Z]{5}-(\d{4})(\d{2})(\d{2})-[0-9a-f]{1,40}", re.ASCII)


def erase_visits(hub: HubConnection, visits: Iterable[str]) -> int:
    """Delete visits with all their versions, all or none; return how many there were.

    `hub` is an administrator's connection.  Raises SettingsError if an id is not that of a visit,
    and the errors of a HubConnection.
    """
    days = {visit: _day_of(visit) for visit in visits}
    erased = 0
    with hub.transaction():
        as_owner(hub)
        for visit, day in sorted(days.items()):
            erased += hub.execute("delete from hub.visit where day = %s and id = %s", [day, visit])
            hub.execute("delete from hub.visit_version where day = %s and visit = %s", [day, visit])
            hub.execute("delete from hub.divergent where visit = %s", [visit])
    return erased


def _day_of(visit: str) -> date:
    match = VISIT_ID.fullmatch(visit)
    try:
        return date(*map(int, match.groups())) if match else _refuse(visit)
    except ValueError:
        return _refuse(visit)


def _refuse(visit: str) -> date:
    raise SettingsError(
        f"{visit!r}: expected the id of a visit, as 01999-20261128-0a1b2c3d4e5f6071"
    )
