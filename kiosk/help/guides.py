"""Guides: a title, and the steps that a patient takes one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import groupby

from kiosk.help.answers import SheetGoal
from kiosk.help.rows import GuideStep, Link
from kiosk.help.tables import HelpTables

# The guides whose steps stand on the preparation sheets.
SHEET_GUIDES = {
    SheetGoal.REGISTER: "register-vssid",
    SheetGoal.REPAIR: "forgot-vssid-password",
    SheetGoal.WALLET: "card-in-vneid",
    SheetGoal.CHILD: "child-vssid",
    SheetGoal.CORRECT: "correct-data",
}


@dataclass(frozen=True, slots=True)
class Guide:
    """A guide as it holds on a day."""

    key: str
    title: GuideStep  # step 0
    steps: tuple[GuideStep, ...]
    links: tuple[Link, ...]


def guides_on(tables: HelpTables, day: date) -> tuple[Guide, ...]:
    """Return the guides that hold on a day, in the order of the table."""
    rows = sorted(tables.steps_on(day), key=lambda row: row.guide)
    by_key = {key: sorted(steps, key=_number) for key, steps in groupby(rows, _guide)}
    order = dict.fromkeys(row.guide for row in tables.steps_on(day))
    return tuple(
        Guide(
            key,
            by_key[key][0],
            tuple(by_key[key][1:]),
            tuple(tables.links[link] for link in by_key[key][0].links),
        )
        for key in order
    )


def guide_on(tables: HelpTables, key: str, day: date) -> Guide | None:
    """Return a guide as it holds on a day; None if none of this key does."""
    return next((guide for guide in guides_on(tables, day) if guide.key == key), None)


def _guide(row: GuideStep) -> str:
    return row.guide


def _number(row: GuideStep) -> int:
    return row.step
