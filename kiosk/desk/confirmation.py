"""What the clerk adds when a visit is confirmed, and the visit that follows from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from kiosk.errors import NothingToConfirm, ReasonWanted
from kiosk.insurer import NOT_TOLD, SELF
from kiosk.logbook import Attempt, NewVisit
from kiosk.settings import Settings
from verify import (
    Birth,
    Card,
    Coverage,
    Outcome,
    Reason,
    age_on,
    clinic_day,
)

# A card was shown, and it was not right: it is not passed over for a paper.
MISUSED = frozenset({Reason.FORGED, Reason.REVOKED, Reason.NOT_LIVE, Reason.SHOWN_BEFORE})
OLDEST = 130  # years
CHILD_UNTIL = 6  # years: until then a birth record is enough


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What was said at the desk; empty where nothing was."""

    service_code: str = ""
    service_name: str = ""
    room: str = ""
    arrival: str = ""
    papers: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    holder: str = field(default="", repr=False)  # for cards that name nobody
    born: str = field(default="", repr=False)  # ISO 8601
    sex: str = ""
    clerk_reason: str = field(default="", repr=False)  # why, where the verdict was `desk`


def visit_from(newest: Attempt, said: Confirmation, now: datetime, settings: Settings) -> NewVisit:
    """Return the visit that a verdict and a confirmation make.

    NothingToConfirm where no card was read and the patient is neither recorded without insurance
    nor as an emergency, by name; ReasonWanted where the verdict was `desk` and the clerk neither
    gave a reason nor did one of these.
    """
    card, word = newest.verdict.card, newest.verdict.coverage
    if card is None:
        return _without_card(newest, said, now, settings)
    if newest.outcome is Outcome.DESK and not said.clerk_reason and said.arrival not in NOT_TOLD:
        raise ReasonWanted("the verdict was desk")
    period = _Period.of(card, word, newest.reason)
    born = card.born or (word.born if word else None)
    sex = card.sex or (word.sex if word else None)
    defaults = settings.visit
    same_service = said.service_code in ("", defaults.service_code)
    return NewVisit(
        attempt=newest.reading,
        verdict_of=newest.id,
        facility=settings.facility.code,
        arrived_at=now,
        outcome=newest.outcome,
        reason=newest.reason,
        number=card.number,
        person=person_of(card, word),
        card_number=period.number,
        holder=card.holder or (word.holder if word else None) or said.holder or None,
        born=str(born) if born else said.born or None,
        sex=sex.value if sex else said.sex or None,
        registered_at=period.facility,
        valid_from=period.valid_from,
        valid_until=period.valid_until,
        service_code=said.service_code or defaults.service_code,
        service_name=said.service_name
        or (defaults.service_name if same_service else said.service_code),
        room=said.room or defaults.room,
        arrival=said.arrival or _arrival(period.facility, settings.facility.code),
        care=defaults.care,
        papers=said.papers,
        phone=said.phone,
        clerk_reason=said.clerk_reason,
        citizen_number=card.personal_id,
    )


def _without_card(
    newest: Attempt, said: Confirmation, now: datetime, settings: Settings
) -> NewVisit:
    """Return the visit of a patient without a card that could be read: nobody is turned away."""
    misused = newest.reason in MISUSED
    is_insured = not misused and _is_insured_without_card(said, clinic_day(now))
    if not said.holder or not (said.arrival in NOT_TOLD or is_insured):
        raise NothingToConfirm("the reading holds no card")
    defaults = settings.visit
    return NewVisit(
        attempt=newest.reading, verdict_of=newest.id, facility=settings.facility.code,
        arrived_at=now, outcome=newest.outcome, reason=newest.reason,
        number="", person="", card_number=None, holder=said.holder, born=said.born or None,
        sex=said.sex or None, registered_at=None, valid_from=None, valid_until=None,
        service_code=said.service_code or defaults.service_code,
        service_name=said.service_name or defaults.service_name,
        room=said.room or defaults.room, arrival=said.arrival or SELF, care=defaults.care,
        papers=said.papers, phone=said.phone, clerk_reason=said.clerk_reason,
    )  # fmt: skip


def _is_insured_without_card(said: Confirmation, today: date) -> bool:
    """Tell whether somebody is insured before having a card (NĐ 188/2025 Điều 37).

    A child under six by the birth record, who waits for a card by the receipt, newborns and
    donors by what stands in the record.  All need a birth date.
    """
    if not said.born:
        return False
    born = Birth.from_iso(said.born)
    if born.is_after(today) or today.year - born.year > OLDEST:
        return False
    if said.papers == "birth_record":
        return age_on(born, today) < CHILD_UNTIL
    return said.papers == "receipt" or (
        said.papers == "donor_record" and said.arrival in ("donor", "newborn")
    )


def person_of(card: Card, word: Coverage | None) -> str:
    """Return the number that names the person, for this clinic too."""
    insurer_says = word.insurance_number if word else None
    return insurer_says or card.insurance_number or card.number


def _arrival(registered_at: str | None, here: str) -> str:
    return "registered" if registered_at == here else SELF


@dataclass(frozen=True, slots=True)
class _Period:
    """The card that counts on the day, of the one shown and the one that replaced it."""

    number: str | None
    facility: str | None
    valid_from: str | None
    valid_until: str | None

    @classmethod
    def of(cls, card: Card, word: Coverage | None, reason: Reason) -> _Period:
        new = word.new_card if word else None
        if reason is Reason.NEW_CARD_IN_FORCE and word and new:
            facility = new.facility or word.facility
            return cls(new.number, facility, _iso(new.valid_from), _iso(new.valid_until))
        shown = card.number if len(card.number) == 15 else None
        return cls(
            shown or (word.card_number if word else None),
            (word.facility if word else None) or card.facility,
            _iso((word.valid_from if word else None) or card.valid_from),
            _iso((word.valid_until if word else None) or card.valid_until),
        )


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
