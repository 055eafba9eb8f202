"""A random logbook for reports, opened with what makes reports of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path

from kiosk.insurer import Deadlines, Reporting
from kiosk.logbook import Database, DaysEnd, Outages, ProgramRuns, ReportedVisits
from kiosk.reports import DayFigures, ReportPeriod, Reports
from tests.cast import NOW, TODAY
from tests.data_store import LAW
from tests.reports.plain_book import PlainBook


@dataclass
class Book:
    """The logbook, and what makes reports of it."""

    path: Path
    database: Database
    reports: Reports
    day_figures: DayFigures
    reporting: Reporting

    @cached_property
    def _plain(self) -> PlainBook:
        return PlainBook(self.path, ReportPeriod(TODAY, TODAY), NOW)

    def plain(self, period: ReportPeriod) -> PlainBook:
        """Return all rows as they were when this was first called, to count some days of them."""
        return self._plain.days(period)


def open_book(path: Path) -> Book:
    """Return a logbook that was filled before."""
    database = Database(path)
    runs, outages = ProgramRuns(database), Outages(database)
    deadlines = Deadlines(lambda: LAW, timedelta(minutes=30), outages.newest)
    reporting = Reporting(ReportedVisits(database), runs, deadlines)
    reports = Reports(database, reporting, runs, outages)
    days = DayFigures(database, DaysEnd(database), outages)
    return Book(path, database, reports, days, reporting)
