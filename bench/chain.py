"""What the hash chain costs: a visit's transactions with and without it, in turns, and the check.

    python bench/chain.py [--visits 400] [--links 1000000] [--folder DIR] [--no-goals]

Prints a line of JSON for each measurement.  The floor of linking and of the check is one reading of
all rows by SQLite.  Without the chain the program is the same, but its
connections note nothing.  Exit 1 if a visit costs more than 5 % more, linking a million rows takes
more than 60 s (fewer as much less), or a link is wrong, unless there is --no-goals.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.goals import Goals, timed
from kiosk.assembly import Kiosk
from kiosk.desk import Confirmation
from kiosk.logbook import Database
from kiosk.logbook.chain import link_earlier_rows
from kiosk.proof import Proofs
from kiosk.settings import load_settings
from scanner import Scan

PAYLOAD = (  # an invented number and name
    "DN40199999{tail:05d}|4e677579e1bb856e2056c4836e204de1baab75|01/02/1980|1|"
    "53e1bb91203120c490c6b0e1bb9d6e67205468e1bbad|01 - 999|01/01/2024|-|05/01/2024|"
    "010199999{tail:05d}|-|4| 01/01/2029|0123456789abcde-7102|$"
)
MAX_COST_PERCENT, MAX_LINKING_S = 5.0, 60.0  # of a visit; for a million rows
SETTINGS = '[facility]\ncode = "01999"\nlevel = "co_ban"\n'
ATTEMPTS = (
    "insert into attempt (at, reader, outcome, reason, verdict)"
    " with recursive n (i) as (select 1 union all select i + 1 from n where i < ?)"
    " select '2026-11-25T00:00:00.000000+00:00', 'front', 'admitted', 'in_force',"
    ' printf(\'{"number": %d, "text": "%s"}\', i, hex(zeroblob(150))) from n'
)


def measure_visits(goals: Goals, folder: Path, count: int) -> None:
    """Record visits by turns on a logbook that links and on one that does not."""
    now = [datetime(2026, 11, 25, 1, tzinfo=UTC)]
    kiosks: dict[str, Kiosk] = {}
    for name in ("linked", "unlinked"):
        path = folder / name
        path.mkdir()
        (path / "kiosk.toml").write_text(SETTINGS, "utf-8")
        settings = load_settings(path / "kiosk.toml")
        kiosks[name] = Kiosk(settings, path, False, lambda: now[0])
        if name == "unlinked":
            kiosks[name].database._has_chain = False
            for (trigger,) in kiosks[name].database.rows(
                "select name from sqlite_temp_schema where type = 'trigger'"
            ):
                kiosks[name].database.reading().execute(f"drop trigger temp.{trigger}")
    took: dict[str, list[float]] = {"linked": [], "unlinked": []}
    for number in range(count):
        now[0] += timedelta(seconds=40)
        order = list(kiosks.items())
        for name, kiosk in order if number % 2 else order[::-1]:
            scan = Scan(PAYLOAD.format(tail=number).encode(), "front", now[0])
            attempt = kiosk.desk.receive(scan).id
            words = Confirmation(clerk_reason="xét sau", room=f"P{number % 7}")
            began = time.perf_counter()
            kiosk.desk.confirm(attempt, words, f"{name}-{number}")
            took[name].append(1000 * (time.perf_counter() - began))
    middle = {name: statistics.median(values) for name, values in took.items()}
    quarter = {name: statistics.quantiles(values, n=20)[-1] for name, values in took.items()}
    links = kiosks["linked"].database.rows("select count(*) from link")[0][0]
    ratio = middle["linked"] / middle["unlinked"]
    goals.check(
        "a visit with the chain",
        100 * (ratio - 1),
        MAX_COST_PERCENT,
        unit="% more",
        ratio=round(ratio, 3),
        visits=count,
        median_ms=middle,
        p95_ms=quarter,
        links_a_visit=round(links / count, 1),
    )


def measure_size(goals: Goals, database: Database) -> None:
    sql = "select name, sum(payload), sum(pgsize), sum(ncell) from dbstat where name in"
    names = "('link', 'link_row', 'attempt')"
    for name, payload, size, cells in database.rows(f"{sql} {names} group by name"):
        goals.show(f"size of {name}", bytes_a_row=round(size / cells, 1), payload=payload)


def measure_check(goals: Goals, folder: Path, links: int) -> None:
    """Link many rows as the migration does, and check them."""
    database = Database(folder / "large.db", "demo")
    with database.transaction() as db:
        for (name,) in db.execute(
            "select name from sqlite_temp_schema where type = 'trigger'"
        ).fetchall():
            db.execute(f"drop trigger temp.{name}")
        db.execute(ATTEMPTS, [links])
        db.execute("drop index link_row")
    floor_s = timed(lambda: database.rows("select max(verdict) from attempt")) / 1000
    seconds = timed(lambda: migrate(database)) / 1000
    goals.check(
        "linking earlier rows",
        seconds,
        MAX_LINKING_S * links / 1_000_000,
        unit="s",
        rows=links,
        ratio=round(seconds / floor_s, 1),
    )
    began = time.perf_counter()
    result = Proofs(database, folder).check()
    seconds = time.perf_counter() - began
    goals.check(
        "wrong links",
        len(result.faults),
        0,
        links=result.newest.id,
        seconds=round(seconds, 1),
        ratio=round(seconds / floor_s, 1),
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    )
    measure_size(goals, database)


def migrate(database: Database) -> None:
    with database.transaction() as db:
        link_earlier_rows(db)
        db.execute("create index link_row on link (source, row)")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visits", type=int, default=400)
    parser.add_argument("--links", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--no-goals", action="store_true", help="exit 0 whatever is measured")
    words = parser.parse_args()
    goals = Goals(not words.no_goals)
    with tempfile.TemporaryDirectory(dir=words.folder) as folder:
        measure_visits(goals, Path(folder), words.visits)
        measure_check(goals, Path(folder), words.links)
    goals.end()


if __name__ == "__main__":
    main()
