"""The shapes of what the calls of the contract answer.

Words that may become more, such as reasons, are texts here: a program must bear one that it does
not know.  docs/contract.md says what each member means.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

Percent = Annotated[
    float | Literal["unknown"], Meta(description='a percentage, or "unknown" if nobody knows it')
]
Birthday = Annotated[
    str | None, Meta(description="a date; only the year or the month, if so known")
]


class Answer(Struct, forbid_unknown_fields=True):
    """What all answers share: nothing that is not named is sent."""


class PersonNumberAnswer(Answer):
    """A number of a person."""

    kind: str
    number: str
    valid_from: date | None
    valid_until: date | None


class VouchAnswer(Answer):
    """Who signed a card."""

    issuer: str
    key_id: str
    signed_at: datetime
    expires_at: datetime | None
    shown_at: datetime | None


class ReadCardAnswer(Answer):
    """A card as it was read."""

    number: str
    insurance_number: str | None
    citizen_number: str | None
    other_numbers: list[PersonNumberAnswer]
    holder: str | None
    born: Birthday
    sex: str | None
    facility: str | None
    valid_from: date | None
    valid_until: date | None
    issued: date | None
    five_years_on: date | None
    level: int | None
    living_area: str | None
    repaired_holder: str | None
    vouched_by: VouchAnswer | None


class NewCardAnswer(Answer):
    """The card that replaces another."""

    number: str
    valid_from: date | None
    valid_until: date | None
    facility: str | None


class CoverageAnswer(Answer):
    """What the insurer says of a card."""

    number: str
    standing: str
    code: str
    source: Literal["gateway", "registry"]
    as_of: datetime
    card_number: str | None
    insurance_number: str | None
    holder: str | None
    born: Birthday
    sex: str | None
    facility: str | None
    valid_from: date | None
    valid_until: date | None
    living_area: str | None
    five_years_on: date | None
    end_not_read: bool
    new_card: NewCardAnswer | None


class TextAnswer(Answer):
    """A text in both languages, and its code."""

    code: str
    vi: str
    en: str


class EntitlementAnswer(Answer):
    """What a card entitles to."""

    share_percent: Percent
    benefit_percent: Percent
    routing_percent: Percent
    ma_doituong_kcb: str | None
    rule: str | None
    law: str | None
    sentence_vi: str
    sentence_en: str
    notes: list[TextAnswer]
    as_of: date
    confidence: str | None


class DataStateAnswer(Answer):
    """How new each set of data is."""

    registry: datetime | None
    revocations: datetime | None
    keys: datetime | None
    rules: datetime | None


class VerdictAnswer(Answer, kw_only=True):
    """The verdict on a scan."""

    outcome: Literal["admitted", "unconfirmed", "desk"]
    reason: Annotated[str, Meta(description="treat one that you do not know as `desk`")]
    notes: list[str]
    format: str | None
    proof: Literal["insurer", "issuer", "none"]
    card: ReadCardAnswer | None
    identity: ReadCardAnswer | None
    beside: ReadCardAnswer | None
    coverage: CoverageAnswer | None
    entitlement: EntitlementAnswer | None
    cautions: list[TextAnswer]
    data: DataStateAnswer
    attempt: Annotated[int, Meta(description="the id of the scan")]


class LookAnswer(Answer, kw_only=True):
    """What is seen in a picture without a card to judge."""

    found: Annotated[int, Meta(description="codes in the picture")]
    advice: str | None


class PictureVerdictAnswer(VerdictAnswer, kw_only=True):
    """What is seen in a picture, with the verdict on the card in it."""

    found: Annotated[int, Meta(description="codes in the picture")]
    advice: str | None


class InsurerAnswer(Answer):
    """What became of the report to the insurer."""

    state: str
    transaction: str | None
    message: str | None


class UnknownPatientAnswer(Answer):
    """The code that stands in for an unknown patient."""

    code: str
    inform_commune_by: datetime


class ListedVisitAnswer(Answer, kw_only=True):
    """A visit, without personal data."""

    id: str
    ticket: int
    ticket_label: str
    room: str
    arrived_at: datetime
    outcome: str
    secret: bool
    presented_as: str | None
    presented_at: datetime | None
    identified_by: str | None
    insurer: InsurerAnswer
    unknown: UnknownPatientAnswer | UnsetType = UNSET


class EarlierUseAnswer(Answer):
    """The earlier visit with the same appointment slip."""

    visit: str
    arrived_at: datetime


class RecordedVisitAnswer(ListedVisitAnswer, kw_only=True):
    """A visit that was recorded."""

    appointment_used_before: EarlierUseAnswer | None


class ChangedVisitAnswer(ListedVisitAnswer, kw_only=True):
    """A visit that was changed."""

    version: int


class OutcomeAnswer(Answer):
    """What became of a call whose answer was lost; null: nothing was recorded."""

    visit: RecordedVisitAnswer | None


class VisitsAnswer(Answer):
    """A page of the list of visits."""

    visits: list[ListedVisitAnswer]
    cursor: str | None


class CoverageChangeAnswer(Answer):
    """What has changed since the insurer's last answer."""

    field: str
    before: str | None
    after: str | None
    since: date | None
    before_not_read: bool
    after_not_read: bool


class BothLanguagesAnswer(Answer):
    """Sentences in both languages."""

    vi: list[str]
    en: list[str]


class LookupAnswer(Answer):
    """What the insurer says of the card of a visit."""

    visit: str
    as_of: datetime
    code: str
    standing: str
    reason: str
    notes: list[str]
    valid_from: date | None
    valid_until: date | None
    end_not_read: bool
    facility: str | None
    copaid_this_year_vnd: int | None
    compared_with: datetime | None
    changes: list[CoverageChangeAnswer]
    words: BothLanguagesAnswer
    correction_proposed: bool


class TicketPrintAnswer(Answer):
    """The newest print of a ticket."""

    ticket: int
    state: str | None
    trouble: str | None
    printer: str | None


class PrintsAnswer(Answer):
    """Prints of tickets."""

    prints: list[TicketPrintAnswer]


class ExpectedNumberAnswer(Answer):
    """Whether a queue number is fetched before it is needed."""

    shared: Annotated[bool, Meta(description="whether several desks share the numbers")]


class FhirBundle(Struct):
    """A visit as FHIR R4B. HL7 describes a Bundle, and docs/fhir.md our part of it."""

    resourceType: Literal["Bundle"]  # noqa: N815 - FHIR's spelling
    type: Literal["collection"]
    entry: list[dict[str, Any]]


class ProblemAnswer(Struct):
    """What went wrong, by RFC 9457; `title` is for programs and `detail` for people."""

    type: Annotated[str, Meta(description="`urn:tiepdon:` and the title")]
    title: str
    status: int
    detail: str
    field: (
        Annotated[str, Meta(description="the member, header or parameter at fault")] | UnsetType
    ) = UNSET
    fault: Annotated[str, Meta(description="what is wrong with it")] | UnsetType = UNSET
    request: (
        Annotated[str, Meta(description="the id of a request at which the program failed")]
        | UnsetType
    ) = UNSET
