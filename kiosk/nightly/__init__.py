"""The nightly job: send what is left, look back, look ahead, and see that all adds up."""

from kiosk.nightly.appointments import read_appointments
from kiosk.nightly.job import LOOK_BACK, Nightly
from kiosk.nightly.report import as_csv, needs_person, write_report

__all__ = [
    "LOOK_BACK",
    "Nightly",
    "as_csv",
    "needs_person",
    "read_appointments",
    "write_report",
]
