"""Why a message waits for a person, and which fields of its visit are at fault."""

from __future__ import annotations

import re
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
_ELEMENT = re.compile(r"[A-Z]{2,}(?:_[A-Z]+)+", re.ASCII)


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
    """Return the fields whose XML0 elements a text names, by their names in the logbook.

    In the order of the text, each once.  Elements that a person cannot correct are left out.
    """
    found = (FIELD_OF_ELEMENT.get(name) for name in _ELEMENT.findall(message or ""))
    return list(dict.fromkeys(name for name in found if name))
