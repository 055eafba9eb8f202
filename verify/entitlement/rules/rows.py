"""The rows of the law's tables, and the words that stand in their conditions."""

from __future__ import annotations

from dataclasses import dataclass

from verify.entitlement.rules.score import ScoreBand
from verify.entitlement.rules.tables import Dated

LEVELS = ("ban_dau", "co_ban", "chuyen_sau")
TIERS = ("xa", "huyen", "tinh", "trung_uong", "none")
CARES = ("outpatient", "inpatient")
AREAS = ("K1", "K2", "K3")
ARRIVALS = (
    "registered", "referral", "reappointment", "emergency", "temporary_residence",
    "newborn", "donor", "self", "uninsured", "drug_pickup",
)  # fmt: skip
ANNEXES = ("annex_1", "annex_2")  # of Circular 01/2025: the diseases that open a way up


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingRule(Dated):
    """One row of the routing table. None in a condition: whatever it is."""

    rule: str
    order: int  # the lowest that fits decides
    level: frozenset[str] | None
    former_tier: frozenset[str] | None
    score: ScoreBand
    care: frozenset[str] | None
    arrival: frozenset[str] | None
    living_area: frozenset[str] | None
    listed: frozenset[str] | None
    diagnosis: frozenset[str] | None
    ma_doituong_kcb: str
    percent: int | None  # of the card's benefit; None: not known
    overrides: bool  # the percentage is paid whatever the card's benefit
    open_question: str
    because_vi: str
    because_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BenefitLevel(Dated):
    """What a benefit digit pays."""

    digit: int
    percent: int
    beyond_scope: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectCode(Dated):
    """The benefit digit of a group; `reads_printed`: a digit on old cards that means this one."""

    code: str
    from_age: int
    digit: int
    reads_printed: str
    payer_group: int
    name_vi: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedRow(Dated):
    """A code and its name."""

    code: str
    name_vi: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CareCode(NamedRow):
    """A MA_LOAI_KCB and the kind of care it is."""

    care: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Province(NamedRow):
    """Digits of a province on cards, or one of the 34 units of today, and where it went."""

    list: str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseSalary(Dated):
    """The base salary (lương cơ sở), in dong a month."""

    amount_vnd: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFacility(NamedRow):
    """A facility and its profile."""

    level: str
    score: str
    former_tier: str
    listed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Holiday(Dated):
    """Days off, or days worked instead of one."""

    kind: str
    name_vi: str
