"""The hub: a PostgreSQL database that the desks of a facility, or of several, share (docs/hub.md).

Nothing here is imported where [hub] url is empty, and psycopg only when a connection is opened.
"""

    HubBehind,
    HubBusy,
    HubError,
    HubLoginRefused,
    HubNeedsOperator,
    HubRefused,
    HubUnfit,
    HubUnreachable,
)
from kiosk.hub.access import HubAccess, admin_access, desk_access, report_access
from kiosk.hub.access import admin_access, desk_access
from kiosk.hub.connection import HubConnection
from kiosk.hub.connection import HubConnection, known_step
from kiosk.hub.desks import DeskAccount, add_desk, add_report, retire_desk
from kiosk.hub.desks import add_desk, add_report, retire_desk
from kiosk.hub.erasure import erase_visits
from kiosk.hub.errors import (
from kiosk.hub.errors import HubError
from kiosk.hub.healing import Healed
from kiosk.hub.hub import Hub, HubState, HubTrouble
from kiosk.hub.lane_down import LaneDown
from kiosk.hub.migrate import migrate
from kiosk.hub.others import Others
from kiosk.hub.overview import check_hub, desks_of, servers_of

    "DeskAccount",
    "Healed",
    "HoldReason",
    "Hub",
    "HubAccess",
    "HubBehind",
    "HubBusy",
    "HubConnection",
    "HubError",
    "HubLoginRefused",
    "HubNeedsOperator",
    "HubRefused",
    "HubState",
    "HubTrouble",
    "HubUnfit",
    "HubUnreachable",
    "LaneDown",
    "Others",
    "OwnVisits",
    "SetAsideRow",
    "TimelineGuard",
__all__ = [
from kiosk.hub.own_visits import OwnVisits
from kiosk.hub.partitions import drop_before, make_partitions
from kiosk.hub.partitions import drop_before, make_partitions, months_ready
from kiosk.hub.streams import HoldReason, SetAsideRow
from kiosk.hub.timelines import TimelineGuard
from kiosk.hub.watchdog import Watchdog
    "Watchdog",
    "add_desk",
    "add_report",
    "admin_access",
    "check_hub",
    "desk_access",
    "desks_of",
    "drop_before",
    "erase_visits",
    "make_partitions",
    "migrate",
    "retire_desk",
    "servers_of",
]
