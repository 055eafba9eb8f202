"""All parts of one kiosk, built and joined; the only module that knows them all."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from kiosk.data import (
    DEFAULT_RETENTION,
    CoverageCache,
    DataStore,
    data_report,
    data_sets,
    read_sync_status,
    site_data,
)
from kiosk.desk import (
    Copayments,
    Desk,
    Entitlements,
    Lookup,
    Notifier,
    QueryPolicy,
    ScanQueue,
    VisitHistory,
)
from kiosk.feed import connect_feed
from kiosk.insurer import Delivery, composer, open_gateway
from kiosk.logbook import (
    Attempts,
    Corrections,
    Database,
    IncidentReports,
    NightlyRuns,
    Outbox,
    ReaderChecks,
    Visits,
)
from kiosk.readers import ReaderCheckups, reader_at, reader_states
from kiosk.runtime.paths import synced_folder
from kiosk.runtime.progress import read_progress
from kiosk.runtime.service import Service
from kiosk.settings import Settings
from kiosk.sync import Nightly
from verify import CoverageUnreadable

log = logging.getLogger(__name__)

NIGHTLY = timedelta(hours=26)


class Kiosk:
    """The parts of one kiosk on one data directory, joined."""

    def __init__(
        self, settings: Settings, folder: Path, demo: bool, now: Callable[[], datetime]
    ) -> None:
        self.settings, self.clock = settings, now
        kept = max(DEFAULT_RETENTION, timedelta(days=settings.freshness.hard_days))
        self.cache = CoverageCache(folder / "coverage.db", kept)
        self.notifier = Notifier(most_streams=2 * settings.web.screens)
        self.database = database = Database(folder / "logbook.db", "demo" if demo else "site")
        self.instance = database.instance
        self.attempts, self.outbox = Attempts(database), Outbox(database)
        self.entitlements = Entitlements(lambda: self.data.current().law, settings)
        compose = composer(self.entitlements.expected_code)
        self.visits = Visits(database, compose)
        self.corrections = Corrections(database, compose)
        site = site_data(settings, folder, self.cache, self.visits.newest_at(), demo)
        self.data = DataStore(synced_folder(folder), site)
        self._folder = folder
        self.feed_schedule = connect_feed(
            settings.feed, synced_folder(folder), now, lambda: self.data.floor,
            lambda: self.data.failure is not None, self.data.refresh,
        )  # fmt: skip
        self.desk = Desk(
            self.data.current, self.attempts, self.visits, self.notifier, self.entitlements,
            VisitHistory(self.visits, lambda: self.entitlements.law.phrases, settings), settings,
            now,
        )  # fmt: skip
        self.readers = [reader_at(port, now) for port in settings.readers]
        self.checkups = ReaderCheckups(self.readers, ReaderChecks(database), now)
        self.gateway = open_gateway(settings, now)
        self.query_policy = QueryPolicy(settings.ask_at, settings.insurer.ask_per_hour)
        self.copayments = Copayments(
            self.query_policy, self.gateway.copayments if self.gateway else None, now
        )
        self.entitlements.copaid_of = self.copayments.known
        self.nightly_runs = NightlyRuns(database)
        self.incident_reports = IncidentReports(database)
        self.delivery: Delivery | None = None
        self.nightly: Nightly | None = None
        if self.gateway is not None:
            longest_s = settings.insurer.ask_timeout_s + settings.insurer.send_timeout_s
            self.delivery = Delivery(
                self.outbox, self.gateway, now, longest_s, self.notifier.notify
            )
            self.nightly = Nightly(
                self.nightly_runs, self.visits, self.attempts, self.outbox, self.delivery,
                self.query_policy, self.gateway.look_up, self.cache.remember,
                lambda: self.data.current().knowledge, now,
            )  # fmt: skip

    def start(self, service: Service) -> None:
        """Start the threads of readers, desk, look-up and outbox."""
        queue = ScanQueue()
        service.add("data", self.data.run)
        if self.feed_schedule is not None:
            service.add("feed", self.feed_schedule.run)
        service.add("desk", functools.partial(queue.run, self.desk.receive))
        for reader in self.readers:
            deliver = functools.partial(queue.put, stop=service.stop)
            service.add(f"reader {reader.name}", functools.partial(reader.run, deliver))
        if self.gateway and self.delivery:
            lookup = Lookup(
                self.query_policy, self.gateway.hear,
                self.gateway.history if self.settings.insurer.ask_history == "yes" else None,
                self.cache.remember, self.desk.refine, self.clock,
            )  # fmt: skip
            self.desk.ask = lookup.ask
            service.add("lookup", lookup.run)
            service.add("outbox", self.delivery.run)

    def data_report(self) -> dict[str, Any]:
        """Return how old each set of data is, and what became of the feed."""
        now, folder = self.clock(), synced_folder(self._folder)
        status = read_sync_status(folder)
        insurers = self.gateway.clock() if self.gateway else None
        drifts = {
            "feed": None if status.drift_s is None else timedelta(seconds=status.drift_s),
            "gateway": None if insurers is None else insurers - now,
        }
        sets = data_sets(self.settings, folder, self.data, self._newest_answer())
        return data_report(sets, status, read_progress(folder, now.timestamp()), drifts, now)

    def _newest_answer(self) -> datetime | None:
        try:
            return self.cache.newest_answer()
        except CoverageUnreadable:
            return None

    def status(self) -> dict[str, Any]:
        """Return how readers, outbox, gateway and data are, for the screens."""
        newest = self._newest_answer()
        not_recording = self.desk.not_recording_since
        failing = self.gateway.session.failing_since if self.gateway else None
        paused = self.query_policy.paused_since
        nightly = self.nightly_runs.last_finished_at() if self.gateway else None
        return {
            "nightly": {
                "last": nightly and nightly.isoformat(),
                "late": self._is_late(nightly),
            },
            "instance": self.instance,
            "not_recording_since": not_recording and not_recording.isoformat(),
            "outbox": self.outbox.counts(),
            "insurer": {
                "configured": self.gateway is not None,
                "failing_since": failing and failing.isoformat(),
                "not_asked_since": paused and paused.isoformat(),
                "not_asked_why": self.query_policy.why,
            },
            "newest_word": newest and newest.isoformat(),
            "data": self.data_report()["synced"],
            "readers": reader_states(self.readers, self.checkups.is_open),
        }

    def _is_late(self, last: datetime | None) -> bool:
        """Tell whether the nightly job has not run for more than a night and a morning."""
        since = last or self.visits.oldest_at()
        return self.gateway is not None and since is not None and self.clock() - since > NIGHTLY
