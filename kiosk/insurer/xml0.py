"""A visit as the insurer's check-in record, XML0. Pure: it reads and writes nothing.

- A record has 26 elements in a fixed order, empty if there is no value: appendix of QĐ
  4750/QĐ-BYT.  By secondary evidence QĐ 3176 keeps it.
- The document is sent without an envelope of its own (CV 1245/BHXH-CNTT §2.4).
- A visit that lacks a required value, or has one that is too long or not printable, is not sent:
  its message is parked with the names of the elements.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from xml.etree import ElementTree as ET

from kiosk.insurer.arrival import ARRIVALS, NOT_REPORTED
from kiosk.insurer.errors import IncompleteVisit
from kiosk.logbook import CardOnVisit, Compose, Message, NewVisit
from verify import CLINIC_ZONE, NumberKind, Sex, clinic_day, is_newborn_on

# Name, maximum length in characters, and whether the insurer requires a value.
ELEMENTS = (
    ("MA_LK", 100, True),
    ("STT", 10, True),
    ("MA_BN", 100, True),
    ("HO_TEN", 255, True),
    ("SO_CCCD", 15, False),
    ("NGAY_SINH", 12, True),
    ("GIOI_TINH", 1, True),
    ("MA_THE_BHYT", 15, False),
    ("MA_DKBD", 5, False),
    ("GT_THE_TU", 8, False),
    ("GT_THE_DEN", 8, False),
    ("MA_DOITUONG_KCB", 4, True),
    ("NGAY_VAO", 12, True),
    ("NGAY_VAO_NOI_TRU", 12, False),
    ("LY_DO_VNT", 4000, False),
    ("MA_LY_DO_VNT", 5, False),
    ("MA_LOAI_KCB", 2, True),
    ("MA_CSKCB", 5, True),
    ("MA_DICH_VU", 50, True),  # required here: a visit's first cost is its exam service
    ("TEN_DICH_VU", 1024, True),
    ("MA_THUOC", 255, False),
    ("TEN_THUOC", 1024, False),
    ("MA_VAT_TU", 255, False),
    ("TEN_VAT_TU", 1024, False),
    ("NGAY_YL", 12, True),
    ("DU_PHONG", 4000, False),
)

LIST_ELEMENT, ROW_ELEMENT = "DSACH_TRANG_THAI_KCB", "TRANG_THAI_KCB"
STT_INDEX = 1  # the place of STT, the number of a row, in ELEMENTS

SEX_CODES = {Sex.MALE: "1", Sex.FEMALE: "2"}
SEX_CODE_UNKNOWN = "3"

# SO_CCCD of a patient without a personal number: which documents count, and the forms that the
# portal accepts (second hand: a public validator).
IDENTITY_KINDS = (NumberKind.PASSPORT, NumberKind.FOREIGNER_IDENTITY, NumberKind.OLD_ID)
IDENTITY_NUMBER = re.compile(r"(?:[A-Z]\d{7}|\d{9}|\d{12})\Z", re.ASCII)

# From a visit: its expected MA_DOITUONG_KCB, empty if it is not known.
ExpectedCode = Callable[[NewVisit], str]

# From a visit: whether its MA_LOAI_KCB is in the table of its day.
HasKnownCare = Callable[[NewVisit], bool]


def message_composer(expected: ExpectedCode, has_known_care: HasKnownCare | None = None) -> Compose:
    """Return the function that makes a visit's message.

    It returns None for NOT_REPORTED visits and for state secrets (TT 12/2026/TT-BTC Điều 9 khoản
    5), which do not go the common way.  A MA_LOAI_KCB that is not in the table of the visit's day
    is as good as none: the message is parked.  Without `has_known_care` every code is sent.
    """

    def compose(visit_id: str, visit: NewVisit) -> Message | None:
        if visit.secret or visit.arrival.kind in NOT_REPORTED:
            return None
        try:
            known = with_known_care(visit, has_known_care)
            return Message(check_in_record(visit_id, known, expected(visit)))
        except IncompleteVisit as exc:
            return Message(None, str(exc))

    return compose


def with_known_care(visit: NewVisit, has_known_care: HasKnownCare | None) -> NewVisit:
    """Return a visit without its MA_LOAI_KCB if that is not in the table of its day."""
    if has_known_care is None or has_known_care(visit):
        return visit
    admission = visit.admission and replace(visit.admission, care="")
    return replace(visit, service=replace(visit.service, care=""), admission=admission)


def check_in_record(visit_id: str, visit: NewVisit, expected_code: str) -> str:
    """Return the document for one visit.

    `expected_code` is its MA_DOITUONG_KCB; if it is empty, the one of ARRIVALS is used.

    Raises IncompleteVisit, with the names of the elements, if values are missing or unusable.
    """
    values = {
        name: unicodedata.normalize("NFC", value)
        for name, value in _values(visit_id, visit, expected_code).items()
    }
    wrong = [
        name
        for name, max_length, required in ELEMENTS
        if (required and not values.get(name))
        or len(values.get(name, "")) > max_length
        or not values.get(name, "").isprintable()
    ]
    wrong += _wrong_in_admission(values)
    if wrong:
        raise IncompleteVisit(wrong)
    root = ET.Element("CHI_TIEU_TRANG_THAI_KCB")
    record = ET.SubElement(ET.SubElement(root, LIST_ELEMENT), ROW_ELEMENT)
    for name, _, _ in ELEMENTS:
        ET.SubElement(record, name).text = values.get(name) or None
    ET.SubElement(root, "CHUKYDONVI")
    return ET.tostring(root, encoding="unicode")


def _wrong_in_admission(values: dict[str, str]) -> list[str]:
    """Return the elements of an admission that do not fit: it needs a reason, and an arrival."""
    admitted = values.get("NGAY_VAO_NOI_TRU", "")
    if not admitted:
        return []
    wrong = [] if values.get("LY_DO_VNT") else ["LY_DO_VNT"]
    return wrong if admitted >= values["NGAY_VAO"] else [*wrong, "NGAY_VAO_NOI_TRU"]


def joined(documents: list[str]) -> str:
    """Return one document with the rows of all documents, numbered from 1.

    A single document is returned unchanged.
    """
    if len(documents) == 1:
        return documents[0]
    first, *others = (ET.fromstring(document) for document in documents)
    rows = first.find(LIST_ELEMENT)
    assert rows is not None  # `check_in_record` wrote it
    for other in others:
        rows.extend(other.findall(f"{LIST_ELEMENT}/{ROW_ELEMENT}"))
    for number, row in enumerate(rows, 1):
        row[STT_INDEX].text = str(number)
    return ET.tostring(first, encoding="unicode")


def facility_of(document: str | bytes) -> str:
    """Return the facility's code (MA_CSKCB) of a document's visits; empty if it names none.

    All visits of a document have the same one (`kiosk.insurer.delivery`).  A document that was
    damaged in the logbook names none; the insurer refuses it, and a person sees it.
    """
    try:
        root = ET.fromstring(document)
    except ET.ParseError:
        return ""
    return root.findtext(f"{LIST_ELEMENT}/{ROW_ELEMENT}/MA_CSKCB") or ""


def admitted_at(document: str) -> datetime | None:
    """Return NGAY_VAO_NOI_TRU of a document of one visit (aware); None if it names none."""
    try:
        text = ET.fromstring(document).findtext(f"{LIST_ELEMENT}/{ROW_ELEMENT}/NGAY_VAO_NOI_TRU")
        moment = datetime.strptime(text or "", "%Y%m%d%H%M")
    except (ET.ParseError, ValueError):
        return None
    return moment.replace(tzinfo=CLINIC_ZONE)


def _values(visit_id: str, visit: NewVisit, expected_code: str) -> dict[str, str]:
    arrived = _moment(visit.arrived_at)
    card, service, admission = visit.card, visit.service, visit.admission
    return {
        "MA_LK": visit_id,
        "STT": "1",
        "MA_BN": visit.person or visit_id,  # a patient without a card has no other number yet
        "HO_TEN": card.holder or "",
        "SO_CCCD": card.citizen_number or _other_identity(card),
        "NGAY_SINH": _birth(visit),
        "GIOI_TINH": SEX_CODES[card.sex] if card.sex else SEX_CODE_UNKNOWN,
        "MA_THE_BHYT": card.card_number or card.number,
        "MA_DKBD": card.registered_at or "",
        "GT_THE_TU": _day(card.valid_from),
        "GT_THE_DEN": _day(card.valid_until),
        "MA_DOITUONG_KCB": expected_code or ARRIVALS.get(visit.arrival.kind, ""),
        "NGAY_VAO": arrived,
        "NGAY_VAO_NOI_TRU": _moment(admission.at) if admission else "",
        "LY_DO_VNT": admission.reason if admission else "",
        "MA_LOAI_KCB": visit.care,
        "MA_CSKCB": visit.facility,
        "MA_DICH_VU": service.code,
        "TEN_DICH_VU": service.name,
        "NGAY_YL": arrived,
    }


def _moment(moment: datetime) -> str:
    return moment.astimezone(CLINIC_ZONE).strftime("%Y%m%d%H%M")


def _other_identity(card: CardOnVisit) -> str:
    """Return the number of another document where the portal has a form for it; empty if none."""
    found = {number.kind: number.number for number in card.other_numbers}
    numbers = (found.get(kind, "") for kind in IDENTITY_KINDS)
    return next((number for number in numbers if IDENTITY_NUMBER.match(number)), "")


def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat().replace("-", "")


def _birth(visit: NewVisit) -> str:
    """Return yyyyMMddHHmm, with zeros for unknown parts.

    The time of day is that of a child of at most 28 days, if it was typed: no card gives it.
    """
    born = visit.card.born
    if born is None:
        return ""
    is_newborn = is_newborn_on(born, clinic_day(visit.arrived_at))
    at = f"{visit.birth_time:%H%M}" if is_newborn and visit.birth_time else "0000"
    return f"{born.year:04d}{born.month or 0:02d}{born.day or 0:02d}{at}"
