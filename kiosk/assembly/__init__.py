"""The parts of one kiosk, built and joined."""

from kiosk.assembly.checkup import doctor_of
from kiosk.assembly.kiosk import Kiosk

__all__ = ["Kiosk", "doctor_of"]
