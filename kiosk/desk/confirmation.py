"""What the clerk adds when a visit is confirmed, and the visit that follows from it.

Who may be recorded:

1.  A patient whose card was read.  If the verdict was `desk`, the clerk gives a reason, or the
    patient goes in as an emergency or without insurance.
2.  Without a card that was read: an emergency or a patient without insurance, by name.
3.  Without a card that was read and without a name: an unknown patient, as an emergency or without
    insurance.
4.  Without a card that was read, but insured according to another document (NĐ 188/2025 Điều 37),
    by name and birth date; but not if a card was shown and it was misused (`MISUSE_REASONS`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time

from kiosk.desk.errors import NothingToConfirm, PatientIsKnown, ReasonRequired
from kiosk.desk.presentation import PresentationEntry, how_presented
from kiosk.desk.temporary_codes import with_temporary_code
from kiosk.insurer import EMERGENCY, NOT_REPORTED, SELF_REFERRED
from kiosk.logbook import (
    DESK,
    AppointmentSlip,
    Arrival,
    Attempt,
    CardOnVisit,
    Guardian,
    IdentifiedBy,
    NewVisit,
    PresentedAs,
    Priority,
    UnknownPatient,
    VisitService,
)
from kiosk.settings import Settings
from verify import (
    Birth,
    Card,
    Coverage,
    NumberKind,
    Outcome,
    PersonNumber,
    Reason,
    Referral,
    Sex,
    age_on,
    clinic_day,
)

# A card was shown and must not be used: another paper does not replace it.
MISUSE_REASONS = frozenset({Reason.FORGED, Reason.REVOKED, Reason.NOT_LIVE, Reason.SHOWN_BEFORE})
MAX_AGE_YEARS = 130
BIRTH_RECORD_UNTIL_YEARS = 6  # of age: a younger child is insured by the birth record


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What the clerk entered; empty if nothing was."""

    service_code: str = ""
    service_name: str = ""
    room: str = ""
    arrival: str = ""
    referral: Referral | None = None
    papers: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    holder: str = field(default="", repr=False)  # for cards without a name
    born: Birth | None = field(default=None, repr=False)
    sex: Sex | None = None
    clerk_reason: str = field(default="", repr=False)  # why the patient goes in, if sent to `desk`
    author: str = DESK  # see `kiosk.logbook.author`
    repeat_reason: str = field(default="", repr=False)  # for a second visit on one day
    secret: bool = False  # the visit is a state secret
    unknown: UnknownPatient | None = None  # nobody knows who the patient is
    temporary_code: str = field(default="", repr=False)  # in place of a card's number
    presented_as: PresentedAs | None = None
    identified_by: IdentifiedBy | None = None
    numbers: tuple[PersonNumber, ...] = ()  # of other documents of the patient
    appointment: AppointmentSlip | None = None
    guardian: Guardian | None = None
    birth_time: time | None = field(default=None, repr=False)  # of a newborn
    priority: Priority | None = None  # in the queue, as the clerk confirmed it


def visit_from(
    newest: Attempt,
    confirmation: Confirmation,
    now: datetime,
    settings: Settings,
    read_at: datetime | None = None,
) -> NewVisit:
    """Return the visit that the newest verdict on a reading and a confirmation make.

    `now` (aware) becomes the time of arrival, and `read_at` (aware; None: now) the time at which
    the card was presented.  What the clerk left empty comes from the settings.
    Raises NothingToConfirm if no card was read and the patient may not go in without one.  Raises
    ReasonRequired if the verdict was `desk` and the clerk gave no reason, unless the patient goes
    in as an emergency or without insurance.  Raises PatientIsKnown if a card or a name says who an
    unknown patient is, and NoTemporaryCode if the patient cannot have the temporary number.
    """
    card, coverage = newest.verdict.card, newest.verdict.coverage
    here = settings.facility.code_on(clinic_day(now))
    if confirmation.unknown and (card is not None or confirmation.holder):
        raise PatientIsKnown("a card was read, or a name was given")
    if card is None:
        _check_without_card(newest, confirmation, clinic_day(now))
        on_visit = _without_card(confirmation)
        person, usual_arrival = on_visit.citizen_number or "", SELF_REFERRED
        if confirmation.unknown:
            person, usual_arrival = confirmation.unknown.code, EMERGENCY
    elif (
        newest.outcome is Outcome.DESK
        and not confirmation.clerk_reason
        and confirmation.arrival not in NOT_REPORTED
    ):
        raise ReasonRequired("the verdict was desk, and the clerk gave no reason", newest.reason)
    else:
        person = person_number(card, coverage)
        on_visit = card_on_visit(card, coverage, newest.reason, confirmation)
        usual_arrival = "registered" if on_visit.registered_at == here else SELF_REFERRED
    kind = confirmation.arrival or usual_arrival
    entry = PresentationEntry(
        confirmation.presented_as,
        confirmation.identified_by,
        confirmation.papers,
        confirmation.holder,
    )
    presented_at = min(read_at or now, now)
    visit = NewVisit(
        attempt=newest.reading,
        verdict_of=newest.id,
        facility=here,
        arrived_at=now,
        outcome=newest.outcome,
        reason=newest.reason,
        person=person,
        card=on_visit,
        service=_service(confirmation, card, settings),
        arrival=Arrival(
            kind=kind,
            referral=confirmation.referral,
            papers=confirmation.papers,
            phone=confirmation.phone,
            appointment=confirmation.appointment,
            guardian=confirmation.guardian,
        ),
        clerk_reason=confirmation.clerk_reason,
        author=confirmation.author,
        repeat_reason=confirmation.repeat_reason,
        secret=confirmation.secret,
        unknown=confirmation.unknown,
        how=how_presented(newest.verdict, entry, kind, presented_at),
        birth_time=confirmation.birth_time,
    )
    temporary_code = confirmation.temporary_code
    return with_temporary_code(visit, temporary_code) if temporary_code else visit


