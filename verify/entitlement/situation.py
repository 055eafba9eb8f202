"""A Situation: all that a patient's entitlement depends on, as far as it is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from verify.birth import Birth


@dataclass(frozen=True, slots=True)
class FacilityProfile:
    """The facility where the patient is.

    An empty level or former tier is not set; this differs from the former tier `none`.
    """

    code: str = ""
    level: str = ""
    score: float = 0  # points of the technical ranking; 0: ranked provisionally
    former_tier: str = ""
    listed: bool | None = None  # of the kinds in Luật BHYT Đ22 k1 c; None: by the former tier

    @property
    def is_listed(self) -> str:
        """Return `yes` for a commune health station and the like, `no` for other facilities."""
        return "yes" if (self.former_tier == "xa" if self.listed is None else self.listed) else "no"


class ReferralForm(StrEnum):
    """How a referral was shown; the values are stored.

    An electronic one is signed by its facility and valid when shown on VNeID (TT 06/2026 Điều 5).
    """

    PAPER = "paper"
    VNEID = "vneid"  # electronic, seen on VNeID
    ELECTRONIC = "electronic"  # electronic, seen in another way


@dataclass(frozen=True, slots=True)
class Referral:
    """A referral. How long it is valid follows from the day of signing and from the disease."""

    signed_on: date
    for_a_year: bool = False  # for a disease of Annex III of Circular 01/2025
    facility: str | None = None  # the code of the referring facility; None: not known
    number: str | None = field(default=None, repr=False)  # of the slip; None: not known
    form: ReferralForm | None = None  # None: not known


@dataclass(frozen=True, slots=True)
class Situation:
    """One visit of one patient. A value that is None or empty is not known."""

    visit_date: date
    facility: FacilityProfile
    arrival: str = "self"
    care: str = "outpatient"
    object_codes: tuple[str, ...] = ()  # of several groups the best one counts
    digit: int | None = None  # as printed on the card
    living_area: str = ""
    registered_at: str = ""
    five_years_since: date | None = None
    copaid_vnd: int | None = None  # in this calendar year
    born: Birth | None = field(default=None, repr=False)
    cost_vnd: int | None = None  # of the whole visit
    annex: str = ""  # `annex_1` or `annex_2`, once a doctor has diagnosed such a disease
    referral: Referral | None = None
    card_until: date | None = None  # the last day of the card
