"""What /metrics serves: to whom, with which names, and never a person."""

from __future__ import annotations

import json
import re
import threading
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from kiosk.metrics import Metrics
from kiosk.metrics.names import FAMILIES
from kiosk.sandbox import PEOPLE, payload_of
from kiosk.staff import Scope
from kiosk.web.app import METRICS, create_app
from tests.cast import BHYT17
from tests.conftest import Kiosk
from tests.process import READER, ROOT, serving, until
from tests.staff.web import SITE_NAME, Site

PLANTED = "NGUYENVANKHONGDUOCLO"
LINE = re.compile(r'([a-z_:]+)(?:\{((?:[a-z_]+="[^"\\]*",?)*)\})? ([0-9.e+-]+|NaN|\+Inf)')


def scraped(client: FlaskClient, **headers: str) -> dict[str, list[Any]]:
    """Return the samples of a scrape by their names."""
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    found: dict[str, list[Any]] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append(sample)
    return found


def value(found: dict[str, list[Any]], name: str, **labels: str) -> float:
    (sample,) = [one for one in found[f"tiepdon_{name}"] if labels.items() <= one.labels.items()]
    return float(sample.value)


def test_all_that_is_served_is_named_and_has_its_labels(client: FlaskClient) -> None:
    client.post("/api/scans", json={"payload": BHYT17})
    known = {name: family for family in FAMILIES.values() for name in family.series}

    found = scraped(client)

    assert set(found) <= set(known)
    for name, samples in found.items():
        for sample in samples:
            assert set(sample.labels) - {"le"} == set(known[name].labels)
    counters = [family.name for family in FAMILIES.values() if family.kind == "counter"]
    assert all(name.endswith("_total") for name in counters)


def test_scans_requests_and_commits_are_counted(kiosk: Kiosk, client: FlaskClient) -> None:
    before = scraped(client)
    for _ in range(3):
        client.post("/api/scans", json={"payload": BHYT17})
    client.get("/no/such/path/" + PLANTED)
    client.get("/logbook/visits/" + PLANTED)
    client.open("/ping", method="BREW")
    after = scraped(client)

    attempt = kiosk.attempts.get(1)
    assert attempt is not None
    assert value(after, "scans_total", outcome=attempt.outcome, reason=attempt.reason) == 3
    assert value(after, "scan_to_verdict_seconds_count") == 3
    scans = {"route": "/api/scans", "method": "POST"}
    assert value(after, "request_seconds_count", **scans) == 3
    commits = "commit_seconds_count"
    assert value(after, commits) >= value(before, commits) + 3
    assert value(after, "chain_last_id") > value(before, "chain_last_id")
    assert value(after, "ready") == 1
    methods = {sample.labels["method"] for sample in after["tiepdon_request_seconds_count"]}
    assert "BREW" not in methods
    assert "other" in {sample.labels["route"] for sample in after["tiepdon_request_seconds_count"]}


def test_no_label_or_text_holds_a_person(kiosk: Kiosk) -> None:
    client = create_app(kiosk, threading.Event(), pretends=True).test_client()
    for patient in PEOPLE:
        answer = client.post("/api/scans", json={"payload": payload_of(patient, kiosk.clock())})
        client.post(
            "/api/visits",
            json={"attempt": answer.get_json().get("attempt")},
            headers={"Idempotency-Key": patient.key},
        )
        client.get(f"/logbook/visits/{patient.insurance_number}?q={patient.holder}")
        client.post("/sign-in", data={"account": patient.insurance_number, "pin": PLANTED})
        client.get("/metrics", headers={"X-Request-ID": PLANTED, "User-Agent": PLANTED})
    text = client.get("/metrics").text

    for secret in [PLANTED] + [x for p in PEOPLE for x in (p.holder, p.insurance_number) if x]:
        assert secret not in text
    assert not re.search(r"\d{9,}", re.sub(r"(?m) [0-9.e+-]+$", "", text))
    for line in text.splitlines():
        assert line.startswith("#") or LINE.fullmatch(line), line


