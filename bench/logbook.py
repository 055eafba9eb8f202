"""How fast a logbook of a million visits is searched, shown and taken out, and how large it is.

    python bench/logbook.py [VISITS]

Writes a logbook of invented people (by default 200,000 visits; names as frequent as in Vietnam, the
same ones in every run) into a temporary folder, through the product's schema and its own index.
Then prints JSON lines:

- how long the index took per visit, which is what the migration of an older logbook takes;
- the median and the 95th percentile of a mix of searches, each as a page makes it, with its days;
- the same of a person's visits;
- bytes per visit of the visits with their versions, of the index, the outbox and the readings;
- the 99th percentile of scans recorded while all visits are taken out, and at rest.
"""

from __future__ import annotations

import functools
import json
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.pages import ATTEMPTS, EVENTS, MESSAGES, TICKETS, VISITS_PER_DAY, _first_visit
from kiosk.logbook import (
    Attempts,
    Database,
    SamePersons,
    VisitFinder,
    VisitQuery,
    Visits,
    read_query,
)
from kiosk.logbook.visit_index import index_all
from verify import Card, Reason, Verdict

SEED = 20_261_129
PERSONS_PER_VISIT = 0.2  # a person comes five times
SCANS = 300
UNTIL = datetime(2026, 11, 28, 9, tzinfo=UTC)
# Family names with their shares in percent, and parts of given names (invented weights).
FAMILY = dict(
    zip(
        (
            "Nguyễn Trần Lê Phạm Hoàng Huỳnh Phan Vũ Võ Đặng"
            " Bùi Đỗ Hồ Ngô Dương Lý Đinh Mai Trịnh Tạ"
        ).split(),
        (38, 11, 10, 7, 3, 2, 5, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1),
        strict=True,
    )
)
MIDDLE = dict(
    zip(
        "Thị Văn Hữu Đức Minh Ngọc Thanh Hồng Kim Quốc Xuân Thu Anh Gia".split(),
        (35, 28, 4, 4, 4, 4, 4, 3, 3, 3, 3, 2, 2, 1),
        strict=True,
    )
)
GIVEN = (
    "An Anh Bảo Bích Bình Châu Chi Cường Dung Dũng Duy Đạt Giang Hà Hải Hạnh Hằng Hiền Hiếu Hoa"
    " Hoà Hòa Hoàng Hồng Huệ Hùng Hưng Hương Hường Khánh Khôi Lan Lâm Linh Loan Long Lộc Ly Mai"
    " Minh My Nam Nga Ngân Nghĩa Ngọc Nguyệt Nhung Oanh Phong Phúc Phương Phượng Quang Quân Quỳnh"
    " Sơn Tâm Thành Thảo Thắng Thịnh Thu Thuý Thủy Tiến Toàn Trang Trâm Trung Tuấn Tú Tùng Tuyết"
    " Uyên Vân Việt Vinh Vy Xuân Yến Ý"
).split()

VISITS = """
insert into visit (id, attempt, verdict_of, idempotency_key, arrived_at, day, ticket, outcome,
                   reason, number, person, record)
select :visit, :id, :id, :visit, :at, :day, :ticket, :outcome, reason, :number, :person,
       json_set(record, '$.attempt', :id, '$.verdict_of', :id, '$.arrived_at', :at,
                '$.number', :number, '$.person', :person, '$.card_number', :number,
                '$.holder', :holder, '$.born', :born, '$.room', :room, '$.author', :author,
                '$.phone', :phone, '$.outcome', :outcome)
from visit where row = 1
"""
TABLES = {
    "visits": ("visit", "visit_version"),
    "index": ("visit_search", "visit_words", "search_value"),
    "outbox": ("outbox",),
    "readings": ("attempt",),
    "tickets": ("ticket",),
}


def people(count: int) -> Iterator[tuple[str, str, str, str]]:
    """Yield name, birth, number and telephone of invented people."""
    chance = random.Random(SEED)
    for tail in range(count):
        parts = chance.choices(list(FAMILY), list(FAMILY.values()))
        parts += chance.choices(list(MIDDLE), list(MIDDLE.values()))
        parts += chance.sample(GIVEN, 2 if chance.random() < 0.3 else 1)
        born = f"{chance.randrange(1930, 2026)}-{chance.randrange(1, 13):02d}"
        born += f"-{chance.randrange(1, 29):02d}"
        yield " ".join(parts), born, f"9{tail:09d}", f"0999{chance.randrange(10**6):06d}"


