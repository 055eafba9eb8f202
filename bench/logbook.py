"""How fast a logbook of a million visits is searched, shown and taken out, and how large it is.

    python bench/logbook.py [VISITS] [--folder DIR] [--no-goals]

Writes a logbook of invented people (by default 200,000 visits; see `logbook_rows`) into a temporary
folder, or uses the one that an earlier run left in DIR.  Then prints JSON lines:

- the median and the 95th percentile of a mix of searches, each as a page makes it, with its days,
  and of a person's visits; the same over HTTP, with the program as a process of its own and a
  member of staff who has signed in (`logbook_pages`);
- searches by the state at the insurer while 20,000 messages wait: the newest, the oldest, and
  scattered ones, alone and with other filters; the slowest are named;
- bytes per visit of the visits with their versions and links, and of each other part apart;
- the 99th percentile of scans, one each 20 ms: at rest, while reports are made and while all
  visits are taken out.

Ends with 1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import functools
import random
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.goals import Goals, timed
from bench.logbook_pages import measure_pages
from bench.logbook_rows import AUTHORS, ROOMS, SEED, UNTIL, fill, known_people
from bench.pages import VISITS_PER_DAY
from kiosk.logbook import (
    Cancelled,
    Database,
    SamePersons,
    VisitFinder,
    VisitQuery,
    Visits,
    read_query,
)

MAX_SEARCH_MS, MAX_PERSON_MS = 50, 100
MAX_VISIT_BYTES = 1_500  # with its versions and their links
WAITING = 20_000  # messages
# Which messages wait, as SQL about the id of each; `:count` messages wait of `:all`.
SHAPES = {
    "newest": "id > :all - :count",
    "oldest": "id <= :count",
    "scattered": "id % (:all / :count) = 0",
}
SETTLE = """
update outbox set state = :state where {where} and version =
    (select max(m.version) from outbox m where m.visit = outbox.visit)
