"""The OpenAPI 3.1 document of the calls that other programs use.

It is made from the routes of the application, what their views declare (`@call`), and the table of
permissions: there is nothing else to keep in step.  docs/contract.md says what the members mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Flask, Response, current_app, json
from msgspec import Struct
from msgspec.json import schema_components
from werkzeug.routing import IntegerConverter, Rule

from kiosk.web.api.answers import Answer, ProblemAnswer
from kiosk.web.api.calls import JSON_TYPE, Call, declared_by
from kiosk.web.callers import SESSION_COOKIE
from kiosk.web.permissions import RULES
from kiosk.web.problems import PROBLEM_TYPE

PREFIX = "/api/"
REF = "#/components/schemas/{name}"
# What any call may be answered; with a path that has values, and with a body, one more each.
ALWAYS = [
    (400, "bad_request"),
    (400, "unknown_host"),
    (401, "sign_in_required"),
    (401, "locked"),
    (403, "not_allowed"),
    (403, "second_factor_needed"),
    (403, "another_site"),
    (507, "logbook_unavailable"),
    (507, "not_recorded"),
]
WITH_PATH, WITH_BODY = (404, "not_found"), (413, "too_large")
# A number beyond its bounds fits no route, but its path may fit that of another method.
WITH_NUMBER = (405, "method_not_allowed")
ABOUT = (
    "How the reception desk checks BHYT cards and records visits. docs/contract.md of the program"
    " says what each member means. Once there are members of staff, each call needs an API token;"
    " before, none on the same machine. Bear members and words that you do not know."
)


def make_openapi(version: str) -> Blueprint:
    """Return the blueprint of /api/openapi.json; `version` is that of the program."""
    pages = Blueprint("openapi", __name__)
    made: list[str] = []

    @pages.get("/api/openapi.json")
    def document() -> Response:
        if not made:
            made.append(json.dumps(openapi_document(current_app, version), ensure_ascii=False))
        return Response(made[0], mimetype=JSON_TYPE)

    return pages


def declared_calls(app: Flask) -> Iterator[tuple[str, Rule, Call]]:
    """Yield method, route and declaration of each call of the contract."""
    for rule in app.url_map.iter_rules():
        declared = declared_by(app.view_functions[rule.endpoint])
        if declared is not None:
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield method, rule, declared


def openapi_document(app: Flask, version: str) -> dict[str, Any]:
    """Return the document of an application as JSON values."""
    calls = sorted(declared_calls(app), key=lambda found: (found[1].rule, found[0]))
    shapes = _shapes(declared for _, _, declared in calls)
    _, schemas = schema_components(shapes, ref_template=REF)
    answers = {shape.__name__ for shape in _all_answers(Answer)}
    for name, schema in schemas.items():
        if name in answers:  # what is added later must not surprise a program
            schema.pop("additionalProperties", None)
    paths: dict[str, dict[str, Any]] = {}
    for method, rule, declared in calls:
        view = app.view_functions[rule.endpoint]
        operation = _operation(method, rule, declared, (view.__doc__ or "").strip())
        paths.setdefault(_path(rule), {})[method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tiếp Đón", "version": version, "description": ABOUT},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "an API token"},
                "session": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE},
            },
        },
    }


def problems_of(declared: Call, rule: Rule) -> set[tuple[int, str]]:
    """Return status and kind of each problem that a call may be answered with."""
    takes_body = declared.body is not None or bool(declared.raw)
    has_number = any(
        isinstance(rule._converters[name], IntegerConverter) for name in rule.arguments
    )
    more = {
        WITH_PATH: bool(rule.arguments),
        WITH_NUMBER: has_number,
        WITH_BODY: takes_body,
    }
    return {*declared.problems, *ALWAYS, *(kind for kind, holds in more.items() if holds)}


def _shapes(calls: Iterable[Call]) -> list[type[Struct]]:
    found: dict[type[Struct], None] = {ProblemAnswer: None}
    for declared in calls:
        found |= dict.fromkeys(shape for shapes in declared.answers.values() for shape in shapes)
        found |= {declared.body: None} if declared.body else {}
    return list(found)


def _all_answers(shape: type[Struct]) -> Iterator[type[Struct]]:
    for inner in shape.__subclasses__():
        yield inner
        yield from _all_answers(inner)


def _path(rule: Rule) -> str:
    return re.sub(r"<(?:[^:<>]*:)?([^<>]*)>", r"{\1}", rule.rule)


def _operation(method: str, rule: Rule, declared: Call, text: str) -> dict[str, Any]:
    summary, _, rest = text.partition("\n")
    operation: dict[str, Any] = {
        "operationId": rule.endpoint.replace(".", "_"),
        "summary": summary,
        "security": _security(method, rule),
        "responses": _responses(declared, rule),
    }
    if rest.strip():
        operation["description"] = re.sub(r"\s+", " ", rest).strip()
    if parameters := [*_path_parameters(rule), *_other_parameters(declared)]:
        operation["parameters"] = parameters
    content: dict[str, Any] = {}
    if declared.body is not None:
        content[JSON_TYPE] = {"schema": _reference(declared.body)}
    if declared.raw:
        content[declared.raw] = {"schema": {"type": "string", "format": "binary"}}
    if content:
        operation["requestBody"] = {"required": not declared.may_be_empty, "content": content}
    return operation


def _security(method: str, rule: Rule) -> list[dict[str, list[str]]]:
    """Return who may call, by the table of permissions: tokens with a scope, or a session."""
    who = RULES[method, rule.endpoint]
    scopes = sorted(word.removeprefix("scope:") for word in who if word.startswith("scope:"))
    return [*({"token": [scope]} for scope in scopes), {"session": []}]


def _responses(declared: Call, rule: Rule) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, shapes in declared.answers.items():
        options = [_reference(shape) for shape in shapes]
        schema = options[0] if len(options) == 1 else {"anyOf": options}
        responses[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {declared.media_type: {"schema": schema}},
        }
    for status, kind in sorted(problems_of(declared, rule)):
        known = responses.setdefault(
            str(status),
            {
                "description": "",
                "content": {PROBLEM_TYPE: {"schema": _reference(ProblemAnswer)}},
            },
        )
        known["description"] = ", ".join(filter(None, [known["description"], f"`{kind}`"]))
    return responses


def _path_parameters(rule: Rule) -> Iterator[dict[str, Any]]:
    for name in sorted(rule.arguments):
        schema: dict[str, Any] = {"type": "string", "minLength": 1}
        converter = rule._converters[name]
        if isinstance(converter, IntegerConverter):
            schema = {"type": "integer", "minimum": 0, "maximum": converter.max}
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _other_parameters(declared: Call) -> Iterator[dict[str, Any]]:
    if declared.query is not None:
        [shape] = schema_components([declared.query], ref_template=REF)[1].values()
        for name, schema in shape["properties"].items():
            yield {"name": name, "in": "query", "schema": schema}
    for header in declared.headers:
        schema = {"type": "string", "description": header.description}
        if header.most:
            schema |= {"minLength": 1, "maxLength": header.most}
        yield {
            "name": header.name,
            "in": "header",
            "required": bool(header.most),
            "schema": schema,
        }


def _reference(shape: type[Struct]) -> dict[str, str]:
    return {"$ref": REF.format(name=shape.__name__)}
