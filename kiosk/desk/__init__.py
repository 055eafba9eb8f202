"""Reception's work: receive a scan, have `verify` judge it, record it, show it; confirm a visit.

It joins the two cards of one person, decides whether and when the insurer is asked about a card, a
history or co-payments, and adds what this clinic knows: the entitlement, and cautions.
"""

from kiosk.desk.confirmation import MISUSE_REASONS, Confirmation
from kiosk.desk.copayments import Copayments
from kiosk.desk.desk import Desk
from kiosk.desk.entitlements import Entitlements
from kiosk.desk.errors import (
    AnotherPersonsCard,
    BirthRequired,
    CardPresentedBefore,
    NothingRead,
    NothingToConfirm,
    PresentationTimeWrong,
    ReasonRequired,
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
from kiosk.desk.scan_queue import ScanQueue
from kiosk.desk.visit_history import VisitHistory

__all__ = [
    "LATE_CARD",
    "MISUSE_REASONS",
    "AnotherPersonsCard",
    "BirthRequired",
    "CardPresentedBefore",
    "Confirmation",
    "Copayments",
    "Desk",
    "Entitlements",
    "LatePresentation",
    "LatePresentations",
    "Lookup",
    "NothingRead",
    "NothingToConfirm",
    "Notifier",
    "PresentationEntry",
    "PresentationTimeWrong",
    "QueryPolicy",
    "ReasonRequired",
    "ScanQueue",
    "VisitHistory",
    "suggested_form",
    "takes_a_card",
]
