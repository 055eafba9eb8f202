"""Paper sheets as documents, in the language of the request."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _

from kiosk.logbook import PaperSheet, PaperSheets, scanned_code
from kiosk.paper import EntryLine, EntrySheet, EntrySheetWords, entry_sheets_pdf
from kiosk.web.language import author_text, chosen_language, moment_text
from kiosk.web.paper_words import page_of


def sheets_pdf(made: Sequence[PaperSheet], sheets: PaperSheets, facility: str) -> bytes:
    """Return sheets as PDF. `facility` is the name of the facility, with its code."""
    return entry_sheets_pdf(
        tuple(_document(sheet, sheets) for sheet in made),
        EntrySheetWords(
            facility=facility,
            language=chosen_language(),
            title=_("Sheets for a power cut"),
            instructions=(
                _("1. Write one patient on each line: time, name, birth date, card or ID number."),
                _("2. Tear off the number on the right, write the room on it, and give it away."),
                _("3. Emergency, or no insurance: tick it. A mistake: cross the line out."),
            ),
            day_field=_("Day"),
            desk_field=_("Desk"),
            columns={
                "number": _("No."),
                "time": _("Hour"),
                "name": _("Full name"),
                "born": _("Born"),
                "card": _("Card or ID number"),
                "room": _("Room"),
                "phone": _("Phone"),
                "kind": _("Tick if so"),
                "signature": _("Signature"),
            },
            kinds=(_("emergency"), _("no insurance")),
            tear_off=_("Room: ............"),
            foot=_(
                "When the program works again, hand this sheet in at the desk at once, at the"
                " latest before the end of the day: the visits are entered with the times above."
            ),
            page_of=page_of(),
        ),
    )


def _document(sheet: PaperSheet, sheets: PaperSheets) -> EntrySheet:
    printed = _(
        "Printed %(at)s, %(author)s",
        at=moment_text(sheet.printed_at),
        author=author_text(sheet.author),
    )
    lines = tuple(
        EntryLine(scanned_code(line.place, sheets.instance), line.code, line.label)
        for line in sheets.lines(sheet)
    )
    return EntrySheet(_("Sheet %(n)s – power cut", n=sheet.id), printed, lines)