def _service(confirmation: Confirmation, card: Card | None, settings: Settings) -> VisitService:
    """Return the service; the usual one of the settings has a name, another is named by its code.

    Without a card that was read a service without a name gets the usual name too.
    """
    usual, code = settings.visit, confirmation.service_code
    usual_name = usual.service_name if card is None or code in ("", usual.service_code) else code
    return VisitService(
        code=code or usual.service_code,
        name=confirmation.service_name or usual_name,
        room=confirmation.room or usual.room,
        care=usual.care,
    )


def _check_without_card(newest: Attempt, confirmation: Confirmation, today: date) -> None:
    """Raise NothingToConfirm unless this patient may go in without a card that was read."""
    is_misuse = newest.reason in MISUSE_REASONS
    is_insured = not is_misuse and _is_insured_without_card(confirmation, today)
    if confirmation.unknown:
        may_go_in = confirmation.arrival in ("", *NOT_REPORTED)
    else:
        is_reported = confirmation.arrival not in NOT_REPORTED
        may_go_in = bool(confirmation.holder) and (is_insured or not is_reported)
    if not may_go_in:
        raise NothingToConfirm("the reading holds no card")


def _is_insured_without_card(confirmation: Confirmation, today: date) -> bool:
    """Return whether the patient is insured before having a card (NĐ 188/2025 Điều 37).

    These are children under six by the birth record, those who wait for a card by the receipt,
    and newborns and donors by the patient record.  All need a plausible birth date.
    """
    born = confirmation.born
    if born is None or born.is_after(today) or today.year - born.year > MAX_AGE_YEARS:
        return False
    if confirmation.papers == "birth_record":
        return age_on(born, today) < BIRTH_RECORD_UNTIL_YEARS
    return confirmation.papers == "receipt" or (
        confirmation.papers == "donor_record" and confirmation.arrival in ("donor", "newborn")
    )


def person_number(card: Card, coverage: Coverage | None) -> str:
    """Return the number that identifies a card's holder, in this clinic's logbook too.

    It is the insurance number (ten digits) that the insurer gives, else the one on the card, else
    the card's own number.
    """
    from_insurer = coverage.insurance_number if coverage else None
    return from_insurer or card.insurance_number or card.number


def card_on_visit(
    card: Card, coverage: Coverage | None, reason: Reason, confirmation: Confirmation
) -> CardOnVisit:
    """Return the card that counts on the day: the one shown, or the one that replaced it.

    What the card does not say about its holder comes from the insurer, and then from the patient.
    The personal number of the ID card counts before one that was typed (NĐ 70/2024 Điều 12).
    """
    facility, valid_from, valid_until = card.facility, card.valid_from, card.valid_until
    card_number = card.number if len(card.number) == 15 else None
    holder, born, sex = card.holder, card.born, card.sex
    new_card = coverage.new_card if coverage else None
    if coverage is not None:
        facility = coverage.facility or facility
        valid_from = coverage.valid_from or valid_from
        valid_until = coverage.valid_until or valid_until
        card_number = card_number or coverage.card_number
        holder, born, sex = holder or coverage.holder, born or coverage.born, sex or coverage.sex
    if reason is Reason.NEW_CARD_IN_FORCE and coverage is not None and new_card is not None:
        card_number, facility = new_card.number, new_card.facility or coverage.facility
        valid_from, valid_until = new_card.valid_from, new_card.valid_until
    return CardOnVisit(
        number=card.number,
        card_number=card_number,
        citizen_number=card.personal_id or _personal_number(confirmation),
        other_numbers=_other_numbers(
            card.personal_id, (*card.other_numbers, *confirmation.numbers)
        ),
        holder=holder or confirmation.holder or None,
        born=born or confirmation.born,
        sex=sex or confirmation.sex,
        registered_at=facility,
        valid_from=valid_from,
        valid_until=valid_until,
    )


def _without_card(confirmation: Confirmation) -> CardOnVisit:
    """Return what is known of a patient of whom no card was read."""
    number = _personal_number(confirmation)
    return CardOnVisit(
        number="",
        citizen_number=number,
        other_numbers=_other_numbers(number, confirmation.numbers),
        holder=confirmation.holder or None,
        born=confirmation.born,
        sex=confirmation.sex,
    )


def _personal_number(confirmation: Confirmation) -> str | None:
    """Return the personal number that was given; None if none was: no other number becomes one."""
    given = (number.number for number in confirmation.numbers if number.kind is NumberKind.PERSONAL)
    return next(given, None)


def _other_numbers(
    personal: str | None, numbers: tuple[PersonNumber, ...]
) -> tuple[PersonNumber, ...]:
    """Return further numbers, each once, without the personal number itself."""
    return tuple(number for number in dict.fromkeys(numbers) if number.number != personal)
