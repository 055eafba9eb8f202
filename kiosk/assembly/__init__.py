"""The parts of one kiosk, built and joined."""

from kiosk.assembly.kiosk import Kiosk

__all__ = ["Kiosk"]
