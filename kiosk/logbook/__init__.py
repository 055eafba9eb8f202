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
    NoSuchOutage,
    NoSuchVisit,
    NothingToChange,
    NotRecorded,
    StillSending,
    WrongOutage,
)
from kiosk.logbook.incident_report import IncidentReports
from kiosk.logbook.nightly_report import (
    LookBackCounts,
    NightlyReport,
    nightly_report_json,
)
from kiosk.logbook.nightly_runs import NightlyRuns
from kiosk.logbook.old_referrals import REFERRAL_YEARS, referral_among, unreadable_referrals
from kiosk.logbook.outages import (
    NewOutage,
    Outage,
    OutageReport,
    Outages,
    OutageSource,
    OutageState,
)
from kiosk.logbook.outbox import NO_ANSWER, Outbox, OutboxItem, OverdueBefore
from kiosk.logbook.program_runs import LONG_GAP, DayCoverage, ProgramGap, ProgramRuns
from kiosk.logbook.reader_checks import ReaderCheck, ReaderChecks
from kiosk.logbook.reported_visits import ReportedMessage, ReportedVisit, ReportedVisits
from kiosk.logbook.silences import Silence, Silences
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
    "LONG_GAP",
    "NO_ANSWER",
    "REFERRAL_YEARS",
    "SYSTEM",
    "Arrival",
    "Attempt",
    "Attempts",
    "CardOnVisit",
    "ChangedMeanwhile",
    "Compose",
    "Correction",
    "Corrections",
    "Database",
    "DayCoverage",
    "IncidentReports",
    "KeyUsedBefore",
    "LogbookUnavailable",
    "LookBackCounts",
    "Message",
    "NewOutage",
    "NewVisit",
    "NightlyReport",
    "NightlyRuns",
    "NoSuchAttempt",
    "NoSuchOutage",
    "NoSuchVisit",
    "NotRecorded",
    "NothingToChange",
    "Outage",
    "OutageReport",
    "OutageSource",
    "OutageState",
    "Outages",
    "Outbox",
    "OutboxItem",
    "OverdueBefore",
    "ProgramGap",
    "ProgramRuns",
    "ReaderCheck",
    "ReaderChecks",
    "ReportedMessage",
    "ReportedVisit",
    "ReportedVisits",
    "Silence",
    "Silences",
    "StillSending",
    "TrayEntry",
    "Visit",
    "VisitService",
    "Visits",
    "WrongOutage",
    "desk_author",
    "nightly_report_json",
    "referral_among",
    "unreadable_referrals",
]
