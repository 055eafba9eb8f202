"""The rows of the tables of the law, and the values that their conditions may have."""

from __future__ import annotations

from dataclasses import dataclass

from verify.entitlement.rules.score import ScoreBand
from verify.entitlement.rules.tables import Dated

LEVELS = ("ban_dau", "co_ban", "chuyen_sau")
TIERS = ("xa", "huyen", "tinh", "trung_uong", "none")
CARES = ("outpatient", "inpatient")
AREAS = ("K1", "K2", "K3")
ARRIVALS = (
    "registered",
    "referral",
    "reappointment",
    "emergency",
    "temporary_residence",
    "newborn",
    "donor",
    "self",
    "uninsured",
    "drug_pickup",
)
DEADLINE_MESSAGES = ("check_in", "correction", "month_totals", "reconciliation")
DEADLINE_STATUSES = ("in_force", "draft")
DEADLINE_UNITS = ("own_aim", "hours", "days", "working_days", "day_of_next_month")
# Of Circular 01/2025: diseases that may be treated at a higher level without a referral.
ANNEXES = ("annex_1", "annex_2")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingRule(Dated):
    """One row of the routing table. A condition that is None holds for every visit."""

    rule: str
    order: int  # of the rules that fit, the one with the lowest order decides
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
    overrides: bool  # the percentage is paid whatever the benefit of the card is
    open_question: str
    because_vi: str
    because_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BenefitLevel(Dated):
    """The percentage that a benefit digit pays; `beyond_scope`: also for what is not covered."""

    digit: int
    percent: int
    beyond_scope: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectCode(Dated):
    """The benefit digit of a group, for holders from an age on (years).

    `reads_printed` is a digit on old cards that counts as this one; empty if no other digit does.
    """

    code: str
    from_age: int
    digit: int
    reads_printed: str
    payer_group: int
    name_vi: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupNote(Dated):
    """What a clerk should know about the cards of a group; a row that is not certain says so."""

    code: str
    note_vi: str
    note_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RepealedLaw(Dated):
    """A document that no longer holds, from the day `valid_from`, and what replaced it."""

    document: str  # as a legal basis names it: kind, number and year
    replaced_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedRow(Dated):
    """A code and its name."""

    code: str
    name_vi: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CareCode(NamedRow):
    """A MA_LOAI_KCB and its kind of care, `outpatient` or `inpatient`."""

    care: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DepartmentCode(Dated):
    """A form of MA_KHOA, as a pattern for the whole code."""

    pattern: str
    name_vi: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Province(NamedRow):
    """A province by its digits on cards, or one of the 34 units of today.

    `unit` is the code of the unit to which it belongs today.
    """

    list: str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseSalary(Dated):
    """The base salary (lương cơ sở), in dong a month."""

    amount_vnd: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFacility(NamedRow):
    """A facility and its profile; an empty score means that it is ranked provisionally.

    An empty level means that only the name is known.
    """

    level: str
    score: str
    former_tier: str
    listed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Holiday(Dated):
    """Days off (`off`), days worked instead (`work`), or until when they are `known_until`."""

    kind: str
    name_vi: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineRule(Dated):
    """By when a message has to reach the insurer; `within` counts in `unit`.

    A rule whose unit is `own_aim` names no figure: the facility's own aim counts instead.  A rule
    whose status is `draft` is not in force, and is only shown beside the one that is.
    """

    message: str
    status: str
    within: int
    unit: str
    name_vi: str
    name_en: str
