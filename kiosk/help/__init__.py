"""Help with VssID and VNeID: what patients ask, the guides for them, and the official links.

All texts are in tables (`config/tables/help_*.csv`), which a site or the feed replaces as it does
the law's.  This room reads, checks and searches them; it knows neither pages nor the logbook.
"""

from kiosk.help.answers import (
    AnswerFault,
    AnswerFaultKind,
    BadAnswers,
    IdentityPaper,
    SheetAnswers,
    SheetGoal,
    WrongDatum,
)
from kiosk.help.guides import SHEET_GUIDES, Guide, guide_on, guides_on
from kiosk.help.links import qr_svg, shown_address
from kiosk.help.preparation import PreparationSheet, SheetNote, SheetPaper, SheetPart, prepare
from kiosk.help.provinces import provinces_on
from kiosk.help.rows import TOPICS, GuideStep, Source, SourceDate, Trouble
from kiosk.help.search import search_of
from kiosk.help.tables import HELP_TABLES, HelpTables, read_help
from kiosk.help.troubles import Reliance, Statement, differing, reliance, statements

__all__ = [
    "HELP_TABLES",
    "SHEET_GUIDES",
    "TOPICS",
    "AnswerFault",
    "AnswerFaultKind",
    "BadAnswers",
    "Guide",
    "GuideStep",
    "HelpTables",
    "IdentityPaper",
    "PreparationSheet",
    "Reliance",
    "SheetAnswers",
    "SheetGoal",
    "SheetNote",
    "SheetPaper",
    "SheetPart",
    "Source",
    "SourceDate",
    "Statement",
    "Trouble",
    "WrongDatum",
    "differing",
    "guide_on",
    "guides_on",
    "prepare",
    "provinces_on",
    "qr_svg",
    "read_help",
    "reliance",
    "search_of",
    "shown_address",
    "statements",
]
