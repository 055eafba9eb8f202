"""Paper: documents as PDF, with all Vietnamese letters, in a font that comes as a package.

A caller describes a document (`Paper`) in words of its own language, and `to_pdf` lays it out.
This room knows nothing of visits, cards or insurers.
"""

from kiosk.paper.document import (
    Bars,
    Block,
    Codes,
    Facts,
    Grid,
    Heading,
    Paper,
    PaperSize,
    Passage,
    Steps,
    Tone,
)
from kiosk.paper.drawing_up import copy_sheet_pdf, entry_sheets_pdf, to_pdf
from kiosk.paper.sheets import (
    SHEET_SIZES,
    CopyRow,
    CopySection,
    CopySheet,
    EntryLine,
    EntrySheet,
    EntrySheetWords,
    LineMark,
)

__all__ = [
    "SHEET_SIZES",
    "Bars",
    "Block",
    "Codes",
    "CopyRow",
    "CopySection",
    "CopySheet",
    "EntryLine",
    "EntrySheet",
    "EntrySheetWords",
    "Facts",
    "Grid",
    "Heading",
    "LineMark",
    "Paper",
    "PaperSize",
    "Passage",
    "Steps",
    "Tone",
    "copy_sheet_pdf",
    "entry_sheets_pdf",
    "to_pdf",
]
