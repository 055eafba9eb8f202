"""Build all parts of a kiosk and join them. No other module knows all of them."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from kiosk.data import (
    DEFAULT_RETENTION,
    AnswersCache,
    DataStore,
    data_report,
    data_sets,
    read_sync_status,
    site_data,
)
from kiosk.desk import (
    Admissions,
    Copayments,
    Desk,
    Entitlements,
    Identification,
    LatePresentations,
    Lookup,
    Notifier,
    QueryPolicy,
    QuestionLog,
    ScanQueue,
    VisitHistory,
    VisitLookup,
)
from kiosk.feed import connect_feed
from kiosk.insurer import (
    ClockCheck,
    Deadlines,
    Delivery,
    Obstacle,
    OutageWatch,
    Reporting,
    SignatureState,
    SigningTrouble,
    find_obstacles,
    message_composer,
    open_gateway,
    open_signer,
)
from kiosk.logbook import (
    Attempts,
    ClockReadings,
    CommuneNotices,
    Corrections,
    Database,
    IncidentReports,
    Lookups,
    NightlyRuns,
    Outages,
    Outbox,
    ProgramRuns,
    Proposals,
    ReaderChecks,
    ReportedVisits,
    SentFiles,
    Silences,
    Suspicions,
    Unfinished,
    Visits,
    WrongVisitTimes,
    desk_author,
)
from kiosk.readers import ReaderCheckups, build_reader, reader_states
from kiosk.runtime.paths import synced_folder
from kiosk.runtime.progress import read_progress
from kiosk.runtime.service import Service
from kiosk.runtime.steady_clock import SteadyClock, steady_s
from kiosk.settings import Settings
from kiosk.sync import NightlyJob
from verify import Coverage, CoverageUnreadable

log = logging.getLogger(__name__)

NIGHTLY_JOB_LATE_AFTER = timedelta(hours=26)  # a night and a morning


class Kiosk:
    """The parts of one kiosk, on one data directory.

    `folder` is the data directory, `demo` says whether it is a demonstration, and `now` returns
    the time (aware). `steady` measures how wrong that was when a visit was recorded; without it,
    that is estimated. Nothing runs before `start`.

    Raises SettingsError if a setting cannot be used, and the errors of the logbook and the cache
    if their files cannot be opened.
    """

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        demo: bool,
        now: Callable[[], datetime],
        steady: SteadyClock | None = None,
    ) -> None:
        self.settings, self.clock = settings, now
        retention = max(DEFAULT_RETENTION, timedelta(days=settings.freshness.hard_days))
        self.cache = AnswersCache(folder / "coverage.db", retention)
        self.notifier = Notifier(max_streams=2 * settings.web.screens)
        self.database = database = Database(folder / "logbook.db", "demo" if demo else "site")
        self.instance = database.instance
        self.attempts, self.outbox = Attempts(database), Outbox(database)
        self.unfinished = Unfinished(database, self.attempts)
        self.entitlements = Entitlements(lambda: self.data.current().law, settings)
        compose = message_composer(
            self.entitlements.expected_code, self.entitlements.has_known_care
        )
        self.visits = Visits(database, compose, steady)
        self.corrections = Corrections(database, compose)
        self.wrong_times = WrongVisitTimes(database)
        self.clock_readings = ClockReadings(database, steady)
        self.identification = Identification(self.attempts, self.visits, self.corrections, now)
        self.commune_notices, self.suspicions = CommuneNotices(database), Suspicions(database)
        floor = self.clock_readings.floor()
        site = site_data(settings, folder, self.cache, floor.moment if floor else None, demo)
        self.data = DataStore(synced_folder(folder), site)
        self._folder, self._steady = folder, steady
        self.feed_schedule = connect_feed(
            settings.feed,
            synced_folder(folder),
            now,
            lambda: self.data.floor,
            lambda: self.data.failure is not None,
            self.data.refresh,
            steady,
        )
        self.desk = Desk(
            self.data.current,
            self.attempts,
            self.visits,
            self.notifier,
            self.entitlements,
            VisitHistory(self.visits, lambda: self.entitlements.law.phrases, settings),
            settings,
            now,
        )
        self.late_presentations = LatePresentations(
            self.attempts,
            self.visits,
            self.corrections,
            self.notifier,
            now,
        )
        self.readers = [build_reader(port, now) for port in settings.readers]
        self.checkups = ReaderCheckups(self.readers, ReaderChecks(database), now)
        seconds = steady or steady_s
        self.gateway = open_gateway(settings, now, seconds)
        self.clock_check = ClockCheck(
            self.gateway,
            now,
            self._feed_time,
            lambda: self.data.current().knowledge.floor,
            self.clock_readings,
            seconds,
        )
        self.lookups = Lookups(database)
        self.question_log = QuestionLog(
            self.lookups,
            settings.insurer.lookups_years,
            self.gateway.clock if self.gateway else lambda: None,
        )
        if self.gateway is not None:
            self.gateway.observe = self.question_log.note
        self.signer = open_signer(settings, folder, now)
        self.sent_files = SentFiles(database)
        self.query_policy = QueryPolicy(settings.ask_at, settings.insurer.ask_per_hour)
        self.copayments = Copayments(
            self.query_policy,
            self.gateway.payments if self.gateway else None,
            now,
            self.question_log,
        )
        self.entitlements.copaid_of = self.copayments.known_sum
        self.proposals = Proposals(database, self.corrections)
        self.admissions = Admissions(self.visits, self.corrections)
        self.visit_lookup = VisitLookup(
            self.visits,
            self.attempts,
            self.corrections,
            self.lookups,
            self.proposals,
            self.query_policy,
            self.gateway.check_card if self.gateway else None,
            self.copayments,
            self.question_log,
            self.cache.remember,
            lambda: self.data.current().knowledge,
            now,
            settings.insurer.correct_by_itself == "yes",
        )
        self.nightly_runs = NightlyRuns(database)
        self.incident_reports = IncidentReports(database)
        self.outages, runs = Outages(database), ProgramRuns(database)
        self.deadlines = Deadlines(
            lambda: self.entitlements.law,
            timedelta(minutes=settings.insurer.aim_minutes),
            self.outages.newest,
        )
        reported = ReportedVisits(database)
        self.reporting = Reporting(reported, runs, self.deadlines)
        self.outage_watch = OutageWatch(runs, Silences(database), self.outages, reported, now)
        self.delivery: Delivery | None = None
        self.nightly: NightlyJob | None = None
        if self.gateway is not None:
            exchange_s = settings.insurer.ask_timeout_s + settings.insurer.send_timeout_s
            self.delivery = Delivery(
                self.outbox,
                self.gateway,
                now,
                exchange_s,
                self.notifier.notify,
                settings.insurer.visits_per_sending,
                self.clock_check,
                signer=self.signer,
                sent_files=self.sent_files,
                overdue_before=self.deadlines.overdue_before,
            )
            self.nightly = NightlyJob(
                self.nightly_runs,
                self.visits,
                self.attempts,
                self.outbox,
                self.delivery,
                self.query_policy,
                self.gateway.look_up,
                self._remember,
                lambda: self.data.current().knowledge,
                now,
                self.question_log,
                self.visit_lookup,
                signature=self.signature_state,
                unproven_rows=self.sent_files.unproven_rows,
                communes_to_inform=self.communes_to_inform,
                count_overdue=self.reporting.count_overdue,
                count_suggested_outages=self.outages.count_suggested,
            )

    def start(self, service: Service) -> None:
        """Start the threads of data, feed, desk, readers, look-up and outbox."""
        queue = ScanQueue()
        service.add("data", self.data.run)
        service.add("watch", self.outage_watch.run)
        if self.feed_schedule is not None:
            service.add("feed", self.feed_schedule.run)
        service.add("desk", functools.partial(queue.run, self.desk.receive))
        for reader in self.readers:
            deliver = functools.partial(queue.put, stop=service.stop)
            service.add(f"reader {reader.name}", functools.partial(reader.run, deliver))
        if self.gateway and self.delivery:
            lookup = Lookup(
                self.query_policy,
                self.gateway.check_card,
                self.gateway.history if self.settings.insurer.ask_history == "yes" else None,
                self._remember,
                self.desk.refine,
                self.clock,
                self.question_log,
                lambda reader: desk_author(self.settings.desk_of(reader)),
                self.visits.is_secret,
            )
            self.desk.ask = lookup.ask
            service.add("lookup", lookup.run)
            service.add("outbox", self.delivery.run)

    def _remember(self, coverage: Coverage, now: datetime) -> None:
        """Keep an answer of the insurer, with the right time also while our clock is wrong.

        Raises CoverageUnreadable if it cannot be kept.
        """
        trusted = self.clock_check.trusted_now() if self.clock_check.state().is_wrong else None
        if trusted is not None:
            coverage, now = coverage._replace(as_of=trusted), trusted
        self.cache.remember(coverage, now)

    def data_report(self) -> dict[str, Any]:
        """Return how old each set of data is, how the feed was last reached, and the obstacles.

        And how what is sent is signed.  All as JSON.
        """
        now, folder = self.clock(), synced_folder(self._folder)
        status = read_sync_status(folder)
        gateway_time = self.gateway.clock() if self.gateway else None
        drifts = {
            "feed": None if status.drift_s is None else timedelta(seconds=status.drift_s),
            "gateway": None if gateway_time is None else gateway_time - now,
        }
        sets = data_sets(self.settings, folder, self.data, self.newest_answer())
        report = data_report(sets, status, read_progress(folder, now.timestamp()), drifts, now)
        signature = self.signature_state()
        return report | {
            "obstacles": [obstacle._asdict() for obstacle in self.obstacles()],
            "signature": signature and signature.as_json(),
        }

    def _feed_time(self) -> datetime | None:
        """Return what the feed's clock shows now (aware). None if it is not known."""
        drift = self.feed_schedule.drift() if self.feed_schedule else None
        if drift is not None:
            return self.clock() + drift
        if self._steady is None:
            return None
        return read_sync_status(synced_folder(self._folder)).feed_time(self._steady)

    def obstacles(self) -> list[Obstacle]:
        """Return the settings that keep visits from being sent, by the law's tables in use."""
        law = self.entitlements
        return find_obstacles(self.settings, law.expected_code, self.clock(), law.has_known_care)

    def signature_state(self) -> SignatureState | None:
        """Return how what is sent is signed; None without a gateway. It touches no device."""
        if self.gateway is None:
            return None
        return self.signer.state() if self.signer else SignatureState(SigningTrouble.UNSIGNED)

    def communes_to_inform(self) -> list[str]:
        """Return the visits of unknown patients whose commune should have been informed, by id."""
        unknown = self.visits.with_unknown_patient()
        overdue = self.commune_notices.overdue(unknown, self.clock())
        return [visit.id for visit in overdue]

    def newest_answer(self) -> datetime | None:
        """Return when the insurer last answered; None if it never did or this cannot be read."""
        try:
            return self.cache.newest_answer()
        except CoverageUnreadable:
            return None

    def status(self) -> dict[str, Any]:
        """Return the state of readers, outbox, gateway and data for the pages, as JSON.

        Raises an error of the logbook if it cannot be read.
        """
        newest_answer = self.newest_answer()
        not_recording_since = self.desk.not_recording_since
        failing_since = self.gateway.session.failing_since if self.gateway else None
        paused_since = self.query_policy.paused_since
        report = self.data_report()
        last_nightly_run = (
            self.nightly_runs.last_finished_at(self.clock()) if self.gateway else None
        )
        return {
            "nightly": {
                "last": _isoformat(last_nightly_run),
                "late": self._is_nightly_job_late(last_nightly_run),
            },
            "clock": self._clock_status(),
            "instance": self.instance,
            "not_recording_since": _isoformat(not_recording_since),
            "outbox": self.outbox.counts(),
            "overdue": self.reporting.recent_overdue(self.clock()) if self.gateway else None,
            "insurer": {
                "configured": self.gateway is not None,
                "failing_since": _isoformat(failing_since),
                "not_asked_since": _isoformat(paused_since),
                "not_asked_why": self.query_policy.why,
            },
            "obstacles": report["obstacles"],
            "signature": report["signature"],
            "newest_word": _isoformat(newest_answer),
            "data": report["synced"],
            "readers": reader_states(self.readers, self.checkups.is_open),
        }

    def _clock_status(self) -> dict[str, Any]:
        """Return what other clocks say of ours, and how many visits have a wrong time, as JSON."""
        state = self.clock_check.state()
        return {
            "wrong": state.is_wrong,
            "ahead_s": None if state.ahead is None else round(state.ahead.total_seconds()),
            "witness": state.witness,
            "disputed_by": state.disputed_by,
            "wrong_times": self.wrong_times.count(),
        }

    def _is_nightly_job_late(self, last_run: datetime | None) -> bool:
        """Return whether the nightly job is late, counted from its last run or the first visit."""
        if self.gateway is None:
            return False
        since = last_run or self.visits.oldest_at()
        return since is not None and self.clock() - since > NIGHTLY_JOB_LATE_AFTER


def _isoformat(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
