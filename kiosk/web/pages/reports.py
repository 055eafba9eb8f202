"""The pages of reports: figures of some days, the visits behind each, files, and contacts.

An address holds days and values such as a room or a facility, nothing about a person.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiosk.logbook import NightlyRuns, NoSuchVisit, Visit, Visits
from kiosk.reports import (
    STATE_FIGURES,
    TABLES,
    AlreadyContacted,
    Dimension,
    Figure,
    PeriodFault,
    ReadingCount,
    ReportPeriod,
    Reports,
    WrongPeriod,
    is_whole,
    last_day_begun,
    read_period,
    read_range,
)
from kiosk.settings import Settings
from kiosk.sync import LOOK_BACK_PERIOD
from kiosk.web.api.fields import BadField, read_typed_day
from kiosk.web.insurer_words import KIND_WORDS, PURPOSE_WORDS, words_for
from kiosk.web.pages.accesses import note_shown
from kiosk.web.pages.desks import author_here
from kiosk.web.report_charts import report_charts
from kiosk.web.report_words import (
    FAULT_WORDS,
    HELP_WORDS,
    RESULT_WORDS,
    count_text,
    dimension_text,
    hours_text,
    ms_text,
    percent_text,
    period_text,
    reading_count_name,
    reading_count_text,
    reason_text,
    value_text,
)
from verify import Law, clinic_day

VISITS_PER_PAGE = 100
ROWS_PER_PAGE = 100  # readings or questions
ROWS_SHOWN = 10  # of a table before the rest is unfolded
MAX_VALUE = 200  # characters of a value in an address


@dataclass(frozen=True, slots=True)
class ReportParts:
    """What the pages need of the kiosk. `clock` returns the time now, aware."""

    reports: Reports
    visits: Visits
    nightly: NightlyRuns
    law: Callable[[], Law]
    settings: Settings
    clock: Callable[[], datetime]

    @property
    def today(self) -> date:
        """The clinic's day."""
        return clinic_day(self.clock())

    def last_day(self) -> date:
        """Return the last day that can be shown."""
        return last_day_begun(self.clock(), self.visits.newest_at())

    def name_of(self, dimension: Dimension, value: str, period: ReportPeriod) -> str:
        """Return a value in words, by the law of the period's last day that has begun."""
        return value_text(dimension, value, self.law(), min(period.last, self.today))


def make_reports(parts: ReportParts) -> Blueprint:
    """Return the blueprint of /reports."""
    pages = Blueprint("reports", __name__, url_prefix="/reports")
    for name, words in (
        ("thousands", count_text),
        ("ms", ms_text),
        ("dimension", dimension_text),
        ("report_period", period_text),
        ("reason_or_why", reason_text),
        ("reading_count", reading_count_name),
        ("hours", hours_text),
        ("percent_of", percent_text),
    ):
        pages.add_app_template_filter(words, name)

    @pages.get("")
    def overview() -> ResponseReturnValue:
        """Show the report of some days, by default of this month."""
        try:
            period = period_here(parts.today, parts.last_day())
        except WrongPeriod as exc:
            return Response(_page(parts, _month(parts.today), exc.fault), 400)
        if "from" in request.args:  # what was typed gets its usual address
            return redirect(url_for(".overview", period=period.name), 303)
        return _page(parts, period)

    @pages.get("/visits")
    def visits_of() -> ResponseReturnValue:
        """Show the visits behind a figure."""
        period, figure = figure_here(parts)
        cursor = request.args.get("after")
        if figure.dimension is Dimension.STATE:
            states = parts.reports.states
            found = states.page(period, figure.value, cursor, VISITS_PER_PAGE, parts.clock())
            count = states.of(period, parts.clock())[figure.value]
        else:
            found = parts.reports.facts.page(period, figure, cursor, VISITS_PER_PAGE)
            count = parts.reports.facts.count(period, figure)
        shown = _in_order(parts.visits, found.rows)
        note_shown(visit.id for visit in shown)
        return render_template(
            "reports/visits.html",
            period=period,
            figure=figure,
            words=parts.name_of(figure.dimension, figure.value, period),
            count=count,
            visits=shown,
            unreadable=sorted(set(found.rows) - {visit.row for visit in shown}),
            after=found.cursor,
            is_first=cursor is None,
        )

    _add_readings(pages, parts)
    _add_contacts(pages, parts)
    return pages


def _add_readings(pages: Blueprint, parts: ReportParts) -> None:
    """Add the lists behind the figures that count no visits."""

    @pages.get("/readings")
    def readings_of() -> ResponseReturnValue:
        """Show the readings behind a figure, also those that led to no visit."""
        period = _named_period(parts)
        try:
            what = ReadingCount(request.args.get("count", ReadingCount.ALL.value))
        except ValueError:
            abort(404)
        value, after = request.args.get("value", ""), _cursor()
        if len(value) > MAX_VALUE:
            abort(404)
        count, found = parts.reports.readings(period, what, value, after, ROWS_PER_PAGE)
        note_shown(filter(None, (reading.visit for reading in found.readings)))
        return render_template(
            "reports/readings.html",
            period=period,
            what=what,
            value=value,
            words=reading_count_text(what, value),
            count=count,
            found=found,
            is_first=not after,
        )

    @pages.get("/questions")
    def questions_of() -> ResponseReturnValue:
        """Show the questions to the insurer behind a figure."""
        period, result, after = _named_period(parts), request.args.get("result", ""), _cursor()
        if result not in RESULT_WORDS:
            abort(404)
        found = parts.reports.questions(period, result, after, ROWS_PER_PAGE)
        note_shown(filter(None, (question.visit for question in found.questions)))
        return render_template(
            "reports/questions.html",
            period=period,
            result=result,
            words=RESULT_WORDS[result],
            kinds=KIND_WORDS,
            purposes=PURPOSE_WORDS,
            words_for=words_for,
            found=found,
            is_first=not after,
        )


