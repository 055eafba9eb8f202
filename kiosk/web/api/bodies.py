"""The shapes of what the calls of the contract take.

A description completes the sentence `"member" must be …`.  What is not named at the top level of a
body is ignored; in the objects within it is refused, except in `service` and `unknown`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from kiosk.desk import ADMISSION_CARES
from kiosk.insurer import ARRIVALS
from kiosk.logbook import GuardianRelation, IdentifiedBy, PresentedAs, Priority
from kiosk.web.api.fields import MAX_ID, MAX_RAW_TEXT, FieldFault
from kiosk.web.api.identity_fields import MAX_AGE_YEARS
from kiosk.web.api.people import (
    APPOINTMENT_KEYS,
    GUARDIAN_KEYS,
    MAX_NUMBERS,
    NUMBER_KEYS,
    STATED_KINDS,
)
from kiosk.web.api.referral import KEYS as REFERRAL_KEYS
from verify import ReferralForm, Sex

MAX_REASON = 1_000  # characters of LY_DO_VNT; the insurer takes 4000
MAX_WHOLE_NUMBER = 999_999_999_999
MAX_TOGETHER = 20  # tickets in one call
BROWSER = "browser"

# Before it is cleaned.  What is left then has at most 200 characters.
Line = Annotated[str, Meta(max_length=MAX_RAW_TEXT)]


def line(description: str, **extra: Any) -> Meta:
    """Describe a line of text."""
    return Meta(description=description, extra={"fault": FieldFault.NOT_A_LINE} | extra)


def value(description: str, **extra: Any) -> Meta:
    """Describe any other member; `fault` names what is wrong with it if it does not fit."""
    return Meta(description=description, extra={"own": True} | extra)


def one_of(choices: Any) -> Meta:
    """Describe a line of text that is one of a few words."""
    return line(f"one of {', '.join(choices)}")


Id = Annotated[int, Meta(ge=0, le=MAX_ID)]
Count = Annotated[int, Meta(ge=0, le=MAX_WHOLE_NUMBER)]
AttemptId = Annotated[Id, value("the id of a scan")]
YesNo = Annotated[bool | None, value("true or false")]
Holder = Annotated[Line | None, line("the name of the patient")]
Born = Annotated[Line | None, line("the birth date, or its year, or month and year")]
Day = Annotated[Line | None, line("a date")]
Moment = Annotated[Line | None, line("a date and time in ISO 8601")]
SexWord = Annotated[Line | None, one_of(Sex)]
ArrivalWord = Annotated[Line | None, one_of(ARRIVALS)]
Presented = Annotated[Line | None, one_of(PresentedAs)]
Identified = Annotated[Line | None, one_of(IdentifiedBy)]
FacilityCode = Annotated[Line | None, line("the code of a facility: 5 characters")]


class ScanBody(Struct):
    """A payload, or a patient who shows no card."""

    payload: Annotated[str | None, value("text")] = None
    reader: Annotated[Line, value("one line of text")] = "api"
    no_card: YesNo = None


class HolderBody(Struct):
    """The person of a card without a name."""

    holder: Annotated[Line, line("the name of the patient")]
    born: Born = None


class ServiceBody(Struct):
    """A service of the clinic."""

    code: Annotated[Line | None, line("the code of the service", field="service")] = None
    name: Annotated[Line | None, line("the name of the service", field="service")] = None


class ReferralBody(Struct, forbid_unknown_fields=True):
    """A referral that the patient shows."""

    signed_on: Annotated[Line, value("a date, YYYY-MM-DD, in 1900 to 2199")]
    facility: FacilityCode = None
    number: Annotated[Line | None, line("the number of the slip")] = None
    for_a_year: YesNo = None
    form: Annotated[Line | None, one_of(ReferralForm)] = None


class UnknownBody(Struct):
    """What is known of an unknown patient."""

    estimated_age: Annotated[
        Annotated[int, Meta(ge=0, le=MAX_AGE_YEARS)] | Line | None,
        value(f"0 to {MAX_AGE_YEARS} years", field="estimated_age"),
    ] = None
    description: Annotated[
        Line | None, line("what the patient looks like", field="description")
    ] = None


class NumberBody(Struct, forbid_unknown_fields=True):
    """The number of one of the patient's other documents."""

    kind: Annotated[Line, value(f"one of {', '.join(STATED_KINDS)}")]
    number: Annotated[Line, line("the number")]
    valid_from: Day = None
    valid_until: Day = None


class AppointmentBody(Struct, forbid_unknown_fields=True):
    """The slip of a follow-up appointment."""

    number: Annotated[Line | None, line("the number of the slip")] = None
    facility: FacilityCode = None


class GuardianBody(Struct, forbid_unknown_fields=True):
    """Who brought a child."""

    name: Holder = None
    relation: Annotated[Line | None, one_of(GuardianRelation)] = None
    number: Annotated[Line | None, line("the number of a document")] = None
    phone: Annotated[Line | None, line("a telephone number")] = None
    number_of: Annotated[Id | None, value("the id of a scan, whose number is masked here")] = None


