"""From a payload to a Verdict.

`judge` is the one way in.  The package is pure: the bytes, the time and what is known come in as
arguments.  It knows no device, no network, no database and no web.
"""

from verify.birth import Birth, age_on, is_newborn_on
from verify.card import FACILITY_CODE, Card, Sex, is_number
from verify.citizen_number import notes_on_number
from verify.clock import (
    BUILD_TIME,
    CLINIC_ZONE,
    MAX_CLOCK_DRIFT,
    clinic_day,
    clinic_midnight,
    is_clock_in_doubt,
)
from verify.code_pages import is_garbled
from verify.contract import (
    cautions_from_json,
    coverage_from_json,
    coverage_json,
    person_number_from_json,
    person_number_json,
    verdict_from_json,
    verdict_json,
)
from verify.coverage import (
    MISMATCH_STANDINGS,
    REGISTRY,
    Coverage,
    CoverageRecord,
    NewCard,
    Standing,
)
from verify.dates import (
    has_short_year,
    read_date,
    read_first_day,
    read_last_day,
)
from verify.deadlines import (
    Deadline,
    Downtime,
    after_working_days,
    deadline_of,
    extended,
    united,
)
from verify.decision import FUTURE_TOLERANCE, Freshness, reason_by_coverage
from verify.differences import Difference, differences
from verify.entitlement.benefit import Benefit, find_benefit
from verify.entitlement.cardholder import ArrivalDetails, situation_from_card
from verify.entitlement.case import CASE_KEYS, answer_json, situation_from_case
from verify.entitlement.entitlement import Entitlement, entitle
from verify.entitlement.routing import RoutingInput
from verify.entitlement.rules.facilities import FacilityList
from verify.entitlement.rules.law import Law
from verify.entitlement.rules.load import TABLES_ADDED_LATER, read_law
from verify.entitlement.rules.phrases import LocalizedText, Phrases
from verify.entitlement.rules.rows import CARES, LEVELS, TIERS, BenefitLevel
from verify.entitlement.rules.tables import (
    CellReader,
    Timed,
    check_periods,
    choice,
    matching,
    not_empty,
    read_rows,
)
from verify.entitlement.situation import FacilityProfile, Referral, ReferralForm, Situation
from verify.entitlement.yearly_limit import RunningTotal, full_benefit_since, limit_passed_on
from verify.errors import BadCase, BadKeys, BadTable, CoverageUnreadable, NotLive
from verify.formats.cccd import address_on_id_card
from verify.formats.classify import (
    NOT_CARDS,
    PAPER_LINE,
    TICKET,
    may_hold_card,
    plain_number,
)
from verify.formats.extent import (
    begins_card,
    holds_text,
    is_complete_code,
    is_whole,
    may_begin_card,
)
from verify.formats.typing_help import TypingHelp, typing_help
from verify.inspection import inspect_payload
from verify.judge import Knowledge, judge, judge_again, judge_card, notes_of_reading
from verify.names import (
    NameMatch,
    NameWord,
    compare_names,
    name_key,
    name_words,
    person_name,
    plain_letters,
    read_name,
    same_name,
)
from verify.pairing import is_identity, join_cards, may_be_same_person
from verify.person_number import NumberKind, PersonNumber
from verify.reason import Note, Outcome, Reason, outcome_of
from verify.signed.certificates import read_certificates
from verify.signed.issuers import Issuers, key_id_of, read_jwks
from verify.signed.presentation import (
    PresentedCard,
    check_first_presentation,
    check_presentation,
)
from verify.signed.revocation import Revocations, read_revocations
from verify.syllables import is_syllable
from verify.text import clean_line
from verify.verdict import Proof, Verdict

__all__ = [
    "BUILD_TIME",
    "CARES",
    "CASE_KEYS",
    "CLINIC_ZONE",
    "FACILITY_CODE",
    "FUTURE_TOLERANCE",
    "LEVELS",
    "MAX_CLOCK_DRIFT",
    "MISMATCH_STANDINGS",
    "NOT_CARDS",
    "PAPER_LINE",
    "REGISTRY",
    "TABLES_ADDED_LATER",
    "TICKET",
    "TIERS",
    "ArrivalDetails",
    "BadCase",
    "BadKeys",
    "BadTable",
    "Benefit",
    "BenefitLevel",
    "Birth",
    "Card",
    "CellReader",
    "Coverage",
    "CoverageRecord",
    "CoverageUnreadable",
    "Deadline",
    "Difference",
    "Downtime",
    "Entitlement",
    "FacilityList",
    "FacilityProfile",
    "Freshness",
    "Issuers",
    "Knowledge",
    "Law",
    "LocalizedText",
    "NameMatch",
    "NameWord",
    "NewCard",
    "NotLive",
    "Note",
    "NumberKind",
    "Outcome",
    "PersonNumber",
    "Phrases",
    "PresentedCard",
    "Proof",
    "Reason",
    "Referral",
    "ReferralForm",
    "Revocations",
    "RoutingInput",
    "RunningTotal",
    "Sex",
    "Situation",
    "Standing",
    "Timed",
    "TypingHelp",
    "Verdict",
    "address_on_id_card",
    "after_working_days",
    "age_on",
    "answer_json",
    "begins_card",
    "cautions_from_json",
    "check_first_presentation",
    "check_periods",
    "check_presentation",
    "choice",
    "clean_line",
    "clinic_day",
    "clinic_midnight",
    "compare_names",
    "coverage_from_json",
    "coverage_json",
    "deadline_of",
    "differences",
    "entitle",
    "extended",
    "find_benefit",
    "full_benefit_since",
    "has_short_year",
    "holds_text",
    "inspect_payload",
    "is_clock_in_doubt",
    "is_complete_code",
    "is_garbled",
    "is_identity",
    "is_newborn_on",
    "is_number",
    "is_syllable",
    "is_whole",
    "join_cards",
    "judge",
    "judge_again",
    "judge_card",
    "key_id_of",
    "limit_passed_on",
    "matching",
    "may_be_same_person",
    "may_begin_card",
    "may_hold_card",
    "name_key",
    "name_words",
    "not_empty",
    "notes_of_reading",
    "notes_on_number",
    "outcome_of",
    "person_name",
    "person_number_from_json",
    "person_number_json",
    "plain_letters",
    "plain_number",
    "read_certificates",
    "read_date",
    "read_first_day",
    "read_jwks",
    "read_last_day",
    "read_law",
    "read_name",
    "read_revocations",
    "read_rows",
    "reason_by_coverage",
    "same_name",
    "situation_from_card",
    "situation_from_case",
    "typing_help",
    "united",
    "verdict_from_json",
    "verdict_json",
]
