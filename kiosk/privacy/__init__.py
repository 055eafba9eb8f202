"""Privacy: how long data are kept, what is deleted when, and what persons may ask.

The tables are in the logbook's file (`kiosk.logbook.privacy_schema`).  No module here knows HTTP.
"""

from kiosk.privacy.access_reviews import list_sha256
from kiosk.privacy.breaches import Breach, BreachFacts, BreachState
from kiosk.privacy.erasure import ErasedKind, WhyStays
from kiosk.privacy.errors import NoSuchBreach, NoSuchRequest, NothingHeld, NotTheSame
from kiosk.privacy.periods import (
    CHECKED_ON,
    RetentionKind,
    RetentionPeriod,
    SourceKind,
)
from kiosk.privacy.person_data import HeldData
from kiosk.privacy.purge import PurgeResult
from kiosk.privacy.register import PrivacyParts, privacy_parts
from kiosk.privacy.requests import PersonRequest, RequestKind, RequestState

__all__ = [
    "CHECKED_ON",
    "Breach",
    "BreachFacts",
    "BreachState",
    "ErasedKind",
    "HeldData",
    "NoSuchBreach",
    "NoSuchRequest",
    "NotTheSame",
    "NothingHeld",
    "PersonRequest",
    "PrivacyParts",
    "PurgeResult",
    "RequestKind",
    "RequestState",
    "RetentionKind",
    "RetentionPeriod",
    "SourceKind",
    "WhyStays",
    "list_sha256",
    "privacy_parts",
]
