"""Help with VssID and VNeID: search, troubles, guides, their papers, and what was helped with.

What is typed is posted: it stands in no address and no log.  An address holds the id of a trouble
or the key of a guide, nothing about a person.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale

from kiosk.desk import Notifier, PatientDisplays
from kiosk.help import (
    TOPICS,
    Guide,
    HelpTables,
    Reliance,
    Trouble,
    differing,
    guide_on,
    guides_on,
    qr_svg,
    reliance,
    search_of,
    shown_address,
    statements,
)
from kiosk.logbook import HelpCounts, HelpKind, NotRecorded
from kiosk.paper import PaperSize
from kiosk.settings import Settings
from kiosk.web.help_paper import HOTLINES, Sheet, guide_pdf, trouble_pdf
from kiosk.web.help_words import (
    RELIANCE_WORDS,
    TOPIC_WORDS,
    address_text,
    said,
    source_date_text,
    source_text,
    sources_of,
)
from kiosk.web.language import LANGUAGES, chosen_language
from kiosk.web.pages.desks import chosen_desk
from verify import clinic_day

MAX_RESULTS = 6
SIZES = {size.value: size for size in PaperSize}


@dataclass(frozen=True, slots=True)
class HelpParts:
    """What the pages of the help show and change. `clock` returns the time now, aware."""

    tables: Callable[[], HelpTables]
    counts: HelpCounts
    displays: PatientDisplays
    notifier: Notifier
    settings: Settings
    clock: Callable[[], datetime]

    def today(self) -> date:
        """Return the day at the clinic."""
        return clinic_day(self.clock())

    def trouble(self, trouble_id: str) -> Trouble:
        """Return a trouble that holds today; answers 404 without one."""
        rows = self.tables().troubles_on(self.today())
        return next((row for row in rows if row.id == trouble_id), None) or abort(404)

    def guide(self, key: str) -> Guide:
        """Return a guide that holds today; answers 404 without one."""
        return guide_on(self.tables(), key, self.today()) or abort(404)

    def shown(self, key: str) -> Guide | Trouble:
        """Return the guide of a key, or the question of an id; answers 404 without one."""
        return guide_on(self.tables(), key, self.today()) or self.trouble(key)

    def guides(self) -> tuple[Guide, ...]:
        """Return the guides that hold today."""
        return guides_on(self.tables(), self.today())

    def note_view(self, key: str, kind: HelpKind) -> None:
        """Count a sheet or a view. If that cannot be written it is lost, and the help goes on."""
        with suppress(NotRecorded):
            self.counts.note(kind, key, self.today())

    def sheet(self, size: PaperSize) -> Sheet:
        """Return what a paper needs."""
        facility = self.settings.facility
        name = f"{facility.name} ({facility.code_on(self.today())})".strip()
        return Sheet(self.tables(), self.today(), name, size)


def make_help(parts: HelpParts) -> Blueprint:
    """Return the blueprint of /help."""
    pages = Blueprint("help", __name__, url_prefix="/help")
    _add_words(pages, parts)

    @pages.get("")
    def page() -> ResponseReturnValue:
        """Show the search, the guides and all questions."""
        return _page(parts, "")

    @pages.post("")
    def search() -> ResponseReturnValue:
        """Show what a query finds, to a browser without scripts."""
        return _page(parts, request.form.get("q", ""))

    @pages.post("/found")
    def found() -> ResponseReturnValue:
        """Return what a query finds, as a part of the page."""
        return render_template("help/found.html", **_found(parts, request.form.get("q", "")))

    @pages.get("/troubles/<trouble_id>")
    def trouble(trouble_id: str) -> ResponseReturnValue:
        """Show a question with its answer and its sources."""
        row = parts.trouble(trouble_id)
        sources = sources_of(row, parts.tables().sources)
        return render_template("help/trouble.html", row=row, sources=sources, **_printing(parts))

    @pages.get("/guides/<key>")
    def guide(key: str) -> ResponseReturnValue:
        """Show a guide in large letters."""
        shown = parts.guide(key)
        tables = parts.tables()
        rows = (shown.title, *shown.steps)
        sources = {source.key: source for row in rows for source in sources_of(row, tables.sources)}
        return render_template(
            "help/guide.html", guide=shown, sources=list(sources.values()), **_printing(parts)
        )

    _add_papers(pages, parts)
    _add_display(pages, parts)
    return pages


def _add_words(pages: Blueprint, parts: HelpParts) -> None:
    """Give the templates of the help their words."""

    def trouble_or_none(trouble_id: str) -> Trouble | None:
        rows = parts.tables().troubles_on(parts.today())
        return next((row for row in rows if row.id == trouble_id), None)

    @pages.app_context_processor
    def words() -> dict[str, Any]:
        return {
            "said": said,
            "source_text": source_text,
            "address_text": address_text,
            "source_date": source_date_text,
            "sources_of": lambda row: sources_of(row, parts.tables().sources),
            "reliance": lambda row: reliance(row, parts.today()),
            "reliance_words": RELIANCE_WORDS,
            "statements": lambda row: statements(row, parts.tables(), parts.today()),
            "differing": lambda step: differing(step, parts.tables(), parts.today()),
            "trouble_of": trouble_or_none,
            "guide_of": lambda key: guide_on(parts.tables(), key, parts.today()),
            "qr_svg": qr_svg,
            "shown_address": shown_address,
        }


def _add_papers(pages: Blueprint, parts: HelpParts) -> None:
    """Add the papers, and the presses that are counted."""

    @pages.post("/troubles/<trouble_id>/helped")
    def helped(trouble_id: str) -> ResponseReturnValue:
        """Count that an answer helped."""
        parts.counts.note(HelpKind.HELPED, parts.trouble(trouble_id).id, parts.today())
        return redirect(url_for(".page", said="helped"), 303)

    @pages.post("/guides/<key>/helped")
    def guide_helped(key: str) -> ResponseReturnValue:
        """Count that a guide helped."""
        parts.counts.note(HelpKind.HELPED, parts.guide(key).key, parts.today())
        return redirect(url_for(".page", said="helped"), 303)

    @pages.post("/troubles/<trouble_id>/print")
    def print_trouble(trouble_id: str) -> ResponseReturnValue:
        """Count a print, and lead to the paper."""
        parts.counts.note(HelpKind.PRINTED, parts.trouble(trouble_id).id, parts.today())
        return redirect(_paper_address(".trouble_paper", trouble_id=trouble_id), 303)

    @pages.post("/guides/<key>/print")
    def print_guide(key: str) -> ResponseReturnValue:
        """Count a print, and lead to the paper."""
        parts.counts.note(HelpKind.PRINTED, parts.guide(key).key, parts.today())
        return redirect(_paper_address(".guide_paper", key=key), 303)

    @pages.get("/troubles/<trouble_id>.pdf")
    def trouble_paper(trouble_id: str) -> ResponseReturnValue:
        """Return a question with its answer as PDF."""
        row, asked = parts.trouble(trouble_id), _asked_paper(request.args)
        with force_locale(asked["in"]):
            return _pdf(trouble_pdf(row, parts.sheet(SIZES[asked["size"]])), trouble_id)

    @pages.get("/guides/<key>.pdf")
    def guide_paper(key: str) -> ResponseReturnValue:
        """Return a guide as PDF."""
        shown, asked = parts.guide(key), _asked_paper(request.args)
        with force_locale(asked["in"]):
            return _pdf(guide_pdf(shown, parts.sheet(SIZES[asked["size"]])), key)


def _add_display(pages: Blueprint, parts: HelpParts) -> None:
    """Add the presses for the patient's display; they are 404 if the settings do not want them."""

    @pages.post("/troubles/<trouble_id>/show")
    def show_trouble(trouble_id: str) -> ResponseReturnValue:
        """Show a question with its answer on the patient's display of this desk."""
        _show(parts, parts.trouble(trouble_id).id)
        return redirect(url_for(".trouble", trouble_id=trouble_id, said="shown"), 303)

    @pages.post("/troubles/<trouble_id>/hide")
    def hide_trouble(trouble_id: str) -> ResponseReturnValue:
        """Take the question off the patient's display of this desk."""
        _hide(parts)
        return redirect(url_for(".trouble", trouble_id=trouble_id), 303)

    @pages.post("/guides/<key>/show")
    def show(key: str) -> ResponseReturnValue:
        """Show a guide on the patient's display of this desk."""
        _show(parts, parts.guide(key).key)
        return redirect(url_for(".guide", key=key, said="shown"), 303)

    @pages.post("/guides/<key>/hide")
    def hide(key: str) -> ResponseReturnValue:
        """Take the guide off the patient's display of this desk."""
        _hide(parts)
        return redirect(url_for(".guide", key=key), 303)


