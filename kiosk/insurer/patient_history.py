"""Read the gateway's answers about a patient's earlier visits and payments.

The calls are `Lskcb2025` (CV 2746/BHXH-CNTT) and `TraCuuTienMCCT` (CV 1839/CNTT-PM).  Both are
known from secondary sources only: a value that cannot be read is left out and never guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from kiosk.insurer.codes import code_in
from verify import CLINIC_ZONE, RunningTotal, clean_line

FACILITY_CODE_CHARS = 5
MOMENT_CHARS = len("yyyyMMddHHmm")  # seconds may follow
DIED_CODE = "5"  # in KET_QUA_DTRI
MAX_NOTE = 500  # characters of the portal's note
MAX_DONG = 1e12  # above this an amount is not plausible
NOTHING_FOUND = "204"  # no card, or no costs: not a sum of zero
_AMOUNT = re.compile(r"\d{1,15}(\.\d{1,6})?(E\+?\d{1,2})?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PastVisit:
    """A visit to a facility, perhaps another one. Times are aware."""

    facility: str
    came_at: datetime | None
    left_at: datetime | None  # None: not known, or still there
    died: bool = False
    is_open: bool = False  # the gateway names no end: the patient may still be there


@dataclass(frozen=True, slots=True)
class PastCheck:
    """A facility asked about the card. The time is aware."""

    facility: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Copayment:
    """What a patient paid for one visit, and the year's sum including it, in dong."""

    facility: str
    paid: int
    this_year: int
    left_on: date | None = None  # the day of discharge


@dataclass(frozen=True, slots=True)
class PaymentStatement:
    """What the portal says of a patient's payments this year.

    Without payments it says nothing: it found no card, or no costs (code 204), which is not a sum
    of zero.  `note` is the portal's own, on how recent its data is.  `unread` counts the rows that
    cannot be read: the year's sum is then at least the one that is known.
    """

    payments: tuple[Copayment, ...] = ()
    note: str = ""
    unread: int = 0

    @property
    def this_year(self) -> int | None:
        """The year's sum in dong; None if the portal has no data that can be read.

        Each payment comes with the year's sum up to it, so the largest is the whole.  The running
        totals are never added up.
        """
        return max((payment.this_year for payment in self.payments), default=None)

    @property
    def running_totals(self) -> tuple[RunningTotal, ...] | None:
        """The year's sums by the day of discharge; None if a day is missing or a row is unread.

        The order of the days is then not known, and so not the first day above a limit.
        """
        totals = tuple(
            RunningTotal(pay.left_on, pay.this_year)
            for pay in self.payments
            if pay.left_on is not None
        )
        return totals if len(totals) == len(self.payments) and not self.unread else None


def past_checks_in(answer: dict[str, Any]) -> tuple[PastCheck, ...]:
    """Return the earlier questions about the card, oldest first. A null list is an empty list.

    The first five characters of an account's name are its facility's code.
    """
    rows = answer.get("dsLichSuKT2018")
    checks = [
        PastCheck(_facility(row.get("userKT")), at)
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict) and (at := _moment(row.get("thoiGianKT"))) is not None
    ]
    return tuple(sorted(checks, key=lambda check: check.at))


def past_visits_in(answer: dict[str, Any]) -> list[PastVisit]:
    """Return the earlier visits, newest first. A null list is an empty list."""
    rows = answer.get("dsLichSuKCB2025")
    visits = [
        PastVisit(
            facility=_facility(row.get("maCSKCB")),
            came_at=_moment(row.get("ngayVao")),
            left_at=_moment(row.get("ngayRa")),
            died=str(row.get("kqDieuTri")) == DIED_CODE,
            is_open=not row.get("ngayRa"),
        )
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict)
    ]
    earliest = datetime.min.replace(tzinfo=UTC)
    return sorted(visits, key=lambda visit: visit.came_at or earliest, reverse=True)


def payments_in(answer: dict[str, Any], year: int) -> PaymentStatement:
    """Return the payments of a calendar year in the gateway's order, and its note.

    A row of another year does not count, by its day of discharge or, without one, of admission.
    Code 204 means that the portal found nothing: whatever rows come with it are not payments.
    """
    rows = answer.get("DataCCT")
    has_data = code_in(answer) != NOTHING_FOUND and isinstance(rows, list)
    payments: list[Copayment] = []
    unread = 0
    for row in rows if has_data and isinstance(rows, list) else []:
        payment = _copayment(row) if isinstance(row, dict) else None
        if payment is None:
            unread += 1
        elif _year_of(row, payment, year) == year:
            payments.append(payment)
    note = answer.get("GhiChu")
    return PaymentStatement(tuple(payments), _note(note), unread)


def _copayment(row: dict[str, Any]) -> Copayment | None:
    """Return a row of DataCCT as a payment; None if one of its amounts cannot be read."""
    paid, this_year = _dong(row.get("tBNCCTMCCT")), _dong(row.get("tBNCCTLuyKe"))
    if paid is None or this_year is None:
        return None
    return Copayment(str(row.get("maCskcb") or ""), paid, this_year, _day(row.get("ngayRa")))


def _year_of(row: dict[str, Any], payment: Copayment, this_year: int) -> int:
    """Return the calendar year of a payment; the one that was asked for if no day is known."""
    day = payment.left_on or _day(row.get("ngayVao"))
    return this_year if day is None else day.year


def _note(value: object) -> str:
    """Return the portal's note as one line of MAX_NOTE characters; empty if it is no text."""
    if not isinstance(value, str):
        return ""
    line = clean_line(
        "".join(sign if sign.isprintable() else " " for sign in value[: 2 * MAX_NOTE])
    )
    return line if len(line) <= MAX_NOTE else line[: MAX_NOTE - 1].rstrip() + "…"


def _facility(value: object) -> str:
    """Return a facility's code. Empty if the value does not begin with one."""
    code = str(value or "")[:FACILITY_CODE_CHARS]
    return code if len(code) == FACILITY_CODE_CHARS and code.isalnum() else ""


def _moment(value: object) -> datetime | None:
    try:
        return datetime.strptime(str(value)[:MOMENT_CHARS], "%Y%m%d%H%M").replace(
            tzinfo=CLINIC_ZONE
        )
    except ValueError:
        return None


def _day(value: object) -> date | None:
    """Return the day of `yyyyMMddHHmm` or of `dd/MM/yyyy`; None if the value is neither.

    A time that is not a time, such as 0000 for an unknown one, does not matter.
    """
    text = str(value or "").strip()
    for layout, length in (("%Y%m%d", len("yyyyMMdd")), ("%d/%m/%Y", len("dd/MM/yyyy"))):
        try:
            return datetime.strptime(text[:length], layout).date()
        except ValueError:
            continue
    return None


def _dong(value: object) -> int | None:
    """Return an amount in dong; None unless it is a number in plain digits, and plausible."""
    text = str(value).strip()
    if isinstance(value, bool) or not _AMOUNT.fullmatch(text):
        return None
    amount = float(text)
    return round(amount) if amount < MAX_DONG else None
