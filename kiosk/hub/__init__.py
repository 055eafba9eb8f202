"""The hub: a PostgreSQL database that the desks of a facility, or of several, share (docs/hub.md).

Nothing here is imported where [hub] url is empty, and psycopg only when a connection is opened.
"""

from kiosk.hub.access import admin_access, desk_access
from kiosk.hub.connection import HubConnection
from kiosk.hub.desk_states import UP_TO_DATE, DeskState
from kiosk.hub.desks import add_desk, add_report, retire_desk
from kiosk.hub.erasure import erase_visits
from kiosk.hub.errors import HubError
from kiosk.hub.figures import FacilityFigures
from kiosk.hub.hub import Hub, HubState
from kiosk.hub.lane_down import LaneDown
from kiosk.hub.migrate import migrate
from kiosk.hub.numbers import HouseNumbers
from kiosk.hub.open_cases import DivergentVersion
from kiosk.hub.others import Others
from kiosk.hub.overview import check_hub, desks_of, servers_of
from kiosk.hub.own_visits import OwnVisits
from kiosk.hub.partitions import drop_before, make_partitions
from kiosk.hub.reader import AwayReason, HubAway, HubReader, HubView, open_reader
from kiosk.hub.relay_queue import RelayQueue
from kiosk.hub.search import DAYS_OPEN, MAX_DAYS_BACK, HubPlace, HubQuery, HubVisits
from kiosk.hub.sending_gate import SendingGate
from kiosk.hub.sending_lane import SendingLane
from kiosk.hub.shared_lists import SharedListLane
from kiosk.hub.takeover import DeskSending, TakeoverRefused, Takeovers
from kiosk.hub.visit_changes import (
    ChangeObstacle,
    ChangeState,
    VisitAtHub,
    make_change,
    obstacle,
    state_of_change,
)
from kiosk.hub.watchdog import Watchdog

__all__ = [
    "DAYS_OPEN",
    "MAX_DAYS_BACK",
    "UP_TO_DATE",
    "AwayReason",
    "ChangeObstacle",
    "ChangeState",
    "DeskSending",
    "DeskState",
    "DivergentVersion",
    "FacilityFigures",
    "HouseNumbers",
    "Hub",
    "HubAway",
    "HubConnection",
    "HubError",
    "HubPlace",
    "HubQuery",
    "HubReader",
    "HubState",
    "HubView",
    "HubVisits",
    "LaneDown",
    "Others",
    "OwnVisits",
    "RelayQueue",
    "SendingGate",
    "SendingLane",
    "SharedListLane",
    "TakeoverRefused",
    "Takeovers",
    "VisitAtHub",
    "Watchdog",
    "add_desk",
    "add_report",
    "admin_access",
    "check_hub",
    "desk_access",
    "desks_of",
    "drop_before",
    "erase_visits",
    "make_change",
    "make_partitions",
    "migrate",
    "obstacle",
    "open_reader",
    "retire_desk",
    "servers_of",
    "state_of_change",
]
