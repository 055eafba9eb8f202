"""What opens connections to the hub, for parts that need one now and then."""

from __future__ import annotations

from typing import Protocol

from kiosk.hub.connection import HubConnection


class HubDoor(Protocol):
    """Opens connections, and closes them. Any thread may call."""

    def open(self) -> HubConnection:
        """Return a connection as this desk. Raises a HubError."""

    def release(self, hub: HubConnection) -> None:
        """Close a connection."""
