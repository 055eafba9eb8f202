"""The readers that the settings name: building them, their state, and the check of a reader."""

from kiosk.readers.build import reader_at, reader_states
from kiosk.readers.checks import CheckOver, Checkups, NoSuchReader
from kiosk.readers.diagnosis import Diagnosis
from kiosk.readers.finding import FAULTS, Finding
from kiosk.readers.sample import Heard
from kiosk.readers.sheet import SHEET, SheetCode

__all__ = [
    "FAULTS",
    "SHEET",
    "CheckOver",
    "Checkups",
    "Diagnosis",
    "Finding",
    "Heard",
    "NoSuchReader",
    "SheetCode",
    "reader_at",
    "reader_states",
]
