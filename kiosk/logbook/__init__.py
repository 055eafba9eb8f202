"""The medical logbook: every reading, every visit, and the messages to the insurer about visits.

The logbook is one SQLite file.  A visit and its message are written in one transaction; the outbox
holds the messages until the insurer has accepted them.  Corrections, the tray of messages that need
a person, reports, the nightly job's runs and the checks of readers are in the same file.
"""

from kiosk.logbook.attempts import Attempt, Attempts
from kiosk.logbook.author import DESK, SYSTEM, desk_author
from kiosk.logbook.corrections import Corrections
from kiosk.logbook.database import Database
from kiosk.logbook.errors import (
    ChangedMeanwhile,
    KeyUsedBefore,
    LogbookUnavailable,
    NoSuchAttempt,
    NoSuchVisit,
    NothingToChange,
    NotRecorded,
    StillSending,
)
from kiosk.logbook.incident_report import IncidentReports
from kiosk.logbook.nightly_report import (
    LookBackCounts,
    NightlyReport,
    nightly_report_json,
)
from kiosk.logbook.nightly_runs import NightlyRuns
from kiosk.logbook.old_referrals import REFERRAL_YEARS, referral_among, unreadable_referrals
from kiosk.logbook.outbox import Outbox, OutboxItem
from kiosk.logbook.person_numbers import known_numbers
from kiosk.logbook.presentation import (
    AppointmentSlip,
    Guardian,
    GuardianRelation,
    HowPresented,
    IdentifiedBy,
    PresentedAs,
)
from kiosk.logbook.reader_checks import ReaderCheck, ReaderChecks
from kiosk.logbook.tray import TrayEntry
from kiosk.logbook.visit import (
    Arrival,
    CardOnVisit,
    Compose,
    Correction,
    Message,
    NewVisit,
    Visit,
    VisitService,
)
from kiosk.logbook.visits import Visits

__all__ = [
    "DESK",
    "REFERRAL_YEARS",
    "SYSTEM",
    "AppointmentSlip",
    "Arrival",
    "Attempt",
    "Attempts",
    "CardOnVisit",
    "ChangedMeanwhile",
    "Compose",
    "Correction",
    "Corrections",
    "Database",
    "Guardian",
    "GuardianRelation",
    "HowPresented",
    "IdentifiedBy",
    "IncidentReports",
    "KeyUsedBefore",
    "LogbookUnavailable",
    "LookBackCounts",
    "Message",
    "NewVisit",
    "NightlyReport",
    "NightlyRuns",
    "NoSuchAttempt",
    "NoSuchVisit",
    "NotRecorded",
    "NothingToChange",
    "Outbox",
    "OutboxItem",
    "PresentedAs",
    "ReaderCheck",
    "ReaderChecks",
    "StillSending",
    "TrayEntry",
    "Visit",
    "VisitService",
    "Visits",
    "desk_author",
    "known_numbers",
    "nightly_report_json",
    "referral_among",
    "unreadable_referrals",
]
