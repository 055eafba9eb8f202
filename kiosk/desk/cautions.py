"""Cautions: signs that somebody else's card, or the fund, may be misused; pure.

Each says what was seen and when.  A caution is a reason to look, never a proof and never a
refusal; from how many on something counts is a setting.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from kiosk.insurer import PastCheck, PastVisit
from kiosk.settings import Cautions
from verify import CLINIC_ZONE, LocalizedText, Phrases, clinic_day

HERE_TODAY = "here_today"
MONTH = timedelta(days=30)
LONGEST_STAY = timedelta(days=180)  # older, a stay without an end was never closed by its facility


@dataclass(frozen=True, slots=True)
class ElsewhereRecords:
    """What the insurer tells: who asked about the card before, where its holder has been."""

    checks: tuple[PastCheck, ...] = ()
    visits: tuple[PastVisit, ...] | None = None  # None: not heard this time


def cautions_elsewhere(
    seen: ElsewhereRecords, here: str, limits: Cautions, now: datetime, phrases: Phrases
) -> list[LocalizedText]:
    """Return what is worth a look in what the insurer tells; `here` is this facility's code."""
    tell = phrases.text
    found = []
    visits = [one for one in seen.visits or () if one.facility and _is_past(one, now)]
    if dead := [one for one in visits if one.died]:
        found.append(tell("caution.deceased", facility=dead[0].facility, at=_said(dead[0].left_at)))
    for stay in visits:
        is_recent = stay.came_at is not None and now - stay.came_at <= LONGEST_STAY
        if stay.is_open and is_recent and stay.facility != here:
            found.append(tell("caution.open_stay", facility=stay.facility, at=_said(stay.came_at)))
    recent = [one for one in visits if one.came_at and now - one.came_at <= MONTH]
    facilities = sorted({one.facility for one in recent})
    if 0 < limits.facilities_in_30_days <= len(facilities):
        named = ", ".join(facilities[:5])
        found.append(tell("caution.many_facilities", n=len(facilities), facilities=named))
    if 0 < limits.visits_in_30_days <= len(recent):
        found.append(tell("caution.many_visits", n=len(recent)))
    return found + _checked_elsewhere(seen, here, limits, now, phrases)


def _is_past(visit: PastVisit, now: datetime) -> bool:
    return visit.came_at is not None and visit.came_at <= now


def _checked_elsewhere(
    seen: ElsewhereRecords, here: str, limits: Cautions, now: datetime, phrases: Phrases
) -> list[LocalizedText]:
    """Return who looked the card up since its holder last went home, or today if not known."""
    left = [one.left_at for one in seen.visits or () if one.left_at and one.left_at <= now]
    went_home = max(left, default=None)
    since = [
        check
        for check in seen.checks
        if check.facility not in ("", here)
        and (clinic_day(check.at) == clinic_day(now) if went_home is None else check.at > went_home)
    ]
    last_by = {check.facility: check for check in since}
    if not 0 < limits.checks_elsewhere <= len(last_by):
        return []
    last = max(last_by.values(), key=lambda check: check.at)
    return [phrases.text("caution.checked_elsewhere", n=len(last_by), facility=last.facility,
                         at=_said(last.at))]  # fmt: skip


def _said(moment: datetime | None) -> str:
    return "?" if moment is None else f"{moment.astimezone(CLINIC_ZONE):%H:%M %d/%m/%Y}"
