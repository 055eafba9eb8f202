"""The texts of a ticket, in Vietnamese and English.

They are not translated by the pages' catalogue, because a printer's thread has no page: a ticket is
printed in the language that its patient reads, whatever language the clerk reads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from kiosk.tickets.ticket import Payment, PrintedTicket
from verify import CLINIC_ZONE

Language = Literal["vi", "en"]

_TEXTS = {
    "vi": {
        "number": "Số khám bệnh",
        "again": "In lại, {time}",
        "insured": ("BHYT có hiệu lực.", "Mức hưởng được báo trước khi thanh toán."),
        "looked_up": (
            "Thẻ BHYT đang được tra.",
            "Mời vào khám. Mức hưởng được báo trước khi thanh toán.",
        ),
        "ask": ("Mức hưởng BHYT:", "hỏi bàn tiếp đón trước khi thanh toán."),
        "uninsured": ("Không BHYT.", "Người bệnh trả toàn bộ chi phí."),
        "share": (
            "BHYT trả {share} %",
            "chi phí trong phạm vi được hưởng, người bệnh trả {rest} %.",
        ),
        "all": ("BHYT trả 100 %", "chi phí trong phạm vi được hưởng."),
        "none": ("BHYT không trả", "cho lượt khám này. Người bệnh trả toàn bộ chi phí."),
        "missed": "Lỡ lượt gọi: đến bàn tiếp đón, không phải lấy số lại.",
        "desk": "Bàn {desk}",
        "visit": "lượt {visit}",
    },
    "en": {
        "number": "Your number",
        "again": "Printed again, {time}",
        "insured": (
            "Insurance in force.",
            "How much it pays is said before you pay.",
        ),
        "looked_up": (
            "Your BHYT card is being looked up.",
            "Please go in. How much insurance pays is said before you pay.",
        ),
        "ask": ("What BHYT pays:", "ask at the reception desk before you pay."),
        "uninsured": ("Without insurance.", "The patient pays all costs."),
        "share": ("BHYT pays {share} %", "of the covered costs, the patient pays {rest} %."),
        "all": ("BHYT pays 100 %", "of the covered costs."),
        "none": ("BHYT pays nothing", "for this visit. The patient pays all costs."),
        "missed": "Missed your call? Go to the reception desk; your number stays.",
        "desk": "Desk {desk}",
        "visit": "visit {visit}",
    },
}
_DAYS = {
    "vi": ("thứ hai", "thứ ba", "thứ tư", "thứ năm", "thứ sáu", "thứ bảy", "chủ nhật"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}


@dataclass(frozen=True, slots=True)
class TicketText:
    """The texts of a ticket, from top to bottom. An empty text is left out."""

    facility: str
    heading: str
    label: str
    room: str
    person: str = field(repr=False)
    at: str
    again: str
    payment: str  # in bold
    payment_more: str
    way: str
    code: str
    foot: str  # the desk and the visit


def ticket_text(ticket: PrintedTicket, language: Language) -> TicketText:
    """Return the texts of a ticket in a language."""
    texts = _TEXTS[language]
    strong, more = _payment(ticket, language)
    again = ticket.printed_again_at
    foot = (
        str(texts["desk"]).format(desk=ticket.desk) if ticket.desk else "",
        str(texts["visit"]).format(visit=ticket.visit) if ticket.visit else "",
    )
    return TicketText(
        facility=ticket.facility,
        heading=str(texts["number"]),
        label=ticket.label,
        room=ticket.room,
        person=ticket.person,
        at=_moment(ticket.at, language),
        again=str(texts["again"]).format(time=f"{again.astimezone(CLINIC_ZONE):%H:%M}")
        if again
        else "",
        payment=strong,
        payment_more=more,
        way=f"{ticket.way} {texts['missed']}".strip(),
        code=ticket.code,
        foot=" · ".join(filter(None, foot)),
    )


def _payment(ticket: PrintedTicket, language: Language) -> tuple[str, str]:
    """Return what is said of the payment: the words in bold, and the rest of the sentence."""
    texts, percent = _TEXTS[language], ticket.share_percent
    if ticket.payment is Payment.NOTHING:
        return "", ""
    kind = str(ticket.payment)
    if ticket.payment is Payment.SHARE and percent is not None:
        kind = {100.0: "all", 0.0: "none"}.get(percent, "share")
    values = {}
    if percent is not None:
        values = {"share": _percent(percent, language), "rest": _percent(100 - percent, language)}
    strong, more = texts[kind]
    return strong.format(**values), more.format(**values)


def _percent(value: float, language: Language) -> str:
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return text.replace(".", ",") if language == "vi" else text


def _moment(at: datetime, language: Language) -> str:
    local = at.astimezone(CLINIC_ZONE)
    return f"{local:%H:%M}, {_DAYS[language][local.weekday()]} {local:%d/%m/%Y}"
