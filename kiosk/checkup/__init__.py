"""The reader check: a sheet of codes, read once each, that shows what a reader does to a code.

What it sends is held against what stands on the sheet.  No card is looked at here, and nothing
of what was read is kept but which codes came and what was wrong with them.
"""

from kiosk.checkup.checkups import CheckOver, Checkups, NoSuchReader
from kiosk.checkup.diagnosis import Diagnosis, diagnose
from kiosk.checkup.finding import FAULTS, Finding, Found
from kiosk.checkup.heard import Heard
from kiosk.checkup.sheet import SHEET, SheetCode

__all__ = [
    "FAULTS",
    "SHEET",
    "CheckOver",
    "Checkups",
    "Diagnosis",
    "Finding",
    "Found",
    "Heard",
    "NoSuchReader",
    "SheetCode",
    "diagnose",
]
