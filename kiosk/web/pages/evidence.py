"""The evidence of a visit as a file to take away: data (JSON) and paper (PDF).

Each export is recorded before the file leaves the program. Its name holds no personal data.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, Response, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response as AnyResponse

from kiosk.logbook import (
    Corrections,
    Database,
    Evidence,
    ExportedFile,
    Exports,
    Visits,
    evidence_json,
    evidence_sha256,
    gather_evidence,
)
from kiosk.paper import to_pdf
from kiosk.runtime.program import program_version
from kiosk.settings import Settings
from kiosk.staff import NotApproved, PinNotHere, TooManyTries
from kiosk.web.api.approvals import approval_here
from kiosk.web.damaged_parts import readable_part
from kiosk.web.evidence_paper import Making, evidence_paper
from kiosk.web.pages.desks import author_here

METHODS = ["GET", "POST"]  # a form brings the approval of a supervisor


def make_evidence(
    database: Database,
    visits: Visits,
    corrections: Corrections,
    settings: Settings,
    clock: Callable[[], datetime],
) -> Blueprint:
    """Return the blueprint of the files about a visit below /logbook/visits."""
    pages = Blueprint("evidence", __name__, url_prefix="/logbook/visits")
    exports = Exports(database)

    def gathered(visit_id: str) -> tuple[Evidence, Making]:
        visit = visits.by_id(visit_id) or abort(404)
        evidence = gather_evidence(database, corrections, visit)
        sha256 = evidence_sha256(evidence_json(evidence))
        return evidence, Making(clock(), author_here(settings), program_version(), sha256)

    def exported(
        visit_id: str, kind: str, making: Making, content: bytes, mimetype: str
    ) -> AnyResponse:
        """Record the export; return the file as a download, which no browser keeps.

        A form that brings a wrong approval gets the visit's page.
        """
        try:
            within = approval_here("GET", "evidence.data", visit_id)
            exports.record(
                ExportedFile(kind, visit_id, making.at, making.author, making.sha256), within
            )
        except (NotApproved, PinNotHere, TooManyTries):
            if request.method == "GET":
                raise
            page = url_for("logbook.visit_page", visit_id=visit_id, said="not_approved")
            return redirect(page, 303)
        answer = Response(content, mimetype=mimetype)
        answer.headers["Cache-Control"] = "no-store"
        name = f"evidence-{visit_id}.{kind.partition('.')[2]}"
        answer.headers.set("Content-Disposition", "attachment", filename=name)
        return answer

    @pages.route("/<visit_id>/evidence.json", methods=METHODS)
    def data(visit_id: str) -> ResponseReturnValue:
        """Return the evidence as data, with the hash that is printed on the paper."""
        evidence, making = gathered(visit_id)
        body = {
            "sha256": making.sha256,
            "made_at": making.at.isoformat(),
            "made_by": making.author,
            "program": making.program,
            "facility": {"code": evidence.visit.facility, "name": settings.facility.name},
            "evidence": evidence_json(evidence),
        }
        content = json.dumps(body, ensure_ascii=False, indent=1).encode()
        return exported(visit_id, "evidence.json", making, content, "application/json")

    @pages.route("/<visit_id>/evidence.pdf", methods=METHODS)
    def paper(visit_id: str) -> ResponseReturnValue:
        """Return the evidence on paper, in the language of the request."""
        evidence, making = gathered(visit_id)
        code, name = evidence.visit.facility, settings.facility.name
        name = f"{name} ({code})" if name else code
        content = to_pdf(evidence_paper(evidence, name, making))
        return exported(visit_id, "evidence.pdf", making, content, "application/pdf")

    @pages.app_context_processor
    def exports_of_a_visit() -> dict[str, object]:
        """Let the visit's page list what was exported."""
        return {"exports_of": readable_part("exports", exports.of_visit, [])}

    return pages
