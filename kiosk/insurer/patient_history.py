"""Read the gateway's answers about a patient's earlier visits and payments.

The calls are `Lskcb2025` (CV 2746/BHXH-CNTT) and `TraCuuTienMCCT` (CV 1839/CNTT-PM).  Both are
known from secondary sources only: a value that cannot be read is left out and never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from verify import CLINIC_ZONE

FACILITY_CODE_CHARS = 5
MOMENT_CHARS = len("yyyyMMddHHmm")  # seconds may follow
DIED_CODE = "5"  # in KET_QUA_DTRI
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


def copayments_in(answer: dict[str, Any]) -> list[Copayment]:
    """Return the payments in the gateway's order. A null list is an empty list."""
    rows = answer.get("DataCCT")
    return [
        Copayment(str(row.get("maCskcb") or ""), paid, this_year)
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict)
        and (paid := _dong(row.get("tBNCCTMCCT"))) is not None
        and (this_year := _dong(row.get("tBNCCTLuyKe"))) is not None
    ]


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


def _dong(value: object) -> int | None:
    try:
        amount = float(str(value))
    except ValueError:
        return None
    return round(amount) if 0 <= amount < MAX_DONG else None
