"""How long each kind of data is kept, by which setting, and by which source.

1.  A period is the site's setting; its shipped value and the source of that are explained here.
2.  A source is `read` (a text names the period), `derived` (from a text that names none for this
    kind), or `own` (no text is known: the site's or our own choice).
3.  A period of 0 deletes nothing.  It is never read as "delete at once".
4.  A year counts 366 days and a month 31: rather a day too long than one too short.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from kiosk.settings import Settings

CHECKED_ON = date(2026, 10, 6)  # when the compilation of sources was last checked
DAYS_OF = {"months": 31, "years": 366}


class RetentionKind(StrEnum):
    """A kind of data; the values are stored."""

    VISITS = "visits"
    CHANGES_ELSEWHERE = "changes_elsewhere"
    READINGS = "readings"
    LOOKUPS = "lookups"
    ENQUIRIES = "enquiries"
    SUSPICIONS = "suspicions"
    CONSENTS = "consents"
    LOOKS = "looks"
    SIGN_INS = "sign_ins"
    SESSIONS = "sessions"
    EXPORTS = "exports"
    REQUESTS = "requests"
    BREACHES = "breaches"


class SourceKind(StrEnum):
    """How sure a period is."""

    READ = "read"
    DERIVED = "derived"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class RetentionPeriod:
    """How long a kind of data is kept."""

    kind: RetentionKind
    count: int  # 0: nothing is deleted
    unit: str  # months or years
    setting: str  # as people find it in the settings: "[retention] looks_years"
    source: str  # the text of law, or empty
    certainty: SourceKind

    def before(self, now: datetime) -> datetime | None:
        """Return the moment (aware) before which rows are deleted; None: nothing is."""
        if not self.count:
            return None
        return now - timedelta(days=DAYS_OF[self.unit] * self.count)


# Kind, section, setting, source, how sure.
_ROWS = (
    ("visits", "retention", "visits_years", "Luật 91/2025 Đ3, Đ14", "own"),
    ("changes_elsewhere", "retention", "visits_years", "Luật 91/2025 Đ3, Đ14", "own"),
    ("readings", "retention", "readings_months", "CV 1493/BHXH-CSYT", "own"),
    ("lookups", "insurer", "lookups_years", "TT 12/2026/TT-BTC Đ4; TT 48/2017 Đ13", "own"),
    ("enquiries", "retention", "enquiries_months", "Luật 91/2025 Đ3, Đ14", "own"),
    ("suspicions", "retention", "suspicions_years", "NĐ 188/2025 Đ12; NĐ 90/2026 Đ84", "own"),
    ("consents", "retention", "consents_years", "Luật 91/2025 Đ9; NĐ 356/2025 Đ6", "own"),
    ("looks", "retention", "looks_years", "NĐ 356/2025 Đ9; NĐ 165/2025 Đ17", "derived"),
    ("sign_ins", "retention", "sign_ins_months", "Luật 116/2025; NĐ 333/2026", "read"),
    ("sessions", "retention", "sign_ins_months", "Luật 116/2025; NĐ 333/2026", "read"),
    ("exports", "retention", "exports_years", "NĐ 356/2025 Đ9", "own"),
    ("requests", "retention", "requests_years", "NĐ 356/2025 Đ5", "own"),
    ("breaches", "retention", "breaches_years", "NĐ 356/2025 Đ28–29", "derived"),
)


def retention_periods(settings: Settings) -> list[RetentionPeriod]:
    """Return the period of each kind by a site's settings."""
    return [
        RetentionPeriod(
            RetentionKind(kind),
            getattr(getattr(settings, section), name),
            name.rpartition("_")[2],
            f"[{section}] {name}",
            source,
            SourceKind(certainty),
        )
        for kind, section, name, source, certainty in _ROWS
    ]
