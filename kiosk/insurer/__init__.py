"""The insurer: its gateway, its codes, and a visit as it wants to be told of one."""

from kiosk.insurer.arrival import ARRIVALS, NOT_TOLD, SELF
from kiosk.insurer.delivery import Delivery
from kiosk.insurer.exchange import Exchange
from kiosk.insurer.faults import Cause, cause_of, fields_at_fault
from kiosk.insurer.gateway import Gateway, Heard, Receipt
from kiosk.insurer.history import Copayment, PastCheck, PastVisit
from kiosk.insurer.opening import open_gateway
from kiosk.insurer.seal import open_seal
from kiosk.insurer.session import Account, Session
from kiosk.insurer.xml0 import composer

__all__ = [
    "ARRIVALS",
    "NOT_TOLD",
    "SELF",
    "Account",
    "Cause",
    "Copayment",
    "Delivery",
    "Exchange",
    "Gateway",
    "Heard",
    "PastCheck",
    "PastVisit",
    "Receipt",
    "Session",
    "cause_of",
    "composer",
    "fields_at_fault",
    "open_gateway",
    "open_seal",
]
