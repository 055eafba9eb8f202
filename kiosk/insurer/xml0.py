"""A visit as the insurer's check-in record, XML0; pure.

26 elements in this order, empty where there is no value: appendix of QĐ 4750/QĐ-BYT, which by
secondary evidence QĐ 3176 keeps.  The document goes out without an envelope of its own
(CV 1245/BHXH-CNTT §2.4).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import date
from xml.etree import ElementTree as ET

from kiosk.insurer.arrival import ARRIVALS, NOT_REPORTED
from kiosk.insurer.errors import IncompleteVisit
from kiosk.logbook import Compose, Message, NewVisit
from verify import CLINIC_ZONE, Birth, Sex

# Name, longest value in characters, and whether the insurer requires one.
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

ROWS, ORDINAL = "DSACH_TRANG_THAI_KCB", 1  # the list, and where STT stands in a row

SEXES = {Sex.MALE: "1", Sex.FEMALE: "2"}
SEX_NOT_KNOWN = "3"


ExpectedCode = Callable[[NewVisit], str]  # the MA_DOITUONG_KCB; empty where it is not known


def message_composer(expected: ExpectedCode) -> Compose:
    """Return what makes a visit's message: None where the insurer is not told of it."""

    def compose(visit_id: str, visit: NewVisit) -> Message | None:
        if visit.arrival.kind in NOT_REPORTED:
            return None
        try:
            return Message(check_in_record(visit_id, visit, expected(visit)))
        except IncompleteVisit as exc:
            return Message(None, str(exc))

    return compose


def check_in_record(visit_id: str, visit: NewVisit, expected_code: str) -> str:
    """Return the document for one visit; IncompleteVisit names what is missing or unusable."""
    values = {
        name: unicodedata.normalize("NFC", value)
        for name, value in _values(visit_id, visit, expected_code).items()
    }
    wrong = [
        name
        for name, longest, required in ELEMENTS
        if (required and not values.get(name))
        or len(values.get(name, "")) > longest
        or not values.get(name, "").isprintable()
    ]
    if wrong:
        raise IncompleteVisit(wrong)
    root = ET.Element("CHI_TIEU_TRANG_THAI_KCB")
    record = ET.SubElement(ET.SubElement(root, "DSACH_TRANG_THAI_KCB"), "TRANG_THAI_KCB")
    for name, _, _ in ELEMENTS:
        ET.SubElement(record, name).text = values.get(name) or None
    ET.SubElement(root, "CHUKYDONVI")
    return ET.tostring(root, encoding="unicode")


def joined(documents: list[str]) -> str:
    """Return one document with the rows of all, numbered; a single one as it is."""
    if len(documents) == 1:
        return documents[0]
    first, *others = (ET.fromstring(document) for document in documents)
    rows = first.find(ROWS)
    assert rows is not None  # we wrote it
    for other in others:
        rows.extend(other.findall(f"{ROWS}/TRANG_THAI_KCB"))
    for number, row in enumerate(rows, 1):
        row[ORDINAL].text = str(number)
    return ET.tostring(first, encoding="unicode")


def _values(visit_id: str, visit: NewVisit, expected_code: str) -> dict[str, str]:
    arrived = visit.arrived_at.astimezone(CLINIC_ZONE).strftime("%Y%m%d%H%M")
    card, service = visit.card, visit.service
    return {
        "MA_LK": visit_id,
        "STT": "1",
        "MA_BN": visit.person or visit_id,  # who has no card yet has no number but this
        "HO_TEN": card.holder or "",
        "SO_CCCD": card.citizen_number or "",
        "NGAY_SINH": _birth(card.born),
        "GIOI_TINH": SEXES[card.sex] if card.sex else SEX_NOT_KNOWN,
        "MA_THE_BHYT": card.card_number or card.number,
        "MA_DKBD": card.registered_at or "",
        "GT_THE_TU": _day(card.valid_from),
        "GT_THE_DEN": _day(card.valid_until),
        "MA_DOITUONG_KCB": expected_code or ARRIVALS.get(visit.arrival.kind, ""),
        "NGAY_VAO": arrived,
        "MA_LOAI_KCB": service.care,
        "MA_CSKCB": visit.facility,
        "MA_DICH_VU": service.code,
        "TEN_DICH_VU": service.name,
        "NGAY_YL": arrived,
    }


def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat().replace("-", "")


def _birth(born: Birth | None) -> str:
    """Return yyyyMMddHHmm, with zeros for what is not known; a card gives no time of day."""
    if born is None:
        return ""
    return f"{born.year:04d}{born.month or 0:02d}{born.day or 0:02d}0000"
