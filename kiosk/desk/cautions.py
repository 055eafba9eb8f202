"""Cautions: signs that another person's card, or the insurance fund, may be misused.  Pure.

Each caution says what was seen and when.  It is a reason to look closer, never a proof and never
a refusal.  The settings say from which number on a caution is shown (`[cautions]`; 0: never).

What the insurer's records can show:

1.  `deceased`: a facility reported that the holder died.
2.  `open_stay`: another facility has not closed a stay that began at most `MAX_STAY` ago.
3.  `many_facilities`, `many_visits`: many facilities, or visits, in the last 30 days.
4.  `checked_elsewhere`: other facilities have asked about the card since the last discharge.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta

from kiosk.insurer import PastCheck, PastVisit
from kiosk.settings import Cautions
from verify import CLINIC_ZONE, LocalizedText, Phrases, clinic_day

HERE_TODAY = "here_today"
AT_OTHER_DESK = "at_other_desk"  # here today, by what another desk of the facility recorded
COUNTED_PERIOD = timedelta(days=30)
MAX_STAY = timedelta(days=180)  # an open stay that is older was never closed by its facility
MAX_FACILITIES_NAMED = 5


@dataclass(frozen=True, slots=True)
class ElsewhereRecords:
    """The insurer's records of a card: who asked about it, and where its holder has been."""

    checks: tuple[PastCheck, ...] = ()
    visits: tuple[PastVisit, ...] | None = None  # None: not asked for, or no answer


def cautions_elsewhere(
    records: ElsewhereRecords,
    our_codes: AbstractSet[str],
    limits: Cautions,
    now: datetime,
    phrases: Phrases,
) -> list[LocalizedText]:
    """Return the cautions that follow from the insurer's records.

    `our_codes` are the codes of this facility, `now` is aware.  Records without a facility or a
    time, and those from the future, count for nothing.
    """
    text = phrases.text
    found = []
    visits = [visit for visit in records.visits or () if visit.facility and _is_past(visit, now)]
    if deaths := [visit for visit in visits if visit.died]:
        first = deaths[0]
        found.append(text("caution.deceased", facility=first.facility, at=_format(first.left_at)))
    for stay in visits:
        is_recent = stay.came_at is not None and now - stay.came_at <= MAX_STAY
        if stay.is_open and is_recent and stay.facility not in our_codes:
            at = _format(stay.came_at)
            found.append(text("caution.open_stay", facility=stay.facility, at=at))
    recent = [visit for visit in visits if visit.came_at and now - visit.came_at <= COUNTED_PERIOD]
    facilities = sorted({visit.facility for visit in recent})
    if 0 < limits.facilities_in_30_days <= len(facilities):
        names = ", ".join(facilities[:MAX_FACILITIES_NAMED])
        found.append(text("caution.many_facilities", n=len(facilities), facilities=names))
    if 0 < limits.visits_in_30_days <= len(recent):
        found.append(text("caution.many_visits", n=len(recent)))
    return found + _checked_elsewhere(records, our_codes, limits, now, phrases)


def _is_past(visit: PastVisit, now: datetime) -> bool:
    return visit.came_at is not None and visit.came_at <= now


def _checked_elsewhere(
    records: ElsewhereRecords,
    our_codes: AbstractSet[str],
    limits: Cautions,
    now: datetime,
    phrases: Phrases,
) -> list[LocalizedText]:
    """Return a caution if other facilities asked about the card since the last discharge.

    If no discharge is known, today's questions count.
    """
    discharges = [
        visit.left_at for visit in records.visits or () if visit.left_at and visit.left_at <= now
    ]
    discharged_at = max(discharges, default=None)
    counted = [
        check
        for check in records.checks
        if check.facility
        and check.facility not in our_codes
        and (
            clinic_day(check.at) == clinic_day(now)
            if discharged_at is None
            else check.at > discharged_at
        )
    ]
    last_by_facility = {check.facility: check for check in counted}
    if not 0 < limits.checks_elsewhere <= len(last_by_facility):
        return []
    last = max(last_by_facility.values(), key=lambda check: check.at)
    return [
        phrases.text(
            "caution.checked_elsewhere",
            n=len(last_by_facility),
            facility=last.facility,
            at=_format(last.at),
        )
    ]


def _format(moment: datetime | None) -> str:
    return "?" if moment is None else f"{moment.astimezone(CLINIC_ZONE):%H:%M %d/%m/%Y}"
