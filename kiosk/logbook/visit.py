"""The values of a visit: what was confirmed at the desk, and what the logbook knows of it since.

The logbook's file holds a visit as one flat JSON object, in the column `record`.  Only
`visit_record` and `visit_from_record` write and read it; all other code works with these classes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import Any

from kiosk.logbook.paper_source import PaperSource, paper_from_json, paper_json
from kiosk.logbook.presentation import (
    AppointmentSlip,
    Guardian,
    HowPresented,
    appointment_json,
    guardian_from_json,
    guardian_json,
    how_presented_from_json,
    how_presented_json,
)
from kiosk.logbook.stand_ins import (
    TemporaryCode,
    UnknownPatient,
    stand_in_records,
    temporary_code_from,
    unknown_from,
)
from kiosk.logbook.times import from_utc_text, to_utc_text
from verify import (
    Birth,
    Outcome,
    PersonNumber,
    Reason,
    Referral,
    ReferralForm,
    Sex,
    person_number_from_json,
    person_number_json,
)


@dataclass(frozen=True, slots=True)
class CardOnVisit:
    """The card that was used for a visit, and its holder. None means not known.

    Personal fields are left out of the repr.
    """

    number: str = field(repr=False)  # as the patient showed it; empty: no card was shown
    card_number: str | None = field(default=None, repr=False)  # the 15 characters
    citizen_number: str | None = field(default=None, repr=False)
    other_numbers: tuple[PersonNumber, ...] = field(default=(), repr=False)
    holder: str | None = field(default=None, repr=False)
    born: Birth | None = field(default=None, repr=False)
    sex: Sex | None = None
    registered_at: str | None = None  # the facility on the card
    valid_from: date | None = None
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class VisitService:
    """The service that the patient came for, and where it is given."""

    code: str
    name: str
    room: str
    care: str  # MA_LOAI_KCB


@dataclass(frozen=True, slots=True)
class Arrival:
    """How the patient arrived, and what they showed and gave."""

    kind: str  # one of `kiosk.insurer.ARRIVALS`
    referral: Referral | None = None
    papers: str = field(default="", repr=False)  # other papers that were shown, separated by "; "
    phone: str = field(default="", repr=False)
    appointment: AppointmentSlip | None = None
    guardian: Guardian | None = None  # of a child


@dataclass(frozen=True, slots=True)
class Admission:
    """The patient's admission to treatment, which is reported as a second check-in."""

    at: datetime  # aware; NGAY_VAO_NOI_TRU
    care: str  # MA_LOAI_KCB from then on
    reason: str = field(repr=False)  # LY_DO_VNT


