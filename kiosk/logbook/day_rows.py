"""Which rows of the table `visit` are of a day: rows follow each other as they were recorded.

A visit belongs to a day by its printed day, by a corrected time of arrival, or by the time at which
it was entered from paper.
"""

from __future__ import annotations

from datetime import date

from kiosk.logbook.database import Database
from kiosk.logbook.times import day_begins

MAX_ROW_ID = 2**63 - 1  # of SQLite

# The lowest row id of the visits of a printed day and of all later days, of those that arrived then
# by a corrected time, and of those that were entered from paper then.  Within a day the counts
# (`ticket`) rise with the rows, so the index on day and count finds the first.  All later days are
# looked at: a clock may have been put back.
SELECT_FIRST_ROW_FROM = """
with recursive seen (day) as (
    select min(day) from visit where day >= :day
    union all
    select (select min(day) from visit where day > seen.day) from seen where seen.day is not null
)
select min(row) from (
    select (select row from visit where day = seen.day order by ticket limit 1) as row from seen
    union all
    select v.row from visit_clock c join visit v on v.id = c.visit
    where c.settled_at is not null and v.arrived_at >= :begin
    union all
    select v.row from paper_line p join visit v on v.id = p.visit where p.at >= :begin)
"""


def last_row_before(database: Database, day: date) -> int:
    """Return a row id below those of all visits of a day at the clinic and of later days.

    Raises LogbookUnavailable if the logbook cannot be read.
    """
    values: dict[str, object] = {"day": day.isoformat(), "begin": day_begins(day)}
    first = database.rows(SELECT_FIRST_ROW_FROM, values)[0][0]
    return MAX_ROW_ID if first is None else int(first) - 1
