"""What a ticket says: the number, where to go, and nothing that others may not read.

Rules (design §16):

1.  A ticket names the patient by initials and given name only.  It never holds a card number, a
    birth date, a full name, or the reason of a verdict.
2.  The share is printed only if the patient was admitted, which means that somebody vouches for the
    card.  While the card is still being looked up, the ticket says so and promises nothing.  In any
    other case, as where the desk decided or the card is not there yet, it names who can be asked.
3.  A ticket that was printed before says when it was printed again: the number is the same.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from kiosk.logbook import Visit
from verify import Outcome

UNINSURED, EMERGENCY = "uninsured", "emergency"  # ways of arrival


class Payment(StrEnum):
    """What a ticket says of the payment."""

    SHARE = "share"  # the share that the insurance pays, in percent
    INSURED = "insured"  # insured, but the share is not known
    LOOKED_UP = "looked_up"  # the card is still being looked up
    ASK = "ask"  # nobody knows yet, and nothing is being looked up
    UNINSURED = "uninsured"
    NOTHING = "nothing"  # a slip that sends to the desk, an emergency, a ticket of self-service


@dataclass(frozen=True, slots=True)
class PrintedTicket:
    """A ticket as it is printed. All times are aware; texts of the clinic are as it wrote them."""

    facility: str  # the name of the facility
    label: str  # "12", "Q 7"
    room: str  # empty: no room is known
    person: str = field(repr=False)  # initials and given name; empty: nobody is named
    at: datetime  # when the patient checked in
    payment: Payment
    share_percent: float | None = None  # for Payment.SHARE
    way: str = ""  # how to get to the room and the notice of the room, in whole sentences
    desk: str = ""  # the name of the desk; empty: it has none
    visit: str = ""  # the last characters of the visit's id
    code: str = ""  # the text of the QR code; empty: no code
    printed_again_at: datetime | None = None  # None: it is printed for the first time


def short_name(name: str | None) -> str:
    """Return the initials and the given name of a person: "N. V. AN" of "Nguyễn Văn An".

    A Vietnamese name ends with the given name.  Empty if there is no name.
    """
    parts = unicodedata.normalize("NFC", name or "").upper().split()
    return " ".join([*(f"{part[0]}." for part in parts[:-1]), *parts[-1:]])


def payment_of(visit: Visit, share_percent: float | None, has_gateway: bool) -> Payment:
    """Return what the ticket of a visit says of the payment.

    `share_percent` is None if it is not certain.  `has_gateway` says whether cards can be looked up
    at the insurer; it is never asked about a state secret.
    """
    if visit.arrival.kind == UNINSURED:
        return Payment.UNINSURED
    if visit.arrival.kind == EMERGENCY or visit.unknown is not None:
        return Payment.NOTHING
    if visit.outcome is Outcome.ADMITTED:
        return Payment.INSURED if share_percent is None else Payment.SHARE
    is_looked_up = visit.outcome is Outcome.UNCONFIRMED and has_gateway and not visit.secret
    return Payment.LOOKED_UP if is_looked_up else Payment.ASK
