"""The readers that the settings name: how they are built, their state, and the check of a reader
with a printed sheet of codes.  The code for devices is in scanner/.
"""

from kiosk.readers.build import build_reader, reader_states
from kiosk.readers.checks import CheckEnded, NoSuchReader, ReaderCheckups
from kiosk.readers.diagnosis import Diagnosis
from kiosk.readers.finding import FAULTS, Finding
from kiosk.readers.sample import ReaderSample
from kiosk.readers.scans import scans_in
from kiosk.readers.sheet import SHEET, SheetCode

__all__ = [
    "FAULTS",
    "SHEET",
    "CheckEnded",
    "Diagnosis",
    "Finding",
    "NoSuchReader",
    "ReaderCheckups",
    "ReaderSample",
    "SheetCode",
    "build_reader",
    "reader_states",
    "scans_in",
]
