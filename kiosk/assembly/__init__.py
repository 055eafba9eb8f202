"""The parts of one kiosk, built and joined."""

from kiosk.assembly.checkup import doctor_of
from kiosk.assembly.kiosk import Kiosk
from kiosk.assembly.rehearsal import rehearse_start
from kiosk.assembly.sending import Sending

__all__ = ["Kiosk", "Sending", "doctor_of", "rehearse_start"]
