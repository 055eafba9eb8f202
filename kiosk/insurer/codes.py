"""The gateway's result codes, and what becomes of a visit on each that a sending brings.

CV 3190 and CV 1245/BHXH-CNTT, and the older 4210 lists.  Codes are text: they begin with zeros.
What they say of a card stands in `card_codes`.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Any

_CODE = re.compile(r"[0-9A-Za-z.]{1,8}\Z", re.ASCII)

SIGNED_OUT = "401"
RECEIVED = "200"
TOO_LARGE = "1001"  # for the busy hours
ACCOUNT_CODES = ("401", "402", "403")  # our account, not the visit, is at fault
CLOCK_CODE = "clock"  # our own: the visit lies in the future


class SendResult(Enum):
    """What becomes of a visit that was sent."""

    ACCEPTED = "accepted"
    TRY_AGAIN = "try again"
    REFUSED = "refused"  # its data is at fault
    PARKED = "parked"  # our account is at fault, or nobody here knows the code


SEND_RESULTS = {
    RECEIVED: SendResult.ACCEPTED,
    "100": SendResult.TRY_AGAIN,
    "101": SendResult.TRY_AGAIN,
    "124": SendResult.TRY_AGAIN,
    "408": SendResult.TRY_AGAIN,
    "500": SendResult.TRY_AGAIN,
    TOO_LARGE: SendResult.TRY_AGAIN,
    "123": SendResult.REFUSED,
    "125": SendResult.REFUSED,
    "201": SendResult.REFUSED,
    "202": SendResult.REFUSED,
    "204": SendResult.REFUSED,
    "205": SendResult.REFUSED,
    "402": SendResult.PARKED,
    "403": SendResult.PARKED,
}


def send_result_of(code: str) -> SendResult:
    """Return what becomes of a visit on this code; an unknown one waits for a person."""
    return SEND_RESULTS.get(code, SendResult.PARKED)


def code_in(answer: dict[str, Any]) -> str:
    """Return `maKetQua` as text of at least three digits; empty where there is none."""
    value = answer.get("maKetQua")
    if isinstance(value, int) and not isinstance(value, bool):
        value = f"{value:03d}"
    known_form = isinstance(value, str) and _CODE.match(value)
    return str(value) if known_form else ""  # anything else could forge a line of the log
