"""What the running program raises.

KioskError
└── AlreadyRunning         another process does the same work on this data directory
"""

from __future__ import annotations

from kiosk.errors import KioskError


class AlreadyRunning(KioskError):
    """Another process does the same work on this data directory; try again later."""
