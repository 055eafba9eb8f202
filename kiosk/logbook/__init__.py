"""The medical logbook: every reading and every visit, and what the insurer must be told."""

from kiosk.logbook.attempts import Attempt, AttemptNews, Attempts
from kiosk.logbook.corrections import Corrections, Version
from kiosk.logbook.database import Database
from kiosk.logbook.difficulties import Difficulties, Report
from kiosk.logbook.history import Event
from kiosk.logbook.jobs import Day, Jobs, Later
from kiosk.logbook.old_referrals import referral_among, unreadable_referrals
from kiosk.logbook.outbox import Item, Outbox
from kiosk.logbook.reader_checks import ReaderCheck, ReaderChecks
from kiosk.logbook.troubles import Trouble
from kiosk.logbook.visit import (
    CORRECTABLE,
    Arrival,
    CardOnVisit,
    Compose,
    Correction,
    Message,
    NewVisit,
    Service,
    Visit,
)
from kiosk.logbook.visits import Visits

__all__ = [
    "CORRECTABLE",
    "Arrival",
    "Attempt",
    "AttemptNews",
    "Attempts",
    "CardOnVisit",
    "Compose",
    "Correction",
    "Corrections",
    "Database",
    "Day",
    "Difficulties",
    "Event",
    "Item",
    "Jobs",
    "Later",
    "Message",
    "NewVisit",
    "Outbox",
    "ReaderCheck",
    "ReaderChecks",
    "Report",
    "Service",
    "Trouble",
    "Version",
    "Visit",
    "Visits",
    "referral_among",
    "unreadable_referrals",
]
