"""What the clerk adds when a visit is confirmed, and the visit that follows from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from kiosk.desk.errors import NothingToConfirm, ReasonRequired
from kiosk.insurer import NOT_REPORTED, SELF_REFERRED
from kiosk.logbook import Arrival, Attempt, CardOnVisit, NewVisit, VisitService
from kiosk.settings import Settings
from verify import Birth, Card, Coverage, Outcome, Reason, Referral, Sex, age_on, clinic_day

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
    referral: Referral | None = None
    papers: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    holder: str = field(default="", repr=False)  # for cards that name nobody
    born: Birth | None = field(default=None, repr=False)
    sex: Sex | None = None
    clerk_reason: str = field(default="", repr=False)  # why, where the verdict was `desk`


def visit_from(newest: Attempt, said: Confirmation, now: datetime, settings: Settings) -> NewVisit:
    """Return the visit that a verdict and a confirmation make.

    NothingToConfirm where no card was read and the patient is neither recorded without insurance
    nor as an emergency, by name; ReasonRequired where the verdict was `desk` and the clerk neither
    gave a reason nor did one of these.
    """
    card, word, here = newest.verdict.card, newest.verdict.coverage, settings.facility.code
    if card is None:
        _check_without_card(newest, said, clinic_day(now))
        person, usual_arrival = "", SELF_REFERRED
        on_visit = CardOnVisit("", holder=said.holder, born=said.born, sex=said.sex)
    elif (
        newest.outcome is Outcome.DESK
        and not said.clerk_reason
        and said.arrival not in NOT_REPORTED
    ):
        raise ReasonRequired("the verdict was desk")
    else:
        person = person_of(card, word)
        on_visit = _card_on_visit(card, word, newest.reason, said)
        usual_arrival = "registered" if on_visit.registered_at == here else SELF_REFERRED
    defaults = settings.visit
    is_usual_service = card is None or said.service_code in ("", defaults.service_code)
    return NewVisit(
        attempt=newest.reading,
        verdict_of=newest.id,
        facility=here,
        arrived_at=now,
        outcome=newest.outcome,
        reason=newest.reason,
        person=person,
        card=on_visit,
        service=VisitService(
            code=said.service_code or defaults.service_code,
            name=said.service_name
            or (defaults.service_name if is_usual_service else said.service_code),
            room=said.room or defaults.room,
            care=defaults.care,
        ),
        arrival=Arrival(
            kind=said.arrival or usual_arrival,
            referral=said.referral,
            papers=said.papers,
            phone=said.phone,
        ),
        clerk_reason=said.clerk_reason,
    )


def _check_without_card(newest: Attempt, said: Confirmation, today: date) -> None:
    """Raise NothingToConfirm unless this patient may go in without a card that was read."""
    misused = newest.reason in MISUSED
    is_insured = not misused and _is_insured_without_card(said, today)
    if not said.holder or not (said.arrival in NOT_REPORTED or is_insured):
        raise NothingToConfirm("the reading holds no card")


def _is_insured_without_card(said: Confirmation, today: date) -> bool:
    """Tell whether somebody is insured before having a card (NĐ 188/2025 Điều 37).

    A child under six by the birth record, who waits for a card by the receipt, newborns and
    donors by what stands in the record.  All need a birth date.
    """
    born = said.born
    if born is None or born.is_after(today) or today.year - born.year > OLDEST:
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


def _card_on_visit(
    card: Card, word: Coverage | None, reason: Reason, said: Confirmation
) -> CardOnVisit:
    """Return the card that counts on the day: the one shown, or the one that replaced it.

    What the card does not say of its holder the insurer may, and then the patient.
    """
    facility, valid_from, valid_until = card.facility, card.valid_from, card.valid_until
    card_number = card.number if len(card.number) == 15 else None
    holder, born, sex = card.holder, card.born, card.sex
    new = word.new_card if word else None
    if word is not None:
        facility = word.facility or facility
        valid_from, valid_until = word.valid_from or valid_from, word.valid_until or valid_until
        card_number = card_number or word.card_number
        holder, born, sex = holder or word.holder, born or word.born, sex or word.sex
    if reason is Reason.NEW_CARD_IN_FORCE and word is not None and new is not None:
        card_number, facility = new.number, new.facility or word.facility
        valid_from, valid_until = new.valid_from, new.valid_until
    return CardOnVisit(
        number=card.number,
        card_number=card_number,
        citizen_number=card.personal_id,
        holder=holder or said.holder or None,
        born=born or said.born,
        sex=sex or said.sex,
        registered_at=facility,
        valid_from=valid_from,
        valid_until=valid_until,
    )
