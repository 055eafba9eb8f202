"""The insurer: questions to its gateway, its codes, and the reports of visits.

delivery.py sends the reports that wait in the outbox and records what the gateway answered.

The insurer's own field names are used in this room only, except MA_DOITUONG_KCB and MA_LOAI_KCB,
which the law's tables use too.
"""

from kiosk.insurer.account_trial import AccountResult, AccountTrial, try_account
from kiosk.insurer.arrival import ARRIVALS, EMERGENCY, NOT_REPORTED, SELF_REFERRED, UNINSURED
from kiosk.insurer.card_codes import reason_of_standing
from kiosk.insurer.certificate import SignatureState, SigningTrouble
from kiosk.insurer.certificate_look import CertificateLook, look_at_key_file, look_at_token
from kiosk.insurer.clock_check import ClockCheck
from kiosk.insurer.connect import open_gateway
from kiosk.insurer.deadlines import Deadlines
from kiosk.insurer.delivery import Delivery
from kiosk.insurer.errors import InsurerUnreachable, NotSignedIn
from kiosk.insurer.field_errors import Cause, cause_of, fields_at_fault
from kiosk.insurer.gateway import CardAnswer, Gateway
from kiosk.insurer.outage_watch import OutageWatch
from kiosk.insurer.patient_history import PastCheck, PastVisit, PaymentStatement
from kiosk.insurer.questions import (
    AskedQuestion,
    copaid_in_lookup,
    coverage_in_lookup,
    number_in_lookup,
    question_about,
)
from kiosk.insurer.readiness import Affected, Need, Obstacle, find_obstacles
from kiosk.insurer.reporting import FIGURES, Reporting, ReportingDay, overdue_text
from kiosk.insurer.signer import open_signer
from kiosk.insurer.xml0 import message_composer

__all__ = [
    "ARRIVALS",
    "EMERGENCY",
    "FIGURES",
    "NOT_REPORTED",
    "SELF_REFERRED",
    "UNINSURED",
    "AccountResult",
    "AccountTrial",
    "Affected",
    "AskedQuestion",
    "CardAnswer",
    "Cause",
    "CertificateLook",
    "ClockCheck",
    "Deadlines",
    "Delivery",
    "Gateway",
    "InsurerUnreachable",
    "Need",
    "NotSignedIn",
    "Obstacle",
    "OutageWatch",
    "PastCheck",
    "PastVisit",
    "PaymentStatement",
    "Reporting",
    "ReportingDay",
    "SignatureState",
    "SigningTrouble",
    "cause_of",
    "copaid_in_lookup",
    "coverage_in_lookup",
    "fields_at_fault",
    "find_obstacles",
    "look_at_key_file",
    "look_at_token",
    "message_composer",
    "number_in_lookup",
    "open_gateway",
    "open_signer",
    "overdue_text",
    "question_about",
    "reason_of_standing",
    "try_account",
]
