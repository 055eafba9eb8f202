"""Reception's work: receive a scan, have `verify` judge it, record it, show it; confirm a visit.

It joins the two cards of one person, decides whether and when the insurer is asked about a card, a
history or co-payments, and adds what this clinic knows: the entitlement, and cautions.
"""

from kiosk.desk.admission import (
    ADMISSION_CARES,
    AdmissionRefused,
    Admissions,
    RefusedBecause,
    last_paid_day,
)
from kiosk.desk.confirmation import MISUSE_REASONS, Confirmation, person_number
from kiosk.desk.copayments import Copayments
from kiosk.desk.coverage_changes import CoverageChange, coverage_changes
from kiosk.desk.desk import Desk
from kiosk.desk.enquiry import HELD, Asked, Enquiries, Enquiry, EnquiryOver
from kiosk.desk.entitlements import Entitlements
from kiosk.desk.errors import (
    AnotherPersonsCard,
    BirthRequired,
    CardPresentedBefore,
    NoTemporaryCode,
    NothingRead,
    NothingToConfirm,
    NumberNotRead,
    OpenElsewhere,
    PaperTimeFault,
    PaperTimeWrong,
    PatientIsKnown,
    PresentationTimeWrong,
    ReasonRequired,
    TurnOver,
)
from kiosk.desk.identification import (
    Identification,
    IdentityChange,
    TypedIdentity,
    may_identify,
    unknown_patient,
)
from kiosk.desk.insurer_history import HistoryAnswer, InsurerHistory, WhyNoHistory
from kiosk.desk.late_presentation import (
    LATE_CARD,
    LatePresentation,
    LatePresentations,
    takes_a_card,
)
from kiosk.desk.line_scans import LineScans
from kiosk.desk.lookup import Lookup
from kiosk.desk.notifier import Notifier
from kiosk.desk.open_surface import initials_of
from kiosk.desk.page_scans import PageScans
from kiosk.desk.paper_entry import PaperEntries, PaperEntry
from kiosk.desk.past_coverage import coverage_on_day_of
from kiosk.desk.patient_display import PatientDisplays, PatientPicture, Picture
from kiosk.desk.presentation import PresentationEntry, suggested_form
from kiosk.desk.query_policy import PauseReason, QueryPolicy
from kiosk.desk.question_log import QuestionLog
from kiosk.desk.scan_queue import ScanQueue
from kiosk.desk.self_service import SelfService, reader_of
from kiosk.desk.staff_calls import StaffCalls
from kiosk.desk.temporary_codes import may_have_temporary_code
from kiosk.desk.turns import Choice, Intent, TurnAnswer, public_name
from kiosk.desk.visit_history import VisitHistory
from kiosk.desk.visit_lookup import (
    CannotAsk,
    CannotAskWhy,
    NotAnswered,
    VisitAnswer,
    VisitLookup,
    card_of_visit,
    coverages_of,
)

__all__ = [
    "ADMISSION_CARES",
    "HELD",
    "LATE_CARD",
    "MISUSE_REASONS",
    "AdmissionRefused",
    "Admissions",
    "AnotherPersonsCard",
    "Asked",
    "BirthRequired",
    "CannotAsk",
    "CannotAskWhy",
    "CardPresentedBefore",
    "Choice",
    "Confirmation",
    "Copayments",
    "CoverageChange",
    "Desk",
    "Enquiries",
    "Enquiry",
    "EnquiryOver",
    "Entitlements",
    "HistoryAnswer",
    "Identification",
    "IdentityChange",
    "InsurerHistory",
    "Intent",
    "LatePresentation",
    "LatePresentations",
    "LineScans",
    "Lookup",
    "NoTemporaryCode",
    "NotAnswered",
    "NothingRead",
    "NothingToConfirm",
    "Notifier",
    "NumberNotRead",
    "OpenElsewhere",
    "PageScans",
    "PaperEntries",
    "PaperEntry",
    "PaperTimeFault",
    "PaperTimeWrong",
    "PatientDisplays",
    "PatientIsKnown",
    "PatientPicture",
    "PauseReason",
    "Picture",
    "PresentationEntry",
    "PresentationTimeWrong",
    "QueryPolicy",
    "QuestionLog",
    "ReasonRequired",
    "RefusedBecause",
    "ScanQueue",
    "SelfService",
    "StaffCalls",
    "TurnAnswer",
    "TurnOver",
    "TypedIdentity",
    "VisitAnswer",
    "VisitHistory",
    "VisitLookup",
    "WhyNoHistory",
    "card_of_visit",
    "coverage_changes",
    "coverage_on_day_of",
    "coverages_of",
    "initials_of",
    "last_paid_day",
    "may_have_temporary_code",
    "may_identify",
    "person_number",
    "public_name",
    "reader_of",
    "suggested_form",
    "takes_a_card",
    "unknown_patient",
]
