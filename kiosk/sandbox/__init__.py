"""A pretend insurer with pretend people, for demonstrations, training and tests.

It has a gateway with faults to choose, a feed, an issuer of signed cards, phones that show them,
and the pages of the demonstration.

No number can be mistaken for a real one: people are 99999000xx, the facility is 01999.
"""

from kiosk.sandbox.demo_pages import make_demo
from kiosk.sandbox.faults import Fault
from kiosk.sandbox.feed import SandboxFeed
from kiosk.sandbox.insurer import SandboxInsurer
from kiosk.sandbox.issuer import DEMO, days, trusted_keys
from kiosk.sandbox.people import (
    FACILITY,
    PASSWORD,
    PEOPLE,
    STAFF_CCCD,
    STAFF_NAME,
    USERNAME,
    person,
)
from kiosk.sandbox.quirks import Quirk
from kiosk.sandbox.registry import demo_settings, payload_of, remember_people, trust_settings
from kiosk.sandbox.signing_certificate import signing_settings

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
    "signing_settings",
    "trust_settings",
    "trusted_keys",
]