class VisitBody(Struct):
    """A visit to record."""

    attempt: AttemptId
    service: Annotated[Line | ServiceBody | None, line("the code of a service")] = None
    room: Annotated[Line | None, line("a room")] = None
    room_listed: YesNo = None
    arrival: ArrivalWord = None
    referral: Annotated[
        ReferralBody | None,
        value(f"an object with {', '.join(REFERRAL_KEYS)}", kind="bad_referral"),
    ] = None
    papers: Annotated[Line | None, line("the papers that the patient shows")] = None
    phone: Annotated[Line | None, line("a telephone number")] = None
    holder: Holder = None
    born: Born = None
    sex: SexWord = None
    birth_time: Annotated[Line | None, line("a time: 08:30")] = None
    priority: Annotated[Line | None, one_of(Priority)] = None
    clerk_reason: Annotated[Line | None, line("why the patient goes in anyway")] = None
    repeat_reason: Annotated[Line | None, line("why the patient comes twice on a day")] = None
    secret: YesNo = None
    unknown: Annotated[bool | UnknownBody | None, value("true or an object")] = None
    temporary_code: Annotated[Line | None, line("a temporary card number")] = None
    presented_as: Presented = None
    identified_by: Identified = None
    numbers: Annotated[
        Annotated[list[NumberBody], Meta(max_length=MAX_NUMBERS)] | None,
        value(f"a list of at most {MAX_NUMBERS} objects with {', '.join(NUMBER_KEYS)}"),
    ] = None
    appointment: Annotated[
        AppointmentBody | None, value(f"an object with {', '.join(APPOINTMENT_KEYS)}")
    ] = None
    guardian: Annotated[
        GuardianBody | None, value(f"an object with {', '.join(GUARDIAN_KEYS)}")
    ] = None
    print: YesNo = None


class OutcomeBody(Struct):
    """The scan of a call whose answer was lost."""

    attempt: Annotated[Id | None, value("the id of a scan")] = None


class PresentationBody(Struct):
    """A card that was presented after the visit was recorded."""

    attempt: AttemptId
    presented_at: Moment = None
    presented_as: Presented = None
    identified_by: Identified = None
    arrival: ArrivalWord = None
    clerk_reason: Annotated[Line | None, line("why the patient goes in anyway")] = None
    version: Annotated[Id | None, value("a number")] = None


class ChangeBody(Struct, kw_only=True):
    """Why a visit is changed."""

    why: Annotated[Line, line("why the visit is changed")]
    arrival: ArrivalWord = None
    version: Annotated[Count | Line | None, value("a whole number")] = None


class IdentityBody(ChangeBody, kw_only=True):
    """Who a patient is: by a scan, or as sent."""

    attempt: Annotated[Count | Line | None, value("a whole number")] = None
    holder: Holder = None
    born: Born = None
    sex: SexWord = None
    number: Annotated[Line | None, line("a number of 10 or 12 digits, or 15 characters")] = None
    registered_at: FacilityCode = None
    valid_from: Day = None
    valid_until: Day = None


class TemporaryCodeBody(ChangeBody, kw_only=True):
    """A temporary card number."""

    code: Annotated[Line, line("TE1 or HG4, two digits of the province, and ten characters")]


class LookupBody(Struct):
    """A question to the insurer about the card of a visit."""

    purpose: Annotated[
        Literal["end", "treatment", "admission"], value("one of end, treatment, admission")
    ]
    copayments: YesNo = None


class AdmissionBody(Struct):
    """The patient was admitted to treatment."""

    moment: Annotated[Line, line("a date and time in ISO 8601")]
    care: Annotated[Line, value(f"one of {', '.join(ADMISSION_CARES)}")]
    reason: Annotated[
        Annotated[str, Meta(max_length=MAX_REASON)],
        value(f"one line of at most {MAX_REASON} characters", fault=FieldFault.NOT_A_LINE),
    ]


class PrintBody(Struct):
    """Tickets to print together."""

    also: Annotated[
        Annotated[list[Count], Meta(max_length=MAX_TOGETHER)],
        value(f"a list of at most {MAX_TOGETHER} ids"),
    ] = []
    household: YesNo = None
    language: Annotated[Literal["vi", "en"], value("vi or en")] = "vi"
    by: Annotated[Literal["browser"] | None, value(BROWSER)] = None


class RoomBody(Struct):
    """A room."""

    room: Annotated[Line | None, line("a room")] = None


class VisitsQuery(Struct):
    """Which visits are listed."""

    since: Annotated[str | None, value("a date or a moment in ISO 8601")] = None
    limit: Annotated[int, value("a whole number; 1 to 500 are used")] = 50
    cursor: Annotated[str | None, value("the cursor of the page before")] = None
