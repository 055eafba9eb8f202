"""Each figure of a report and of a closing, counted again in plain Python.

`REPORT` and `CLOSING` have one entry for each figure: a test fails if a figure has none.
"""

from __future__ import annotations

import itertools
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any

from kiosk.logbook import Outage
from kiosk.reports import TABLES, Dimension, ReportPeriod
from kiosk.reports.facts import IN_ORDER
from kiosk.reports.insurer_states import STATES
from tests.reports.plain_book import (
    FAILED,
    SEVEN_HOURS,
    PlainBook,
    Row,
    Span,
    counted,
    day_at,
    joined,
    moment,
)

PLAIN: dict[Dimension, Callable[[Row], object]] = {
    Dimension.HOUR: lambda v: (moment(v["arrived_at"]) + SEVEN_HOURS).hour,
    Dimension.WEEKDAY: lambda v: day_at(v["arrived_at"]).isoweekday(),
    Dimension.DAY: lambda v: day_at(v["arrived_at"]),
    Dimension.MONTH: lambda v: str(day_at(v["arrived_at"]))[:7],
    Dimension.OUTCOME: lambda v: v["outcome"],
    Dimension.REASON: lambda v: v["reason"],
    Dimension.GROUP: lambda v: PlainBook.card_number(v)[:2],
    Dimension.BENEFIT: lambda v: PlainBook.card_number(v)[2:3],
    Dimension.FACILITY: lambda v: v["r"]["registered_at"] or "",
    Dimension.ROOM: lambda v: v["r"]["room"],
    Dimension.SERVICE: lambda v: v["r"]["service_code"],
    Dimension.ROUTE: lambda v: v["r"]["arrival"],
    Dimension.CARE: lambda v: v["r"]["care"],
    Dimension.SOURCE: lambda v: (
        "paper"
        if v["r"].get("paper")
        else "self-service"
        if v["r"].get("author") == "self-service"
        else "desk"
    ),
}


