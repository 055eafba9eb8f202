"""Reception's work: receive a scan, judge it, write it down, show it; confirm a visit."""

from kiosk.desk.asking import Asking
from kiosk.desk.confirmation import MISUSED, Confirmation
from kiosk.desk.copayments import Copayments
from kiosk.desk.desk import Desk
from kiosk.desk.entitlements import Entitlements
from kiosk.desk.lookup import Lookup
from kiosk.desk.queue import ScanQueue
from kiosk.desk.screen import Screen
from kiosk.desk.whereabouts import Whereabouts

__all__ = [
    "MISUSED",
    "Asking",
    "Confirmation",
    "Copayments",
    "Desk",
    "Entitlements",
    "Lookup",
    "ScanQueue",
    "Screen",
    "Whereabouts",
]
