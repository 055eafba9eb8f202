"""Which settings keep visits from being sent, known before the first patient comes.

A visit that lacks a value which the insurer requires is parked, and a person must correct it.  If
the value comes from the settings, that happens to every such visit.  So these are looked for at
the start, with a trial visit of a patient whose card says all that a card can say:

1.  Without a gateway nothing is sent, and no card is asked about.
2.  The code of a patient who comes without a referral (MA_DOITUONG_KCB) follows from the
    facility's profile and the law's tables, unless the settings name it.  The codes of all other
    ways to arrive are fixed (`ARRIVALS`).
3.  The service and its kind come from the settings, unless the desk names another service.  The
    kind (MA_LOAI_KCB) has to be in the law's table of the day.
4.  A question about a card names a member of staff.

Values that can be seen to be wrong by themselves are refused by `kiosk.settings`.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from kiosk.insurer.arrival import SELF_REFERRED
from kiosk.insurer.errors import IncompleteVisit
from kiosk.insurer.xml0 import (
    ELEMENTS,
    ExpectedCode,
    HasKnownCare,
    check_in_record,
    with_known_care,
)
from kiosk.logbook import Arrival, CardOnVisit, NewVisit, VisitService
from kiosk.settings import Settings
from verify import Birth, Outcome, Reason, Sex, clinic_day

CODE_ELEMENT = "MA_DOITUONG_KCB"
SETTING_OF_ELEMENT = {
    "MA_DICH_VU": "[visit] service_code",
    "TEN_DICH_VU": "[visit] service_name",
}
CARE_ELEMENT = "MA_LOAI_KCB"
MAX_LENGTHS = {name: length for name, length, _ in ELEMENTS}
TRIAL_NUMBER = "DN4019999900000"  # no real person's


class Affected(StrEnum):
    """What a missing setting keeps from being done. Part of the HTTP contract."""

    EVERYTHING = "everything"  # nothing is sent, and nothing is asked
    VISITS = "visits"  # visits are parked
    SELF_ARRIVALS = "self"  # visits of patients who come without a referral are parked
    QUESTIONS = "questions"  # about cards; the insurer refuses them


class Need(StrEnum):
    """What is needed in place of what a setting holds. Part of the HTTP contract."""

    GATEWAY = "gateway"  # the address of the gateway, and an account
    LEVEL = "level"
    FORMER_TIER = "former_tier"
    LISTED = "listed"  # or a former tier
    CODE = "code"  # no rule of the law has a code for this profile: the settings must name it
    SHORTER_CODE = "shorter_code"
    SERVICE = "service"  # something that is not empty, not too long and printable
    CARE = "care"  # a MA_LOAI_KCB that is in the law's table of the day
    STAFF = "staff"


class Obstacle(NamedTuple):
    """A setting that keeps visits from being sent, or questions from being answered."""

    setting: str  # as in the file: "[facility] former_tier"
    need: Need
    affected: Affected


def find_obstacles(
    settings: Settings,
    expected: ExpectedCode,
    now: datetime,
    has_known_care: HasKnownCare | None = None,
) -> list[Obstacle]:
    """Return the settings that keep visits from being sent; empty if all can be.

    `expected` gives a visit's MA_DOITUONG_KCB by the law in use, `now` is the current time (aware).
    Without `has_known_care` every MA_LOAI_KCB counts as known.
    """
    found = []
    if not settings.insurer.url:
        found.append(Obstacle("[insurer] url", Need.GATEWAY, Affected.EVERYTHING))
    for element in _missing_elements(settings, expected, now, has_known_care):
        if element == CARE_ELEMENT:
            found.append(Obstacle("[visit] care", Need.CARE, Affected.VISITS))
        elif element == CODE_ELEMENT:
            found.append(_missing_code(settings))
        elif element in SETTING_OF_ELEMENT:
            setting = SETTING_OF_ELEMENT[element]
            found.append(Obstacle(setting, Need.SERVICE, Affected.VISITS))
    if settings.insurer.url and _asks_without_staff(settings):
        found.append(Obstacle("[insurer] staff_name", Need.STAFF, Affected.QUESTIONS))
    return found


def _missing_elements(
    settings: Settings, expected: ExpectedCode, now: datetime, has_known_care: HasKnownCare | None
) -> tuple[str, ...]:
    """Return the elements of XML0 for which a patient who comes without a referral has no value."""
    visit = _trial_visit(settings, now)
    try:
        check_in_record("trial", with_known_care(visit, has_known_care), expected(visit))
    except IncompleteVisit as exc:
        return exc.fields
    return ()


def _trial_visit(settings: Settings, now: datetime) -> NewVisit:
    usual = settings.visit
    return NewVisit(
        attempt=0,
        verdict_of=0,
        facility=settings.facility.code_on(clinic_day(now)),
        arrived_at=now,
        outcome=Outcome.ADMITTED,
        reason=Reason.IN_FORCE,
        person=TRIAL_NUMBER,
        card=CardOnVisit(
            TRIAL_NUMBER,
            holder="Nguyễn Văn Mẫu",
            born=Birth(1980, 1, 1),
            sex=Sex.MALE,
            valid_from=date(2020, 1, 1),
        ),
        service=VisitService(usual.service_code, usual.service_name, usual.room, usual.care),
        arrival=Arrival(SELF_REFERRED),
    )


def _missing_code(settings: Settings) -> Obstacle:
    """Return which setting to fill in, so that there is a code of patients without a referral."""
    facility, code = settings.facility, settings.visit.self_arrival_code
    is_listed_known = bool(facility.former_tier or facility.listed)
    if len(code) > MAX_LENGTHS[CODE_ELEMENT]:
        setting, need = "[visit] self_arrival_code", Need.SHORTER_CODE
    elif not facility.level:
        setting, need = "[facility] level", Need.LEVEL
    elif facility.level == "ban_dau" and not is_listed_known:
        setting, need = "[facility] listed", Need.LISTED
    elif facility.level != "ban_dau" and not facility.former_tier:
        setting, need = "[facility] former_tier", Need.FORMER_TIER
    else:
        setting, need = "[visit] self_arrival_code", Need.CODE
    return Obstacle(setting, need, Affected.SELF_ARRIVALS)


def _asks_without_staff(settings: Settings) -> bool:
    """Return whether a desk asks about cards although no member of staff is named.

    `kiosk.settings` refuses this only if [insurer] ask says so for all desks.
    """
    is_asked = any(desk.ask != "never" for desk in settings.desks)
    return is_asked and not (settings.insurer.staff_name and settings.insurer.staff_cccd)
