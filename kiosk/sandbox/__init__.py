"""A pretend insurer with pretend people, for demonstration, training and tests.

Every number is impossible to mistake for a real one: 99999000xx, facility 01999.
"""

from kiosk.sandbox.faults import Fault
from kiosk.sandbox.feed import SandboxFeed
from kiosk.sandbox.habits import Habit
from kiosk.sandbox.insurer import SandboxInsurer
from kiosk.sandbox.issuer import DEMO, STRANGER, WITHDRAWN, CardIssuer, trusted_keys
from kiosk.sandbox.people import NOT_A_CARD, PEOPLE, Person, person
from kiosk.sandbox.registry import demo_settings, fill_cache, payload_of

__all__ = [
    "DEMO",
    "NOT_A_CARD",
    "PEOPLE",
    "STRANGER",
    "WITHDRAWN",
    "CardIssuer",
    "Fault",
    "Habit",
    "Person",
    "SandboxFeed",
    "SandboxInsurer",
    "demo_settings",
    "fill_cache",
    "payload_of",
    "person",
    "trusted_keys",
]
