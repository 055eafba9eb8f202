"""The hub of a desk, where the settings name one.

Nothing of the hub is imported without one, so that nothing needs PostgreSQL's driver.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiosk.insurer import message_composer
from kiosk.runtime.program import program_version

if TYPE_CHECKING:
    from kiosk.assembly.parts import Parts
    from kiosk.hub import Hub, LaneDown


def open_hub(parts: Parts) -> Hub | None:
    """Return the hub of this desk; None if the settings name none. Nothing runs before its `start`.

    Raises SettingsError if the extra is missing.
    """
    if not parts.settings.hub.url:
        return None
    from kiosk.hub import Hub

    law = parts.entitlements
    return Hub(
        parts.settings,
        parts.folder,
        parts.database,
        message_composer(law.expected_code, law.has_known_care),
        parts.clock,
        parts.notifier.notify,
        program_version(),
    )


def lane_down_of(parts: Parts, hub: Hub) -> LaneDown:
    """Return what fetches from the hub what other desks record."""
    from kiosk.hub import LaneDown, OwnVisits

    assert parts.others is not None  # there is a hub
    own = OwnVisits(parts.changes_elsewhere)
    return LaneDown(parts.others, own, hub.connected, parts.clock)
