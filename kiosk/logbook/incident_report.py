"""The report on some days: the readings that could not be settled, and the suspicious ones.

CV 1493/BHXH-CSYT asks hospitals to report both to the insurer.

- A reading counts once, by its newest verdict.
- A difficulty is a reading that was not admitted.
- A suspicion is a reading whose reason says that the card may not be the patient's or may not be a
  card at all, or which carries a caution.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from kiosk.logbook.database import Database
from kiosk.logbook.times import from_utc_text, to_utc_text
from verify import CLINIC_ZONE, LocalizedText, Outcome, Reason, cautions_from_json, outcome_of

SUSPICIOUS_REASONS = frozenset(
    {
        Reason.FORGED,
        Reason.REVOKED,
        Reason.NOT_LIVE,
        Reason.SHOWN_BEFORE,
        Reason.WITHDRAWN,
        Reason.NAME_DIFFERS,
        Reason.BIRTH_DIFFERS,
        Reason.SEX_DIFFERS,
    }
)
SELECT_NEWEST_VERDICTS = """
select a.id, a.at, a.reason, a.number, v.id as visit,
    case when json_valid(a.verdict) then json_extract(a.verdict, '$.cautions') end as cautions,
    json_valid(a.verdict) as is_readable
from attempt a left join visit v on v.attempt = coalesce(a.refines, a.id)
where a.id in (
    select max(id) from attempt where at >= ? and at < ? group by coalesce(refines, id)
) order by a.id
"""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """One suspicious reading."""

    at: datetime  # aware
    reason: Reason
    number: str | None = field(repr=False)  # of the card
    cautions: tuple[LocalizedText, ...] = field(repr=False)
    visit: str | None  # the id of the visit that was confirmed on it


@dataclass(frozen=True, slots=True)
class IncidentReport:
    """What happened on the clinic's days from `first` to `last`, both included."""

    first: date
    last: date
    readings: int
    difficulties: list[tuple[Reason, int]]  # how many readings for each reason, most first
    suspicions: list[Suspicion]


class IncidentReports:
    """Reads the attempts and writes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def between(self, first: date, last: date) -> IncidentReport:
        """Return the report on the clinic's days from `first` to `last`, both included.

        Raises LogbookUnavailable if the logbook cannot be read.
        """
        begin = datetime.combine(first, time(), CLINIC_ZONE)
        end = datetime.combine(last, time(), CLINIC_ZONE) + timedelta(days=1)
        rows = self._database.rows(SELECT_NEWEST_VERDICTS, [to_utc_text(begin), to_utc_text(end)])
        counts = Counter(Reason(row["reason"]) for row in rows)
        for row in rows:
            if not row["is_readable"]:  # it counts, but its cautions are not known
                self._database.note_unreadable("attempt", row["id"])
        readings = [_suspicion(row) for row in rows]
        return IncidentReport(
            first=first,
            last=last,
            readings=len(rows),
            difficulties=[
                (reason, count)
                for reason, count in counts.most_common()
                if outcome_of(reason) is not Outcome.ADMITTED
            ],
            suspicions=[
                reading
                for reading in readings
                if reading.cautions or reading.reason in SUSPICIOUS_REASONS
            ],
        )


def _suspicion(row: Any) -> Suspicion:
    return Suspicion(
        at=from_utc_text(row["at"]),
        reason=Reason(row["reason"]),
        number=row["number"],
        cautions=cautions_from_json(json.loads(row["cautions"] or "[]")),
        visit=row["visit"],
    )
