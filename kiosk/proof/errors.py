"""What can go wrong with proofs."""

from __future__ import annotations

from kiosk.errors import KioskError


class NotProvable(KioskError):
    """There is no proof of this visit: the text says why and what to do."""


class BundleWrong(KioskError):
    """A bundle proves nothing: it was changed, or is not one."""
