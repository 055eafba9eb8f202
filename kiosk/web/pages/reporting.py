"""The page of what was reported to the insurer, by day and month; each figure leads to its visits.

An address holds a day or a month and the name of a figure, nothing about a person.
"""

from __future__ import annotations

import calendar
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from kiosk.insurer import FIGURES, Deadlines, Reporting, ReportingDay, overdue_text
from kiosk.logbook import Visits
from kiosk.web.api.fields import POSSIBLE_YEARS
from kiosk.web.language import day_text, moment_text
from verify import CLINIC_ZONE, Deadline, Law, clinic_day

VISITS_PER_PAGE = 100
PERIOD = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Period:
    """A day or a month of the clinic; `name` is as in the address, `last` is included."""

    name: str
    first: date
    last: date

    @property
    def is_day(self) -> bool:
        """Whether it is a single day."""
        return self.first == self.last

    @property
    def month(self) -> str:
        """The name of its month."""
        return f"{self.first:%Y-%m}"


def make_reporting(
    reporting: Reporting,
    visits: Visits,
    deadlines: Deadlines,
    law: Callable[[], Law],
    clock: Callable[[], datetime],
    aim_minutes: int,
    help_between: Callable[[date, date], Any],
) -> Blueprint:
    """Return the blueprint of /logbook/reporting.

    `help_between` returns what the help with VssID and VNeID was used for on some days.
    """
    pages = Blueprint("reporting", __name__, url_prefix="/logbook/reporting")
    pages.add_app_template_filter(due_text, "due")
    pages.add_app_template_filter(overdue_text, "overdue")

    @pages.get("")
    def overview() -> ResponseReturnValue:
        """Show a month, by default the one of today."""
        now = clock()
        month = read_period(request.args.get("month", f"{clinic_day(now):%Y-%m}")) or abort(404)
        if month.is_day:
            abort(404)
        days = reporting.days(month.first, month.last, now)
        today = clinic_day(now)
        total: Counter[str] = Counter()
        for day in days:
            total.update(day.figures)
        return render_template(
            "logbook/reporting.html",
            month=month,
            days=_joined([day for day in days if day.day <= today or day.figures]),
            total=total,
            shares={day.day: share_in_time(day.figures) for day in days},
            share=share_in_time(total),
            draft_share=_share(total["draft_in_time"], total["draft_late"]),
            before=month_name(month.first - timedelta(days=1)),
            after=month_name(month.last + timedelta(days=1)),
            is_last=month.last >= today,
            rules=law().deadlines,
            aim_minutes=aim_minutes,
            helped=help_between(month.first, month.last),
            due=_deadline_of_month(deadlines, month, now),
            known_until=law().holidays_known_until(),
        )

    @pages.get("/<period_name>/<figure>")
    def visits_of(period_name: str, figure: str) -> ResponseReturnValue:
        """Show the visits that a figure counts."""
        period = read_period(period_name)
        if period is None or figure not in FIGURES:
            abort(404)
        rows = reporting.rows_of(figure, period.first, period.last, clock())
        pages_of_rows = max(1, -(-len(rows) // VISITS_PER_PAGE))
        page = min(max(_number(request.args.get("page", "1")), 1), pages_of_rows)
        of_page = rows[(page - 1) * VISITS_PER_PAGE : page * VISITS_PER_PAGE]
        return render_template(
            "logbook/reporting_visits.html",
            period=period,
            figure=figure,
            count=len(rows),
            visits=visits.by_rows(of_page),
            page=page,
            pages=pages_of_rows,
        )

    return pages


def read_period(text: str) -> Period | None:
    """Return the month (`2026-11`) or the day (`2026-11-25`) that a text names; else None."""
    match = PERIOD.match(text)
    if match is None or int(match[1]) not in POSSIBLE_YEARS:
        return None
    year, month = int(match[1]), int(match[2])
    try:
        if match[3]:
            day = date(year, month, int(match[3]))
            return Period(text, day, day)
        return Period(
            text, date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])
        )
    except ValueError:
        return None


def _joined(days: Sequence[ReportingDay]) -> list[tuple[ReportingDay, date]]:
    """Return the days of a table, each with the first day that its row stands for.

    Days without data that follow each other share one row, which stands for the oldest of them.
    """
    rows: list[tuple[ReportingDay, date]] = []
    for day in days:
        newest = rows[-1][0] if rows else day
        if rows and not day.has_data and not newest.has_data and day.coverage == newest.coverage:
            rows[-1] = newest, day.day
        else:
            rows.append((day, day.day))
    return rows


def due_text(moment: datetime) -> str:
    """Return a due time (aware) in words; one that ends with a day is named by that day."""
    if moment.astimezone(CLINIC_ZONE).time() == time():
        return str(_("the end of %(day)s", day=day_text(clinic_day(moment - timedelta(hours=1)))))
    return moment_text(moment)


def share_in_time(figures: Counter[str]) -> str | None:
    """Return the share of visits that were reported in time, in percent with one decimal place.

    None if none was due yet.  Only if all were in time it is 100.0: it is rounded down.
    """
    return _share(figures["in_time"], figures["late"])


def _share(good: int, bad: int) -> str | None:
    return f"{1000 * good // (good + bad) / 10:.1f}" if good + bad else None


def _deadline_of_month(deadlines: Deadlines, month: Period, now: datetime) -> Deadline | None:
    """Return when the totals of a month are due. None if no rule holds on its last day."""
    last_noon = datetime.combine(month.last, time(12), CLINIC_ZONE)
    return deadlines.at(now).plain("month_totals", last_noon)


def month_name(day: date) -> str | None:
    """Return the name of a day's month, as in an address. None for a year that cannot be."""
    return f"{day:%Y-%m}" if day.year in POSSIBLE_YEARS else None


def _number(text: str) -> int:
    return int(text) if re.fullmatch(r"\d{1,6}", text, re.ASCII) else 1
