"""A pretend insurer with pretend people, for demonstration, training and tests.

Every number is impossible to mistake for a real one: 99999000xx, facility 01999.
"""

from kiosk.sandbox.calls import PASSWORD
from kiosk.sandbox.cardbook import STAFF_CCCD, STAFF_NAME
from kiosk.sandbox.demo_pages import make_demo
from kiosk.sandbox.faults import Fault
from kiosk.sandbox.feed import SandboxFeed
from kiosk.sandbox.insurer import USERNAME, SandboxInsurer
from kiosk.sandbox.issuer import DEMO, days, trusted_keys
from kiosk.sandbox.people import FACILITY, PEOPLE, person
from kiosk.sandbox.quirks import Quirk
from kiosk.sandbox.registry import demo_settings, payload_of, remember_people, trust_settings

__all__ = [
    "DEMO",
    "FACILITY",
    "PASSWORD",
    "PEOPLE",
    "STAFF_CCCD",
    "STAFF_NAME",
    "USERNAME",
    "Fault",
    "Quirk",
    "SandboxFeed",
    "SandboxInsurer",
    "days",
    "demo_settings",
    "make_demo",
    "payload_of",
    "person",
    "remember_people",
    "trust_settings",
    "trusted_keys",
]
