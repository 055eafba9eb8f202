"""IncidentReports and suspicions of some days: what could not be settled, and what is worth a look.

CV 1493/BHXH-CSYT asks hospitals to report both to the insurer.
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

# Signs by themselves that a card is not its bearer's, or no card at all.
SUSPICIOUS = frozenset({Reason.FORGED, Reason.REVOKED, Reason.NOT_LIVE, Reason.SHOWN_BEFORE,
                        Reason.WITHDRAWN, Reason.NAME_DIFFERS, Reason.BIRTH_DIFFERS,
                        Reason.SEX_DIFFERS})  # fmt: skip
GOOD = (Outcome.ADMITTED,)
NEWEST = """
select a.at, a.reason, a.number, json_extract(a.verdict, '$.cautions') as cautions, v.id as visit
from attempt a left join visit v on v.attempt = coalesce(a.refines, a.id)
where a.id in (
    select max(id) from attempt where at >= ? and at < ? group by coalesce(refines, id)
) order by a.id
"""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """One reading that is worth a look."""

    at: datetime
    reason: Reason
    number: str | None = field(repr=False)
    cautions: tuple[LocalizedText, ...] = field(repr=False)
    visit: str | None


@dataclass(frozen=True, slots=True)
class IncidentReport:
    """What there was on some days."""

    first: date
    last: date
    readings: int
    difficulties: list[tuple[Reason, int]]  # commonest first; a reading that was admitted is none
    suspicions: list[Suspicion]


class IncidentReports:
    """Reads the attempts; writes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def between(self, first: date, last: date) -> IncidentReport:
        """Return the report of the clinic's days from the first to the last, both of them too."""
        begin = datetime.combine(first, time(), CLINIC_ZONE)
        end = datetime.combine(last, time(), CLINIC_ZONE) + timedelta(days=1)
        rows = self._database.rows(NEWEST, [to_utc_text(begin), to_utc_text(end)])
        reasons = Counter(Reason(row["reason"]) for row in rows)
        found = [_suspicion(row) for row in rows]
        return IncidentReport(
            first,
            last,
            len(rows),
            [
                (one, n)
                for one, n in reasons.most_common()
                if outcome_of(one) is not Outcome.ADMITTED
            ],
            [one for one in found if one.cautions or one.reason in SUSPICIOUS],
        )


def _suspicion(row: Any) -> Suspicion:
    cautions = cautions_from_json(json.loads(row["cautions"] or "[]"))
    return Suspicion(
        from_utc_text(row["at"]), Reason(row["reason"]), row["number"], cautions, row["visit"]
    )