def rows(count: int, first_day: datetime) -> Iterator[dict[str, Any]]:
    """Yield the values of each visit but the first."""
    chance = random.Random(SEED + 1)
    known = list(people(max(1, int(count * PERSONS_PER_VISIT))))
    for number in range(2, count + 1):
        place = number - 1
        at = first_day + timedelta(
            days=place // VISITS_PER_DAY, seconds=60 * (place % VISITS_PER_DAY)
        )
        holder, born, person, phone = chance.choice(known)
        state = "refused" if number > count - 60 else "accepted"
        yield {
            "id": number,
            "visit": f"01999-{at:%Y%m%d}-{number:016x}",
            "at": at.isoformat(timespec="microseconds"),
            "day": (at + timedelta(hours=7)).date().isoformat(),
            "ticket": number,
            "number": f"GD4{person[:2]}{person}",
            "person": person,
            "holder": holder,
            "born": born,
            "phone": phone if chance.random() < 0.5 else "",
            "room": f"Phòng khám {chance.randrange(1, 31)}",
            "author": f"staff {101 + chance.randrange(40)} Người Thử",
            "outcome": chance.choices(["admitted", "unconfirmed", "desk"], [92, 5, 3])[0],
            "state": state,
            "code": "205" if state == "refused" else "200",
            "message": "Sai MA_THE" if state == "refused" else None,
            "answer": None,
        }


