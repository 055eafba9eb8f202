"""The checks of what the settings say of this facility, and of the rooms."""

from __future__ import annotations

from kiosk.doctor.check import BAD, GOOD, Check, good_unless
from kiosk.doctor.words import plain
from kiosk.doctor.words import words as _
from kiosk.queue import RoomList
from kiosk.settings import Facility


def facility_check(facility: Facility) -> Check:
    """Check that the settings have what the benefits of patients depend on."""
    what = _("facility")
    if not facility.code:
        seen = _("[facility] code is empty: the program is not set up, and judges no card")
        do = _("Start it, and set it up in the browser, at /setup (docs/setup.md).")
        return Check("facility", what, BAD, seen, do)
    if not (facility.level and facility.former_tier):
        seen = _("[facility] level or former_tier is empty: the benefits of patients are unknown")
        do = _("Fill them in; config/kiosk.toml explains them.")
        return Check("facility", what, BAD, seen, do)
    seen = _(
        "%(level)s, %(score)s points, %(tier)s",
        level=facility.level,
        score=facility.score,
        tier=facility.former_tier,
    )
    return Check("facility", what, GOOD, seen)


def rooms_check(rooms: RoomList) -> Check:
    """Check that the file of the rooms can be read, and that a room takes patients."""
    what = _("rooms")
    if rooms.fault:
        do = _("Save the rooms on the page /rooms, which replaces the file, or repair it by hand.")
        return Check("rooms", what, BAD, plain(str(rooms.fault)), do)
    seen = _("%(count)s, %(open)s of them open", count=len(rooms.rooms), open=len(rooms.open_rooms))
    do = _("Open a room on the page /rooms: none takes patients.")
    return good_unless("rooms", what, seen, None if rooms.open_rooms else do)
