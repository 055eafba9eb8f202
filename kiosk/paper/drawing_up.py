"""Make PDFs. The library that lays them out is loaded with the first one: it takes a tenth of a
second, which no start of the program waits for.
"""

from __future__ import annotations

from kiosk.paper.document import Paper, PaperSize
from kiosk.paper.sheets import CopySheet, EntrySheet, EntrySheetWords


def to_pdf(paper: Paper) -> bytes:
    """Return a document as PDF (`kiosk.paper.pdf`)."""
    from kiosk.paper import pdf

    return pdf.to_pdf(paper)


def copy_sheet_pdf(sheet: CopySheet, size: PaperSize) -> bytes:
    """Return a sheet to copy from as PDF (`kiosk.paper.copy_sheet`)."""
    from kiosk.paper import copy_sheet

    return copy_sheet.copy_sheet_pdf(sheet, size)


def entry_sheets_pdf(sheets: tuple[EntrySheet, ...], words: EntrySheetWords) -> bytes:
    """Return sheets to fill in as PDF (`kiosk.paper.entry_sheet`)."""
    from kiosk.paper import entry_sheet

    return entry_sheet.entry_sheets_pdf(sheets, words)
