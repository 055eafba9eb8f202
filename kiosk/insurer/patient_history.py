"""Where a patient has been, and what they have paid this year, as the gateway tells it.

`Lskcb2025` (CV 2746/BHXH-CNTT) and `TraCuuTienMCCT` (CV 1839/CNTT-PM); both known from
quotations only, so that what cannot be read is left out and never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from verify import CLINIC_ZONE

FACILITY_LENGTH = 5
MINUTES = len("yyyyMMddHHmm")  # seconds may follow
DIED = "5"  # KET_QUA_DTRI


@dataclass(frozen=True, slots=True)
class PastVisit:
    """One stay somewhere; times are aware."""

    facility: str
    came_at: datetime | None
    left_at: datetime | None  # None: not known, or still there
    died: bool = False
    is_open: bool = False  # the gateway names no end, as of who is still there


@dataclass(frozen=True, slots=True)
class PastCheck:
    """A question about the card that a facility asked; the moment is aware."""

    facility: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Copayment:
    """What a patient paid at one stay, and the sum of the year with it, in dong."""

    facility: str
    paid: int
    this_year: int


def past_checks_in(answer: dict[str, Any]) -> tuple[PastCheck, ...]:
    """Return who has asked about the card before; a null list is nobody.

    An account is named after its facility: its first five characters.
    """
    rows = answer.get("dsLichSuKT2018")
    found = [
        PastCheck(_facility(row.get("userKT")), at)
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict) and (at := _moment(row.get("thoiGianKT"))) is not None
    ]
    return tuple(sorted(found, key=lambda one: one.at))


def past_visits_in(answer: dict[str, Any]) -> list[PastVisit]:
    """Return the stays in an answer, newest first; a null list is none."""
    rows = answer.get("dsLichSuKCB2025")
    found = [
        PastVisit(_facility(row.get("maCSKCB")), _moment(row.get("ngayVao")),
                  _moment(row.get("ngayRa")), str(row.get("kqDieuTri")) == DIED,
                  not row.get("ngayRa"))
        for row in (rows if isinstance(rows, list) else []) if isinstance(row, dict)
    ]  # fmt: skip
    earliest = datetime.min.replace(tzinfo=UTC)
    return sorted(found, key=lambda one: one.came_at or earliest, reverse=True)


def copayments_in(answer: dict[str, Any]) -> list[Copayment]:
    """Return what was paid, in the gateway's order; a null list is none."""
    rows = answer.get("DataCCT")
    return [
        Copayment(str(row.get("maCskcb") or ""), paid, this_year)
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict)
        and (paid := _dong(row.get("tBNCCTMCCT"))) is not None
        and (this_year := _dong(row.get("tBNCCTLuyKe"))) is not None
    ]


def _facility(value: object) -> str:
    """Return a facility's code; empty where it is none."""
    code = str(value or "")[:FACILITY_LENGTH]
    return code if len(code) == FACILITY_LENGTH and code.isalnum() else ""


def _moment(value: object) -> datetime | None:
    try:
        return datetime.strptime(str(value)[:MINUTES], "%Y%m%d%H%M").replace(tzinfo=CLINIC_ZONE)
    except ValueError:
        return None


def _dong(value: object) -> int | None:
    try:
        amount = float(str(value))
    except ValueError:
        return None
    return round(amount) if 0 <= amount < 1e12 else None
