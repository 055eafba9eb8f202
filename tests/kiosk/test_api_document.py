"""The OpenAPI document, and the errors of the calls that it describes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from flask.testing import FlaskClient

from kiosk.web.api.openapi import declared_calls
from kiosk.web.permissions import RULES
from tests.api_fuzz import SAMPLE, try_all, worlds
from tests.cast import payload
from tests.process import ROOT

# Routes below /api/ that only our own pages use, and the document itself.
OURS = {
    "openapi.document", "reader_checks.end", "reader_checks.look", "reader_checks.not_read",
    "reader_checks.typed", "typed_numbers.explain",
}  # fmt: skip
KEY = {"Idempotency-Key": "k1"}


@pytest.fixture
def document(client: FlaskClient) -> Any:
    response = client.get("/api/openapi.json")
    assert (response.status_code, response.mimetype) == (200, "application/json")
    return response.get_json()


def attempt_in(client: FlaskClient) -> int:
    scan = client.post("/api/scans", json={"payload": payload("an").decode()})
    return int(scan.get_json()["attempt"])


def test_each_route_of_the_contract_is_in_the_document(client: FlaskClient, document: Any) -> None:
    app = client.application
    routes = {
        (method, re.sub(r"<(?:[^:<>]*:)?([^<>]*)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/") and rule.endpoint not in OURS
    }

    described = {
        (method.upper(), path) for path, calls in document["paths"].items() for method in calls
    }
    assert described == routes


def test_each_call_of_the_document_is_in_the_contract_on_paper(document: Any) -> None:
    paper = (ROOT / "docs" / "contract.md").read_text("utf-8")

    for path, calls in document["paths"].items():
        for method in calls:
            written = re.sub(r"\{[^}]*\}", "ID", path)
            assert f"`{method.upper()} {written}" in paper, (method, path)


def test_each_reference_leads_to_a_schema_that_can_be_used(document: Any) -> None:
    schemas = document["components"]["schemas"]
    used = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))

    assert used <= set(schemas)
    for schema in schemas.values():
        assert jsonschema_rs.meta.is_valid(schema)


def test_the_document_says_which_scope_a_call_needs(client: FlaskClient, document: Any) -> None:
    for method, rule, _declared in declared_calls(client.application):
        path = re.sub(r"<(?:[^:<>]*:)?([^<>]*)>", r"{\1}", rule.rule)
        security = document["paths"][path][method.lower()]["security"]
        scopes = {f"scope:{scope}" for way in security for scope in way.get("token", ())}

        assert scopes == {who for who in RULES[method, rule.endpoint] if who.startswith("scope:")}
        assert scopes, f"no program may call {method} {path}"


def test_programs_must_bear_more_than_is_described(document: Any) -> None:
    schemas = document["components"]["schemas"]

    assert "additionalProperties" not in schemas["VerdictAnswer"]
    assert schemas["GuardianBody"]["additionalProperties"] is False


@pytest.mark.parametrize(
    ("more", "field", "fault"),
    [
        ({"attempt": None}, "attempt", "missing"),
        ({"attempt": "1"}, "attempt", None),
        ({"attempt": 2**70}, "attempt", None),
        ({"attempt": 1.5}, "attempt", None),
        ({"secret": "yes"}, "secret", None),
        ({"holder": 5}, "holder", "not_a_line"),
        ({"holder": "x" * 2001}, "holder", "not_a_line"),
        ({"service": {"code": 5}}, "service", "not_a_line"),
        ({"guardian": {"phone": []}}, "guardian.phone", "not_a_line"),
        ({"guardian": {"Nguyễn": 1}}, "guardian", None),
        ({"numbers": [{"kind": "old_id"}]}, "numbers.number", "missing"),
        ({"numbers": [{}] * 11}, "numbers", None),
        ({"unknown": {"estimated_age": 131}}, "estimated_age", None),
        ({"referral": {"signed_on": None}}, "referral.signed_on", "missing"),
        ({"referral": {"signed_on": "2026-11-20", "for_a_year": 1}}, "referral.for_a_year", None),
        ({"born": "32/01/1980"}, "born", "not_a_date"),
    ],
)
def test_an_error_names_the_member_and_quotes_nothing(
    client: FlaskClient, more: dict[str, object], field: str, fault: str | None
) -> None:
    body = {"attempt": attempt_in(client)} | more

    answer = client.post("/api/visits", json=body, headers=KEY)

    found = answer.get_json(force=True)
    kind = "bad_referral" if field.startswith("referral") else "bad_request"
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert (found["title"], found["field"], found.get("fault")) == (kind, field, fault)
    assert found["type"] == f"urn:tiepdon:{kind}"
    assert field in found["detail"]
    assert "Nguyễn" not in answer.text


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("/api/visits", {"limit": "x"}, "limit"),
        ("/api/visits", {"since": "yesterday"}, "since"),
        ("/api/visits", {"cursor": "***"}, "cursor"),
    ],
)
def test_an_error_names_the_parameter(
    client: FlaskClient, path: str, query: dict[str, str], field: str
) -> None:
    assert client.get(path, query_string=query).get_json(force=True)["field"] == field


def test_an_error_names_the_header(client: FlaskClient) -> None:
    answer = client.post("/api/visits", json={"attempt": attempt_in(client)})

    assert answer.get_json(force=True)["field"] == "Idempotency-Key"


@pytest.mark.parametrize(
    "body", [b"", b"[1]", b"null", b"{", b'{"attempt": NaN}', b"[" * 100_000, b'{"a":' * 100_000]
)
def test_what_is_no_json_object_is_refused(client: FlaskClient, body: bytes) -> None:
    answer = client.post("/api/visits", data=body, content_type="application/json", headers=KEY)

    assert (answer.status_code, answer.get_json(force=True)["title"]) == (400, "bad_request")
    form = client.post("/api/visits", data={"attempt": "1"}, headers=KEY)
    assert form.status_code == 400


def test_a_whole_number_may_be_written_with_a_point(client: FlaskClient) -> None:
    body = f'{{"attempt": {attempt_in(client)}.0}}'

    answer = client.post("/api/visits", data=body, content_type="application/json", headers=KEY)

    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("member", "status"),
    [
        ('"\\ud800": 1', 201),
        ('"clerk_reason": "\\ud800"', 400),
        ('"guardian": {"\\ud800": 1}', 400),
        ('"service": {"\\ud800": 1}', 400),
    ],
)
def test_half_a_letter_is_answered(client: FlaskClient, member: str, status: int) -> None:
    body = f'{{"attempt": {attempt_in(client)}, {member}}}'

    answer = client.post("/api/visits", data=body, content_type="application/json", headers=KEY)

    assert answer.status_code == status


def test_answers_are_declared_in_a_sample_of_all_cases() -> None:
    for made, how, count in worlds(SAMPLE):
        assert try_all(made, count), how


def test_the_full_fuzz_is_described_for_contributors() -> None:
    assert "python -m tests.api_fuzz --all" in (Path(ROOT) / "CONTRIBUTING.md").read_text("utf-8")
