"""The gateway's result codes, and what each means for a visit that was sent.

From CV 3190 and CV 1245/BHXH-CNTT, and the older 4210 lists.  Codes are text: they begin with
zeros.  What the codes say about a card is in `kiosk.insurer.card_codes`; what is done with a
message on each result is in `kiosk.insurer.delivery`.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Any

_CODE = re.compile(r"[0-9A-Za-z.]{1,8}\Z", re.ASCII)

SIGNED_OUT = "401"
RECEIVED = "200"
TOO_LARGE = "1001"  # for the gateway's busy hours
ACCOUNT_CODES = ("401", "402", "403")  # our account is at fault, not the visit


class SendResult(Enum):
    """What the gateway's answer means for a visit that was sent."""

    ACCEPTED = "accepted"
    TRY_AGAIN = "try again"
    REFUSED = "refused"  # its data is at fault
    PARKED = "parked"  # our account is at fault, or the program does not know the code


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
    """Return what this code means for a visit. An unknown code waits for a person (PARKED)."""
    return SEND_RESULTS.get(code, SendResult.PARKED)


def code_in(answer: dict[str, Any]) -> str:
    """Return an answer's `maKetQua` as text of at least three digits.

    Empty if there is no such key, or if its value does not look like a code: any other text could
    forge a line of the log.
    """
    value = answer.get("maKetQua")
    if isinstance(value, int) and not isinstance(value, bool):
        value = f"{value:03d}"
    is_code = isinstance(value, str) and _CODE.match(value)
    return str(value) if is_code else ""
