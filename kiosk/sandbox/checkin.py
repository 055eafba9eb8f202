"""How the pretend insurer reads a check-in record.

It shares no code with the program that writes such records, so that neither hides a fault of the
other. Layout, sizes and required fields: appendix of QĐ 4750/QĐ-BYT. It is not public which code
answers which fault; our choice among them is inferred.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from xml.etree import ElementTree as ET

# Each field in its order: name, most characters, and * if it is required.
FIELDS = """
MA_LK 100 *|STT 10 *|MA_BN 100 *|HO_TEN 255 *|SO_CCCD 15|NGAY_SINH 12 *|GIOI_TINH 1 *
MA_THE_BHYT 15|MA_DKBD 5|GT_THE_TU 8|GT_THE_DEN 8|MA_DOITUONG_KCB 5 *|NGAY_VAO 12 *
NGAY_VAO_NOI_TRU 12|LY_DO_VNT 4000|MA_LY_DO_VNT 10|MA_LOAI_KCB 2 *|MA_CSKCB 5 *|MA_DICH_VU 50
TEN_DICH_VU 1024|MA_THUOC 255|TEN_THUOC 2000|MA_VAT_TU 255|TEN_VAT_TU 2000|NGAY_YL 12 *|DU_PHONG 4000
"""  # noqa: E501
FIELD_TABLE = [tuple(entry.split()) for entry in re.split(r"[|\n]", FIELDS.strip())]
FIELD_NAMES = [entry[0] for entry in FIELD_TABLE]
FIELD_PATTERNS = {
    "NGAY_SINH": r"\d{12}",
    "GIOI_TINH": r"[123]",
    "GT_THE_TU": r"\d{8}",
    "GT_THE_DEN": r"\d{8}",
    "NGAY_VAO": r"\d{12}",
    "NGAY_YL": r"\d{12}",
    "MA_LOAI_KCB": r"\d{2}",
    "MA_DOITUONG_KCB": r"\d{1,2}(\.\d{1,2})?",
}


# MA_DOITUONG_KCB of donors and newborns, and the fields that a temporary card number fills.
WITHOUT_CARD_CODES = {"1.6", "1.7"}
CARD_FIELDS = ("MA_THE_BHYT", "MA_DKBD", "GT_THE_TU", "GT_THE_DEN")


class Refusal(Exception):
    """A record is refused; `code` and the message are the answer to it."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def read_record(
    encoded: str, facility: str, signature_fault: Callable[[bytes], str] | None
) -> list[dict[str, str]]:
    """Return the rows of an XML document that is encoded in base64.

    `facility` is the code of the account that sends it. `signature_fault` returns what is wrong
    with the signature of a document; None: it may be unsigned. Raises Refusal if the document or
    its signature is wrong.
    """
    try:
        document = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise Refusal("205", "fileHSBase64 không đúng định dạng") from None
    if not document.strip():
        raise Refusal("204", "Hồ sơ rỗng")
    if b"<!DOCTYPE" in document.upper():
        raise Refusal("201", "Không chấp nhận DTD")
    try:
        root = ET.fromstring(document)
    except ET.ParseError:
        raise Refusal("201", "XML không hợp lệ") from None
    rows = root.findall("DSACH_TRANG_THAI_KCB/TRANG_THAI_KCB")
    if root.tag != "CHI_TIEU_TRANG_THAI_KCB" or not rows or root.find("CHUKYDONVI") is None:
        raise Refusal("201", "Thiếu DSACH_TRANG_THAI_KCB hoặc CHUKYDONVI")
    fault = signature_fault(document) if signature_fault else ""
    if fault:
        raise Refusal("201", fault)
    return [_row(row, facility) for row in rows]


def refuse_blank_cards(rows: list[dict[str, str]]) -> None:
    """Raise Refusal if a newborn or donor lacks card number, first facility or validity."""
    for row in rows:
        blank = [name for name in CARD_FIELDS if not row[name]]
        if row["MA_DOITUONG_KCB"] in WITHOUT_CARD_CODES and blank:
            raise Refusal("202", f"Thiếu {', '.join(blank)}")


def _row(row: ET.Element, facility: str) -> dict[str, str]:
    if [child.tag for child in row] != FIELD_NAMES:
        raise Refusal("202", "Các chỉ tiêu thiếu hoặc sai thứ tự")
    values = {child.tag: child.text or "" for child in row}
    for name, max_length, *required in FIELD_TABLE:
        if required and not values[name]:
            raise Refusal("202", f"Thiếu {name}")
        if len(values[name]) > int(max_length):
            raise Refusal("202", f"{name} quá dài")
    for name, pattern in FIELD_PATTERNS.items():
        if values[name] and not re.fullmatch(pattern, values[name], re.ASCII):
            raise Refusal("202", f"{name} sai định dạng")
    if not (values["MA_DICH_VU"] or values["MA_THUOC"] or values["MA_VAT_TU"]):
        raise Refusal("202", "Thiếu chi phí đầu tiên")
    if values["MA_CSKCB"] != facility:
        raise Refusal("403", "Không đúng cơ sở KCB")
    return values
