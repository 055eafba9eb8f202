"""From a payload to a Verdict; knows no device, no network and no web."""

from verify.birth import Birth, age_on
from verify.card import Card, Sex, is_number
from verify.clock import BUILT, CLINIC_ZONE, clinic_day, in_doubt
from verify.contract import (
    cautions_from_json,
    coverage_from_json,
    coverage_json,
    verdict_from_json,
    verdict_json,
)
from verify.coverage import OF_THE_QUESTION, REGISTRY, Coverage, NewCard, Recollection, Standing
from verify.decision import MADE_AHEAD, Freshness
from verify.differences import Difference, differences
from verify.entitlement.cardholder import Coming, situation_of_bearer
from verify.entitlement.case import CASE_KEYS, answer_json, situation_of
from verify.entitlement.entitlement import Entitlement, entitle
from verify.entitlement.routing import Way
from verify.entitlement.rules.law import Law
from verify.entitlement.rules.load import read_law
from verify.entitlement.rules.phrases import Phrases, Told
from verify.entitlement.rules.rows import CARES, LEVELS, TIERS
from verify.entitlement.situation import FacilityProfile, Situation, Slip
from verify.errors import BadCase, BadKeys, BadTable, CoverageUnreadable, NotLive
from verify.formats.classify import NOT_CARDS, is_whole, may_hold_card
from verify.inspection import inspect_payload
from verify.judge import Knowledge, judge, judge_again, judge_card, notes_of_reading
from verify.pairing import is_identity, joined, resemble
from verify.reason import Note, Outcome, Reason, outcome_of
from verify.signed.certificates import read_certificates
from verify.signed.issuers import Issuers, key_id_of, read_jwks
from verify.signed.presentation import PresentedCard, present
from verify.signed.revocation import Revocations, read_revocations
from verify.verdict import Proof, Verdict, same_name

__all__ = [
    "BUILT",
    "CARES",
    "CASE_KEYS",
    "CLINIC_ZONE",
    "LEVELS",
    "MADE_AHEAD",
    "NOT_CARDS",
    "OF_THE_QUESTION",
    "REGISTRY",
    "TIERS",
    "BadCase",
    "BadKeys",
    "BadTable",
    "Birth",
    "Card",
    "Coming",
    "Coverage",
    "CoverageUnreadable",
    "Difference",
    "Entitlement",
    "FacilityProfile",
    "Freshness",
    "Issuers",
    "Knowledge",
    "Law",
    "NewCard",
    "NotLive",
    "Note",
    "Outcome",
    "Phrases",
    "PresentedCard",
    "Proof",
    "Reason",
    "Recollection",
    "Revocations",
    "Sex",
    "Situation",
    "Slip",
    "Standing",
    "Told",
    "Verdict",
    "Way",
    "age_on",
    "answer_json",
    "cautions_from_json",
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
    "key_id_of",
    "may_hold_card",
    "notes_of_reading",
    "outcome_of",
    "present",
    "read_certificates",
    "read_jwks",
    "read_law",
    "read_revocations",
    "resemble",
    "same_name",
    "situation_of",
    "situation_of_bearer",
    "verdict_from_json",
    "verdict_json",
]
