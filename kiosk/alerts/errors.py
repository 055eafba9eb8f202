"""The errors of alerts.

KioskError
└── AlertNotSent           an alert did not arrive; says why, without an address or a password
"""

from __future__ import annotations

from kiosk.errors import KioskError


class AlertNotSent(KioskError):
    """An alert did not arrive by one way."""
