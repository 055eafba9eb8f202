"""Why a message waits for a person, and which fields of its visit are at fault."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum

from kiosk.insurer.codes import ACCOUNT_CODES, SendResult, send_result_of
from kiosk.logbook import CLOCK_CODE

# Elements of XML0, and the names of the fields in the logbook that a person may correct.
FIELD_OF_ELEMENT = {
    "HO_TEN": "holder",
    "NGAY_SINH": "born",
    "GIOI_TINH": "sex",
    "MA_THE_BHYT": "card_number",
    "SO_CCCD": "citizen_number",
    "MA_DKBD": "registered_at",
    "GT_THE_TU": "valid_from",
    "GT_THE_DEN": "valid_until",
    "MA_DICH_VU": "service_code",
    "TEN_DICH_VU": "service_name",
    "MA_LOAI_KCB": "care",
    "MA_DOITUONG_KCB": "arrival",
}
# Other names of the same in the insurer's messages: of its older tables, and in words.
FIELD_OF_OTHER_NAME = {
    "MA_THE": "card_number",
    "MA_CCCD": "citizen_number",
    "MA_DKKCB": "registered_at",
    "NGAYSINH": "born",
    "GIOITINH": "sex",
    "HOTEN": "holder",
    "MATHE": "card_number",
    "DIEN_THOAI": "phone",
}
FIELD_OF_PHRASE = {
    "họ tên": "holder",
    "họ và tên": "holder",
    "ngày sinh": "born",
    "năm sinh": "born",
    "giới tính": "sex",
    "mã thẻ": "card_number",
    "số thẻ": "card_number",
    "thẻ bhyt": "card_number",
    "căn cước": "citizen_number",
    "cccd": "citizen_number",
    "định danh": "citizen_number",
    "đăng ký ban đầu": "registered_at",
    "đkbđ": "registered_at",
    "mã đối tượng": "arrival",
    "loại hình": "care",
    "loại kcb": "care",
    "mã dịch vụ": "service_code",
    "tên dịch vụ": "service_name",
    "từ ngày": "valid_from",
    "đến ngày": "valid_until",
    "hết hạn": "valid_until",
    "điện thoại": "phone",
}
_ELEMENT = re.compile(r"[A-Z]{2,}(?:_[A-Z]+)*", re.ASCII)


class Cause(StrEnum):
    """Why a message waits for a person."""

    INCOMPLETE = "incomplete"  # it was never sent: a field is missing
    DATA = "data"  # the insurer refuses its data
    ACCOUNT = "account"  # our account is at fault; IT has to act
    CLOCK = "clock"  # our clock was ahead: the visit lies in the future
    UNKNOWN = "unknown"  # the program does not know the code


def cause_of(code: str | None) -> Cause:
    """Return why a message with this code waits for a person. None: it was never sent."""
    if not code:
        return Cause.INCOMPLETE
    if code == CLOCK_CODE:
        return Cause.CLOCK
    if code in ACCOUNT_CODES:
        return Cause.ACCOUNT
    return Cause.DATA if send_result_of(code) is SendResult.REFUSED else Cause.UNKNOWN


def fields_at_fault(message: str | None) -> list[str]:
    """Return the fields that a text names, by their names in the logbook.

    The text names elements of XML0, or says in Vietnamese what is wrong.  In the order of the text,
    each once.  What a person cannot correct is left out; a text may name nothing.
    """
    text = unicodedata.normalize("NFC", message or "")
    names = FIELD_OF_ELEMENT | FIELD_OF_OTHER_NAME
    found = [(m.start(), names[m[0]]) for m in _ELEMENT.finditer(text) if m[0] in names]
    lower = text.casefold()
    found += [(lower.find(phrase), FIELD_OF_PHRASE[phrase]) for phrase in FIELD_OF_PHRASE]
    return list(dict.fromkeys(name for place, name in sorted(found) if place >= 0))
