"""The papers of the help, in the language in which texts are made now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from flask_babel import gettext as _

from kiosk.help import (
    Guide,
    GuideStep,
    HelpTables,
    Source,
    Trouble,
    statements,
)
from kiosk.paper import (
    Block,
    Codes,
    Heading,
    Paper,
    PaperSize,
    Passage,
    Steps,
    Tone,
    to_pdf,
)
from kiosk.web.help_words import (
    reliance_text,
    said,
    source_date_text,
    source_text,
    sources_of,
    statement_text,
    step_lines,
)
from kiosk.web.language import day_text, shown_language
from kiosk.web.paper_words import lacking_note, page_of


class Sheet(NamedTuple):
    """What all papers of the help need."""

    tables: HelpTables
    today: date
    facility: str  # its name
    size: PaperSize


def guide_pdf(guide: Guide, sheet: Sheet) -> bytes:
    """Return a guide as PDF: the steps, what is not certain of each, the links and the sources."""
    steps = Steps(tuple((said(step, "text"), _step_note(step, sheet)) for step in guide.steps))
    blocks: list[Block] = [_dated(guide.title, sheet.today), steps]
    if guide.links:
        rows = tuple((said(link, "title"), link.address) for link in guide.links)
        blocks.append(Codes(_("Official places only"), rows))
    blocks += _end((guide.title, *guide.steps), sheet)
    return _pdf(said(guide.title, "text"), blocks, sheet)


def trouble_pdf(trouble: Trouble, sheet: Sheet) -> bytes:
    """Return a question with its answer as PDF."""
    blocks = [*_answer(trouble, sheet), *_end([trouble], sheet)]
    return _pdf(said(trouble, "question"), blocks, sheet, on_one_page=True)


def poster_pdf(troubles: Sequence[Trouble], sheet: Sheet) -> bytes:
    """Return some questions with their answers as PDF, to be put up at the desk."""
    blocks: list[Block] = []
    for trouble in troubles:
        blocks.append(Heading(said(trouble, "question")))
        blocks += _answer(trouble, sheet, with_who=False)
    blocks += _end((), sheet)
    return _pdf(_("VssID and VNeID: what is asked most often"), blocks, sheet)


def _answer(trouble: Trouble, sheet: Sheet, with_who: bool = True) -> list[Block]:
    """Return what is said of a trouble; what sources contradict as two lines with dates."""
    found = statements(trouble, sheet.tables, sheet.today)
    if len(found) == 1:
        blocks: list[Block] = [Passage(said(found[0], "said"))]
    else:
        disagree = trouble.confidence == "contradicted"
        heading = _("Sources do not agree:") if disagree else _("Two sources, each with its date:")
        blocks = [Passage(heading)]
        blocks += [Passage(f"•  {statement_text(statement)}") for statement in found]
    if said(trouble, "safer"):
        blocks.append(Passage(_("The safer way: %(way)s", way=said(trouble, "safer"))))
    if with_who:
        where, who = said(trouble, "where"), said(trouble, "who")
        blocks.append(Passage(_("Where: %(where)s. Who: %(who)s.", where=where, who=who)))
    return [*blocks, _dated(trouble, sheet.today)]


def _dated(row: Trouble | GuideStep, day: date) -> Passage:
    """Return the date of a row, and how far to rely on it."""
    note = reliance_text(row, day)
    text = _("Source of %(date)s", date=source_date_text(row.source_date))
    return Passage(f"{text}. {note}." if note else f"{text}.", Tone.NOTE)


def _step_note(step: GuideStep, sheet: Sheet) -> str:
    """Return what is not certain of a step."""
    lines = step_lines(step, sheet.tables, sheet.today)
    if lines:
        return "\n".join(lines)
    note = reliance_text(step, sheet.today)
    return f"{note} ({source_date_text(step.source_date)})" if note else ""


def _end(rows: Iterable[Trouble | GuideStep], sheet: Sheet) -> list[Block]:
    """Return where to ask, and the sources."""
    blocks: list[Block] = []
    hotline = next(
        (row for row in sheet.tables.troubles_on(sheet.today) if row.id == HOTLINES), None
    )
    if hotline is not None:
        blocks.append(Passage(said(hotline, "answer"), Tone.LEAD))
    blocks.append(
        Passage(_("Never give a password or a code to anybody: the desk does not ask for it."))
    )
    named: dict[str, Source] = {
        source.key: source for row in rows for source in sources_of(row, sheet.tables.sources)
    }
    if named and sheet.size is not PaperSize.ROLL:  # whose paper is short
        text = "; ".join(map(source_text, named.values()))
        blocks.append(Passage(_("Sources: %(sources)s.", sources=text), Tone.NOTE))
    return blocks


HOTLINES = "T73"  # the trouble whose answer names the telephone numbers


def _pdf(title: str, blocks: list[Block], sheet: Sheet, on_one_page: bool = False) -> bytes:
    return to_pdf(
        Paper(
            title=title,
            issuer=sheet.facility,
            language=shown_language(),
            blocks=tuple(blocks),
            footer=_("Printed %(day)s. Later, ask again.", day=day_text(sheet.today)),
            page_of=page_of(),
            lacking_note=lacking_note(),
            size=sheet.size,
            is_large=True,
            on_one_page=on_one_page or sheet.size is PaperSize.A4,
        )
    )
