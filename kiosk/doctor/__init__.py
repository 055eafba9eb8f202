"""The doctor: what is attached, configured, reachable and fresh, and what to do if it is not.

Each check is a `Check` with a state and with words in several languages.  The command `doctor`
prints them; the running program makes them every two minutes for the page and for alerts, and
leaves what only it knows in the data directory for the command.  docs/doctor.md explains them.
"""

from kiosk.doctor.check import (
    BAD,
    NOT_DONE,
    Check,
    CheckGroup,
    CheckState,
    needing_a_person,
    worst_first,
)
from kiosk.doctor.doctor import Doctor
from kiosk.doctor.encryption import NOT_FROM, PROTECTS_FROM, place_of
from kiosk.doctor.logbook import logbook_lines, seen_state
from kiosk.doctor.observations import (
    AlertsSeen,
    HubCondition,
    HubSeen,
    Observations,
    ReaderSeen,
    SignInRefused,
)
from kiosk.doctor.obstacles import advice, seen_text
from kiosk.doctor.service import service_manager
from kiosk.doctor.signature import signature_advice, signature_seen
from kiosk.doctor.sources import Sources
from kiosk.doctor.speech import english_outside, speech
from kiosk.doctor.support_bundle import write_bundle
from kiosk.doctor.watch import CheckUp, DoctorWatch
from kiosk.doctor.words import Speech, Words, english, words

__all__ = [
    "BAD",
    "NOT_DONE",
    "NOT_FROM",
    "PROTECTS_FROM",
    "AlertsSeen",
    "Check",
    "CheckGroup",
    "CheckState",
    "CheckUp",
    "Doctor",
    "DoctorWatch",
    "HubCondition",
    "HubSeen",
    "Observations",
    "ReaderSeen",
    "SignInRefused",
    "Sources",
    "Speech",
    "Words",
    "advice",
    "english",
    "english_outside",
    "logbook_lines",
    "needing_a_person",
    "place_of",
    "seen_state",
    "seen_text",
    "service_manager",
    "signature_advice",
    "signature_seen",
    "speech",
    "words",
    "worst_first",
    "write_bundle",
]