def canonical(value: Any) -> Any:
    """Return a figure of the program as plain dictionaries and numbers; an outage as its id."""
    if isinstance(value, Outage):
        return value.id
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: canonical(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {canonical(key): canonical(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [canonical(each) for each in value]
    return value.value if isinstance(value, Enum) else value


def same(found: Any, counted: Any) -> bool:
    """Return whether a figure is as it was counted; SQLite counts times to a millisecond."""
    if isinstance(found, dict) and isinstance(counted, dict):
        return found.keys() == counted.keys() and all(
            abs(found[key] - counted[key]) <= 1
            if str(key).endswith("_ms")
            else same(found[key], counted[key])
            for key in found
        )
    return bool(found == counted)


def by_of(dimension: Dimension, plain: PlainBook) -> dict[str, set[int]]:
    """Return the rows of the visits by the values of a dimension."""
    if dimension is Dimension.READER:
        return plain.by(lambda visit: plain.attempts[visit["attempt"]]["reader"])
    return plain.by(PLAIN[dimension])


def _table(dimension: Dimension, plain: PlainBook) -> dict[str, int]:
    found = counted(by_of(dimension, plain))
    return dict.fromkeys(IN_ORDER.get(dimension, ()), 0) | found


def series_by(plain: PlainBook) -> Dimension:
    """Return by what the series of the period is."""
    days = (plain.period.last - plain.period.first).days + 1
    return Dimension.MONTH if days > 62 else Dimension.DAY


def _begun(plain: PlainBook) -> list[date]:
    length = (plain.period.last - plain.period.first).days + 1
    days = [plain.period.first + timedelta(days=on) for on in range(length)]
    return [day for day in days if day <= plain.now.date()]


def _ran(plain: PlainBook, day: date) -> str:
    if any(day_at(visit["arrived_at"]) == day for visit in plain.visits):
        return "ran"
    span = _span_of(day, plain)
    runs = plain.tables["program_run"]
    if not runs or span.end <= min(moment(run["started_at"]) for run in runs):
        return "not_known"
    ran = any(
        moment(run["started_at"]) < span.end and moment(run["seen_at"]) >= span.begin
        for run in runs
    )
    return "ran" if ran else "did_not_run"


def _span_of(day: date, plain: PlainBook) -> Span:
    begin = datetime.combine(day, datetime.min.time(), plain.span.begin.tzinfo)
    return Span(begin, begin + timedelta(days=1))


def _series(plain: PlainBook) -> dict[str, int | None]:
    length = 7 if series_by(plain) is Dimension.MONTH else 10
    known: Counter[str] = Counter()
    found: dict[str, int | None] = {}
    for day in _begun(plain):
        if _ran(plain, day) == "ran":
            known[str(day)[:length]] += 0
        found.setdefault(str(day)[:length], None)
    for visit in plain.visits:
        known[str(day_at(visit["arrived_at"]))[:length]] += 1
    return found | dict(known)


def times(took: Iterable[int | None]) -> dict[str, Any] | None:
    """Return the figures of some times; of those that are known."""
    known = sorted(each for each in took if each is not None)
    if not known:
        return None
    return {
        "count": len(known),
        "median_ms": statistics.median(known),
        "p90_ms": known[-(-9 * len(known) // 10) - 1],
        "worst_ms": known[-1],
    }


def _times_series(plain: PlainBook) -> dict[str, Any]:
    took = {visit["row"]: plain.took_ms(visit) for visit in plain.visits}
    groups = by_of(series_by(plain), plain)
    found = {key: times(took[row] for row in rows) for key, rows in groups.items()}
    return {key: each for key, each in found.items() if each}


def states(plain: PlainBook) -> dict[str, set[int]]:
    """Return the rows of the visits by their states at the insurer; all states are there."""
    return {
        **{state: set() for state in STATES},
        **plain.by(plain.state),
        "signed": {visit["row"] for visit in plain.visits if plain.is_signed(visit)},
        "overdue": {visit["row"] for visit in plain.visits if plain.is_overdue(visit)},
    }


def _readings(plain: PlainBook) -> dict[str, Any]:
    readings = plain.readings()
    failed = [row for row in readings if row["reason"] in FAILED]
    by_reader = Counter(row["reader"] for row in readings)
    failed_by = Counter(row["reader"] for row in failed)
    return {
        "readings": len(readings),
        "by_reader": [
            {"reader": reader, "readings": count, "failed": failed_by[reader]}
            for reader, count in sorted(by_reader.items(), key=lambda pair: (-pair[1], pair[0]))
        ],
        "failures": dict(Counter(row["reason"] for row in failed)),
        "nothing": counted(plain.nothing()),
    }


def _gateway(plain: PlainBook) -> dict[str, Any]:
    asked = plain.on_days("lookup")
    answered = [row for row in asked if row["result"] == "answered"]
    length = 7 if series_by(plain) is Dimension.MONTH else 10
    keys = {str(day_at(row["at"]))[:length] for row in answered}
    touching = sorted(plain.outages(), key=lambda pair: (pair[1].begin, pair[0]["outage"]))
    whole = plain.span
    within = [
        Span(
            max(span.begin, whole.begin),
            min(plain.now if not row["ends_at"] else span.end, whole.end),
        )
        for row, span in touching
    ]
    lasted = (span.end - span.begin for span in joined([s for s in within if s.end > s.begin]))
    return {
        "results": dict(Counter(row["result"] for row in asked)),
        "latency": times(row["duration_ms"] for row in answered),
        "series": {
            key: times(
                row["duration_ms"] for row in answered if str(day_at(row["at"])).startswith(key)
            )
            for key in keys
        },
        "outages": [row["outage"] for row, _span in reversed(touching)],
        "outage_time": sum(lasted, timedelta(0)),
    }


def _helped(plain: PlainBook) -> dict[str, int]:
    found: Counter[str] = Counter()
    for row in plain.tables["help_count"]:
        if plain.period.first <= date.fromisoformat(row["day"]) <= plain.period.last:
            found[row["kind"]] += row["count"]
    return dict(found)


def to_contact(plain: PlainBook) -> list[Row]:
    """Return the visits whose later answer needs a person."""
    waiting = {row["visit"] for row in plain.tables["look_back"] if row["outcome"] == "desk"}
    return [visit for visit in plain.visits if visit["id"] in waiting]


def _contacted(plain: PlainBook) -> int:
    undone = {row["undoes"] for row in plain.tables["contacted"]}
    done = {
        row["visit"]
        for row in plain.tables["contacted"]
        if row["undoes"] is None and row["id"] not in undone
    }
    return sum(visit["id"] in done for visit in to_contact(plain))


def _closed_days(plain: PlainBook) -> int:
    days = {date.fromisoformat(row["day"]) for row in plain.tables["day_closing"]}
    return sum(plain.period.first <= day <= plain.period.last for day in days)


Recount = Callable[[PlainBook], Any]
REPORT: dict[str, Recount] = {
    "period": lambda plain: canonical(plain.period),
    "made_at": lambda plain: plain.now,
    "visits": lambda plain: len(plain.visits),
    "cancelled": lambda plain: len(plain.of_days) - len(plain.visits),
    "coverage": lambda plain: dict(Counter(_ran(plain, day) for day in _begun(plain))),
    "closed_days": _closed_days,
    "tables": lambda plain: {each.value: _table(each, plain) for each in TABLES},
    "series_by": lambda plain: series_by(plain).value,
    "series": _series,
    "times": lambda plain: times(plain.took_ms(visit) for visit in plain.visits),
    "times_series": _times_series,
    "states": lambda plain: counted(states(plain)),
    "readings": _readings,
    "gateway": _gateway,
    "helped": _helped,
    "to_contact": lambda plain: len(to_contact(plain)),
    "contacted": _contacted,
    # Properties
    "not_timed": lambda plain: sum(plain.took_ms(visit) is None for visit in plain.visits),
    "has_data": lambda plain: bool(
        plain.of_days or any(_ran(plain, day) == "ran" for day in _begun(plain))
    ),
}


def _changes(plain: PlainBook) -> list[bool]:
    """Return for each version that was replaced on these days whether it was cancelled then."""
    cancelled = {row["id"]: row["cancelled_at"] for row in plain.all}
    return [
        cancelled[row["visit"]] == row["replaced_at"]
        for row in plain.on_days("visit_version", "replaced_at")
    ]


def changed(plain: PlainBook, is_cancellation: bool) -> set[int]:
    """Return the rows of the visits that were corrected, or cancelled, on these days."""
    visits = {row["id"]: row for row in plain.all}
    return {
        visits[row["visit"]]["row"]
        for row in plain.on_days("visit_version", "replaced_at")
        if (visits[row["visit"]]["cancelled_at"] == row["replaced_at"]) is is_cancellation
    }


def _slowest(plain: PlainBook) -> list[int]:
    took = sorted(each for each in map(plain.took, plain.of_days) if each is not None)
    return [round(each.total_seconds()) for each in took[:-6:-1]]


def incidents(plain: PlainBook) -> dict[str, int]:
    """Return how many incidents of each kind the days had."""
    found = Counter(row["source"] for row, _span in plain.outages())
    runs = plain.tables["program_run"]
    found["cut_off"] = sum(
        before["stopped_at"] is None and plain.holds(run["started_at"])
        for before, run in itertools.pairwise(runs)
    )
    was_wrong = False
    for row in plain.tables["clock_reading"]:
        is_wrong = abs(row["ahead_s"]) > 300
        found["clock_wrong"] += is_wrong and not was_wrong and plain.holds(row["trusted_at"])
        was_wrong = is_wrong
    found["no_answer"] = sum(row["result"] == "no_answer" for row in plain.on_days("lookup"))
    found["damaged_reading"] = sum(row["reason"] in FAILED for row in plain.readings())
    tickets = {row["id"]: row["day"] for row in plain.tables["ticket"]}
    found["not_printed"] = sum(
        row["printer"] != "" and row["state"] in ("failed", "given_up", "unknown")
        for row in plain.tables["ticket_print"]
        if plain.period.first <= date.fromisoformat(tickets[row["ticket"]]) <= plain.period.last
    )
    found["logbook"] = len(plain.on_days("logbook_decision"))
    for table, undone in (("suspicion", "withdrawn"), ("breach", "no_breach")):
        last = {row["id"]: row["state"] for row in sorted(plain.tables[table], key=_version)}
        found[table] = sum(
            row["version"] == 1 and last[row["id"]] != undone for row in plain.on_days(table)
        )
    return {name: found[name] for name in INCIDENTS}


def _version(row: Row) -> int:
    return int(row["version"])


INCIDENTS = (
    *("power", "line", "portal", "program", "clock", "cut_off", "clock_wrong", "no_answer"),
    *("damaged_reading", "not_printed", "logbook", "suspicion", "breach"),
)
CLOSING: dict[str, Recount] = {
    "visits": REPORT["visits"],
    "cancelled": REPORT["cancelled"],
    "outcomes": lambda plain: counted(by_of(Dimension.OUTCOME, plain)),
    "not_insured": lambda plain: sum(
        visit["r"]["arrival"] in ("emergency", "uninsured") for visit in plain.visits
    ),
    "from_paper": lambda plain: sum(bool(visit["r"].get("paper")) for visit in plain.visits),
    "states": lambda plain: {
        name: len(rows) for name, rows in states(plain).items() if name in STATES
    },
    "corrections": lambda plain: _changes(plain).count(False),
    "cancellations": lambda plain: _changes(plain).count(True),
    "versions": lambda plain: sum(visit["version"] for visit in plain.visits),
    "nothing": lambda plain: counted(plain.nothing()),
    "outages": lambda plain: len(plain.outages()),
    "incidents": incidents,
    "unfinished": PlainBook.unfinished,
    # Unlike a report, the page of a day also times what was cancelled.
    "timed": lambda plain: sum(plain.took_ms(visit) is not None for visit in plain.of_days),
    "slowest_s": _slowest,
}


def one_day(day: date) -> ReportPeriod:
    """Return the period of a day."""
    return ReportPeriod(day, day)
