"""Reports: counts of some days, the visits behind each, closing a day, charts and files.

Nothing here knows the web.  Every figure is defined in docs/reports.md.
"""

from kiosk.reports.closings import (
    DayClosing,
    DayClosings,
    DayFigures,
    DayRoot,
    FigureChange,
    changes_since,
    for_insurer,
)
from kiosk.reports.contacts import ContactMark, Contacts
from kiosk.reports.errors import AlreadyContacted, PeriodFault, WrongPeriod
from kiosk.reports.facts import Dimension, Figure, VisitFacts
from kiosk.reports.files import (
    Cell,
    FileSheet,
    TooManyRows,
    visit_sheet,
    write_csv,
    write_workbook,
)
from kiosk.reports.insurer_states import STATE_FIGURES, InsurerStates
from kiosk.reports.period import PeriodKind, ReportPeriod, read_period, read_range
from kiosk.reports.report import TABLES, Report, Reports

__all__ = [
    "STATE_FIGURES",
    "TABLES",
    "AlreadyContacted",
    "Cell",
    "ContactMark",
    "Contacts",
    "DayClosing",
    "DayClosings",
    "DayFigures",
    "DayRoot",
    "Dimension",
    "Figure",
    "FigureChange",
    "FileSheet",
    "InsurerStates",
    "PeriodFault",
    "PeriodKind",
    "Report",
    "ReportPeriod",
    "Reports",
    "TooManyRows",
    "VisitFacts",
    "WrongPeriod",
    "changes_since",
    "for_insurer",
    "read_period",
    "read_range",
    "visit_sheet",
    "write_csv",
    "write_workbook",
]
