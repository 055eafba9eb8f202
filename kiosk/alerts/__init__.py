"""Alerts: mail and a webhook to whoever looks after the program, about what needs a person.

They are sent by the running program when a check of the doctor turns bad and when it is good again,
once for each change, with a reminder each day.  They hold what the check says, nothing of a person.
docs/doctor.md describes them.
"""

from kiosk.alerts.alerts import Alerts, send_trial
from kiosk.alerts.errors import AlertNotSent

__all__ = ["AlertNotSent", "Alerts", "send_trial"]
