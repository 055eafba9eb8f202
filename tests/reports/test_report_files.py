"""Each figure of the files and of the paper is the one that plain Python counts."""

from __future__ import annotations

import csv
import io
import itertools
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader

from kiosk.reports import TABLES, Report, read_period
from kiosk.reports.files import plain_cell
from kiosk.web.report_words import INCIDENT_WORDS
from tests.cast import TODAY
from tests.reports.plain_book import PlainBook
from tests.reports.recount import CLOSING, REPORT, one_day

XML = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
PERIODS = ("2026-11-20", "2026-11", "2026")
Rows = list[list[object]]


def _times(names: Mapping[str, str]) -> Callable[[Any], Rows]:
    return lambda times: [[name, (times or {}).get(of)] for of, name in names.items()]


def _each(prefix: str) -> Callable[[Any], Rows]:
    return lambda counts: [[f"{prefix}{name}", counts[name]] for name in counts]


def _gateway(found: Any) -> Rows:
    latency = found["latency"] or {}
    return [
        *_each("gateway_")(found["results"]),
        *([f"gateway_{name}", latency.get(name)] for name in ("median_ms", "p90_ms", "worst_ms")),
        ["outages", len(found["outages"])],
        ["outage_minutes", round(found["outage_time"] / timedelta(minutes=1))],
    ]


# The rows of the first sheet, by the figure of the report that they show.
FIRST_SHEET: dict[str, Callable[[Any], Rows]] = {
    "period": lambda days: [["first_day", str(days["first"])], ["last_day", str(days["last"])]],
    "made_at": lambda at: [["made_at", at.isoformat(timespec="seconds")]],
    "visits": lambda count: [["visits", count]],
    "cancelled": lambda count: [["cancelled", count]],
    "coverage": _each("days_"),
    "closed_days": lambda count: [["closed_days", count]],
    "times": lambda times: [
        ["timed", times["count"]],
        *_times({name: name for name in ("median_ms", "p90_ms", "worst_ms")})(times),
    ],
    "not_timed": lambda count: [["not_timed", count]],
    "states": _each("state_"),
    "readings": lambda found: [
        ["readings", found["readings"]],
        ["readings_failed", sum(found["failures"].values())],
    ],
    "gateway": _gateway,
    "helped": _each("help_"),
    "to_contact": lambda count: [["to_contact", count]],
    "contacted": lambda count: [["contacted", count]],
}
ON_OTHER_SHEETS = {"tables", "series_by", "series", "times_series"}
IS_NO_FIGURE = {"damaged", "has_data"}  # a damaged report makes no file


def expected_sheets(plain: PlainBook) -> list[set[tuple[object, ...]]]:
    """Return the rows of each sheet, without the labels."""
    counts = {name: recount(plain) for name, recount in REPORT.items()}
    first = [tuple(row) for name, of in FIRST_SHEET.items() for row in of(counts[name])]
    times, readings = counts["times_series"], counts["readings"]
    figures = ("count", "median_ms", "p90_ms", "worst_ms")
    series = [
        (key, count, *((times.get(key) or {}).get(name) for name in figures[1:3]))
        for key, count in counts["series"].items()
    ]
    return [
        set(first),
        *(set(counts["tables"][dimension.value].items()) for dimension in TABLES),
        set(series),
        set(readings["failures"].items()),
        set(readings["nothing"].items()),
        {(each["reader"], each["readings"], each["failed"]) for each in readings["by_reader"]},
        {
            (key, *(each[name] for name in figures))
            for key, each in counts["gateway"]["series"].items()
        },
    ]


