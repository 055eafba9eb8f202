"""One person's data: find them, hand all of it over as a file, erase what may go.

A number or a name is in no address: every step is a form.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from kiosk.assembly import Kiosk
from kiosk.logbook import ExportedFile, Exports, evidence_sha256
from kiosk.paper import to_pdf
from kiosk.privacy import HeldData, NothingHeld
from kiosk.runtime.program import program_version
from kiosk.web.api.fields import BadField, FieldFault, read_field, read_whole_number
from kiosk.web.evidence_paper import Making
from kiosk.web.pages.accesses import note_shown
from kiosk.web.pages.desks import author_here
from kiosk.web.person_paper import person_paper

Write = Callable[[HeldData, Mapping[str, object], Making], bytes]


@dataclass(frozen=True, slots=True)
class PersonPages:
    """What shows a person's data, and hands them over."""

    kiosk: Kiosk

    def shown(self, held: HeldData, key: str, wrong: BadField | None = None) -> ResponseReturnValue:
        """Return the page of a person: what is kept, and what could be erased."""
        privacy = self.kiosk.privacy
        _note(held, key)
        page = render_template(
            "privacy/person.html",
            held=held,
            key=key,
            lines=privacy.erasure.preview(held, self.kiosk.clock()),
            waiting=[each for each in privacy.requests.newest() if each.answered_at is None],
            typed=request.form,
            wrong=wrong,
        )
        return page, 400 if wrong else 200

    def handed_over(self, kind: str, mimetype: str, write: Write) -> ResponseReturnValue:
        """Record the export; return the file as a download, which no browser keeps."""
        kiosk, key = self.kiosk, _key()
        held = kiosk.privacy.persons.held(key)
        _note(held, key)
        data = kiosk.privacy.persons.gathered(held, kiosk.clock())
        author, sha256 = author_here(kiosk.settings), evidence_sha256(data)
        making = Making(kiosk.clock(), author, program_version(), sha256)
        content = write(held, data, making)
        of_visits: list[str | None] = [each.id for each in held.visits]
        for visit in of_visits or [None]:
            export = ExportedFile(f"person.{kind}", visit, making.at, author, sha256)
            Exports(kiosk.database).record(export)
        answer = Response(content, mimetype=mimetype)
        answer.headers["Cache-Control"] = "no-store"
        name = f"person-{making.at:%Y%m%d-%H%M%S}.{kind}"
        answer.headers.set("Content-Disposition", "attachment", filename=name)
        return answer

    def as_data(self, _held: HeldData, found: Mapping[str, object], making: Making) -> bytes:
        """Return a person's data as JSON, with who took them out."""
        facility = self.kiosk.settings.facility
        body = {
            "sha256": making.sha256,
            "made_by": making.author,
            "program": making.program,
            "facility": {"code": facility.code, "name": facility.name},
            "person": found,
        }
        return json.dumps(body, ensure_ascii=False, indent=1).encode()

    def as_paper(self, held: HeldData, found: Mapping[str, object], making: Making) -> bytes:
        """Return a person's data as PDF, in the language of the request."""
        facility = self.kiosk.settings.facility
        name = f"{facility.name} ({facility.code})" if facility.name else facility.code
        return to_pdf(person_paper(held, found, name, making))


def make_person_data(kiosk: Kiosk) -> Blueprint:
    """Return the blueprint of /privacy/person."""
    pages = Blueprint("person_data", __name__, url_prefix="/privacy/person")
    view = PersonPages(kiosk)

    @pages.get("")
    def search() -> ResponseReturnValue:
        """Ask which person."""
        return render_template("privacy/search.html", found=None, text="")

    @pages.post("")
    def find() -> ResponseReturnValue:
        """Show the visits that a number, a name or a visit's id leads to."""
        text = read_field(request.form.get("text"), "text")
        found = kiosk.privacy.persons.find(text) if text else []
        note_shown(visit.id for visit in found)
        return render_template("privacy/search.html", found=found, text=text)

    @pages.post("/held")
    def show() -> ResponseReturnValue:
        """Show what is kept about the person, and what could be erased."""
        key = _key()
        return view.shown(kiosk.privacy.persons.held(key), key)

    @pages.post("/person.json")
    def data() -> ResponseReturnValue:
        """Return all that is kept about a person as data."""
        return view.handed_over("json", "application/json", view.as_data)

    @pages.post("/person.pdf")
    def paper() -> ResponseReturnValue:
        """Return all that is kept about a person on paper."""
        return view.handed_over("pdf", "application/pdf", view.as_paper)

    @pages.post("/erase")
    def erase() -> ResponseReturnValue:
        """Erase what may go, and show what stays and why, to print or to read out."""
        key, now = _key(), kiosk.clock()
        held = kiosk.privacy.persons.held(key)
        try:
            why, of_request = _reason()
        except BadField as exc:
            return view.shown(held, key, exc)
        note_shown(visit.id for visit in held.visits)
        author = author_here(kiosk.settings)
        lines = kiosk.privacy.erasure.erase(held, now, author, why, of_request)
        backups_until = kiosk.guard.copies.kept_until(now) if kiosk.guard else None
        return render_template(
            "privacy/erased.html",
            lines=lines,
            now=now,
            of_request=of_request,
            backups_until=backups_until,
        )

    @pages.errorhandler(NothingHeld)
    def nothing(_exc: NothingHeld) -> ResponseReturnValue:
        return render_template("privacy/search.html", found=[], text="", nothing=True), 404

    return pages


def _key() -> str:
    key = read_field(request.form.get("key"), "key")
    if not key:
        raise NothingHeld("no person was named")
    return key


def _note(held: HeldData, key: str) -> None:
    """Note whom the answer shows: the visits, or the number if there is no visit."""
    note_shown((visit.id for visit in held.visits), None if held.visits else key)


def _reason() -> tuple[str, int | None]:
    """Return why the person's data are erased, and the id of the request if one is named."""
    form = request.form
    if form.get("sure") != "yes":
        raise BadField("sure", FieldFault.MISSING)
    of_request = read_whole_number(form.get("request"), "request")
    why = read_field(form.get("why"), "why")
    if not why and not of_request:
        raise BadField("why", FieldFault.MISSING)
    return why, of_request
