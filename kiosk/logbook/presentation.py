"""How a patient came and was identified: what was shown and when, a child's guardian, a slip.

- The form of presentation and the moment are kept with each visit: before that moment, emergencies
  aside, the fund pays nothing (NĐ 188/2025 Điều 37, Điều 38 khoản 1, Điều 50 khoản 6).
- Nothing here has to be filled in: `not_known` is a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from kiosk.logbook.times import from_utc_text, to_utc_text


class PresentedAs(StrEnum):
    """The forms in which insurance is presented; the values are stored, and part of the API."""

    ID_CARD = "id_card"  # linked to the insurance card
    VNEID = "vneid"
    VSSID = "vssid"
    E_CARD = "e_card"
    PAPER_CARD = "paper_card"
    NUMBER = "number"
    BIRTH_RECORD = "birth_record"
    RECEIPT = "receipt"  # for a card that is being issued
    DONOR_RECORD = "donor_record"  # confirmed in the patient's record: donors, newborns
    GUARDIAN_PHONE = "guardian_phone"
    NONE = "none"  # nothing was presented
    NOT_KNOWN = "not_known"


class IdentifiedBy(StrEnum):
    """How a patient's identity was established; the values are stored, and part of the API."""

    QR = "qr"  # of a card that gives the name
    CHIP = "chip"
    VNEID = "vneid"
    LOOKUP = "lookup"  # the insurer gave the name for a number
    TYPED = "typed"
    NOT_KNOWN = "not_known"


@dataclass(frozen=True, slots=True)
class HowPresented:
    """What was shown for a visit, how the patient was identified, and when the card was shown."""

    presented_as: PresentedAs = PresentedAs.NOT_KNOWN
    identified_by: IdentifiedBy = IdentifiedBy.NOT_KNOWN
    presented_at: datetime | None = None  # aware; None: no insurance was presented, or not known
    reading: int | None = None  # of a card that was presented after the arrival


class GuardianRelation(StrEnum):
    """What a guardian is to a child; the values are stored, and part of the API."""

    MOTHER = "mother"
    FATHER = "father"
    GRANDPARENT = "grandparent"
    RELATIVE = "relative"
    GUARDIAN = "guardian"  # by law, or of an institution
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Guardian:
    """Who brought a child; empty where it is not known.  Personal fields are not in the repr."""

    name: str = field(default="", repr=False)
    relation: GuardianRelation | None = None
    number: str = field(default="", repr=False)  # of a document that says who this is
    phone: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class AppointmentSlip:
    """The slip of a follow-up appointment, good for one visit (TT 01/2025 Điều 11)."""

    number: str = field(repr=False)  # upper case, without blanks
    facility: str  # the code of the facility that gave it


def how_presented_json(how: HowPresented) -> dict[str, object]:
    """Return how a visit was presented, as the logbook keeps it."""
    return {
        "presented_as": how.presented_as,
        "identified_by": how.identified_by,
        "presented_at": how.presented_at and to_utc_text(how.presented_at),
        "reading": how.reading,
    }


def how_presented_from_json(record: Mapping[str, Any] | None) -> HowPresented:
    """Return what `how_presented_json` wrote; None is of a visit from before it was kept.

    A value that a newer version of the program wrote is not known.
    """
    if record is None:
        return HowPresented()
    presented_as, identified_by = record["presented_as"], record["identified_by"]
    at = record.get("presented_at")
    return HowPresented(
        PresentedAs(presented_as) if presented_as in list(PresentedAs) else PresentedAs.NOT_KNOWN,
        IdentifiedBy(identified_by)
        if identified_by in list(IdentifiedBy)
        else IdentifiedBy.NOT_KNOWN,
        from_utc_text(at) if at else None,
        record.get("reading"),
    )


def guardian_json(guardian: Guardian) -> dict[str, object]:
    """Return a child's guardian as the logbook keeps it."""
    return {
        "name": guardian.name,
        "relation": guardian.relation,
        "number": guardian.number,
        "phone": guardian.phone,
    }


def guardian_from_json(record: Mapping[str, Any]) -> Guardian:
    """Return the guardian that `guardian_json` wrote."""
    relation = record["relation"]
    return Guardian(
        record["name"],
        GuardianRelation(relation) if relation else None,
        record["number"],
        record["phone"],
    )


def appointment_json(slip: AppointmentSlip) -> dict[str, object]:
    """Return an appointment slip as the logbook keeps it."""
    return {"number": slip.number, "facility": slip.facility}
