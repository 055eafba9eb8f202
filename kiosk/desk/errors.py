"""The errors of the desk: a scan holds no text, or a visit cannot be confirmed.

KioskError
├── NothingRead            the scan holds no text, so there is nothing to judge
├── NothingToConfirm       the reading holds no card, so there is nobody to record
└── ReasonRequired         the verdict was `desk`: the clerk must give a reason
"""

from __future__ import annotations

from kiosk.errors import KioskError


class NothingRead(KioskError):
    """The scan holds nothing that can be seen."""


class NothingToConfirm(KioskError):
    """The reading holds no card."""


class ReasonRequired(KioskError):
    """The clerk must say why the patient goes in."""
