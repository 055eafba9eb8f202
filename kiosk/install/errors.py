"""What the installer raises.

KioskError
└── InstallFailed          nothing was changed, or what was changed is named
"""

from __future__ import annotations

from kiosk.errors import KioskError


class InstallFailed(KioskError):
    """An install, upgrade, roll-back or uninstall did not happen.

    The message is one line: what was seen, what was expected, what to do.
    """