@dataclass(frozen=True, slots=True)
class NewVisit:
    """A visit as it was confirmed at the desk."""

    attempt: int  # the id of the reading
    verdict_of: int  # the id of the verdict that it was confirmed on
    facility: str
    arrived_at: datetime  # aware
    outcome: Outcome
    reason: Reason
    person: str = field(repr=False)  # the number that names the patient; empty: not known yet
    card: CardOnVisit
    service: VisitService
    arrival: Arrival
    clerk_reason: str = field(default="", repr=False)  # required if the verdict was `desk`
    author: str = ""  # see `kiosk.logbook.author`; empty: not written down
    secret: bool = False  # a state secret: not reported, and the insurer is not asked about it
    admission: Admission | None = None  # None: the patient was not admitted
    unknown: UnknownPatient | None = None  # until somebody knows who the patient is
    temporary_code: TemporaryCode | None = None  # until the card comes
    how: HowPresented = field(default_factory=HowPresented)
    repeat_reason: str = field(default="", repr=False)  # required if the person was here today
    birth_time: time | None = field(default=None, repr=False)  # at the clinic; of a newborn
    joined_by: int | None = None  # the reading of the card that replaced a code
    paper: PaperSource | None = None  # None: the visit was recorded when the patient came

    @property
    def care(self) -> str:
        """The MA_LOAI_KCB: that of the admission, else that of the service."""
        return self.admission.care if self.admission else self.service.care

    @property
    def patient(self) -> str | None:
        """What the patient is called on pages: the name, or the code of an unknown patient."""
        return self.card.holder or (self.unknown.code if self.unknown else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit(NewVisit):
    """A visit in the logbook, with the state of its newest message."""

    row: int
    id: str
    ticket: int  # the number in the series of its room
    ticket_label: str  # what is printed and called: "12", "G 3"
    ticket_id: int
    insurer_state: str  # queued, in_flight, accepted, refused, parked, closed, not_sent
    transaction_code: str | None
    message: str | None
    version: int = 1  # grows by one with each correction
    cancelled_at: datetime | None = None  # aware


# From a visit's id and the visit: its message, or None if the visit is not reported.
Compose = Callable[[str, NewVisit], "Message | None"]


@dataclass(frozen=True, slots=True)
class Message:
    """A visit's message for the outbox: ready to be sent, or parked with the reason."""

    body: str | None = field(repr=False)
    why_parked: str | None = None


# What a person may correct, and which field of a visit it is.  Not the id, by which the insurer
# knows the visit, nor the time of arrival, which is a fact.
INSURANCE_DIGITS = 10  # the last ones of a card number name its holder
Correction = str | date | time | Birth | Sex | Referral | Admission | bool | None
CARD_FIELDS = {
    name: name
    for name in (
        "holder",
        "born",
        "sex",
        "card_number",
        "citizen_number",
        "registered_at",
        "valid_from",
        "valid_until",
    )
}
SERVICE_FIELDS = {"service_code": "code", "service_name": "name", "room": "room", "care": "care"}
ARRIVAL_FIELDS = {"arrival": "kind", "referral": "referral", "papers": "papers", "phone": "phone"}
VISIT_FIELDS = {name: name for name in ("secret", "admission", "birth_time")}
CORRECTABLE = frozenset(CARD_FIELDS | SERVICE_FIELDS | ARRIVAL_FIELDS | VISIT_FIELDS)
OPTIONAL_FIELDS = frozenset(CARD_FIELDS) | {"referral"}


def corrected(visit: NewVisit, changes: Mapping[str, Correction]) -> NewVisit:
    """Return the visit with changes. Keys of `changes` that are not in CORRECTABLE are ignored.

    An empty text removes the value of an optional field.  A name makes an unknown patient known,
    and another card number replaces a temporary one.  The person follows a number that was wrong.
    """
    values = {
        name: None if value == "" and name in OPTIONAL_FIELDS else value
        for name, value in changes.items()
    }

    def changes_in(fields: Mapping[str, str]) -> Mapping[str, Any]:
        return {fields[name]: value for name, value in values.items() if name in fields}

    card = replace(visit.card, **changes_in(CARD_FIELDS))
    temporary = visit.temporary_code
    return replace(
        visit,
        person=_person_of(visit, card),
        card=card,
        service=replace(visit.service, **changes_in(SERVICE_FIELDS)),
        arrival=replace(visit.arrival, **changes_in(ARRIVAL_FIELDS)),
        **changes_in(VISIT_FIELDS),
        unknown=None if card.holder else visit.unknown,
        temporary_code=temporary if temporary and temporary.code == card.card_number else None,
    )


def differing_fields(visit: NewVisit, other: NewVisit) -> dict[str, Correction]:
    """Return the fields in CORRECTABLE that another version of a visit has otherwise, as it does.

    `corrected(visit, differing_fields(visit, other))` has them all.
    """
    pairs: tuple[tuple[Mapping[str, str], object, object], ...] = (
        (CARD_FIELDS, visit.card, other.card),
        (SERVICE_FIELDS, visit.service, other.service),
        (ARRIVAL_FIELDS, visit.arrival, other.arrival),
        (VISIT_FIELDS, visit, other),
    )
    return {
        name: getattr(theirs, attribute)
        for fields, mine, theirs in pairs
        for name, attribute in fields.items()
        if getattr(mine, attribute) != getattr(theirs, attribute)
    }


def _person_of(visit: NewVisit, card: CardOnVisit) -> str:
    """Return the number that names the patient, once the card of a visit is `card`."""
    before = (visit.card.card_number, visit.card.citizen_number)
    for was, is_now in zip(before, (card.card_number, card.citizen_number), strict=True):
        if was and is_now and was != is_now and visit.person in (was, was[-INSURANCE_DIGITS:]):
            return is_now if visit.person == was else is_now[-INSURANCE_DIGITS:]
    return visit.person


# Left out of a record where they hold nothing: they were a third of it.  Whoever reads a record
# takes a missing one for that.
OPTIONAL = frozenset(
    "valid_from valid_until referral papers phone clerk_reason citizen_number author repeat_reason"
    " secret admission other_numbers appointment guardian birth_time joined_by paper".split()
)


def visit_record(visit: NewVisit) -> str:
    """Return a visit as the logbook keeps it: `visit_fields` as JSON, less what OPTIONAL says."""
    fields = visit_fields(visit)
    kept = {name: value for name, value in fields.items() if value or name not in OPTIONAL}
    kept["how"] = {
        name: value for name, value in how_presented_json(visit.how).items() if value is not None
    }
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def visit_fields(visit: NewVisit) -> dict[str, object]:
    """Return all fields of a visit as one JSON object, flat except for the referral."""
    card, service, arrival = visit.card, visit.service, visit.arrival
    record: dict[str, object] = {
        "attempt": visit.attempt,
        "verdict_of": visit.verdict_of,
        "facility": visit.facility,
        "arrived_at": to_utc_text(visit.arrived_at),
        "outcome": visit.outcome,
        "reason": visit.reason,
        "number": card.number,
        "person": visit.person,
        "card_number": card.card_number,
        "holder": card.holder,
        "born": card.born and str(card.born),
        "sex": card.sex,
        "registered_at": card.registered_at,
        "valid_from": card.valid_from and card.valid_from.isoformat(),
        "valid_until": card.valid_until and card.valid_until.isoformat(),
        "service_code": service.code,
        "service_name": service.name,
        "room": service.room,
        "arrival": arrival.kind,
        "care": service.care,
        "referral": arrival.referral and referral_json(arrival.referral),
        "papers": arrival.papers,
        "phone": arrival.phone,
        "clerk_reason": visit.clerk_reason,
        "citizen_number": card.citizen_number,
        "author": visit.author,
        "repeat_reason": visit.repeat_reason,
        "secret": visit.secret,
        "admission": visit.admission and _admission_json(visit.admission),
        "other_numbers": [person_number_json(number) for number in card.other_numbers],
        "appointment": arrival.appointment and appointment_json(arrival.appointment),
        "guardian": arrival.guardian and guardian_json(arrival.guardian),
        "how": how_presented_json(visit.how),
        "birth_time": visit.birth_time and visit.birth_time.isoformat("minutes"),
        "joined_by": visit.joined_by,
        "paper": visit.paper and paper_json(visit.paper),
    }
    return record | stand_in_records(visit.unknown, visit.temporary_code)


def visit_from_record(text: str) -> NewVisit:
    """Return the visit that a record of `visit_record` holds.

    Keys that older versions did not write may be missing.  Raises KeyError or ValueError if the
    text is not such a record.
    """
    record = json.loads(text)
    born, sex, referral = record["born"], record["sex"], record.get("referral")
    appointment, guardian = record.get("appointment"), record.get("guardian")
    return NewVisit(
        attempt=record["attempt"],
        verdict_of=record["verdict_of"],
        facility=record["facility"],
        arrived_at=from_utc_text(record["arrived_at"]),
        outcome=Outcome(record["outcome"]),
        reason=Reason(record["reason"]),
        person=record["person"],
        card=CardOnVisit(
            number=record["number"],
            card_number=record["card_number"],
            citizen_number=record.get("citizen_number"),
            other_numbers=tuple(map(person_number_from_json, record.get("other_numbers", ()))),
            holder=record["holder"],
            born=Birth.from_iso(born) if born else None,
            sex=Sex(sex) if sex else None,
            registered_at=record["registered_at"],
            valid_from=_day(record.get("valid_from")),
            valid_until=_day(record.get("valid_until")),
        ),
        service=VisitService(
            record["service_code"], record["service_name"], record["room"], record["care"]
        ),
        arrival=Arrival(
            kind=record["arrival"],
            referral=referral and _referral(referral),
            papers=record.get("papers", ""),
            phone=record.get("phone", ""),
            appointment=appointment and AppointmentSlip(**appointment),
            guardian=guardian and guardian_from_json(guardian),
        ),
        clerk_reason=record.get("clerk_reason", ""),
        author=record.get("author", ""),
        repeat_reason=record.get("repeat_reason", ""),
        secret=record.get("secret", False),
        admission=_admission(record.get("admission")),
        unknown=unknown_from(record),
        temporary_code=temporary_code_from(record),
        how=how_presented_from_json(record.get("how")),
        birth_time=_time(record.get("birth_time")),
        joined_by=record.get("joined_by"),
        paper=paper_from_json(record.get("paper")),
    )


def _admission_json(admission: Admission) -> Mapping[str, object]:
    return {"at": to_utc_text(admission.at), "care": admission.care, "reason": admission.reason}


def _admission(record: Mapping[str, Any] | None) -> Admission | None:
    if record is None:
        return None
    return Admission(from_utc_text(record["at"]), record["care"], record["reason"])


def referral_json(referral: Referral) -> Mapping[str, object]:
    """Return a referral as the JSON object that the logbook keeps and other programs send."""
    return {
        "signed_on": referral.signed_on.isoformat(),
        "facility": referral.facility,
        "number": referral.number,
        "for_a_year": referral.for_a_year,
        "form": referral.form,
    }


def _referral(record: Mapping[str, Any]) -> Referral:
    form = record.get("form")
    return Referral(
        signed_on=date.fromisoformat(record["signed_on"]),
        for_a_year=record["for_a_year"],
        facility=record["facility"],
        number=record["number"],
        form=ReferralForm(form) if form else None,
    )


def _time(text: str | None) -> time | None:
    return time.fromisoformat(text) if text else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
