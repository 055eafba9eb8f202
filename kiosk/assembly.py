"""All parts of one kiosk, built and joined; the only module that knows them all."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from kiosk.data import (
    KEPT,
    CoverageCache,
    Held,
    Holdings,
    Known,
    Named,
    data_sets,
    knowledge,
    law,
    law_now,
    read_tries,
    report,
)
from kiosk.desk import (
    Asking,
    Copayments,
    Desk,
    Entitlements,
    Lookup,
    ScanQueue,
    Screen,
    Whereabouts,
)
from kiosk.errors import SettingsError
from kiosk.feed import open_rounds
from kiosk.insurer import Delivery, composer, open_gateway
from kiosk.logbook import (
    Attempts,
    Corrections,
    Database,
    Difficulties,
    Jobs,
    Outbox,
    ReaderChecks,
    Visits,
)
from kiosk.readers import Checkups, reader_at, reader_states
from kiosk.runtime.paths import holdings_folder
from kiosk.runtime.progress import told
from kiosk.runtime.service import Service
from kiosk.settings import Settings
from kiosk.sync import Nightly
from verify import CacheUnreadable

log = logging.getLogger(__name__)

NIGHTLY = timedelta(hours=26)


class Kiosk:
    """The parts of one kiosk on one data directory, joined."""

    def __init__(
        self, settings: Settings, folder: Path, demo: bool, now: Callable[[], datetime]
    ) -> None:
        self.settings, self.clock = settings, now
        kept = max(KEPT, timedelta(days=settings.freshness.hard_days))
        self.cache = CoverageCache(folder / "coverage.db", kept)
        self.screen = Screen(most_streams=2 * settings.web.screens)
        self.database = database = Database(folder / "logbook.db", "demo" if demo else "site")
        self.instance = database.instance
        self.attempts, self.outbox = Attempts(database), Outbox(database)
        self.holdings = Holdings(holdings_folder(folder))
        self.entitlements = Entitlements(law(folder), settings)
        self._tables: Named | None = None  # of the feed, that are gone by
        self._tables_failure = ""
        compose = composer(self.entitlements.expected_code)
        self.visits = Visits(database, compose)
        self.corrections = Corrections(database, compose)
        base = knowledge(settings, self.cache, self.visits.newest_at(), demo, None, self.holdings)
        self._folder = folder
        self.known = Known(base, self.holdings, self._take_up)
        self.rounds = open_rounds(
            settings.feed, holdings_folder(folder), now, self.known.floor,
            lambda: self.holdings.failure is not None,
        )  # fmt: skip
        self.desk = Desk(
            self.known, self.attempts, self.visits, self.screen, self.entitlements,
            Whereabouts(self.visits, lambda: self.entitlements.law.phrases, settings), settings,
            now,
        )  # fmt: skip
        self.readers = [reader_at(port, now) for port in settings.readers]
        self.checkups = Checkups(self.readers, ReaderChecks(database), now)
        self.gateway = open_gateway(settings, now)
        self.asking = Asking(settings.ask_at, settings.insurer.ask_per_hour)
        self.copayments = Copayments(
            self.asking, self.gateway.copayments if self.gateway else None, now
        )
        self.entitlements.copaid_of = self.copayments.known
        self.jobs = Jobs(database)
        self.difficulties = Difficulties(database)
        self.delivery: Delivery | None = None
        self.nightly: Nightly | None = None
        if self.gateway is not None:
            longest_s = settings.insurer.ask_timeout_s + settings.insurer.send_timeout_s
            self.delivery = Delivery(self.outbox, self.gateway, now, longest_s, self.screen.ring)
            self.nightly = Nightly(
                self.jobs, self.visits, self.attempts, self.outbox, self.delivery, self.asking,
                self.gateway.look_up, self.cache.remember, self.known, now,
            )  # fmt: skip

    def start(self, service: Service) -> None:
        """Start the threads of readers, desk, look-up and outbox."""
        queue = ScanQueue()
        service.add("data", self.known.run)
        if self.rounds is not None:
            service.add("feed", self.rounds.run)
        service.add("desk", functools.partial(queue.run, self.desk.receive))
        for reader in self.readers:
            deliver = functools.partial(queue.put, stop=service.stop)
            service.add(f"reader {reader.name}", functools.partial(reader.run, deliver))
        if self.gateway and self.delivery:
            lookup = Lookup(
                self.asking, self.gateway.hear,
                self.gateway.history if self.settings.insurer.ask_history == "yes" else None,
                self.cache.remember, self.desk.refine, self.clock,
            )  # fmt: skip
            self.desk.ask = lookup.ask
            service.add("lookup", lookup.run)
            service.add("outbox", self.delivery.run)

    def _take_up(self, held: Held) -> date:
        """Go on with the tables that are held now; return their day."""
        tables = held.pointed.sets.get("tables")
        if tables != self._tables or self._tables_failure:
            self._tables = tables
            try:
                found, self._tables_failure = law_now(self._folder, held)
                self.entitlements.take_up(found)
            except SettingsError as exc:  # a site's own tables were changed since the start
                self._tables_failure = str(exc)
            if self._tables_failure:
                log.error("not all tables are gone by: %s", self._tables_failure)
        return self.entitlements.law.issued

    def data_report(self) -> dict[str, Any]:
        """Return how old each set of data is, and what became of the feed."""
        now, folder, known = self.clock(), holdings_folder(self._folder), self.known()
        tries = read_tries(folder)
        theirs = self.gateway.clock() if self.gateway else None
        drifts = {
            "feed": None if tries.drift_s is None else timedelta(seconds=tries.drift_s),
            "gateway": None if theirs is None else theirs - now,
        }
        sets = data_sets(self.settings, folder, self.holdings.now(), known, self._newest_answer())
        failure = self.holdings.failure or ""
        damaged = {"tables": self._tables_failure, failure.partition("-")[0]: failure}
        if "changes" in damaged:  # the registry's, to people
            damaged["registry"] = failure
        sets = [replace(one, missing=one.missing or (damaged[one.name],))
                if damaged.get(one.name) else one for one in sets]  # fmt: skip
        return report(sets, tries, told(folder, now.timestamp()), drifts, now)

    def _newest_answer(self) -> datetime | None:
        try:
            return self.cache.newest_word()
        except CacheUnreadable:
            return None

    def status(self) -> dict[str, Any]:
        """Return how readers, outbox, gateway and data are, for the screens."""
        newest = self._newest_answer()
        not_recording = self.desk.not_recording_since
        failing = self.gateway.session.failing_since if self.gateway else None
        paused = self.asking.paused_since
        nightly = self.jobs.last_finished_at() if self.gateway else None
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
                "not_asked_why": self.asking.why,
            },
            "newest_word": newest and newest.isoformat(),
            "data": self.data_report()["synced"],
            "readers": reader_states(self.readers, self.checkups.is_open),
        }

    def _is_late(self, last: datetime | None) -> bool:
        """Tell whether the nightly job has not run for more than a night and a morning."""
        since = last or self.visits.oldest_at()
        return self.gateway is not None and since is not None and self.clock() - since > NIGHTLY
