"""The medical logbook: every reading, every visit, and the messages to the insurer about visits.

The logbook is one SQLite file.  A visit and its message are written in one transaction; the outbox
holds the messages until the insurer has accepted them.  Corrections, the tray of messages that need
a person, reports, the nightly job's runs and the checks of readers are in the same file.
"""

from kiosk.logbook.attempts import Attempt, Attempts
from kiosk.logbook.author import DESK, SYSTEM, desk_author
from kiosk.logbook.clock_readings import ClockReadings
from kiosk.logbook.commune_notices import CommuneNotice, CommuneNotices, inform_by
from kiosk.logbook.corrections import Corrections, VisitVersion
from kiosk.logbook.database import Database
from kiosk.logbook.errors import (
    AlreadyHere,
    AlreadySent,
    ChangedMeanwhile,
    KeyClosed,
    KeyUsedBefore,
    LogbookUnavailable,
    NoSuchAttempt,
    NoSuchOutage,
    NoSuchSuspicion,
    NoSuchVisit,
    NothingToChange,
    NotRecorded,
    OutageKnown,
    ReadingUsedBefore,
    StillSending,
    WrongOutage,
    WrongTime,
)
from kiosk.logbook.evidence import (
    Evidence,
    evidence_json,
    evidence_sha256,
    gather_evidence,
)
from kiosk.logbook.exports import ExportedFile, Exports
from kiosk.logbook.incident_report import IncidentReports
from kiosk.logbook.joinings import joinings, last_to_undo, undone
from kiosk.logbook.lookups import (
    NOT_ASKED,
    LookupKind,
    LookupPurpose,
    LookupResult,
    Lookups,
    NewLookup,
    StoredLookup,
)
from kiosk.logbook.message_history import MessageEvent
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
from kiosk.logbook.person_numbers import known_numbers
from kiosk.logbook.presentation import (
    AppointmentSlip,
    Guardian,
    GuardianRelation,
    HowPresented,
    IdentifiedBy,
    PresentedAs,
)
from kiosk.logbook.program_runs import LONG_GAP, DayCoverage, ProgramGap, ProgramRuns
from kiosk.logbook.proposals import Proposal, Proposals, corrected_by_people, lacking_fields
from kiosk.logbook.reader_checks import ReaderCheck, ReaderChecks
from kiosk.logbook.reported_visits import (
    STATE_SECRET,
    ReportedMessage,
    ReportedVisit,
    ReportedVisits,
)
from kiosk.logbook.sent_files import SentFiles
from kiosk.logbook.silences import Silence, Silences
from kiosk.logbook.stand_ins import (
    TemporaryCode,
    UnknownPatient,
    is_temporary_code,
    new_temporary_code,
    new_unknown_code,
)
from kiosk.logbook.suspicions import (
    CardSuspicion,
    Ground,
    Suspicions,
    SuspicionState,
    ground_of,
)
from kiosk.logbook.tray import TrayEntry
from kiosk.logbook.unfinished import Unfinished
from kiosk.logbook.visit import (
    Admission,
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
from kiosk.logbook.wrong_times import CLOCK_CODE, WrongVisitTime, WrongVisitTimes

__all__ = [
    "CLOCK_CODE",
    "DESK",
    "LONG_GAP",
    "NOT_ASKED",
    "NO_ANSWER",
    "REFERRAL_YEARS",
    "STATE_SECRET",
    "SYSTEM",
    "Admission",
    "AlreadyHere",
    "AlreadySent",
    "AppointmentSlip",
    "Arrival",
    "Attempt",
    "Attempts",
    "CardOnVisit",
    "CardSuspicion",
    "ChangedMeanwhile",
    "ClockReadings",
    "CommuneNotice",
    "CommuneNotices",
    "Compose",
    "Correction",
    "Corrections",
    "Database",
    "DayCoverage",
    "Evidence",
    "ExportedFile",
    "Exports",
    "Ground",
    "Guardian",
    "GuardianRelation",
    "HowPresented",
    "IdentifiedBy",
    "IncidentReports",
    "KeyClosed",
    "KeyUsedBefore",
    "LogbookUnavailable",
    "LookBackCounts",
    "LookupKind",
    "LookupPurpose",
    "LookupResult",
    "Lookups",
    "Message",
    "MessageEvent",
    "NewLookup",
    "NewOutage",
    "NewVisit",
    "NightlyReport",
    "NightlyRuns",
    "NoSuchAttempt",
    "NoSuchOutage",
    "NoSuchSuspicion",
    "NoSuchVisit",
    "NotRecorded",
    "NothingToChange",
    "Outage",
    "OutageKnown",
    "OutageReport",
    "OutageSource",
    "OutageState",
    "Outages",
    "Outbox",
    "OutboxItem",
    "OverdueBefore",
    "PresentedAs",
    "ProgramGap",
    "ProgramRuns",
    "Proposal",
    "Proposals",
    "ReaderCheck",
    "ReaderChecks",
    "ReadingUsedBefore",
    "ReportedMessage",
    "ReportedVisit",
    "ReportedVisits",
    "SentFiles",
    "Silence",
    "Silences",
    "StillSending",
    "StoredLookup",
    "SuspicionState",
    "Suspicions",
    "TemporaryCode",
    "TrayEntry",
    "Unfinished",
    "UnknownPatient",
    "Visit",
    "VisitService",
    "VisitVersion",
    "Visits",
    "WrongOutage",
    "WrongTime",
    "WrongVisitTime",
    "WrongVisitTimes",
    "corrected_by_people",
    "desk_author",
    "evidence_json",
    "evidence_sha256",
    "gather_evidence",
    "ground_of",
    "inform_by",
    "is_temporary_code",
    "joinings",
    "known_numbers",
    "lacking_fields",
    "last_to_undo",
    "new_temporary_code",
    "new_unknown_code",
    "nightly_report_json",
    "referral_among",
    "undone",
    "unreadable_referrals",
]