"""
PARTS = {
    "visits": ("visit",),
    "versions": ("visit_version",),
    "search index": ("visit_search", "visit_words", "search_value"),
    "facts of reports": ("visit_fact",),
    "outbox": ("outbox", "outbox_event"),
    "evidence: sent files": ("sent_file", "sent_message"),
    "evidence: look-ups": ("lookup", "lookup_reading"),
    "readings": ("attempt",),
    "tickets": ("ticket", "ticket_event"),
    "links": ("link",),
}
LINKED_AS = {"visit": 3, "visit_version": 4}  # numbers of kiosk.logbook.linked_tables


def queries(count: int) -> list[tuple[str, VisitQuery]]:
    """Return searches as people make them, by kinds."""
    chance = random.Random(SEED + 2)
    known = known_people(count)
    year = UNTIL.year
    found: list[tuple[str, VisitQuery]] = []
    for _ in range(30):
        holder, born, number, phone = chance.choice(known)
        parts = holder.split()
        day = UNTIL.date() - timedelta(days=chance.randrange(count // VISITS_PER_DAY))
        room = chance.randrange(1, ROOMS + 1)
        found += [
            ("number", read_query(number, year)),
            ("telephone", read_query(phone, year)),
            ("name", read_query(holder, year)),
            ("name backwards, no marks", read_query(" ".join(parts[::-1]).lower(), year)),
            ("first letters", read_query(holder[: chance.randrange(1, 9)], year)),
            ("name and year", read_query(f"{parts[0]} {parts[-1]} {born[:4]}", year)),
            ("birth", read_query("/".join(reversed(born.split("-"))), year)),
            ("day and room", VisitQuery(first=day, last=day, room=room)),
            (
                "person on duty, verdict, room",
                VisitQuery(author=chance.randrange(AUTHORS), outcome="desk", room=room),
            ),
            (
                "name, day, room, not cancelled",
                replace(
                    read_query(parts[0], year),
                    first=day - timedelta(days=30),
                    last=day,
                    room=room,
                    cancelled=Cancelled.WITHOUT,
                ),
            ),
            ("ticket of any day", VisitQuery(ticket=str(chance.randrange(1, 30)))),
            (
                "ticket of a month",
                VisitQuery(ticket="7", first=day - timedelta(days=30), last=day),
            ),
            ("nothing", read_query("zhang wei", year)),
            ("two common words", read_query("thi van", year)),
            ("cancelled", VisitQuery(cancelled=Cancelled.ONLY, room=room)),
            ("refused", VisitQuery(state="refused")),
            ("refused, room", VisitQuery(state="refused", room=room)),
            ("all", VisitQuery()),
        ]
    return found


def state_queries(count: int) -> list[tuple[str, VisitQuery]]:
    """Return searches by states and one other filter, or several."""
    chance = random.Random(SEED + 3)
    known = known_people(count)
    found: list[tuple[str, VisitQuery]] = []
    for state in ("queued", "accepted"):
        for _ in range(5):
            holder, born, number, _phone = chance.choice(known)
            day = UNTIL.date() - timedelta(days=chance.randrange(count // VISITS_PER_DAY))
            room = chance.randrange(1, ROOMS + 1)
            texts = {
                "name": holder,
                "family name": holder.split()[0],
                "given name": holder.split()[-1],
                "nobody's name": "zhang",
                "birth": born,
                "number": number,
            }
            filters = {
                "": VisitQuery(),
                "room": VisitQuery(room=room),
                "verdict": VisitQuery(outcome="desk"),
                "verdict, room": VisitQuery(outcome="desk", room=room),
                "person on duty": VisitQuery(author=chance.randrange(AUTHORS)),
                "month": VisitQuery(first=day - timedelta(days=30), last=day),
                "not cancelled": VisitQuery(cancelled=Cancelled.WITHOUT),
                "cancelled": VisitQuery(cancelled=Cancelled.ONLY),
                "ticket": VisitQuery(ticket=str(chance.randrange(1, 30))),
            }
            filters |= {name: read_query(text, UNTIL.year) for name, text in texts.items()}
            filters["family name, room"] = replace(filters["family name"], room=room)
            found += [
                (", ".join(filter(None, (state, name))), replace(query, state=state))
                for name, query in filters.items()
            ]
    return found


def measure_searches(
    goals: Goals, database: Database, mix: list[tuple[str, VisitQuery]], what: str, slowest: int = 0
) -> None:
    """Print how long searches take, all together and by kinds, or the `slowest` kinds only."""
    finder, kinds = VisitFinder(database), defaultdict[str, list[float]](list)
    mix = mix[:]
    random.Random(SEED).shuffle(mix)
    for kind, query in mix:
        kinds[kind].append(timed(functools.partial(finder.find, query)))
    goals.times(what, [took for each in kinds.values() for took in each], MAX_SEARCH_MS)
    shown = sorted(kinds, key=lambda kind: -max(kinds[kind]))[:slowest] if slowest else kinds
    for kind in shown:
        goals.times(f"{what}: {kind}", kinds[kind])


def measure_states(goals: Goals, database: Database, count: int) -> None:
    """Print how long searches by state take while many messages wait; the logbook is as before."""
    mix = state_queries(count)
    waiting = min(WAITING, count // 10)
    values = {"all": database.rows("select max(id) from outbox")[0][0], "count": waiting}
    before = database.rows("select id, state from outbox where state <> 'accepted'")
    for shape, where in SHAPES.items():
        with database.transaction() as db:
            db.execute(SETTLE.format(where=where), values | {"state": "queued"})
        try:
            measure_searches(goals, database, mix, f"search by state, {shape} wait", slowest=4)
        finally:
            with database.transaction() as db:
                db.execute("update outbox set state = 'accepted' where state = 'queued'")
                for number, state in before:
                    db.execute("update outbox set state = ? where id = ?", [state, number])


def measure_persons(goals: Goals, database: Database, count: int) -> None:
    """Print how long all visits of a person take."""
    visits = Visits(database, lambda _id, _visit: None)
    persons, chance = SamePersons(database), random.Random(SEED)
    sample = visits.by_rows([chance.randrange(2, count) for _ in range(200)])
    took = [timed(functools.partial(persons.visits_of, visit)) for visit in sample]
    goals.times("person's visits", took, MAX_PERSON_MS)


def measure_sizes(goals: Goals, database: Database, count: int) -> None:
    """Print bytes per visit, by what they hold.  Nothing in the logbook is compressed."""
    sizes = {
        row[0]: row[1]
        for row in database.rows(
            "select coalesce(m.tbl_name, s.name), sum(s.pgsize) from dbstat s"
            " left join sqlite_master m on m.name = s.name group by 1"
        )
    }
    found = {
        what: sum(
            size
            for table, size in sizes.items()
            if table in tables or (table.startswith("visit_words_") and what == "search index")
        )
        / count
        for what, tables in PARTS.items()
    }
    links = {int(row[0]): row[1] for row in database.rows(LINKS_BY_TABLE)}
    a_link = found["links"] * count / sum(links.values())
    own = a_link * sum(links.get(code, 0) for code in LINKED_AS.values()) / count
    share = database.rows("select count(*) * 1.0 from visit_version")[0][0] / count
    for what, size in found.items():
        goals.show(f"bytes per visit: {what}", bytes=round(size), compression="none")
    goals.show("links", per_visit=round(sum(links.values()) / count, 1), bytes_each=round(a_link))
    goals.check(
        "bytes per visit: visit, versions and their links",
        found["visits"] + found["versions"] + own,
        MAX_VISIT_BYTES,
        links=round(own),
        versions_per_visit=round(share, 3),
    )
    pages = database.rows("select page_count * page_size from pragma_page_count, pragma_page_size")
    goals.show("bytes per visit: the whole file", bytes=round(pages[0][0] / count))


LINKS_BY_TABLE = "select source, count(*) from link indexed by link_row group by source"


def main() -> None:
    """Write the logbook, and print all figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("visits", type=int, nargs="?", default=200_000)
    parser.add_argument("--folder", type=Path, help="where the logbook stays for the next run")
    parser.add_argument("--no-goals", action="store_true", help="exit 0 whatever is measured")
    words = parser.parse_args()
    goals = Goals(not words.no_goals)
    if words.folder:
        measure(goals, words.folder, words.visits)
    else:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
            measure(goals, Path(name), words.visits)
    goals.end()


def measure(goals: Goals, folder: Path, count: int) -> None:
    """Measure a logbook in a folder, which is written if it is not there."""
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    path = data / "logbook.db"
    begun = time.perf_counter()
    index_us = None if path.exists() else fill(path, count)
    database = Database(path)
    count = database.rows("select count(*) from visit")[0][0]
    seconds = round(time.perf_counter() - begun)
    goals.show("made" if index_us else "opened", visits=count, seconds=seconds, index_us=index_us)
    measure_searches(goals, database, queries(count), "search")
    measure_states(goals, database, count)
    measure_persons(goals, database, count)
    measure_sizes(goals, database, count)
    database.empty_write_ahead_log()
    measure_pages(goals, folder, database, count)
    database.close()


if __name__ == "__main__":
    main()
