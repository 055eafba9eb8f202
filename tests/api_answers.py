"""What the pages' tests check of every answer of the contract's calls: it is one that is declared.

An answer that is not, or that holds more or less than its shape, becomes the status UNDECLARED.
"""

from __future__ import annotations

import msgspec
from flask import Flask, Response, request

from kiosk.web.api.calls import declared_by
from kiosk.web.api.openapi import problems_of

UNDECLARED = 599


def check_answers(app: Flask) -> None:
    """Check every answer of an application's calls."""

    def check(response: Response) -> Response:
        offence = _offence(app, response)
        return Response(offence, UNDECLARED) if offence else response

    app.after_request(check)


def _offence(app: Flask, response: Response) -> str:
    """Return what is wrong with an answer; empty if nothing is."""
    rule = request.url_rule
    declared = declared_by(app.view_functions.get(rule.endpoint)) if rule else None
    if rule is None or declared is None:
        return ""
    shapes = declared.answers.get(response.status_code, ())
    if not shapes:
        title = (response.get_json(silent=True, force=True) or {}).get("title", response.mimetype)
        known = {*problems_of(declared, rule), (500, "internal_error")}
        is_known = (response.status_code, title) in known
        return "" if is_known else f"undeclared: {response.status_code} {title} of {rule.rule}"
    faults = []
    for shape in shapes:
        try:
            msgspec.convert(response.get_json(force=True), shape)
            return ""
        except msgspec.ValidationError as exc:
            faults.append(str(exc))
    return f"another shape than declared by {rule.rule}: {faults}"
