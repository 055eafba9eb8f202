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
from kiosk.desk.entitlements import Entitlements
from kiosk.desk.errors import (
    AnotherPersonsCard,
    BirthRequired,
    CardPresentedBefore,
    NoTemporaryCode,
    NothingRead,
    NothingToConfirm,
    PatientIsKnown,
    PresentationTimeWrong,
    ReasonRequired,
)
from kiosk.desk.identification import (
    Identification,
    IdentityChange,
    TypedIdentity,
    may_identify,
    unknown_patient,
)
from kiosk.desk.late_presentation import (
    LATE_CARD,
    LatePresentation,
    LatePresentations,
    takes_a_card,
)
from kiosk.desk.lookup import Lookup
from kiosk.desk.notifier import Notifier
from kiosk.desk.presentation import PresentationEntry, suggested_form
from kiosk.desk.query_policy import QueryPolicy
from kiosk.desk.question_log import QuestionLog
from kiosk.desk.scan_queue import ScanQueue
from kiosk.desk.temporary_codes import may_have_temporary_code
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
    "LATE_CARD",
    "MISUSE_REASONS",
    "AdmissionRefused",
    "Admissions",
    "AnotherPersonsCard",
    "BirthRequired",
    "CannotAsk",
    "CannotAskWhy",
    "CardPresentedBefore",
    "Confirmation",
    "Copayments",
    "CoverageChange",
    "Desk",
    "Entitlements",
    "Identification",
    "IdentityChange",
    "LatePresentation",
    "LatePresentations",
    "Lookup",
    "NoTemporaryCode",
    "NotAnswered",
    "NothingRead",
    "NothingToConfirm",
    "Notifier",
    "PatientIsKnown",
    "PresentationEntry",
    "PresentationTimeWrong",
    "QueryPolicy",
    "QuestionLog",
    "ReasonRequired",
    "RefusedBecause",
    "ScanQueue",
    "TypedIdentity",
    "VisitAnswer",
    "VisitHistory",
    "VisitLookup",
    "card_of_visit",
    "coverage_changes",
    "coverages_of",
    "last_paid_day",
    "may_have_temporary_code",
    "may_identify",
    "person_number",
    "suggested_form",
    "takes_a_card",
    "unknown_patient",
]