def test_it_is_open_on_this_machine_and_elsewhere_to_a_token_of_its_scope(tmp_path: Path) -> None:
    site = Site(tmp_path, host="0.0.0.0")
    site.hire()
    client = site.app.test_client()
    elsewhere: dict[str, Any] = {
        "base_url": f"https://{SITE_NAME}",
        "environ_base": {"REMOTE_ADDR": "10.0.0.5"},
    }

    def status(token: str = "", **more: Any) -> int:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= more.pop("headers", {})
        return client.get("/metrics", headers=headers, **more).status_code

    good, other = (
        site.kiosk.staff.tokens.make("prometheus", [scope], site.kiosk.clock(), "x")
        for scope in (Scope.METRICS, Scope.READ)
    )
    assert status(base_url="http://localhost") == 200
    assert status(base_url=f"https://{SITE_NAME}") == 401  # a proxy on this machine
    assert status(base_url="http://localhost", headers={"X-Forwarded-For": "10.0.0.5"}) == 401
    assert status(base_url="http://localhost", headers={"Sec-Fetch-Site": "same-origin"}) == 401
    assert status(**elsewhere) == 401
    assert status(good, **elsewhere) == 200
    assert status(other, **elsewhere) == 403
    assert status("tdk_nonsense", **elsewhere) == 401
    assert client.get(
        "/api/visits?since=2026-01-01T00:00:00Z",
        headers={"Authorization": f"Bearer {good}"}, **elsewhere,
    ).status_code == 403  # fmt: skip


def test_what_cannot_be_read_is_missing_and_named(kiosk: Kiosk, client: FlaskClient) -> None:
    kiosk.database.rows("select 1")
    kiosk.database.reading().conn.close()
    kiosk.database._local.db = None
    kiosk.database.path.rename(kiosk.database.path.with_suffix(".gone"))
    kiosk.database.path.mkdir()

    found = scraped(client)

    assert value(found, "unreadable", part="chain") == 1
    assert value(found, "unreadable", part="data") == 0
    assert "tiepdon_chain_last_id" not in found
    assert "tiepdon_outbox_items" not in found


def test_a_running_site_tells_its_readers_its_disk_and_its_connections(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('[facility]\ncode = "01999"\n' + READER.format(port="/dev/no-port"), "utf-8")
    with serving("--config", str(own), "--data", str(tmp_path / "data")) as server:

        def text() -> str:
            with urllib.request.urlopen(server.url + "/metrics", timeout=20) as answer:
                return str(answer.read().decode())

        until(lambda: 'tiepdon_reader_up{reader="front"} 0.0' in text())
        now = text()
    for line in ("tiepdon_ready 1.0", "tiepdon_logbook_ok 1.0", "tiepdon_disk_read_only 0.0"):
        assert line in now
    assert re.search(r"tiepdon_connections [1-9]", now)
    assert "tiepdon_insurer_failing_seconds" not in now  # there is no gateway


def test_a_scrape_while_another_one_hangs_gets_the_newest_backup_known(kiosk: Kiosk) -> None:
    metrics, hold = Metrics(), threading.Event()
    metrics.read("slow", lambda: {"tiepdon_streams": 1.0} if hold.wait(5) else {})
    first = threading.Thread(target=metrics.text)
    first.start()
    hold.set()
    first.join()

    assert b"tiepdon_streams 1.0" in metrics.text()
    assert kiosk.guard is None


def test_readyz_names_each_condition(kiosk: Kiosk, client: FlaskClient) -> None:
    good = client.get("/readyz")
    kiosk.desk.not_recording_since = kiosk.clock()
    kiosk.dead_threads = lambda: ["outbox"]
    bad = client.get("/readyz")

    assert (good.status_code, good.get_json()["ready"]) == (200, True)
    assert bad.status_code == 503
    assert (bad.get_json()["recording"], bad.get_json()["threads"]) == (False, ["outbox"])
    program = client.get("/healthz").get_json()["program"]
    assert set(program) == {"version", "started", "uptime_s"}


def test_the_documents_name_every_metric() -> None:
    text = (ROOT / "docs" / "monitoring.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(tiepdon_\w+)(?:\{[^}]*\})?` \| (\w+) \|", text, re.M))

    assert rows == {family.name: family.kind for family in FAMILIES.values()}


@pytest.mark.parametrize("name", list(FAMILIES))
def test_a_metric_says_what_it_is(name: str) -> None:
    family = FAMILIES[name]

    assert family.help.endswith(".")
    assert json.dumps(family.labels)


def test_the_metrics_of_one_program_are_its_own(kiosk: Kiosk) -> None:
    one = create_app(kiosk, threading.Event()).extensions[METRICS]

    assert one is not create_app(kiosk, threading.Event()).extensions[METRICS]
