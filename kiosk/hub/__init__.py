"""The hub: a PostgreSQL database that the desks of a facility, or of several, share (docs/hub.md).

Nothing here is imported where [hub] url is empty, and psycopg only when a connection is opened.
"""

from kiosk.hub.access import admin_access, desk_access
from kiosk.hub.connection import HubConnection
from kiosk.hub.desks import add_desk, add_report, retire_desk
from kiosk.hub.erasure import erase_visits
from kiosk.hub.errors import HubError
from kiosk.hub.hub import Hub
from kiosk.hub.lane_down import LaneDown
from kiosk.hub.migrate import migrate
from kiosk.hub.numbers import HouseNumbers
from kiosk.hub.others import Others
from kiosk.hub.overview import check_hub, desks_of, servers_of
from kiosk.hub.own_visits import OwnVisits
from kiosk.hub.partitions import drop_before, make_partitions
from kiosk.hub.watchdog import Watchdog

__all__ = [
    "HouseNumbers",
    "Hub",
    "HubConnection",
    "HubError",
    "LaneDown",
    "Others",
    "OwnVisits",
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
