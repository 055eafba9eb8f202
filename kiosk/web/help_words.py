"""What the pages and papers of the help say about sources, dates and how far to rely on them."""

from __future__ import annotations

from datetime import date

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from kiosk.help import (
    GuideStep,
    HelpTables,
    Reliance,
    Source,
    SourceDate,
    Statement,
    Trouble,
    differing,
    reliance,
)
from kiosk.web.language import day_text, shown_language

TOPIC_WORDS = {
    "tai-quay": _l("At the desk today"),
    "dang-ky": _l("Registering for VssID"),
    "dang-nhap": _l("Signing in, passwords, codes"),
    "thong-tin": _l("Changing phone, e-mail and details"),
    "vneid": _l("VNeID"),
    "the": _l("The health card"),
    "tre-em": _l("Children"),
    "tra-cuu": _l("Numbers, look-ups, offices"),
    "an-toan": _l("Fraud, lost phones, genuine apps"),
}
RELIANCE_WORDS = {
    Reliance.HOLDS: _l("Still holds, by its source"),
    Reliance.OLD: _l("Old, ask again"),
    Reliance.UNDATED: _l("Undated, ask again"),
    Reliance.WEAK: _l("Not certain"),
    Reliance.CONTRADICTED: _l("Sources do not agree"),
}
KIND_WORDS = {
    "law": _l("law"),
    "official": _l("authority"),
    "press": _l("press"),
    "hospital": _l("hospital"),
    "firm": _l("private firm"),
    "forum": _l("forum"),
    "code": _l("public code, not a document"),
    "handout": _l("hand-out or article this program began with"),
    "own": _l("this program"),
    "other": _l("other"),
}
NOT_PUBLIC = ("handout", "own")


def said(row: object, name: str) -> str:
    """Return the text `name` of a row in the language that is shown."""
    return str(getattr(row, f"{name}_{shown_language()}"))


def source_date_text(at: SourceDate) -> str:
    """Return the date of a source in words."""
    return day_text(at.text) if at.text else str(_("undated"))


def source_text(source: Source) -> str:
    """Return the title, the kind and the date of a source."""
    dated = day_text(source.date) if source.date else ""
    by_kind = {
        "on_it": dated,
        "about": _("about %(date)s", date=dated),
        "after": _("undated, after %(date)s", date=dated),
        "read": _("read %(date)s", date=dated),
        "undated": _("undated"),
    }
    return f"{said(source, 'title')} ({KIND_WORDS[source.kind]}, {by_kind[source.date_kind]})"


def address_text(source: Source) -> str:
    """Return the address of a source as plain text; it is never a link."""
    if source.address:
        return source.address
    if source.kind == "law":
        return str(_("look it up by its number"))
    return str(_("not public") if source.kind in NOT_PUBLIC else _("no fixed address"))


def statement_text(statement: Statement) -> str:
    """Return a statement with its date, as one line."""
    return f"{source_date_text(statement.at)}: {said(statement, 'said')}"


def reliance_text(row: Trouble | GuideStep, day: date) -> str:
    """Return what is to be said of how far to rely on a row; empty if nothing is."""
    found = [kind for kind in reliance(row, day) if kind is not Reliance.HOLDS]
    return ", ".join(str(RELIANCE_WORDS[kind]) for kind in found)


def step_lines(step: GuideStep, tables: HelpTables, day: date) -> list[str]:
    """Return what sources say otherwise of a step: two dated lines, and the safer way."""
    found = differing(step, tables, day)
    if not found:
        return []
    lines = [_("Sources do not agree:"), *map(statement_text, found)]
    rows = (row for row in tables.troubles_on(day) if row.id == step.see)
    lines += [_("The safer way: %(way)s", way=said(row, "safer")) for row in rows if row.safer_vi]
    return lines


def sources_of(row: Trouble | GuideStep, sources: dict[str, Source]) -> list[Source]:
    """Return the sources of a row, those of its other answer behind."""
    other = row.other_source if isinstance(row, Trouble) else ()
    return [sources[key] for key in (*row.sources, *other)]
