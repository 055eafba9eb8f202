"""The nightly job: it sends what is left and asks again about what was not certain."""

from kiosk.sync.appointments import read_appointments
from kiosk.sync.nightly import LOOK_BACK_PERIOD, NightlyJob
from kiosk.sync.report import as_csv, needs_person, write_report

__all__ = [
    "LOOK_BACK_PERIOD",
    "NightlyJob",
    "as_csv",
    "needs_person",
    "read_appointments",
    "write_report",
]
