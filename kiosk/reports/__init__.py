"""Reports: counts of some days, the visits behind each, closing a day, charts and files.

Nothing here knows the web.  Every figure is defined in docs/reports.md.
"""

from kiosk.reports.closings import (
    DayClosing,
    DayClosings,
    DayFigures,
    FigureChange,
    changes_since,
    for_insurer,
)
from kiosk.reports.errors import AlreadyContacted, PeriodFault, WrongPeriod
from kiosk.reports.facts import Dimension, Figure, is_whole
from kiosk.reports.files import (
    Cell,
    FileSheet,
    TooManyRows,
    visit_sheet,
    write_csv,
    write_workbook,
)
from kiosk.reports.incidents import Incident
from kiosk.reports.insurer_states import STATE_FIGURES
from kiosk.reports.period import (
    PeriodKind,
    ReportPeriod,
    last_day_begun,
    read_period,
    read_range,
)
from kiosk.reports.readings import ReadingCount
from kiosk.reports.report import TABLES, Report, Reports
from kiosk.reports.svg import ChartText, Column, Line, SharePart, columns, lines, shares

__all__ = [
    "STATE_FIGURES",
    "TABLES",
    "AlreadyContacted",
    "Cell",
    "ChartText",
    "Column",
    "DayClosing",
    "DayClosings",
    "DayFigures",
    "Dimension",
    "Figure",
    "FigureChange",
    "FileSheet",
    "Incident",
    "Line",
    "PeriodFault",
    "PeriodKind",
    "ReadingCount",
    "Report",
    "ReportPeriod",
    "Reports",
    "SharePart",
    "TooManyRows",
    "WrongPeriod",
    "changes_since",
    "columns",
    "for_insurer",
    "is_whole",
    "last_day_begun",
    "lines",
    "read_period",
    "read_range",
    "shares",
    "visit_sheet",
    "write_csv",
    "write_workbook",
]
