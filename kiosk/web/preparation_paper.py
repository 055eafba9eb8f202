"""The preparation sheet as a document, in the language of the request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from flask_babel import gettext as _

from kiosk.help import (
    SHEET_GUIDES,
    Guide,
    HelpTables,
    PreparationSheet,
    SheetGoal,
    SheetPart,
    guide_on,
)
from kiosk.paper import CopyRow, CopySection, CopySheet, Grid, LineMark
from kiosk.web.facility_words import facility_text
from kiosk.web.help_words import reliance_text, said, source_date_text, step_lines
from kiosk.web.language import author_text, chosen_language, day_text, field_text, moment_text
from kiosk.web.paper_words import lacking_note, page_of
from kiosk.web.preparation_words import (
    GOAL_WORDS,
    HEADING,
    NEVER,
    NOTE_WORDS,
    PAPER_WORDS,
    PART_WORDS,
    REMARK,
    WRONG_WORDS,
    mail_rule,
)
from kiosk.web.presentation_words import RELATION_WORDS
from verify import Birth, Sex

# The lengths of the groups in which long numbers are printed.
GROUPS = {10: (4, 3, 3), 12: (3, 3, 3, 3), 15: (2, 1, 2, 4, 3, 3)}
NUMBERS = frozenset({"insurance_number", "card_number", "phone"})
TO_FILL_IN = "." * 40
WITH_OFFICE = (SheetGoal.REGISTER, SheetGoal.CHILD, SheetGoal.CORRECT)


@dataclass(frozen=True, slots=True)
class SheetPrint:
    """What a sheet is printed with. `now` is aware; `today` the day at the clinic."""

    facility: str  # its name
    author: str  # who prints it
    now: datetime
    today: date
    tables: HelpTables


def guide_of(goal: SheetGoal, tables: HelpTables, today: date) -> Guide | None:
    """Return the guide for a goal; None if the tables in use have none that holds."""
    return guide_on(tables, SHEET_GUIDES[goal], today)


def copy_sheet(sheet: PreparationSheet, made: SheetPrint, consents: tuple[str, ...]) -> CopySheet:
    """Return a sheet as it is shown and printed, with the steps of its guide.

    `consents` are the sentences that the patient agrees to.
    """
    papers = tuple(str(PAPER_WORDS[paper]) for paper in sheet.papers)
    guide = guide_of(sheet.goal, made.tables, made.today)
    sections = (
        CopySection(_("To bring"), papers, LineMark.BOX),
        _steps(guide, made),
        CopySection(_("To know"), (*_notes(sheet), _guide_note(guide, made.today))),
        CopySection(_("You agreed to"), consents),
    )
    return CopySheet(
        heading=str(HEADING),
        goal=str(GOAL_WORDS[sheet.goal]),
        issuer=made.facility,
        printed=_(
            "printed %(at)s, %(author)s",
            at=moment_text(made.now),
            author=author_text(made.author),
        ),
        language=chosen_language(),
        remark=str(REMARK),
        rows=_rows(sheet),
        comparison=_comparison(sheet),
        comparison_heading=_("The two cards differ"),
        sections=tuple(section for section in sections if section.lines),
        footer=str(NEVER),
        page_of=page_of(),
        lacking_note=lacking_note(),
        codes_heading=_("Official places only"),
        codes=tuple((said(link, "title"), link.address) for link in guide.links) if guide else (),
    )


def _steps(guide: Guide | None, made: SheetPrint) -> CopySection:
    """Return the steps of a guide, with what sources say otherwise below each."""
    steps = guide.steps if guide else ()
    return CopySection(
        _("Steps"),
        tuple(said(step, "text") for step in steps),
        LineMark.STEP,
        notes=tuple("\n".join(step_lines(step, made.tables, made.today)) for step in steps),
    )


def _guide_note(guide: Guide | None, today: date) -> str:
    """Return how old the steps are, and how far to rely on them."""
    if guide is None:
        return str(_("No steps: the tables of this place have no guide for this today."))
    dated = _("Steps: source of %(date)s.", date=source_date_text(guide.title.source_date))
    doubt = reliance_text(guide.title, today)
    screens = _("The screens may have changed.")
    return " ".join(filter(None, (dated, doubt and f"{doubt}.", screens)))


def _rows(sheet: PreparationSheet) -> tuple[CopyRow, ...]:
    rows = [
        CopyRow(str(PART_WORDS[part.name]), _value(part), _is_number(part)) for part in sheet.parts
    ]
    if sheet.goal in WITH_OFFICE and sheet.part("office") is None:
        rows.append(CopyRow(str(PART_WORDS["office"]), TO_FILL_IN))
    return tuple(rows)


def _is_number(part: SheetPart) -> bool:
    return part.name in NUMBERS or part.name.endswith(("personal_number", "old_number"))


def _value(part: SheetPart) -> str:
    """Return a value as people read it; long numbers in groups."""
    value, name = part.value, part.name
    if isinstance(value, Birth | date):
        return day_text(value)
    if isinstance(value, Sex):
        return field_text(value.value, "sex")
    if name == "wrong":
        return next(str(text) for wrong, text in WRONG_WORDS.items() if wrong == value)
    if name == "relation":
        return next(str(text) for relation, text in RELATION_WORDS.items() if relation == value)
    if name == "guardian_account":
        return str(_("yes") if value == "yes" else _("not yet: register it first"))
    if name == "facility":
        return facility_text(value)
    return grouped(value) if _is_number(part) else value


def grouped(number: str) -> str:
    """Return a long number in groups, to be read and copied."""
    parts, at = [], 0
    for length in GROUPS.get(len(number), (len(number),)):
        parts.append(number[at : at + length])
        at += length
    return " ".join(parts)


def _comparison(sheet: PreparationSheet) -> Grid | None:
    if not sheet.differences:
        return None
    rows = tuple(
        (
            str(PART_WORDS[found.name]),
            field_text(found.card, found.name) if found.name != "holder" else found.card,
            field_text(found.other, found.name) if found.name != "holder" else found.other,
        )
        for found in sheet.differences
    )
    return Grid((_("Field"), _("On the ID card"), _("On the BHYT card")), rows, (3, 5, 5))


def _notes(sheet: PreparationSheet) -> tuple[str, ...]:
    """Return what the patient should know, the most urgent first."""
    notes = [_("Type numbers without blanks.")]
    if sheet.differences:
        notes.insert(
            0,
            _(
                "The cards do not agree. The fields above are those of the ID card. The insurer"
                " corrects the BHYT card (TK1-TS); if the ID card is wrong, the police corrects it"
                " first."
            ),
        )
    notes += [str(NOTE_WORDS[note]) for note in sheet.notes]
    if sheet.phone:
        notes.append(mail_rule())
    if sheet.goal is SheetGoal.CHILD and sheet.part("guardian_account") != "yes":
        notes.append(_("The guardian needs a VssID account first."))
    return tuple(notes)
