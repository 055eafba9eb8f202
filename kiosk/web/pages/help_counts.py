"""What was helped with in a month, and the poster of the five commonest troubles."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any, NamedTuple

from flask import Blueprint, Response, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from kiosk.help import Trouble, guides_on
from kiosk.logbook import SELF_VIEW, SHEET, HelpCount
from kiosk.paper import PaperSize
from kiosk.web.help_paper import HOTLINES, poster_pdf
from kiosk.web.help_words import said
from kiosk.web.pages.help import HelpParts
from kiosk.web.pages.reporting import Period, month_name, read_period
from kiosk.web.preparation_words import GOAL_WORDS

COLUMNS = ("helped", "printed", "sheets", "shown", "viewed")
ON_POSTER = 5  # questions
# Until a clinic has counted enough: what the desk of any clinic is asked.
USUAL = ("T16", "T26", "T45", "T20", "T33")


def make_help_counts(parts: HelpParts) -> Blueprint:
    """Return the blueprint of /help/counts."""
    pages = Blueprint("help_counts", __name__, url_prefix="/help/counts")

    @pages.get("")
    def month() -> ResponseReturnValue:
        """Show what was helped with in a month, by default this one."""
        period = _month(parts)
        counts = parts.counts.between(period.first, period.last)
        return render_template(
            "help/counts.html",
            month=period,
            before=month_name(period.first - timedelta(days=1)),
            after=month_name(period.last + timedelta(days=1)),
            is_last=period.last >= parts.today(),
            helped=HelpMonth(totals(counts), _rows(parts, counts)),
            poster=on_poster(parts, counts),
        )

    @pages.get("/poster.pdf")
    def poster() -> ResponseReturnValue:
        """Return the poster of a month as PDF."""
        period = _month(parts)
        troubles = on_poster(parts, parts.counts.between(period.first, period.last))
        return Response(
            poster_pdf(troubles, parts.sheet(PaperSize.A4)),
            mimetype="application/pdf",
            headers={"Content-Disposition": f'inline; filename="poster-{period.name}.pdf"'},
        )

    return pages


class HelpMonth(NamedTuple):
    """What was helped with in some days. The numbers are never added: one patient may be in all."""

    totals: dict[str, int]  # by column
    rows: list[dict[str, Any]]


def help_between(parts: HelpParts, first: date, last: date) -> HelpMonth:
    """Return what was helped with on some days, both included.

    Raises LogbookUnavailable if the logbook cannot be read.
    """
    counts = parts.counts.between(first, last)
    return HelpMonth(totals(counts), _rows(parts, counts))


def totals(counts: list[HelpCount]) -> dict[str, int]:
    """Return how often each kind of help was given, by column."""
    found = Counter(dict.fromkeys(COLUMNS, 0))
    for row in counts:
        found[_column(row)] += row.number
    return dict(found)


def _column(row: HelpCount) -> str:
    if row.key.startswith(SHEET):
        return "sheets"
    return "viewed" if row.key.startswith(SELF_VIEW) else row.kind.value


def _thing(key: str) -> str:
    """Return what a count is about: a guide is one thing, wherever it was opened."""
    return key.removeprefix(SELF_VIEW)


def on_poster(parts: HelpParts, counts: list[HelpCount]) -> list[Trouble]:
    """Return the commonest troubles; the usual ones fill the places that are left."""
    known = {row.id: row for row in parts.tables().troubles_on(parts.today())}
    by_key: Counter[str] = Counter()
    for row in counts:
        by_key[_thing(row.key)] += row.number
    ids = [key for key, _number in by_key.most_common() if key in known and key != HOTLINES]
    ids += [key for key in USUAL if key in known and key not in ids]
    return [known[key] for key in ids[:ON_POSTER]]


def _month(parts: HelpParts) -> Period:
    """Return the month of the address. Answers 404 if it names no month."""
    period = read_period(request.args.get("month", f"{parts.today():%Y-%m}"))
    return period if period and not period.is_day else abort(404)


def _rows(parts: HelpParts, counts: list[HelpCount]) -> list[dict[str, Any]]:
    """Return a row for each trouble and guide that was used, the commonest first."""
    tables, today = parts.tables(), parts.today()
    by_key: dict[str, Counter[str]] = {}
    for row in counts:
        by_key.setdefault(_thing(row.key), Counter())[_column(row)] += row.number
    # A count may be of a row that holds no longer.
    titles = {row.id: said(row, "question") for row in tables.troubles}
    titles |= {guide.key: said(guide.title, "text") for guide in guides_on(tables, today)}
    titles |= {
        f"{SHEET}{goal}": _("Preparation sheet: %(goal)s", goal=text)
        for goal, text in GOAL_WORDS.items()
    }
    order = sorted(by_key, key=lambda key: (-by_key[key].total(), key))
    return [{"key": key, "title": titles.get(key, key), "counts": by_key[key]} for key in order]
