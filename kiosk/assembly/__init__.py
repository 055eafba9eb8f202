"""The parts of one kiosk, built and joined."""

from kiosk.assembly.checkup import doctor_of
from kiosk.assembly.kiosk import Kiosk
from kiosk.assembly.rehearsal import rehearse_start

__all__ = ["Kiosk", "doctor_of", "rehearse_start"]
