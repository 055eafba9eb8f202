"""Read the gateway's answers about a patient's earlier visits and payments.

The calls are `Lskcb2025` (CV 2746/BHXH-CNTT) and `TraCuuTienMCCT` (CV 1839/CNTT-PM).  Both are
known from secondary sources only: a value that cannot be read is left out and never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from verify import CLINIC_ZONE, clean_line, read_last_day

FACILITY_CODE_CHARS = 5
MOMENT_CHARS = len("yyyyMMddHHmm")  # seconds may follow
DIED_CODE = "5"  # in KET_QUA_DTRI
MAX_NOTE = 500  # characters of the portal's note
MAX_DONG = 1e12  # above this an amount is not plausible


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
    of zero.  `note` is the portal's own, on how recent its data is.
    """

    payments: tuple[Copayment, ...] = ()
    note: str = ""

    @property
    def this_year(self) -> int | None:
        """The year's sum in dong; None if the portal has no data.

        Each payment comes with the year's sum up to it, so the largest is the whole.
        """
        return max((payment.this_year for payment in self.payments), default=None)

    def passed_on(self, limit: int) -> date | None:
        """Return the day from which the year's sum was above a limit (dong); None if not known.

        It is the discharge of the first stay with a running total above the limit.  The totals are
        never added up.
        """
        days = [pay.left_on for pay in self.payments if pay.this_year > limit]
        return None if None in days else min((day for day in days if day), default=None)


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


def payments_in(answer: dict[str, Any]) -> PaymentStatement:
    """Return the payments in the gateway's order, and its note."""
    rows = answer.get("DataCCT")
    note = answer.get("GhiChu")
    payments = [
        Copayment(str(row.get("maCskcb") or ""), paid, this_year, _day(row.get("ngayRa")))
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict)
        and (paid := _dong(row.get("tBNCCTMCCT"))) is not None
        and (this_year := _dong(row.get("tBNCCTLuyKe"))) is not None
    ]
    text = clean_line(note)[:MAX_NOTE] if isinstance(note, str) else ""
    return PaymentStatement(tuple(payments), text if text.isprintable() else "")


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
    try:
        return read_last_day(str(value or ""))
    except ValueError:
        return None


def _dong(value: object) -> int | None:
    try:
        amount = float(str(value))
    except ValueError:
        return None
    return round(amount) if 0 <= amount < MAX_DONG else None
