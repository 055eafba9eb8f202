"""A supervisor's approval in a clerk's form, and for another program."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.staff import Role, Scope
from tests.cast import payload
from tests.staff.web import PIN, Site, record


def test_a_clerk_cancels_with_a_supervisor(site: Site) -> None:
    client = site.signed_in(Role.CLERK)
    visit = record(client)
    path, form = f"/logbook/visits/{visit}/cancel", {"why": "trùng lượt"}
    supervisor, clerk = str(site.numbers[Role.SUPERVISOR]), str(site.numbers[Role.CLERK])

    assert 'name="approver"' in client.get(f"/logbook/visits/{visit}").get_data(as_text=True)
    for approver, pin in ((supervisor, "999123"), (clerk, PIN)):
        wrong = form | {"approver": approver, "approver_pin": pin}
        answer = client.post(path, data=wrong)
        assert answer.status_code == 403
        assert 'value="trùng lượt"' in answer.get_data(as_text=True)
    assert site.kiosk.visits.by_id(visit).cancelled_at is None  # type: ignore[union-attr]
    right = form | {"approver": supervisor, "approver_pin": PIN}
    assert client.post(path, data=right).status_code == 303
    assert site.kiosk.visits.by_id(visit).cancelled_at is not None  # type: ignore[union-attr]


def test_an_approval_of_the_api_is_for_one_object(site: Site) -> None:
    client = site.signed_in(Role.CLERK)
    visit = record(client)
    body = {"account": str(site.numbers[Role.SUPERVISOR]), "pin": PIN, "action": "export",
            "object": visit, "reason": "BHXH hỏi"}  # fmt: skip
    token = client.post("/approvals", json=body).get_json()["approval"]
    other = client.post("/approvals", json=body | {"object": "v2"}).get_json()["approval"]
    path = f"/logbook/visits/{visit}/evidence.json"

    assert client.get(path, headers={"X-Approval": other}).status_code == 403
    assert client.get(path, headers={"X-Approval": token}).status_code == 200
    assert client.get(path, headers={"X-Approval": token}).status_code == 403
    assert client.post("/approvals", json=body | {"pin": "999123"}).status_code == 403
    assert client.post("/approvals", json=body | {"action": "rule"}).status_code == 400


@pytest.mark.parametrize("approve", [(), ("admit",)])
def test_admitting_with_a_reason_needs_a_supervisor_where_the_site_wants_it(
    tmp_path: Path, approve: tuple[str, ...]
) -> None:
    (tmp_path / "s").mkdir()
    site = Site(tmp_path / "s", staff={"approve": list(approve)})
    site.hire()
    client = site.signed_in(Role.CLERK)
    body = {"payload": payload("chi").decode(), "reader": "typed"}
    attempt = client.post("/api/scans", json=body).get_json()["attempt"]
    visit = {"attempt": attempt, "clerk_reason": "thẻ mới ở nhà"}
    plain = client.post("/api/visits", json=visit, headers={"Idempotency-Key": "k"})
    if not approve:
        assert plain.status_code == 201, plain.get_json()
        return

    assert (plain.status_code, plain.get_json()["title"]) == (403, "approval_needed")
    approver = {"approver": str(site.numbers[Role.SUPERVISOR]), "approver_pin": "999123"}
    wrong = client.post("/api/visits", json=visit | approver, headers={"Idempotency-Key": "k"})
    assert wrong.status_code == 403
    right = visit | approver | {"approver_pin": PIN}
    done = client.post("/api/visits", json=right, headers={"Idempotency-Key": "k"})
    assert done.status_code == 201
    program = site.client().post(
        "/api/visits", json=visit, headers=site.token(Scope.VISIT) | {"Idempotency-Key": "k2"}
    )
    assert program.status_code == 200  # the same reading, the same visit
