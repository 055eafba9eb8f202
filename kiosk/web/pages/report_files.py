"""Reports as files: paper (PDF), figures and visits (CSV, Excel).

A file is written to a temporary one first, row by row, so that its hash is recorded before any of
it leaves the program.  It holds no name, number or telephone of a person.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO, cast

from flask import Blueprint, Response, abort, redirect, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from kiosk.logbook import Database, ExportedFile, Exports
from kiosk.paper import to_pdf
from kiosk.reports import (
    STATE_FIGURES,
    TABLES,
    Cell,
    Dimension,
    Figure,
    FileSheet,
    Report,
    ReportPeriod,
    TooManyRows,
    visit_sheet,
    write_csv,
    write_workbook,
)
from kiosk.staff import NotApproved, PinNotHere, TooManyTries
from kiosk.web.api.approvals import approval_here
from kiosk.web.facility_words import name_or_nothing
from kiosk.web.pages.desks import author_here
from kiosk.web.pages.reports import ReportParts, figure_here
from kiosk.web.report_paper import Naming, report_paper
from kiosk.web.report_words import dimension_text, period_text, reason_text
from verify import clinic_day

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}
KINDS = ("report.csv", "report.xlsx", "visits.csv", "visits.xlsx")
CHUNK = 1 << 20  # bytes that are hashed at once


def make_report_files(parts: ReportParts, database: Database) -> Blueprint:
    """Return the blueprint of the files below /reports."""
    pages = Blueprint("report_files", __name__, url_prefix="/reports")
    exports = Exports(database)

    def sheets_of(what: str, period: ReportPeriod, figure: Figure) -> Iterator[FileSheet]:
        if what == "report":
            return report_sheets(parts, parts.reports.of(period, parts.clock()).require_whole())
        visits = _("Visits")
        title = f"{visits} {period_text(period)}"
        return iter([visit_sheet(parts.reports.facts, period, figure, name_or_nothing, title)])

    @pages.get("/report.pdf")
    def paper() -> ResponseReturnValue:
        """Return a report on paper."""
        period, _figure = figure_here(parts)
        report = parts.reports.of(period, parts.clock()).require_whole()
        content = to_pdf(report_paper(report, facility_here(parts), _naming(parts, report)))
        exports.record(
            ExportedFile(
                "report.pdf",
                None,
                parts.clock(),
                author_here(parts.settings),
                hashlib.sha256(content).hexdigest(),
            )
        )
        answer = Response(content, mimetype=TYPES["pdf"])
        answer.headers["Cache-Control"] = "no-store"
        name = f"report-{period.name}.pdf"
        answer.headers.set("Content-Disposition", "inline", filename=name)
        return answer

    @pages.route("/files/<kind>", methods=["GET", "POST"])
    def file(kind: str) -> ResponseReturnValue:
        """Return the figures, or the visits behind a figure, as CSV or for Excel."""
        period, figure = figure_here(parts)
        is_state = figure.dimension is Dimension.STATE
        if kind not in KINDS or is_state:  # the column of visits says the state of each
            abort(404)
        what, _dot, form = kind.partition(".")
        written = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115 - it is sent below
        try:
            within = approval_here("GET", "report_files.file", f"{kind} {period.name}")
            _write(form, sheets_of(what, period, figure), written)
            sha256, now = _sha256(written), parts.clock()
            exports.record(
                ExportedFile(kind, None, now, author_here(parts.settings), sha256), within
            )
        except (NotApproved, PinNotHere, TooManyTries):
            written.close()
            if request.method == "GET":
                raise
            page = url_for("reports.overview", period=period.name, said="not_approved")
            return redirect(page, 303)
        except TooManyRows:
            written.close()
            abort(413, "Excel opens at most 1,048,576 rows: choose fewer days, or CSV.")
        except BaseException:  # whatever it was, nothing stays on the disk
            written.close()
            raise
        answer = send_file(
            written,
            TYPES[form],
            as_attachment=True,
            download_name=f"{what}-{period.name}.{form}",
            max_age=0,
        )
        answer.headers["Cache-Control"] = "no-store"
        return answer

    return pages


def facility_here(parts: ReportParts) -> str:
    """Return the name of this facility with its code, for a paper."""
    code = parts.settings.facility.code_on(clinic_day(parts.clock()))
    name = parts.settings.facility.name
    return f"{name} ({code})" if name else code


def report_sheets(parts: ReportParts, report: Report) -> Iterator[FileSheet]:
    """Yield the tables of a report, each as a sheet."""
    name_of = _naming(parts, report)
    made: datetime = report.made_at
    yield FileSheet(
        _("Report"),
        ("figure", "value"),
        [
            ("first_day", report.period.first.isoformat()),
            ("last_day", report.period.last.isoformat()),
            ("made_at", made.isoformat(timespec="seconds")),
            ("visits", report.visits if report.has_data else None),
            ("cancelled", report.cancelled if report.has_data else None),
            *((f"days_{each.value}", count) for each, count in sorted(report.coverage.items())),
            ("closed_days", report.closed_days),
            ("timed", report.times.count if report.times else 0),
            ("not_timed", report.not_timed),
            ("median_ms", report.times.median_ms if report.times else None),
            ("p90_ms", report.times.p90_ms if report.times else None),
            ("worst_ms", report.times.worst_ms if report.times else None),
            *((f"state_{name}", report.states[name]) for name in STATE_FIGURES),
            ("readings", report.readings.readings),
            ("readings_failed", report.readings.failed),
            *((f"gateway_{name}", count) for name, count in report.gateway.results.items()),
            ("gateway_median_ms", _latency(report, "median_ms")),
            ("gateway_p90_ms", _latency(report, "p90_ms")),
            ("gateway_worst_ms", _latency(report, "worst_ms")),
            ("outages", len(report.gateway.outages)),
            ("outage_minutes", round(report.gateway.outage_time.total_seconds() / 60)),
            *((f"help_{name}", count) for name, count in sorted(report.helped.items())),
            ("to_contact", report.to_contact),
            ("contacted", report.contacted),
        ],
    )
    columns = ("value", "label", "visits")
    for dimension in TABLES:
        rows: list[tuple[Cell, ...]] = [
            (value, name_of(dimension, value), count)
            for value, count in report.tables[dimension].items()
        ]
        yield FileSheet(dimension_text(dimension), columns, rows)
    yield FileSheet(
        dimension_text(report.series_by),
        (*columns, "median_ms", "p90_ms"),
        [_series_row(report, key, count) for key, count in report.series.items()],
    )
    for title, counts in (
        (_("Damaged or incomplete"), report.readings.failures),
        (_("Led to nothing"), report.readings.nothing),
    ):
        yield FileSheet(
            title,
            ("value", "label", "readings"),
            [(why, reason_text(why), count) for why, count in counts.items()],
        )
    yield FileSheet(
        _("Readers"),
        ("reader", "readings", "failed"),
        [(each.reader, each.readings, each.failed) for each in report.readings.by_reader],
    )
    yield FileSheet(
        _("Answers of the gateway"),
        ("value", "answered", "median_ms", "p90_ms", "worst_ms"),
        [
            (key, each.count, each.median_ms, each.p90_ms, each.worst_ms)
            for key, each in report.gateway.series.items()
        ],
    )


def _series_row(report: Report, key: str, count: int | None) -> tuple[Cell, ...]:
    times = report.times_series.get(key)
    no_data = _("no data")
    label = key if count is not None else f"{key} {no_data}"
    if times is None:
        return key, label, count, None, None
    return key, label, count, times.median_ms, times.p90_ms


def _latency(report: Report, name: str) -> float | None:
    return getattr(report.gateway.latency, name) if report.gateway.latency else None


def _naming(parts: ReportParts, report: Report) -> Naming:
    return lambda dimension, value: parts.name_of(dimension, value, report.period)


def _write(form: str, sheets: Iterator[FileSheet], file: BinaryIO) -> None:
    """Write sheets; as CSV they stand one below the other, with the name of each in front."""
    if form == "xlsx":
        write_workbook(sheets, file)
        return
    found = list(sheets)
    if len(found) == 1:
        write_csv(found[0], file)
        return
    rows = ((sheet.name, *row) for sheet in found for row in (sheet.columns, *sheet.rows))
    write_csv(FileSheet("", ("table", *found[0].columns), rows), file)


def _sha256(file: BinaryIO) -> str:
    """Return the hash of a file, which is at its beginning afterwards."""
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()
