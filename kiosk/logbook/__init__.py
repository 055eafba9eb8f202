"""The medical logbook: every reading, every visit, and the messages to the insurer about visits.

The logbook is one SQLite file.  A visit and its message are written in one transaction; the outbox
holds the messages until the insurer has accepted them.  Corrections, the tray of messages that need
a person, reports, the nightly job's runs and the checks of readers are in the same file.
"""

from kiosk.logbook.accesses import Access, Accesses, Looker
from kiosk.logbook.attempts import Attempt, Attempts
from kiosk.logbook.author import (
    DESK,
    PROGRAM,
    SELF_SERVICE,
    SYSTEM,
    desk_author,
    owned_key,
    program_author,
    staff_author,
    staff_in,
)
from kiosk.logbook.chain import (
    ADDED,
    DELETED,
    GENESIS,
    LINKED_LATER,
    NUMBERS,
    ChainLink,
    TextBytes,
    body_of,
    hash_of,
    leaf_of,
    newest_link,
    row_number,
)
from kiosk.logbook.changes_elsewhere import ChangeElsewhere, ChangesElsewhere
from kiosk.logbook.clock_readings import ClockReadings
from kiosk.logbook.commune_notices import CommuneNotice, CommuneNotices, inform_by
from kiosk.logbook.consents import Consent, ConsentPurpose, Consents, HowGiven, NewConsent
from kiosk.logbook.corrections import Corrections, VisitVersion
from kiosk.logbook.damaged_tables import DERIVED
from kiosk.logbook.database import Database
from kiosk.logbook.days_end import DayEnd, DaysEnd, SlowCause
from kiosk.logbook.decisions import DecisionKind, Decisions, LogbookDecision
from kiosk.logbook.errors import (
    AlreadyHere,
    AlreadySent,
    ChangedMeanwhile,
    KeyClosed,
    KeyUsedBefore,
    LineUsed,
    LogbookDamaged,
    LogbookUnavailable,
    NoSuchAttempt,
    NoSuchConsent,
    NoSuchOutage,
    NoSuchSheet,
    NoSuchSuspicion,
    NoSuchTicket,
    NoSuchVisit,
    NothingToChange,
    NotRecorded,
    NumberTaken,
    OutageKnown,
    ReadingUsedBefore,
    StillSending,
    VisitUnreadable,
    WrongLineCode,
    WrongOutage,
    WrongTime,
)
from kiosk.logbook.evidence import (
    Evidence,
    RecordedVerdict,
    evidence_json,
    evidence_sha256,
    gather_evidence,
)
from kiosk.logbook.exports import ExportedFile, Exports
from kiosk.logbook.fetched_visits import FetchedVersion, FetchedVisits, KnownVersion
from kiosk.logbook.file_copy import copy_file, copy_pages, empty_log
from kiosk.logbook.file_facts import (
    NO_LINK,
    FileFacts,
    LinkMark,
    count_damage,
    hash_at,
    highest_number,
    read_facts,
    recorded_after,
)
from kiosk.logbook.help_counts import SELF_VIEW, SHEET, HelpCount, HelpCounts, HelpKind
from kiosk.logbook.hub_journal import (
    NO_ENTRY,
    HubJournal,
    JournalEntry,
    JournalMark,
    MessageState,
    VisitChange,
)
from kiosk.logbook.incident_report import IncidentReports
from kiosk.logbook.joinings import joinings, last_to_undo, undone
from kiosk.logbook.linked_tables import (
    DAY_ROOT_CODE,
    LINKED,
    LINKED_BY_CODE,
    LINKED_BY_NAME,
    LinkedTable,
)
from kiosk.logbook.list_states import SharedListState, SharedListStates
from kiosk.logbook.lookups import (
    NOT_ASKED,
    LookupKind,
    LookupPurpose,
    LookupResult,
    Lookups,
    NewLookup,
    StoredLookup,
)
from kiosk.logbook.lost_readings import FoundReadings, LostReadings
from kiosk.logbook.message_history import MessageEvent
from kiosk.logbook.nightly_report import (
    LookBackCounts,
    NightlyProof,
    NightlyReport,
    PurgeCounts,
    nightly_report_json,
)
from kiosk.logbook.nightly_runs import NightlyRuns
from kiosk.logbook.number_series import NumberSource, QueuePlace
from kiosk.logbook.old_referrals import REFERRAL_YEARS, referral_among, unreadable_referrals
from kiosk.logbook.old_words import forget_old_words
from kiosk.logbook.other_desks import (
    DeskAsOf,
    OtherDesksState,
    VisitAtOtherDesk,
)
from kiosk.logbook.outages import (
    NewOutage,
    Outage,
    OutageReport,
    Outages,
    OutageSource,
    OutageState,
)
from kiosk.logbook.outbox import NO_ANSWER, Outbox, OutboxItem, OverdueBefore, message_delay
from kiosk.logbook.paper_sheets import (
    MAX_SHEETS_AT_ONCE,
    PaperLine,
    PaperSheet,
    PaperSheets,
    SheetState,
)
from kiosk.logbook.paper_source import (
    PAPER_READER,
    SCANNED_LINE,
    LinePlace,
    PaperSource,
    scanned_code,
)
from kiosk.logbook.person_numbers import all_spellings, known_numbers, numbers_of
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
from kiosk.logbook.readable_parts import ReadableParts
from kiosk.logbook.reader_checks import ReaderCheck, ReaderChecks
from kiosk.logbook.rebuilt_file import rebuild
from kiosk.logbook.relayed_messages import RelayedMessages, RelayedResult
from kiosk.logbook.reported_visits import (
    MAX_VISITS_READ,
    STATE_SECRET,
    ReportedMessage,
    ReportedVisit,
    ReportedVisits,
)
from kiosk.logbook.room_names import room_key
from kiosk.logbook.room_queues import RoomQueues
from kiosk.logbook.same_persons import PersonJoining, SamePersons, joined_record
from kiosk.logbook.sending_decisions import (
    SendingDecision,
    SendingDecisionKind,
    SendingDecisions,
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
from kiosk.logbook.ticket_prints import PrintState, TicketPrint, TicketPrints
from kiosk.logbook.ticket_states import (
    ACTIONS,
    MAX_DESK,
    OPEN_STATES,
    Prefix,
    Priority,
    QueueAction,
    TicketState,
    desk_prefix,
)
from kiosk.logbook.tickets import Ticket, Tickets
from kiosk.logbook.times import (
    DAY_OF_ARRIVAL,
    day_begins,
    day_ends,
    from_utc_text,
    to_utc_text,
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
    visit_from_record,
)
from kiosk.logbook.visit_events import VisitEventKind
from kiosk.logbook.visit_finder import FoundVisits, VisitFinder
from kiosk.logbook.visit_index import index_visit
from kiosk.logbook.visit_query import Cancelled, VisitQuery, read_query
from kiosk.logbook.visit_rows import UnreadableVisit
from kiosk.logbook.visits import Visits
from kiosk.logbook.webhook_messages import VisitEvent, WebhookMessages, WebhookState
from kiosk.logbook.wrong_times import CLOCK_CODE, WrongVisitTime, WrongVisitTimes

__all__ = [
    "ACTIONS",
    "ADDED",
    "CLOCK_CODE",
    "DAY_OF_ARRIVAL",
    "DAY_ROOT_CODE",
    "DELETED",
    "DERIVED",
    "DESK",
    "GENESIS",
    "LINKED",
    "LINKED_BY_CODE",
    "LINKED_BY_NAME",
    "LINKED_LATER",
    "LONG_GAP",
    "MAX_DESK",
    "MAX_SHEETS_AT_ONCE",
    "MAX_VISITS_READ",
    "NOT_ASKED",
    "NO_ANSWER",
    "NO_ENTRY",
    "NO_LINK",
    "NUMBERS",
    "OPEN_STATES",
    "PAPER_READER",
    "PROGRAM",
    "REFERRAL_YEARS",
    "SCANNED_LINE",
    "SELF_SERVICE",
    "SELF_VIEW",
    "SHEET",
    "STATE_SECRET",
    "SYSTEM",
    "Access",
    "Accesses",
    "Admission",
    "AlreadyHere",
    "AlreadySent",
    "AppointmentSlip",
    "Arrival",
    "Attempt",
    "Attempts",
    "Cancelled",
    "CardOnVisit",
    "CardSuspicion",
    "ChainLink",
    "ChangeElsewhere",
    "ChangedMeanwhile",
    "ChangesElsewhere",
    "ClockReadings",
    "CommuneNotice",
    "CommuneNotices",
    "Compose",
    "Consent",
    "ConsentPurpose",
    "Consents",
    "Correction",
    "Corrections",
    "Database",
    "DayCoverage",
    "DayEnd",
    "DaysEnd",
    "DecisionKind",
    "Decisions",
    "DeskAsOf",
    "Evidence",
    "ExportedFile",
    "Exports",
    "FetchedVersion",
    "FetchedVisits",
    "FileFacts",
    "FoundReadings",
    "FoundVisits",
    "Ground",
    "Guardian",
    "GuardianRelation",
    "HelpCount",
    "HelpCounts",
    "HelpKind",
    "HowGiven",
    "HowPresented",
    "HubJournal",
    "IdentifiedBy",
    "IncidentReports",
    "JournalEntry",
    "JournalMark",
    "KeyClosed",
    "KeyUsedBefore",
    "KnownVersion",
    "LinePlace",
    "LineUsed",
    "LinkMark",
    "LinkedTable",
    "LogbookDamaged",
    "LogbookDecision",
    "LogbookUnavailable",
    "LookBackCounts",
    "Looker",
    "LookupKind",
    "LookupPurpose",
    "LookupResult",
    "Lookups",
    "LostReadings",
    "Message",
    "MessageEvent",
    "MessageState",
    "NewConsent",
    "NewLookup",
    "NewOutage",
    "NewVisit",
    "NightlyProof",
    "NightlyReport",
    "NightlyRuns",
    "NoSuchAttempt",
    "NoSuchConsent",
    "NoSuchOutage",
    "NoSuchSheet",
    "NoSuchSuspicion",
    "NoSuchTicket",
    "NoSuchVisit",
    "NotRecorded",
    "NothingToChange",
    "NumberSource",
    "NumberTaken",
    "OtherDesksState",
    "Outage",
    "OutageKnown",
    "OutageReport",
    "OutageSource",
    "OutageState",
    "Outages",
    "Outbox",
    "OutboxItem",
    "OverdueBefore",
    "PaperLine",
    "PaperSheet",
    "PaperSheets",
    "PaperSource",
    "PersonJoining",
    "Prefix",
    "PresentedAs",
    "PrintState",
    "Priority",
    "ProgramGap",
    "ProgramRuns",
    "Proposal",
    "Proposals",
    "PurgeCounts",
    "QueueAction",
    "QueuePlace",
    "ReadableParts",
    "ReaderCheck",
    "ReaderChecks",
    "ReadingUsedBefore",
    "RecordedVerdict",
    "RelayedMessages",
    "RelayedResult",
    "ReportedMessage",
    "ReportedVisit",
    "ReportedVisits",
    "RoomQueues",
    "SamePersons",
    "SendingDecision",
    "SendingDecisionKind",
    "SendingDecisions",
    "SentFiles",
    "SharedListState",
    "SharedListStates",
    "SheetState",
    "Silence",
    "Silences",
    "SlowCause",
    "StillSending",
    "StoredLookup",
    "SuspicionState",
    "Suspicions",
    "TemporaryCode",
    "TextBytes",
    "Ticket",
    "TicketPrint",
    "TicketPrints",
    "TicketState",
    "Tickets",
    "TrayEntry",
    "Unfinished",
    "UnknownPatient",
    "UnreadableVisit",
    "Visit",
    "VisitAtOtherDesk",
    "VisitChange",
    "VisitEvent",
    "VisitEventKind",
    "VisitFinder",
    "VisitQuery",
    "VisitService",
    "VisitUnreadable",
    "VisitVersion",
    "Visits",
    "WebhookMessages",
    "WebhookState",
    "WrongLineCode",
    "WrongOutage",
    "WrongTime",
    "WrongVisitTime",
    "WrongVisitTimes",
    "all_spellings",
    "body_of",
    "copy_file",
    "copy_pages",
    "corrected_by_people",
    "count_damage",
    "day_begins",
    "day_ends",
    "desk_author",
    "desk_prefix",
    "empty_log",
    "evidence_json",
    "evidence_sha256",
    "forget_old_words",
    "from_utc_text",
    "gather_evidence",
    "ground_of",
    "hash_at",
    "hash_of",
    "highest_number",
    "index_visit",
    "inform_by",
    "is_temporary_code",
    "joined_record",
    "joinings",
    "known_numbers",
    "lacking_fields",
    "last_to_undo",
    "leaf_of",
    "message_delay",
    "new_temporary_code",
    "new_unknown_code",
    "newest_link",
    "nightly_report_json",
    "numbers_of",
    "owned_key",
    "program_author",
    "read_facts",
    "read_query",
    "rebuild",
    "recorded_after",
    "referral_among",
    "room_key",
    "row_number",
    "scanned_code",
    "staff_author",
    "staff_in",
    "to_utc_text",
    "undone",
    "unreadable_referrals",
    "visit_from_record",
]
