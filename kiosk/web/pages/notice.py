"""The notice of this facility's level and points, for the waiting room and to be printed.

A facility shows both at reception (NĐ 188/2025 Đ35 k2 e).  The values are those of the settings;
what insurance pays without a referral follows from the law's tables of today.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import NamedTuple

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from kiosk.desk import Entitlements
from kiosk.insurer import SELF_REFERRED
from kiosk.settings import Settings
from kiosk.web.pages.entitlement_trial import SITUATION_WORDS
from verify import CARES, FacilityProfile, Law, LocalizedText, RoutingInput, clinic_day

REFRESH_S = 600  # a display in the waiting room stays open over midnight and over a new start


class ShareWithoutReferral(NamedTuple):
    """What a patient who comes without a referral gets of the benefit on the card."""

    care: str
    percent: int | None  # None: not known
    because: LocalizedText
    for_every_card: bool  # the percentage is of the costs, whatever the benefit of the card is
    is_certain: bool


def make_notice(
    settings: Settings, entitlements: Entitlements, clock: Callable[[], datetime]
) -> Blueprint:
    """Return the blueprint of /notice."""
    blueprint = Blueprint("notice", __name__)

    @blueprint.get("/notice")
    def notice() -> ResponseReturnValue:
        """Show the facility's level and points, or that they are not set."""
        today, facility = clinic_day(clock()), settings.facility
        return render_template(
            "entitlement/notice.html",
            code=facility.code_on(today),
            level=facility.level and SITUATION_WORDS[facility.level],
            score=facility.score,
            shares=shares_without_referral(entitlements.law, entitlements.here, today),
            today=today,
            as_of=entitlements.law.issued,
            refresh_s=REFRESH_S,
        )

    return blueprint


def shares_without_referral(
    law: Law, here: FacilityProfile, day: date
) -> list[ShareWithoutReferral]:
    """Return what is paid on a day without a referral; empty if the profile leaves it open."""
    shares = []
    for care in CARES:
        visit = RoutingInput(day, here, SELF_REFERRED, care, "", "")
        rule = law.route(visit).rule
        if rule is None:
            return []
        because = LocalizedText(rule.rule, rule.because_vi, rule.because_en)
        is_certain = rule.confidence == "high" and not rule.open_question
        shares.append(ShareWithoutReferral(care, rule.percent, because, rule.overrides, is_certain))
    return shares
