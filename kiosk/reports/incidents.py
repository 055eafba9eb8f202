"""Incidents of a day: what went wrong at the reception, each kind counted by itself.

Kinds are not added up: one event may be in several, as when the power fails and the program is cut
off.  What was read and led to nothing is no incident; see `kiosk.reports.readings`.
"""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

from kiosk.logbook import Database, Outages, OutageSource, day_begins, day_ends
from kiosk.reports.gateway import outages_in
from kiosk.reports.period import ReportPeriod
from kiosk.reports.readings import FAILURES
from verify import MAX_CLOCK_DRIFT


class Incident(StrEnum):
    """A kind of incident. The values are stored in closings."""

    # Outages that touch the day and were not dismissed, by what failed.
    POWER = "power"
    LINE = "line"
    PORTAL = "portal"
    PROGRAM = "program"
    CLOCK = "clock"
    CUT_OFF = "cut_off"  # the program started, and had not ended by itself before
    CLOCK_WRONG = "clock_wrong"  # another clock showed that ours was more than five minutes off
    NO_ANSWER = "no_answer"  # questions to the insurer that got no answer
    DAMAGED_READING = "damaged_reading"  # what a reader sent was damaged or incomplete
    NOT_PRINTED = "not_printed"  # tickets that did not come out for certain
    LOGBOOK = "logbook"  # a person decided about a logbook that was damaged, older or lost
    SUSPICION = "suspicion"  # of misuse, written down on this day and not withdrawn
    BREACH = "breach"  # of personal data, written down on this day


OUTAGES = {source: Incident(source.value) for source in OutageSource}
_ON_DAY = "at >= :begin and at < :end"
_FAILURES = ", ".join(f"'{reason}'" for reason in sorted(FAILURES))
_NEWEST = "(select n.state from {table} n where n.id = {of}.id order by n.version desc limit 1)"
# A clock that was wrong in the reading before is the same incident.  By the other clock: ours was
# wrong.
_DRIFT_S = MAX_CLOCK_DRIFT.total_seconds()
_CLOCK_WRONG = f"""
select count(*) from clock_reading r where abs(r.ahead_s) > {_DRIFT_S}
    and r.trusted_at >= :begin and r.trusted_at < :end
    and not coalesce((select abs(b.ahead_s) > {_DRIFT_S} from clock_reading b where b.id < r.id
        order by b.id desc limit 1), 0)
"""
_CUT_OFF = """
select count(*) from program_run r where r.started_at >= :begin and r.started_at < :end
    and (select b.stopped_at is null from program_run b where b.id < r.id
        order by b.id desc limit 1)
"""
COUNTS = {
    Incident.CUT_OFF: _CUT_OFF,
    Incident.CLOCK_WRONG: _CLOCK_WRONG,
    Incident.NO_ANSWER: f"select count(*) from lookup where {_ON_DAY} and result = 'no_answer'",
    Incident.DAMAGED_READING: "select count(*) from attempt indexed by attempt_counted"
    f" where {_ON_DAY} and refines is null and reason in ({_FAILURES})",
    Incident.NOT_PRINTED: "select count(*) from ticket_print p join ticket t on t.id = p.ticket"
    " where t.day = :day and p.printer <> '' and p.state in ('failed', 'given_up', 'unknown')",
    Incident.LOGBOOK: f"select count(*) from logbook_decision where {_ON_DAY}",
    Incident.SUSPICION: f"select count(*) from suspicion s where version = 1 and {_ON_DAY}"
    f" and {_NEWEST.format(table='suspicion', of='s')} <> 'withdrawn'",
    Incident.BREACH: f"select count(*) from breach b where version = 1 and {_ON_DAY}"
    f" and {_NEWEST.format(table='breach', of='b')} <> 'no_breach'",
}


def count_incidents(database: Database, outages: Outages, period: ReportPeriod) -> dict[str, int]:
    """Return how many incidents of each kind a day had; all kinds are there, also with zero.

    Raises LogbookUnavailable if they cannot be read.
    """
    values: dict[str, object] = {
        "day": period.first.isoformat(),
        "begin": day_begins(period.first),
        "end": day_ends(period.last),
    }
    found = Counter(OUTAGES[outage.source] for outage in outages_in(outages, period))
    for kind, sql in COUNTS.items():
        found[kind] = int(database.rows(sql, values)[0][0])
    return {kind.value: found[kind] for kind in Incident}
