"""The dashboard and the alerts name metrics that exist, in queries that Prometheus can read."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import promql_parser
import pytest

from kiosk.metrics.names import FAMILIES
from tests.process import ROOT

DASHBOARD = ROOT / "config" / "grafana" / "tiepdon.json"
ALERTS = ROOT / "config" / "prometheus" / "alerts.yml"
FOREIGN = {"up"}  # Prometheus' own
SERIES = {series: family for family in FAMILIES.values() for series in family.series}


def dashboard() -> Any:
    return json.loads(DASHBOARD.read_text("utf-8"))


def dashboard_queries() -> list[str]:
    return [
        target["expr"].replace("$instance", ".*")
        for panel in dashboard()["panels"]
        for target in panel.get("targets", [])
    ]


def alert_queries() -> list[str]:
    return re.findall(r"^ +expr: (.+)$", ALERTS.read_text("utf-8"), re.M)


def selectors(node: Any) -> Iterator[Any]:
    """Yield the selectors of a parsed query, wherever in it."""
    if isinstance(node, promql_parser.VectorSelector):
        yield node
    for name in ("expr", "lhs", "rhs", "args", "vector_selector", "param"):
        inner = getattr(node, name, None)
        for one in inner if isinstance(inner, list) else [inner]:
            if one is not None and not isinstance(one, str):
                yield from selectors(one)


def named(query: str) -> list[tuple[str, set[str]]]:
    """Return the metrics that a query selects, each with the labels of its matchers."""
    return [
        (one.name, {matcher.name for matcher in one.matchers.matchers})
        for one in selectors(promql_parser.parse(query))
    ]


@pytest.mark.parametrize("query", [*dashboard_queries(), *alert_queries()])
def test_a_query_can_be_read_and_names_metrics_and_labels_that_exist(query: str) -> None:
    found = named(query)

    assert found
    for name, labels in found:
        if name in FOREIGN:
            continue
        assert name in SERIES, name
        assert labels <= {"instance", "job", "le", *SERIES[name].labels}
    words = set(re.findall(r"tiepdon_\w+", query))
    assert words == {name for name, _ in found} - FOREIGN


def test_every_metric_is_on_the_dashboard() -> None:
    shown = {SERIES[name].name for query in dashboard_queries() for name, _ in named(query)}

    assert set(FAMILIES) == shown


def test_each_alert_says_what_happened_and_what_to_do() -> None:
    blocks = ALERTS.read_text("utf-8").split("- alert: ")[1:]

    assert len({block.splitlines()[0] for block in blocks}) == len(blocks) == len(alert_queries())
    for block in blocks:
        assert "severity:" in block
        assert 'summary: "{{ $labels.instance }}: ' in block
        assert re.search(r'description: "[^"]{20,}\."', block), block


def test_the_dashboard_has_what_grafana_needs_of_it() -> None:
    board = dashboard()
    panels = board["panels"]

    assert board["schemaVersion"] >= 36
    assert {"title", "uid", "templating", "time", "refresh"} <= board.keys()
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
        if panel["type"] == "row":
            continue
        assert panel["type"] in ("stat", "timeseries")
        assert panel["datasource"]["uid"] == "${datasource}"
        assert panel["targets"]
        for target in panel["targets"]:
            used = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            known = {"instance"}
            for name, _ in named(target["expr"].replace("$instance", ".*")):
                known |= set(SERIES[name].labels)
            assert used <= known


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool (prometheus)")
def test_prometheus_own_tool_takes_the_alerts() -> None:
    done = subprocess.run(
        ["promtool", "check", "rules", str(ALERTS)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert f"{len(alert_queries())} rules found" in done.stdout
