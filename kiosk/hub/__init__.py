"""The hub: a PostgreSQL database that the desks of a facility, or of several, share (docs/hub.md).

psycopg is imported only when a connection is opened.
"""

from kiosk.hub.access import HubAccess, admin_access, desk_access, report_access
from kiosk.hub.connection import HubConnection, known_step
from kiosk.hub.desk_states import DeskState
from kiosk.hub.desks import DeskAccount, add_desk, add_report, retire_desk
from kiosk.hub.errors import (
    HubBehind,
    HubBusy,
    HubError,
    HubLoginRefused,
    HubNeedsOperator,
    HubRefused,
    HubUnfit,
    HubUnreachable,
)
from kiosk.hub.figures import FacilityFigures
from kiosk.hub.migrate import migrate
from kiosk.hub.open_cases import SetAside
from kiosk.hub.partitions import drop_before, make_partitions, months_ready
from kiosk.hub.reader import HubAway, HubReader, HubTrouble, open_reader
from kiosk.hub.search import DAYS_OPEN, MAX_DAYS_BACK, HubPlace, HubQuery, HubVisits
from kiosk.hub.timelines import TimelineGuard
from kiosk.hub.watchdog import Watchdog

__all__ = [
    "DAYS_OPEN",
    "MAX_DAYS_BACK",
    "DeskAccount",
    "DeskState",
    "FacilityFigures",
    "HubAccess",
    "HubAway",
    "HubBehind",
    "HubBusy",
    "HubConnection",
    "HubError",
    "HubLoginRefused",
    "HubNeedsOperator",
    "HubPlace",
    "HubQuery",
    "HubReader",
    "HubRefused",
    "HubTrouble",
    "HubUnfit",
    "HubUnreachable",
    "HubVisits",
    "SetAside",
    "TimelineGuard",
    "Watchdog",
    "add_desk",
    "add_report",
    "admin_access",
    "desk_access",
    "drop_before",
    "known_step",
    "make_partitions",
    "migrate",
    "months_ready",
    "open_reader",
    "report_access",
    "retire_desk",
]
