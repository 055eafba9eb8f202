"""How long reports and the closing of a day take with a logbook of a million visits.

    python bench/reports.py [VISITS] [--no-goals]

Fills a logbook with visits of invented people (by default 1,000,000: 1,100 a day, so that a year
has about 400,000) by SQL, through the product's own schema and triggers.  Then makes the reports of
a day, a month, a quarter and a year, the figures of a closing, a list of visits behind a figure,
and the export of a year's visits, each three times, and prints a JSON line for each: the median in
seconds.  The first line has how large the file is, and how much of it reports need.

Ends with 1 if a goal is missed, unless --no-goals is given: a month within 2 s, a year within 10 s,
and a closing within 1 s.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.goals import Goals
from bench.pages import _first_visit
from kiosk.insurer import Deadlines, Reporting
from kiosk.logbook import (
    Attempts,
    Database,
    DaysEnd,
    LogbookUnavailable,
    Outages,
    ProgramRuns,
    ReportedVisits,
    Unfinished,
)
from kiosk.reports import (
    DayFigures,
    Dimension,
    Figure,
    ReportPeriod,
    Reports,
    visit_sheet,
    write_csv,
)
from kiosk.runtime.paths import shipped_folder
from verify import CLINIC_ZONE, read_law

PER_DAY = 1_100
LAST = date(2026, 11, 24)  # at most; the newest full day is DAY
DAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 25, 10, tzinfo=CLINIC_ZONE)
ROUNDS = 3
MOST_S = {"month": 2.0, "year": 10.0, "closing": 1.0}

SERIES = "with recursive n (i) as (select 2 union all select i + 1 from n where i < :count)"
# A place in the day, from 06:30 on; `r` is a number that looks drawn by chance.
PLACES = f"""
{SERIES}, p as (select i, (i * 2654435761) % 1000003 as r,
    strftime('%Y-%m-%dT%H:%M:%S', :first, '+' || ((i - 2) / :per_day) || ' days',
        '+' || (30 * ((i - 2) % :per_day)) || ' seconds') as t from n)
"""
ROWS = (
    f"""{PLACES}
insert into attempt (id, at, reader, outcome, reason, verdict, number)
select i, t || '.000000+00:00', case r % 4 when 0 then 'typed' else 'front ' || (r % 3) end,
    outcome, case when r % 41 = 0 then 'unreadable' else reason end, verdict,
    case when r % 41 = 0 then null else 'GD4019999' || printf('%06d', r % 600000) end
from p join attempt a on a.id = 1""",
    f"""{PLACES}
insert into visit (id, attempt, verdict_of, idempotency_key, arrived_at, day, ticket, outcome,
    reason, number, person, record)
select printf('01999-bench-%016d', i), i, i, 'k' || i, strftime('%Y-%m-%dT%H:%M:%S', t,
    '+' || (5 + r % 90) || ' seconds') || '.000000+00:00', date(t, '+7 hours'), i,
    case r % 9 when 0 then 'desk' when 1 then 'unconfirmed' else 'admitted' end,
    case r % 9 when 0 then 'ended' when 1 then 'not_yet_known' else 'in_force' end,
    'GD4019999' || printf('%06d', r % 600000), '9999' || printf('%06d', r % 600000),
    json_set(record, '$.arrived_at', strftime('%Y-%m-%dT%H:%M:%S', t,
        '+' || (5 + r % 90) || ' seconds') || '.000000+00:00',
        '$.registered_at', printf('01%03d', r % 97), '$.room', 'Phòng ' || (r % 24),
        '$.arrival', case r % 7 when 0 then 'emergency' when 1 then 'referral' when 2 then 'self'
            else 'registered' end,
        '$.card_number', case r % 5 when 0 then 'DN4' when 1 then 'HT3' when 2 then 'TE1'
            when 3 then 'HN2' else 'GD4' end || '019999' || printf('%06d', r % 600000))
from p join visit v on v.row = 1""",
    f"""{PLACES}
insert into outbox (id, visit, person, state, body, tries, next_try_at, transaction_code, code,
    message, answer, changed_at, answered_at)
select i, printf('01999-bench-%016d', i), '9999' || printf('%06d', r % 600000),
    case when i > :count - 400 then 'queued' when r % 20011 = 3 then 'refused' else 'accepted' end,
    body, 1, t, i, '200', null, :answer, t, t || '.000000+00:00'
from p join outbox o on o.id = 1 where r % 7 > 0""",
    f"""{PLACES}
