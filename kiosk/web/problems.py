"""Errors over HTTP, as problem details (RFC 9457)."""

from __future__ import annotations

import logging

from flask import Flask, Response, json, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from kiosk.desk import NothingRead
from kiosk.errors import KioskError
from kiosk.logbook import (
    DERIVED,
    ChangedMeanwhile,
    LogbookDamaged,
    LogbookUnavailable,
    NoSuchVisit,
    NothingToChange,
    NotRecorded,
    ReadingUsedBefore,
    StillSending,
    VisitUnreadable,
)
from kiosk.runtime.request_id import current_request
from kiosk.web.api.fields import BadField
from scanner import Busy

log = logging.getLogger(__name__)

RETRY_AFTER_S = "2"  # a picture is decoded in about a second
PROBLEM_TYPE, PAGE_TYPE = "application/problem+json", "text/html"

# Status, kind and detail of the answer if a visit was not changed. A blueprint that knows more
# causes adds them.
NOT_CHANGED: dict[type[KioskError], tuple[int, str, str]] = {
    NoSuchVisit: (404, "no_such_visit", "There is no visit of this id."),
    ChangedMeanwhile: (409, "changed_meanwhile", "The visit has another version now."),
    StillSending: (409, "still_sending", "The visit is being sent: try again in a minute."),
    NothingToChange: (409, "nothing_to_change", "The visit was cancelled, or nothing differs."),
    ReadingUsedBefore: (409, "attempt_used_before", "Another visit has this attempt: scan again."),
}


def problem(status: int, kind: str, detail: str, **more: str | None) -> Response:
    """Return an answer that explains an error: `kind` is for programs, `detail` for people.

    `more` are further members, for the page; those that are None are left out.
    """
    body = {"type": f"urn:tiepdon:{kind}", "title": kind, "status": status, "detail": detail}
    body |= {name: value for name, value in more.items() if value is not None}
    return Response(json.dumps(body, ensure_ascii=False), status, mimetype=PROBLEM_TYPE)


def field_problem(exc: BadField) -> Response:
    """Return the answer to a field that cannot be read: 400, with the field and its fault."""
    return problem(400, exc.kind, str(exc), field=exc.name or None, fault=exc.fault)


def busy_problem(exc: Busy) -> Response:
    """Return the answer to a picture that finds no memory beside others: 503, and when to retry."""
    answer = problem(503, "busy", str(exc))
    answer.headers["Retry-After"] = RETRY_AFTER_S
    return answer


def install_problems(app: Flask) -> None:
    """Answer every error as a problem; only an unreadable logbook has a page of its own.

    No answer holds a stack trace.
    """

    @app.errorhandler(HTTPException)
    def http_error(exc: HTTPException) -> Response:
        status = exc.code or 500
        kind = exc.name.lower().replace(" ", "_")
        answer = problem(status, kind, exc.description or exc.name)
        for name, value in exc.get_headers():
            if name not in ("Content-Type", "Content-Length"):
                answer.headers[name] = value
        return answer

    app.register_error_handler(BadField, field_problem)

    @app.errorhandler(NothingRead)
    def nothing_read(_exc: NothingRead) -> Response:
        return problem(422, "nothing_read", "The scan holds no text: nothing was recorded.")

    @app.errorhandler(NotRecorded)
    def not_recorded(exc: NotRecorded) -> Response:
        log.error("not recorded: %s", exc)
        return problem(507, "not_recorded", "Nothing was recorded: the logbook cannot be written.")

    _install_logbook_problems(app)

    @app.errorhandler(Exception)
    def unexpected_error(exc: Exception) -> ResponseReturnValue:
        # The message of an error may quote a scan. Only the error's class and place are logged.
        trace = exc.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}" if trace else "?"
        log.error("%s in %s, endpoint %s", type(exc).__name__, place, request.endpoint)
        if request.accept_mimetypes.best_match([PROBLEM_TYPE, PAGE_TYPE]) == PAGE_TYPE:
            return _page_of_failure(500)
        detail = "The program failed. Its log says where, under this request."
        return problem(500, "internal_error", detail, request=current_request.get() or None)


def _page_of_failure(status: int) -> ResponseReturnValue:
    """Return the page about a failure of the program; if even that fails, a line of text."""
    try:
        return render_template("failed.html"), status
    except Exception as exc:  # noqa: BLE001  # the page has the same head as the one that failed
        log.error("the page about a failure failed: %s", type(exc).__name__)
        text = f"The program failed. Tell IT: {current_request.get()}\n"
        return Response(text, status, mimetype="text/plain")


def _install_logbook_problems(app: Flask) -> None:
    """Answer what cannot be read of the logbook; a browser gets a page."""

    @app.errorhandler(VisitUnreadable)
    def visit_unreadable(exc: VisitUnreadable) -> ResponseReturnValue:
        log.error("%s", exc)
        if request.accept_mimetypes.best_match([PROBLEM_TYPE, PAGE_TYPE]) == PAGE_TYPE:
            return render_template("logbook/unreadable.html", row=exc.row, kind=exc.kind), 507
        return problem(507, "visit_unreadable", f"Visit row {exc.row} cannot be read. Tell IT.")

    @app.errorhandler(LogbookDamaged)
    def logbook_damaged(exc: LogbookDamaged) -> ResponseReturnValue:
        log.error("the logbook is damaged: %s", exc)
        if request.accept_mimetypes.best_match([PROBLEM_TYPE, PAGE_TYPE]) == PAGE_TYPE:
            rebuilds = bool(exc.tables) and set(exc.tables) <= set(DERIVED)
            page = render_template("logbook/damaged.html", tables=exc.tables, rebuilds=rebuilds)
            return page, 507
        what = ", ".join(exc.tables) or "an index"
        detail = f"A part of the logbook cannot be read ({what}). Tell IT."
        return problem(507, "logbook_unavailable", detail)

    @app.errorhandler(LogbookUnavailable)
    def logbook_unavailable(exc: LogbookUnavailable) -> ResponseReturnValue:
        log.error("the logbook cannot be read: %s", exc)
        # Only a browser that opens a page prefers HTML.  Programs and our scripts accept anything.
        is_page = request.accept_mimetypes.best_match([PROBLEM_TYPE, PAGE_TYPE]) == PAGE_TYPE
        if is_page:
            return render_template("logbook/unavailable.html"), 507
        detail = "The logbook cannot be read now, so its contents are not known. Tell IT."
        return problem(507, "logbook_unavailable", detail)
