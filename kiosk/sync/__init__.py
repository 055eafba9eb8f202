"""The nightly job (the command `sync`).

It has the waiting visits sent, asks the insurer again about patients who went in unconfirmed and
ahead about those with an appointment tomorrow, and reports.  How synced data come here is
kiosk/feed/.
"""

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
