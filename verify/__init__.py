"""From a payload to a Verdict; knows no device, no network and no web."""

from verify.birth import Birth, age_on
from verify.cache import KEPT, CoverageCache
from verify.card import Card, Sex, Vouch, is_number
from verify.certificates import read_certificates
from verify.clock import BUILT, CLINIC_ZONE, clinic_day, in_doubt
from verify.contract import (
    card_from_json,
    card_json,
    coverage_from_json,
    coverage_json,
    verdict_json,
)
from verify.coverage import OF_THE_QUESTION, Coverage, NewCard, Recollection, Standing
from verify.decision import Freshness
from verify.differences import Difference, differences
from verify.entitlement import (
    ARRIVALS,
    CARES,
    CASE_KEYS,
    LEVELS,
    TIERS,
    Coming,
    Entitlement,
    FacilityProfile,
    Law,
    Phrases,
    Situation,
    Slip,
    Step,
    Told,
    Way,
    answer_json,
    entitle,
    last_day_of_child_card,
    read_law,
    situation_of,
    situation_of_bearer,
)
from verify.errors import BadCase, BadKeys, BadTable, CacheUnreadable, VerifyError
from verify.formats.classify import NOT_CARDS, is_whole, may_hold_card
from verify.inspection import inspect_payload
from verify.issuers import Issuers, read_jwks
from verify.judge import Knowledge, judge, judge_again, judge_card, notes_of_reading
from verify.pairing import is_identity, joined, resemble
from verify.reason import Note, Outcome, Reason, outcome_of
from verify.revocation import Revocations, card_id, read_revocations
from verify.verdict import DataState, Proof, Verdict, same_name
from verify.write_ahead import use_write_ahead_log

__all__ = [
    "ARRIVALS",
    "BUILT",
    "CARES",
    "CASE_KEYS",
    "CLINIC_ZONE",
    "KEPT",
    "LEVELS",
    "NOT_CARDS",
    "OF_THE_QUESTION",
    "TIERS",
    "BadCase",
    "BadKeys",
    "BadTable",
    "Birth",
    "CacheUnreadable",
    "Card",
    "Coming",
    "Coverage",
    "CoverageCache",
    "DataState",
    "Difference",
    "Entitlement",
    "FacilityProfile",
    "Freshness",
    "Issuers",
    "Knowledge",
    "Law",
    "NewCard",
    "Note",
    "Outcome",
    "Phrases",
    "Proof",
    "Reason",
    "Recollection",
    "Revocations",
    "Sex",
    "Situation",
    "Slip",
    "Standing",
    "Step",
    "Told",
    "Verdict",
    "VerifyError",
    "Vouch",
    "Way",
    "age_on",
    "answer_json",
    "card_from_json",
    "card_id",
    "card_json",
    "clinic_day",
    "coverage_from_json",
    "coverage_json",
    "differences",
    "entitle",
    "in_doubt",
    "inspect_payload",
    "is_identity",
    "is_number",
    "is_whole",
    "joined",
    "judge",
    "judge_again",
    "judge_card",
    "last_day_of_child_card",
    "may_hold_card",
    "notes_of_reading",
    "outcome_of",
    "read_certificates",
    "read_jwks",
    "read_law",
    "read_revocations",
    "resemble",
    "same_name",
    "situation_of",
    "situation_of_bearer",
    "use_write_ahead_log",
    "verdict_json",
]
