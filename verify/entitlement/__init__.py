"""What a patient is entitled to, why, and what would change it; pure, from dated tables."""

from verify.entitlement.bearer import Coming, situation_of_bearer
from verify.entitlement.benefit import last_day_of_child_card
from verify.entitlement.case import CASE_KEYS, answer_from_json, answer_json, situation_of
from verify.entitlement.entitlement import Entitlement, entitle
from verify.entitlement.law import Law
from verify.entitlement.phrases import Phrases, Told
from verify.entitlement.provisions import ARRIVALS, CARES, LEVELS, TIERS
from verify.entitlement.reading import read_law
from verify.entitlement.routing import Step, Way
from verify.entitlement.situation import FacilityProfile, Situation, Slip

__all__ = [
    "ARRIVALS",
    "CARES",
    "CASE_KEYS",
    "LEVELS",
    "TIERS",
    "Coming",
    "Entitlement",
    "FacilityProfile",
    "Law",
    "Phrases",
    "Situation",
    "Slip",
    "Step",
    "Told",
    "Way",
    "answer_from_json",
    "answer_json",
    "entitle",
    "last_day_of_child_card",
    "read_law",
    "situation_of",
    "situation_of_bearer",
]
