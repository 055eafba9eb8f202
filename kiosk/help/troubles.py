"""What is said of a trouble, and how far it can be relied on.

1.  If sources contradict each other, both statements are shown, the newest first, each with its
    date.  They are never merged into one sentence.
2.  A source that is older than `OLD_AFTER_MONTHS` is called old: ask again.
3.  A statement that is contradicted, old, undated or weak is never shown as a present fact.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from kiosk.help.rows import GuideStep, Source, SourceDate, Trouble
from kiosk.help.tables import HelpTables

OLD_AFTER_MONTHS = 24


class Reliance(StrEnum):
    """How far a statement can be relied on."""

    HOLDS = "holds"
    OLD = "old"
    UNDATED = "undated"
    WEAK = "weak"  # a single, unofficial source, or one that was not checked
    CONTRADICTED = "contradicted"


@dataclass(frozen=True, slots=True)
class Statement:
    """What sources say, and when they said it."""

    said_vi: str
    said_en: str
    at: SourceDate
    sources: tuple[Source, ...]
    is_old: bool


def statements(trouble: Trouble, tables: HelpTables, day: date) -> tuple[Statement, ...]:
    """Return what is said of a trouble: one statement, or two that differ, the newest first."""

    def statement(vi: str, en: str, at: SourceDate, names: tuple[str, ...]) -> Statement:
        sources = tuple(tables.sources[name] for name in names)
        return Statement(vi, en, at, sources, is_old(at, day))

    said = [statement(trouble.answer_vi, trouble.answer_en, trouble.source_date, trouble.sources)]
    if trouble.other_date is not None:
        said.append(
            statement(
                trouble.other_answer_vi,
                trouble.other_answer_en,
                trouble.other_date,
                trouble.other_source,
            )
        )
    return tuple(said)


def differing(step: GuideStep, tables: HelpTables, day: date) -> tuple[Statement, ...]:
    """Return what sources say otherwise of a step: two statements, the newest first, or none.

    They are those of the trouble that the step names, if it holds on the day and has two.
    """
    rows = (row for row in tables.troubles_on(day) if row.id == step.see)
    found = next((statements(row, tables, day) for row in rows), ())
    return found if len(found) > 1 else ()


def reliance(row: Trouble | GuideStep, day: date) -> tuple[Reliance, ...]:
    """Return how far a row can be relied on, on a day: `HOLDS` alone, or what is to be said."""
    found = []
    if row.confidence == "contradicted":
        found.append(Reliance.CONTRADICTED)
    if is_old(row.source_date, day):
        found.append(Reliance.OLD)
    if not row.source_date.text:
        found.append(Reliance.UNDATED)
    if row.confidence == "low":
        found.append(Reliance.WEAK)
    return tuple(found) or (Reliance.HOLDS,)


def is_old(at: SourceDate, day: date) -> bool:
    """Return whether a source may be older than the limit; a source without a date is not."""
    first = at.first_day()
    if first is None:
        return False
    return (day.year - first.year) * 12 + day.month - first.month - (
        day.day < first.day
    ) >= OLD_AFTER_MONTHS
