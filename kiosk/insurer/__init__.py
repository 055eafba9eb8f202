"""The insurer: questions to its gateway, its codes, and the reports of visits.

delivery.py sends the reports that wait in the outbox and records what the gateway answered.

The insurer's own field names are used in this room only, except MA_DOITUONG_KCB and MA_LOAI_KCB,
which the law's tables use too.
"""

from kiosk.insurer.arrival import ARRIVALS, NOT_REPORTED, SELF_REFERRED
from kiosk.insurer.connect import open_gateway
from kiosk.insurer.deadlines import Deadlines
from kiosk.insurer.delivery import Delivery
from kiosk.insurer.errors import InsurerUnreachable, NotSignedIn
from kiosk.insurer.field_errors import Cause, cause_of, fields_at_fault
from kiosk.insurer.gateway import CardAnswer
from kiosk.insurer.outage_watch import OutageWatch
from kiosk.insurer.patient_history import PastCheck, PastVisit, PaymentStatement
from kiosk.insurer.readiness import Affected, Need, Obstacle, find_obstacles
from kiosk.insurer.reporting import FIGURES, Reporting, ReportingDay
from kiosk.insurer.xml0 import message_composer

__all__ = [
    "ARRIVALS",
    "FIGURES",
    "NOT_REPORTED",
    "SELF_REFERRED",
    "Affected",
    "CardAnswer",
    "Cause",
    "Deadlines",
    "Delivery",
    "InsurerUnreachable",
    "Need",
    "NotSignedIn",
    "Obstacle",
    "OutageWatch",
    "PastCheck",
    "PastVisit",
    "PaymentStatement",
    "Reporting",
    "ReportingDay",
    "cause_of",
    "fields_at_fault",
    "find_obstacles",
    "message_composer",
    "open_gateway",
]