def _shown(rows: set[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Return rows as a file may show them: a formula has an apostrophe, a number is a float."""
    return sorted(
        (
            tuple(
                float(cell) if isinstance(cell, (int, float)) else plain_cell(cell) or ""  # type: ignore[arg-type]
                for cell in row
            )
            for row in rows
        ),
        key=str,
    )


def _read(cell: str) -> object:
    return float(cell) if re.fullmatch(r"-?\d+(\.\d+)?", cell) else cell


def _without_label(heading: list[str], rows: list[list[str]]) -> list[tuple[object, ...]]:
    """Return rows as they are compared; the first column is no number."""
    label = heading.index("label") if "label" in heading else None
    return sorted(
        (
            (row[0], *(_read(cell) for at, cell in enumerate(row[1:], 1) if at != label))
            for row in rows
        ),
        key=str,
    )


def csv_sheets(data: bytes) -> list[tuple[list[str], list[list[str]]]]:
    """Return the heading and the rows of each table of a CSV."""
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))[1:]
    found = []
    for _name, group in itertools.groupby(rows, key=lambda row: row[0]):
        heading, *of_table = [row[1:] for row in group]
        width = len(heading)
        found.append((heading, [(row + [""] * width)[:width] for row in of_table]))
    return found


def xlsx_sheets(data: bytes) -> list[tuple[list[str], list[list[str]]]]:
    """Return the same of a workbook."""
    found = []
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        names = [name for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
        for number in range(1, len(names) + 1):
            root = ET.fromstring(book.read(f"xl/worksheets/sheet{number}.xml"))
            rows = []
            for row in root.iter(f"{XML}row"):
                cells = {
                    ord(cell.get("r", "A")[0]) - ord("A"): "".join(cell.itertext())
                    for cell in row.iter(f"{XML}c")
                }
                rows.append([cells.get(at, "") for at in range(max(cells) + 1)])
            heading, *others = rows
            width = len(heading)
            found.append((heading, [(row + [""] * width)[:width] for row in others]))
    return found


def test_no_figure_is_missing_in_the_files() -> None:
    names = {each.name for each in fields(Report)}
    names |= {name for name, value in vars(Report).items() if isinstance(value, property)}
    assert FIRST_SHEET.keys() | ON_OTHER_SHEETS == names - IS_NO_FIGURE


@pytest.mark.parametrize("period", PERIODS)
def test_csv_and_excel_have_the_figures_that_plain_python_counts(
    plain: PlainBook, client: FlaskClient, period: str
) -> None:
    expected = [_shown(rows) for rows in expected_sheets(plain.days(read_period(period, TODAY)))]
    for kind, sheets_of in (("csv", csv_sheets), ("xlsx", xlsx_sheets)):
        answer = client.get(f"/reports/files/report.{kind}?period={period}&lang=en")
        found = [_without_label(*sheet) for sheet in sheets_of(answer.data)]
        answer.close()
        for at, (rows, wanted) in enumerate(zip(found, expected, strict=True)):
            assert rows == wanted, (kind, at)


def text_of(client: FlaskClient, path: str) -> str:
    """Return the text of a paper, with single blanks."""
    answer = client.get(path)
    assert answer.status_code == 200
    pages = PdfReader(io.BytesIO(answer.data)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


STATES = {
    "accepted": "received",
    "refused": "refused",
    "waiting": "waiting",
    "parked": "needs a person",
    "closed": "closed by a person",
    "left_out": "+ not to be reported",
    "missing": "+ without a message: tell IT",
    "signed": "of these sent with a signature",
    "overdue": "of these overdue",
}
RESULTS = {"answered": "answered", "no_answer": "no answer", "refused": "refused by the insurer"}
HELPED = {"helped": "Helped", "printed": "Printed", "shown": "Shown or opened"}


def number(value: object) -> str:
    """Return a count as English pages write it."""
    return "—" if value is None else f"{value:,}"


@pytest.mark.parametrize("period", PERIODS)
def test_the_paper_of_a_report_has_the_figures_that_plain_python_counts(
    plain: PlainBook, client: FlaskClient, period: str
) -> None:
    plain.days(read_period(period, TODAY))
    counts = {name: recount(plain) for name, recount in REPORT.items()}
    answer = client.get(f"/reports/files/report.csv?period={period}&lang=en")
    labels = [
        {row[0].removeprefix("'"): row[1].removeprefix("'") for row in rows}
        if "label" in heading
        else {}
        for heading, rows in csv_sheets(answer.data)
    ]
    answer.close()
    text = text_of(client, f"/reports/report.pdf?period={period}&lang=en")

    wanted = [f"{counts['visits']:,} visits, {counts['cancelled']:,} cancelled ones"]
    tables = [counts["tables"][dimension.value] for dimension in TABLES]
    if len(counts["series"]) > 1:
        names = {key: ("/".join(reversed(key.split("-")))) for key in counts["series"]}
        wanted += [f"{names[key]} {number(count)}" for key, count in counts["series"].items()]
    readings = counts["readings"]
    others = (readings["failures"], readings["nothing"])
    for of, table in zip((*labels[1:14], *labels[15:17]), (*tables, *others), strict=True):
        is_hours = table is tables[0]
        wanted += [
            f"{of[value]} {number(count)}"
            for value, count in table.items()
            if count or not is_hours
        ]
    wanted += [
        f"{each['reader']} {number(each['readings'])} {number(each['failed'])}"
        for each in readings["by_reader"]
    ]
    wanted += [f"{STATES[name]} {number(count)}" for name, count in counts["states"].items()]
    gateway = counts["gateway"]
    wanted += [f"Questions: {RESULTS[name]} {number(n)}" for name, n in gateway["results"].items()]
    minutes = round(gateway["outage_time"] / timedelta(minutes=1))
    wanted.append(
        f"{len(gateway['outages'])} outages, {minutes // 60} h {minutes % 60:02} min in all"
    )
    helped = ((words, counts["helped"].get(kind, 0)) for kind, words in HELPED.items())
    wanted += [f"Help with VssID and VNeID: {words} {number(count)}" for words, count in helped]
    wanted.append(f"Visits with a time {number(counts['times']['count'])}")
    wanted.append(f"clock was changed {number(counts['not_timed'])}")
    if counts["to_contact"]:
        wanted.append(f"contacted {counts['contacted']} / {counts['to_contact']}")
    assert [each for each in wanted if each not in text] == []


def test_the_paper_of_a_closing_has_the_figures_that_plain_python_counts(
    plain: PlainBook, client: FlaskClient
) -> None:
    day = TODAY - timedelta(days=3)
    plain.days(one_day(day))
    figures = {name: recount(plain) for name, recount in CLOSING.items()}
    page = client.get(f"/day?date={day}").text
    [seen] = re.findall(r'name="seen" value="([\d.]+)"', page)
    client.post(f"/day/close?date={day}", data={"seen": seen})
    text = text_of(client, f"/day/closing.pdf?date={day}&lang=en")

    names = {
        "visits": "Visits",
        "cancelled": "Cancelled visits",
        "not_insured": "Emergencies and without insurance",
        "from_paper": "Entered from paper",
        "corrections": "Corrections on this day",
        "cancellations": "Cancellations on this day",
        "unfinished": "Scanned and not recorded",
    }
    wanted = [f"{words} {number(figures[name])}" for name, words in names.items()]
    outcomes = {
        "admitted": "the card counts",
        "unconfirmed": "taken in, the insurer is asked later",
        "desk": "decided by the clerk",
    }
    wanted += [f"{outcomes[name]} {number(n)}" for name, n in figures["outcomes"].items()]
    wanted += [f" {number(n)}" for n in figures["nothing"].values()]
    incidents = {str(INCIDENT_WORDS[name]._args[0]): n for name, n in figures["incidents"].items()}
    wanted += [f"{words} {n}" for words, n in incidents.items() if n]
    none = "; ".join(words for words, n in incidents.items() if not n)
    wanted.append(f"None: {none}.")
    for_insurer = sum(bool(plain.messages[visit["id"]]) for visit in plain.visits)
    wanted.append(f"= for the insurer {for_insurer}")
    slowest = [_took(seconds) for seconds in figures["slowest_s"]]
    wanted.append(f"the slowest {', '.join(slowest)}")
    assert [each for each in wanted if each not in text] == []


def _took(seconds: int) -> str:
    if not seconds:
        return "< 1 s"
    if seconds < 60:
        return f"{seconds}.0 s"
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"