def _show(parts: HelpParts, key: str) -> None:
    if parts.settings.display.help != "yes":
        abort(404)
    desk = chosen_desk(parts.settings)
    parts.displays.show_guide(desk, key, _asked_paper(request.form)["in"])
    parts.notifier.notify()
    parts.note_view(key, HelpKind.SHOWN)


def _hide(parts: HelpParts) -> None:
    parts.displays.show_guide(chosen_desk(parts.settings), "", "")
    parts.notifier.notify()


def _page(parts: HelpParts, query: str) -> str:
    tables, today = parts.tables(), parts.today()
    rows = tables.troubles_on(today)
    by_topic = {topic: [row for row in rows if row.topic == topic] for topic in TOPICS}
    return render_template(
        "help/help.html",
        guides=guides_on(tables, today),
        topics=[(TOPIC_WORDS[topic], found) for topic, found in by_topic.items() if found],
        links=tables.links.values(),
        hotlines=next((row for row in rows if row.id == HOTLINES), None),
        done=request.args.get("said", ""),
        **_found(parts, query),
    )


def _found(parts: HelpParts, query: str) -> dict[str, Any]:
    """Return the query, with the troubles and guides that it finds, the likeliest first."""
    tables, today = parts.tables(), parts.today()
    entries: dict[str, Trouble | Guide] = {row.id: row for row in tables.troubles_on(today)}
    entries |= {guide.key: guide for guide in guides_on(tables, today)}
    names = search_of(tables, today).find(query)[:MAX_RESULTS]
    return {"query": query.strip(), "results": [entries[name] for name in names]}


def _printing(parts: HelpParts) -> dict[str, Any]:
    """Return what the templates need to offer papers and the display."""
    return {
        "sizes": list(SIZES),
        "has_display": parts.settings.display.help == "yes",
        "done": request.args.get("said", ""),
        "Reliance": Reliance,
    }


def _asked_paper(fields: Any) -> dict[str, str]:
    """Return the size and the language that are asked for; A5 and the chosen one otherwise."""
    size, language = fields.get("size", ""), fields.get("in", "")
    return {
        "size": size if size in SIZES else PaperSize.A5.value,
        "in": language if language in LANGUAGES else chosen_language(),
    }


def _paper_address(endpoint: str, **names: str) -> str:
    """Return the address of the paper that the form asks for."""
    values: dict[str, Any] = names | _asked_paper(request.form)
    return url_for(endpoint, **values)


def _pdf(content: bytes, name: str) -> Response:
    return Response(
        content,
        mimetype="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}.pdf"'},
    )
