"""Confirmed visits survive kills, outages and restarts, and are delivered once."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kiosk.sandbox import SandboxInsurer
from tests.cast import running_insurer
from tests.process import card, run, serving, site, until

Running = tuple[SandboxInsurer, str]


@pytest.fixture
def gateway() -> Iterator[Running]:
    with running_insurer(lambda: datetime.now(UTC)) as running:
        yield running


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_visit_confirmed_before_a_kill_is_delivered_once_after_the_restart(
    tmp_path: Path,
) -> None:
    with running_insurer(lambda: datetime.now(UTC)) as (insurer, url):
        insurer.out_of_order = True  # so that the kill happens between confirming and sending
        settings = site(tmp_path, url, timeout_s=1)
        with serving(*settings) as server:
            confirmed = server.confirm(card("binh"), "k1")
            assert confirmed["insurer"]["state"] in ("queued", "in_flight")
            os.kill(server.process.pid, signal.SIGKILL)
        assert insurer.ledger.visits() == []
        insurer.out_of_order = False
        with serving(*settings) as server:
            repeated = server.post("/api/visits", {"attempt": 1}, **{"Idempotency-Key": "k1"})
            until(lambda: insurer.ledger.visits())
            until(lambda: server.get("/api/visits")["visits"][0]["insurer"]["transaction"])
            [visit] = server.get("/api/visits")["visits"]

    [received] = insurer.ledger.visits()
    assert received.fields["MA_LK"] == visit["id"] == confirmed["id"] == repeated["id"]
    assert received.times == 1
    assert visit["insurer"]["transaction"] == received.transaction


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_kill_while_a_visit_is_being_sent_leaves_one_visit_at_the_insurer(
    tmp_path: Path,
) -> None:
    with running_insurer(lambda: datetime.now(UTC)) as (insurer, url):
        receive, arrived = insurer.ledger.receive, []

        def receive_and_never_answer(fields: dict[str, str]) -> Any:
            visit = receive(fields)
            arrived.append(visit)
            os.kill(server.process.pid, signal.SIGKILL)  # nobody receives the answer
            return visit

        insurer.ledger.receive = receive_and_never_answer  # type: ignore[method-assign]  # the fault
        settings = site(tmp_path, url, timeout_s=1)
        with serving(*settings) as server:
            server.confirm(card("binh"), "k1")
            until(lambda: arrived)
        insurer.ledger.receive = receive  # type: ignore[method-assign]  # repaired
        with serving(*settings) as server:
            until(lambda: insurer.ledger.visits()[0].times == 2)
            until(lambda: server.get("/api/visits")["visits"][0]["insurer"]["state"] == "accepted")

    assert len(insurer.ledger.visits()) == 1


def test_an_unreachable_gateway_does_not_stop_the_desk(tmp_path: Path) -> None:
    settings = site(tmp_path, "http://127.0.0.1:9")
    with serving(*settings) as server:
        visit = server.confirm(card("nam"), "k1")
        until(lambda: server.get("/healthz")["insurer"]["failing_since"])
        health = server.get("/healthz")
        verdict = server.post("/api/scans", {"payload": card("nam")})

    assert visit["ticket"] == 1
    assert (verdict["outcome"], verdict["reason"]) == ("unconfirmed", "not_yet_known")
    assert health["outbox"]["queued"] + health["outbox"]["in_flight"] == 1


def test_sync_sends_the_waiting_visits_and_prints_a_report(
    tmp_path: Path, gateway: Running
) -> None:
    insurer, url = gateway
    insurer.out_of_order = True
    settings = site(tmp_path, url, timeout_s=1)
    with serving(*settings) as server:
        server.confirm(card("binh"), "k1")
        server.confirm(card("an"), "k2")
        until(lambda: server.get("/healthz")["outbox"]["queued"] == 2)
    waiting = run("sync", *settings)
    insurer.out_of_order = False
    sent = run("sync", *settings)

    assert (waiting.returncode, sent.returncode) == (1, 0)
    assert json.loads(waiting.stdout)["outbox"]["queued"] == 2
    report = json.loads(sent.stdout)
    assert (report["delivered"], report["outbox"]["accepted"]) == (2, 2)
    assert [day["adds_up"] for day in report["days"]] == [True]
    assert len(list((tmp_path / "data" / "reports").glob("*.csv"))) == 1


def test_ticket_numbers_continue_after_a_restart(tmp_path: Path, gateway: Running) -> None:
    settings = site(tmp_path, gateway[1], timeout_s=1)
    with serving(*settings) as server:
        first = server.confirm(card("binh"), "k1")
        assert server.end()[0] in (0, 1)
    with serving(*settings) as server:
        again = server.confirm(card("an"), "k2")

    assert (first["ticket"], again["ticket"]) == (1, 2)