def fill(path: Path, count: int) -> float:
    """Write a logbook; return the microseconds per visit that its index took."""
    database = Database(path)
    first_day = UNTIL - timedelta(days=-(-count // VISITS_PER_DAY))
    _first_visit(database, first_day)
    database.reading().conn.execute("pragma synchronous = off")
    batch: list[dict[str, Any]] = []
    made = rows(count, first_day)
    while batch := [row for row, _ in zip(made, range(20_000), strict=False)]:
        with database.transaction() as db:
            for statement in (ATTEMPTS, VISITS, TICKETS, MESSAGES, EVENTS):
                db.conn.executemany(statement, batch)
    begun = time.perf_counter()
    with database.transaction() as db:
        db.execute("update outbox set state = 'accepted', answered_at = changed_at where id = 1")
        db.execute("delete from visit_search")
        index_all(db)
    took = time.perf_counter() - begun
    database.close()
    return took / count * 1e6


def queries(count: int) -> list[tuple[str, VisitQuery]]:
    """Return searches as people make them: 240, by kinds."""
    chance = random.Random(SEED + 2)
    known = list(people(max(1, int(count * PERSONS_PER_VISIT))))
    year = UNTIL.year
    found: list[tuple[str, VisitQuery]] = []
    for _ in range(30):
        holder, born, number, phone = chance.choice(known)
        parts = holder.split()
        day = UNTIL.date() - timedelta(days=chance.randrange(count // VISITS_PER_DAY))
        found += [
            ("number", read_query(number, year)),
            ("telephone", read_query(phone, year)),
            ("name", read_query(holder, year)),
            ("name backwards, no marks", read_query(" ".join(parts[::-1]).lower(), year)),
            ("first letters", read_query(holder[: chance.randrange(1, 9)], year)),
            ("name and year", read_query(f"{parts[0]} {parts[-1]} {born[:4]}", year)),
            ("birth", read_query("/".join(reversed(born.split("-"))), year)),
            ("filters", VisitQuery(first=day, last=day, room=chance.randrange(1, 31))),
            (
                "rare filters",
                VisitQuery(author=chance.randrange(40), outcome="desk", room=chance.randrange(9)),
            ),
            ("nothing", read_query("zhang wei", year)),
            ("refused", VisitQuery(state="refused")),
            ("all", VisitQuery()),
        ]
    return found


def timed(call: Callable[[], object]) -> float:
    """Return the milliseconds of a call."""
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1000


def show(what: str, took: list[float], **more: object) -> None:
    """Print the figures of some durations in milliseconds."""
    figures = {
        "n": len(took),
        "median_ms": round(statistics.median(took), 2),
        "p95_ms": round(statistics.quantiles(took, n=20)[-1], 2),
        "max_ms": round(max(took), 1),
    }
    print(json.dumps({"what": what} | figures | more, ensure_ascii=False), flush=True)


def measure_searches(database: Database, count: int) -> None:
    """Print how long searches take, all together and by kinds."""
    finder, kinds = VisitFinder(database), dict[str, list[float]]()
    mix = queries(count)
    random.Random(SEED).shuffle(mix)
    for kind, query in mix:
        kinds.setdefault(kind, []).append(timed(functools.partial(finder.find, query)))
    show("search", [took for each in kinds.values() for took in each])
    for kind, took in kinds.items():
        show(f"search: {kind}", took)


def measure_persons(database: Database, count: int) -> None:
    """Print how long all visits of a person take."""
    visits = Visits(database, lambda _id, _visit: None)
    persons, chance = SamePersons(database), random.Random(SEED)
    sample = visits.by_rows([chance.randrange(2, count) for _ in range(200)])
    show("person", [timed(functools.partial(persons.visits_of, visit)) for visit in sample])


def measure_sizes(database: Database, count: int) -> None:
    """Print bytes per visit, by what they hold."""
    sizes = {
        row[0]: row[1]
        for row in database.rows(
            "select coalesce(m.tbl_name, s.name), sum(s.pgsize) from dbstat s"
            " left join sqlite_master m on m.name = s.name group by 1"
        )
    }
    for what, tables in TABLES.items():
        total = sum(
            size
            for table, size in sizes.items()
            if table in tables or (table.startswith("visit_words_") and what == "index")
        )
        print(json.dumps({"what": f"bytes per visit: {what}", "bytes": round(total / count)}))


def measure_scans(path: Path, while_taken_out: bool) -> list[float]:
    """Return the milliseconds of recording scans, perhaps while all visits are taken out."""
    from kiosk.web.pages.visit_export import table_rows

    database, stop = Database(path), threading.Event()
    attempts = Attempts(database)

    def take_out() -> None:
        mine = VisitFinder(database)
        for piece in _rows_of(table_rows, mine):
            if stop.is_set():
                return
            assert piece

    thread = threading.Thread(target=take_out)
    if while_taken_out:
        thread.start()
        time.sleep(1)  # until the export is under way
    took = []
    verdict = Verdict(Reason.IN_FORCE, card=Card("GD4019999900000", holder="Nguyễn Văn A"))
    for _ in range(SCANS):
        took.append(timed(lambda: attempts.record(verdict, "front", UNTIL)))
        time.sleep(0.01)  # a scan is one of many things a desk does
    stop.set()
    if while_taken_out:
        thread.join()
    return took


def _rows_of(table_rows: Callable[..., Iterator[str]], finder: VisitFinder) -> Iterator[str]:
    """Yield the table within an application, which has the words."""
    from flask import Flask
    from flask_babel import Babel

    app = Flask("bench")
    Babel(app)
    with app.app_context():
        yield from table_rows(finder, VisitQuery(), "en")


def main() -> None:
    """Write the logbook, and print all figures."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        path = Path(name) / "logbook.db"
        begun = time.perf_counter()
        index_us = fill(path, count)
        print(
            json.dumps(
                {
                    "what": "made",
                    "visits": count,
                    "seconds": round(time.perf_counter() - begun),
                    "index_us_per_visit": round(index_us),
                }
            ),
            flush=True,
        )
        database = Database(path)
        measure_searches(database, count)
        measure_persons(database, count)
        measure_sizes(database, count)
        rest, busy = measure_scans(path, False), measure_scans(path, True)
        p99 = [statistics.quantiles(each, n=100)[98] for each in (rest, busy)]
        show("scans at rest", rest, p99_ms=round(p99[0], 2))
        show("scans while all is taken out", busy, p99_ms=round(p99[1], 2))
        print(json.dumps({"what": "p99 as a multiple of rest", "times": round(p99[1] / p99[0], 2)}))


if __name__ == "__main__":
    main()
