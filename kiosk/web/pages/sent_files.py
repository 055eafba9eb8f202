"""The files in which a visit was sent: a list on the visit's page, and each file as it was sent."""

from __future__ import annotations

from flask import Blueprint, Response, abort
from flask.typing import ResponseReturnValue

from kiosk.logbook import SentFiles
from kiosk.web.damaged_parts import readable_part


def make_sent_files(sent_files: SentFiles) -> Blueprint:
    """Return the blueprint of a visit's sent files; it gives templates `sent_files_of(visit)`."""
    pages = Blueprint("sent_files", __name__, url_prefix="/logbook/visits")
    pages.add_app_template_global(readable_part("files", sent_files.of_visit, []), "sent_files_of")

    @pages.get("/<visit_id>/sent/<int:file_id>")
    def sent_file(visit_id: str, file_id: int) -> ResponseReturnValue:
        """Return a file of a visit byte for byte as it was sent, to be saved."""
        found = [file for file in sent_files.of_visit(visit_id) if file.id == file_id]
        if not found:
            abort(404)
        answer = Response(found[0].document, mimetype="application/xml")
        answer.headers["Content-Disposition"] = f'attachment; filename="sent-{file_id}.xml"'
        answer.headers["Cache-Control"] = "no-store"
        return answer

    return pages