def _cursor() -> int:
    text = request.args.get("after", "")
    return int(text) if is_whole(text) else 0


def _named_period(parts: ReportParts) -> ReportPeriod:
    """Return the period that the address names. Answers 404 if it names none."""
    try:
        return read_period(request.args.get("period", ""), parts.today)
    except WrongPeriod:
        abort(404)


def _add_contacts(pages: Blueprint, parts: ReportParts) -> None:
    @pages.get("/contacts")
    def contacts() -> ResponseReturnValue:
        """Show the patients to contact, those who were not contacted first."""
        return _contacts(parts, request.args.get("said", ""))

    @pages.post("/contacts/<visit_id>")
    def mark(visit_id: str) -> ResponseReturnValue:
        """Mark a patient as contacted, or take such a mark back."""
        note, author = request.form.get("note", "").strip(), author_here(parts.settings)
        change = parts.reports.contacts
        act = change.take_back if request.form.get("do") == "take_back" else change.mark
        try:
            act(visit_id, parts.clock(), author, note)
        except NoSuchVisit:
            abort(404)
        except AlreadyContacted:
            return redirect(url_for(".contacts", said="stale"), 303)
        return redirect(url_for(".contacts", said="done"), 303)


def figure_here(parts: ReportParts) -> tuple[ReportPeriod, Figure]:
    """Return the period and the figure of this request. Answers 404 if one cannot be read."""
    try:
        period = read_period(request.args.get("period", ""), parts.last_day())
        dimension = Dimension(request.args.get("by", Dimension.ALL.value))
    except (WrongPeriod, ValueError):
        abort(404)
    value = request.args.get("value", "")
    is_no_state = dimension is Dimension.STATE and value not in STATE_FIGURES
    if len(value) > MAX_VALUE or is_no_state:
        abort(404)
    return period, Figure(dimension, value)


def period_here(today: date, last: date) -> ReportPeriod:
    """Return the period of this request: by its name, or as two days were typed.

    Without either, the month of `today`.  Raises WrongPeriod, also if it has not begun on `last`.
    """
    if "from" not in request.args:
        name = request.args.get("period", "")
        return read_period(name, last) if name else _month(today)
    texts = [request.args.get(name, "").strip() for name in ("from", "to")]
    try:
        first, end = (read_typed_day(text, "from") for text in (texts[0], texts[1] or texts[0]))
    except BadField:
        raise WrongPeriod(PeriodFault.NOT_A_DAY) from None
    if first is None or end is None:
        raise WrongPeriod(PeriodFault.NOT_A_DAY)
    return read_range(first.isoformat(), end.isoformat(), last)


def _month(day: date) -> ReportPeriod:
    return read_period(f"{day:%Y-%m}", day)


def _page(parts: ReportParts, period: ReportPeriod, fault: PeriodFault | None = None) -> str:
    today = parts.today
    report = parts.reports.of(period, parts.clock())
    after = period.after()
    return render_template(
        "reports/report.html",
        report=report,
        period=period,
        charts=report_charts(report),
        tables=TABLES,
        name_of=lambda dimension, value: parts.name_of(dimension, value, period),
        before=period.before(),
        after=after if after and after.first <= parts.last_day() else None,
        usual=usual_periods(today),
        fault=FAULT_WORDS[fault] if fault else None,
        typed={name: request.args.get(name, "") for name in ("from", "to")},
        rows_shown=ROWS_SHOWN,
        said=request.args.get("said", ""),
        of_the_day=of_the_day,
        help_words=HELP_WORDS,
        result_words=RESULT_WORDS,
        states=STATE_FIGURES,
        is_open=period.last >= today,
    )


def of_the_day(hours: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return the hours from the first with a visit to the last."""
    busy = [place for place, (_hour, count) in enumerate(hours) if count]
    return hours[busy[0] : busy[-1] + 1] if busy else []


def usual_periods(today: date) -> list[ReportPeriod]:
    """Return the periods that people ask for most: those that hold today."""
    quarter = f"{today:%Y}-Q{(today.month + 2) // 3}"
    names = (today.isoformat(), f"{today:%Y-%m}", quarter, f"{today:%Y}")
    return [read_period(name, today) for name in names]


def _in_order(visits: Visits, rows: list[int]) -> list[Visit]:
    by_row = {visit.row: visit for visit in visits.by_rows(rows)}
    return [by_row[row] for row in rows if row in by_row]


def _contacts(parts: ReportParts, said: str) -> ResponseReturnValue:
    people = parts.nightly.worklist(parts.clock() - LOOK_BACK_PERIOD)
    marks = parts.reports.contacts.marks()
    note_shown(person.visit for person in people)
    return render_template(
        "reports/contacts.html",
        waiting=[person for person in people if person.visit not in marks],
        done=[person for person in people if person.visit in marks],
        marks=marks,
        histories={person.visit: parts.reports.contacts.history(person.visit) for person in people},
        said=said,
    )
