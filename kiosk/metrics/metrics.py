"""The registry of one program: what was counted, and what is read at each scrape."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from kiosk.logbook import LogbookUnavailable
from kiosk.metrics import names
from kiosk.metrics.names import FAMILIES, Family

disable_created_metrics()  # type: ignore[no-untyped-call]  # a series more for each counter, which nobody reads
# Bounds of the histograms, in seconds: a desk notices 0.1, the insurer takes one to three.
FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
REQUESTS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
SLOW = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"

# The value of a part, or of each label's values; None and missing ones are not served.
Value = float | None
Values = Value | Mapping[Any, Value]
Part = Callable[[], Mapping[str, Values]]


class Metrics:
    """The metrics of one program. Any thread may call."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._requests = self._histogram(names.REQUEST_SECONDS, REQUESTS)
        self._scans = self._counter(names.SCANS)
        self._scan_seconds = self._histogram(names.SCAN_SECONDS, FAST)
        self._commits = self._histogram(names.COMMIT_SECONDS, FAST)
        self._calls = self._histogram(names.CALL_SECONDS, SLOW)
        self._sign_ins = self._counter(names.SIGN_INS)
        self._throttled = self._counter(names.THROTTLED)
        self._states = _States()
        self._registry.register(self._states)
        self._scraping = threading.Lock()

    def read(self, part: str, values: Part) -> None:
        """Serve what `values` returns at each scrape, by the names of metrics.

        If it raises LogbookUnavailable or OSError, its metrics are missing and `part` is named.
        """
        self._states.parts[part] = values

    def request(self, rule: str | None, method: str, status: int, seconds: float) -> None:
        """Count an answer; `rule` is that of its route, None: no route."""
        known = method if method in METHODS else OTHER
        self._requests.labels(rule or OTHER, known, str(status)).observe(seconds)

    def scan(self, outcome: str, reason: str, seconds: float) -> None:
        """Count a scan that got a verdict after so many seconds."""
        self._scans.labels(outcome, reason).inc()
        self._scan_seconds.observe(seconds)

    def commit(self, seconds: float) -> None:
        """Count a commit of the logbook."""
        self._commits.observe(seconds)

    def insurer_call(self, call: str, is_answered: bool, seconds: float) -> None:
        """Count a call to the insurer by its name."""
        self._calls.labels(call, "answered" if is_answered else "no_answer").observe(seconds)

    def sign_in(self, result: str) -> None:
        """Count a try to sign in."""
        self._sign_ins.labels(result).inc()

    def throttled(self, bucket: str) -> None:
        """Count a try that was refused as one too many."""
        self._throttled.labels(bucket).inc()

    def text(self) -> bytes:
        """Return all metrics in Prometheus' text format.

        One scrape is answered at a time: the second one would read the same.
        """
        with self._scraping:
            return generate_latest(self._registry)

    def _counter(self, family: Family) -> Counter:
        return Counter(family.name, family.help, family.labels, registry=self._registry)

    def _histogram(self, family: Family, bounds: tuple[float, ...]) -> Histogram:
        return Histogram(
            family.name, family.help, family.labels, registry=self._registry, buckets=bounds
        )


class _States(Collector):
    """Reads what is a state, when somebody asks."""

    def __init__(self) -> None:
        self.parts: dict[str, Part] = {}

    def collect(self) -> Iterable[Metric]:
        """Yield the metrics of all parts that can be read."""
        missing: dict[str, Value] = {}
        for part, values in self.parts.items():
            try:
                found = values()
            except (LogbookUnavailable, OSError):
                missing[part] = 1.0
            else:
                missing[part] = 0.0
                yield from _metrics(found)
        yield from _metrics({"tiepdon_unreadable": missing})


def _metrics(found: Mapping[str, Values]) -> Iterator[Metric]:
    for name, values in found.items():
        family = FAMILIES[name]
        kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
        metric = kind(name, family.help, labels=family.labels)
        by_label: Mapping[Any, Value] = values if isinstance(values, Mapping) else {(): values}
        for label, value in by_label.items():
            if value is not None:
                metric.add_metric([label] if isinstance(label, str) else list(label), value)
        if metric.samples:
            yield metric