insert into lookup (kind, purpose, at, duration_ms, author, asked, result, answer)
select 'card', 'arrival', t || '.000000+00:00', 80 + r % 900, 'desk', '{{}}',
    case when r % 50 = 0 then 'no_answer' else 'answered' end, :answer
from p where r % 3 = 0""",
)


def fill(path: Path, count: int, per_day: int = PER_DAY, statements: Sequence[str] = ROWS) -> float:
    """Write a logbook of `count` visits, the last of them on LAST; return seconds."""
    database = Database(path)
    first = LAST - timedelta(days=-(-count // per_day) - 1)
    _first_visit(database, datetime(first.year, first.month, first.day, 10, tzinfo=CLINIC_ZONE))
    values = {
        "count": count,
        "per_day": per_day,
        "first": f"{first - timedelta(days=1)}T23:30:00",
        "answer": json.dumps({"maKetQua": "200", "thongDiep": "." * 120}),
    }
    begun = time.perf_counter()
    with database.transaction() as db:
        for statement in statements:
            db.conn.execute(statement, values)
        db.conn.execute("update outbox set state = 'accepted' where id = 1")
        db.conn.execute(
            "insert into program_run (started_at, seen_at) values (:first || '.000000+00:00',"
            " '2026-11-25T03:00:00.000000+00:00')",
            values,
        )
    database.close()
    return time.perf_counter() - begun


def sizes(database: Database) -> dict[str, int]:
    """Return how many bytes the whole file takes, and what reports need of it."""
    total = database.rows("select page_count * page_size from pragma_page_count, pragma_page_size")
    parts = {}
    for name in ("visit_fact", "attempt_counted", "lookup_timed"):
        try:
            rows = database.rows("select sum(pgsize) from dbstat where name = ?", [name])
            parts[name] = int(rows[0][0])
        except LogbookUnavailable:
            print(json.dumps({"not measured": f"{name}: this SQLite has no dbstat"}))
    return {"file": int(total[0][0])} | parts


def main() -> None:
    """Fill a logbook, make the reports, and print how long they took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("visits", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--no-goals", action="store_true", help="exit 0 whatever is measured")
    words = parser.parse_args()
    goals = Goals(not words.no_goals)
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as name:
        path = Path(name) / "logbook.db"
        filled_s = fill(path, words.visits)
        measure(path, words.visits, filled_s, goals)
    goals.end()


def measure(path: Path, count: int, filled_s: float, goals: Goals) -> None:
    """Make each report on a logbook that was filled, and print how long it took."""
    database = Database(path)
    print(json.dumps({"visits": count, "filled_s": round(filled_s, 1)} | sizes(database)))
    runs, outages = ProgramRuns(database), Outages(database)
    law = read_law(shipped_folder("config") / "tables")
    deadlines = Deadlines(lambda: law, timedelta(minutes=30), outages.newest)
    reporting = Reporting(ReportedVisits(database), runs, deadlines)
    reports = Reports(database, reporting, runs, outages)
    facts = reports.facts
    year = ReportPeriod(date(2025, 1, 1), date(2025, 12, 31))
    month = ReportPeriod(date(2026, 10, 1), date(2026, 10, 31))
    behind = Figure(Dimension.FACILITY, "01005")
    day_figures = DayFigures(database, DaysEnd(database), outages)
    unfinished = Unfinished(database, Attempts(database))
    with (path.parent / "export.csv").open("w+b") as file:
        tasks: dict[str, Callable[[], object]] = {
            "day": lambda: reports.of(ReportPeriod(DAY, DAY), NOW),
            "month": lambda: reports.of(month, NOW),
            "quarter": lambda: reports.of(ReportPeriod(date(2026, 7, 1), date(2026, 9, 30)), NOW),
            "year": lambda: reports.of(year, NOW),
            "closing": lambda: (day_figures.of(DAY), unfinished.of_day(DAY)),
            "list": lambda: facts.page(year, behind, None, 100),
            "export of a year": lambda: write_csv(visit_sheet(facts, year, None), file),
        }
        for what, task in tasks.items():
            took = []
            for _ in range(ROUNDS):
                begun = time.perf_counter()
                task()
                took.append(time.perf_counter() - begun)
            seconds = statistics.median(took)
            if what in MOST_S:
                goals.check(what, seconds, MOST_S[what], unit="s, median")
            else:
                goals.show(what, median_s=round(seconds, 3))
    database.close()


if __name__ == "__main__":
    main()
