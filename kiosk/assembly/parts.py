"""The parts of a kiosk that others build on. No other room knows all of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from kiosk.assembly.other_desks import open_others
from kiosk.backup import HELD, LogbookGuard
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
    InsurerHistory,
    LatePresentations,
    LineScans,
    Notifier,
    PageScans,
    PaperEntries,
    QueryPolicy,
    QuestionLog,
    SelfService,
    VisitHistory,
    VisitLookup,
)
from kiosk.feed import connect_feed
from kiosk.fhir import Surroundings
from kiosk.insurer import (
    ClockCheck,
    Deadlines,
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
    ChangesElsewhere,
    ChangesMade,
    ClockReadings,
    CommuneNotices,
    Consents,
    Corrections,
    Database,
    DaysEnd,
    HelpCounts,
    IncidentReports,
    LogbookUnavailable,
    Lookups,
    LostReadings,
    NightlyRuns,
    NumberSource,
    Outages,
    Outbox,
    PaperSheets,
    ProgramRuns,
    Proposals,
    ReaderChecks,
    ReportedVisits,
    RoomQueues,
    SamePersons,
    SentFiles,
    Silences,
    Suspicions,
    TicketPrints,
    Tickets,
    Unfinished,
    Visit,
    VisitFinder,
    Visits,
    WebhookMessages,
    WrongVisitTimes,
)
from kiosk.privacy import privacy_parts
from kiosk.proof import Proofs
from kiosk.queue import Room, RoomService, RoomsFile
from kiosk.readers import ReaderCheckups, build_reader
from kiosk.reports import DayFigures, Reports
from kiosk.runtime.key_store import file_keys
from kiosk.runtime.paths import secret_file, synced_folder
from kiosk.runtime.progress import read_progress
from kiosk.runtime.steady_clock import SteadyClock, steady_s
from kiosk.settings import Settings
from kiosk.setup import TestCard
from kiosk.staff import Staff
from kiosk.tickets import CodesRead, TicketPrinting
from verify import Coverage, CoverageUnreadable, clinic_day

ROOMS_FILE = "rooms.json"


class Parts:
    """What a kiosk is made of, without what sends to the insurer, and without threads.

    `Kiosk` tells what the arguments are.
    """

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        demo: bool,
        now: Callable[[], datetime],
        steady: SteadyClock | None = None,
        rooms_file: Path | None = None,
        guard: LogbookGuard | None = None,
        numbers: NumberSource | None = None,
    ) -> None:
        self.settings, self.clock = settings, now
        self.numbers = numbers
        retention = max(DEFAULT_RETENTION, timedelta(days=settings.freshness.hard_days))
        keys = file_keys(settings.encryption.keys, settings.encryption.key_file, folder)
        # The logbook is opened first: it refuses a wrong key, before answers are taken for damaged.
        use: Literal["demo", "site"] = "demo" if demo else "site"
        self.guard = guard
        file = guard.file() if guard else folder / "logbook.db"
        self.database = database = Database(file, use, keys=keys)
        free = database.without_hold()  # for what goes on while the logbook is held
        if guard is not None and guard.holds:
            guard.copy_accounts(database)
            database.hold(HELD)
        self.cache = AnswersCache(folder / "coverage.db", retention, keys)
        self.notifier = Notifier(max_streams=2 * settings.web.screens)
        self.instance = database.instance
        secret = secret_file(settings.staff.secret_file, folder)
        idle_s = 60.0 * settings.staff.idle_minutes
        networks = settings.staff.pin_networks
        self.staff = Staff(free, secret, steady or SteadyClock(), idle_s, networks)
        self.attempts, self.outbox = Attempts(free), Outbox(database)
        self.others = open_others(settings, folder, keys)
        self.unfinished = Unfinished(database, self.attempts, self.others)
        self.entitlements = Entitlements(lambda: self.data.current().law, settings)
        self.compose = compose = message_composer(
            self.entitlements.expected_code, self.entitlements.has_known_care
        )
        self.visits = Visits(database, compose, steady, self.others, numbers)
        self.corrections = Corrections(database, compose, numbers)
        self.changes_elsewhere = ChangesElsewhere(database, compose, numbers)
        self.changes_made = ChangesMade(database)
        self.visit_finder, self.same_persons = VisitFinder(database), SamePersons(database)
        self.lost_readings = LostReadings(database, self.attempts)
        self.tickets, self.room_queues = Tickets(database, numbers), RoomQueues(database)
        usual = settings.visit
        service = RoomService(usual.service_code, usual.service_name)
        self.rooms = RoomsFile(
            rooms_file or folder / ROOMS_FILE, Room(usual.room, services=(service,))
        )
        self.webhook_messages = WebhookMessages(database)
        self.wrong_times, self.ticket_prints = WrongVisitTimes(database), TicketPrints(database)
        self.clock_readings = ClockReadings(database, steady)
        self.identification = Identification(self.attempts, self.visits, self.corrections, now)
        self.commune_notices, self.suspicions = CommuneNotices(database), Suspicions(database)
        floor = self.clock_readings.floor()
        site = site_data(settings, folder, self.cache, floor.moment if floor else None, demo)
        self.data = DataStore(synced_folder(folder), site)
        self.folder, self._steady = folder, steady
        self.feed_schedule = connect_feed(
            settings.feed,
            synced_folder(folder),
            now,
            lambda: self.data.floor,
            lambda: self.data.failure is not None,
            self.data.refresh,
            steady,
            settings.network.proxies(),
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
        self.printing = TicketPrinting(
            settings,
            self.tickets,
            self.visits,
            self.ticket_prints,
            self.rooms,
            lambda visit: self.entitlements.certain_share(
                visit, self.attempts.newest_verdict_on(visit.attempt)
            ),
            now,
            self.notifier.notify,
        )
        self.codes_read = CodesRead(self.printing.read_code)
        self.desk.note_ticket = self.codes_read.note
        self.late_presentations = LatePresentations(
            self.attempts, self.visits, self.corrections, self.notifier, now
        )
        self.self_service = SelfService(
            self.desk,
            self.attempts,
            self.visits,
            self.tickets,
            self.rooms,
            self.notifier,
            self.printing.print_at_screen,
            settings,
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
        self.line_scans, self.page_scans = LineScans(), PageScans()
        self.test_card = TestCard(now)
        self.paper_sheets, self.days_end = PaperSheets(database, numbers), DaysEnd(database)
        self.paper_entries = PaperEntries(
            self.data.current,
            self.attempts,
            self.visits,
            self.paper_sheets,
            self.notifier,
            self.entitlements,
            settings,
            now,
            self.clock_check.right_now,
        )
        self.lookups, self.sent_files = Lookups(free), SentFiles(database)
        self.question_log = QuestionLog(self.lookups)
        if self.gateway is not None:
            self.gateway.observe = self.question_log.note
            self.gateway.asker = lambda: self.staff.askers.identity(self.question_log.author())
        self.signer = open_signer(settings, folder, now)
        self.query_policy = QueryPolicy(settings.ask_at, settings.insurer.ask_per_hour)
        payments = self.gateway.payments if self.gateway else None
        self.insurer_history = InsurerHistory(
            self.gateway.history if self.gateway else None,
            self.attempts,
            self.query_policy,
            self.question_log,
            now,
        )
        self.copayments = Copayments(self.query_policy, payments, now, self.question_log)
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
        self.nightly_runs, self.consents = NightlyRuns(database), Consents(database)
        self.privacy = privacy_parts(
            database,
            self.visits,
            self.corrections,
            self.cache,
            self.staff,
            settings,
            lambda: self.entitlements.law,
            self.clock_check.trusted_now,
        )
        self.proofs = Proofs(database, folder)
        self.incident_reports, self.help_counts = IncidentReports(database), HelpCounts(database)
        self.outages, self.program_runs = Outages(database), ProgramRuns(database)
        self.deadlines = Deadlines(
            lambda: self.entitlements.law,
            timedelta(minutes=settings.insurer.aim_minutes),
            self.outages.newest,
        )
        reported = ReportedVisits(database)
        self.reporting = Reporting(reported, self.program_runs, self.deadlines)
        self.reports = Reports(database, self.reporting, self.program_runs, self.outages)
        self.day_figures = DayFigures(database, self.days_end, self.outages)
        self.outage_watch = OutageWatch(
            self.program_runs, Silences(database), self.outages, reported, now
        )

    def remember(self, coverage: Coverage, now: datetime) -> None:
        """Keep an answer of the insurer, with the right time also while our clock is wrong.

        Raises CoverageUnreadable if it cannot be kept.
        """
        trusted = self.clock_check.trusted_now() if self.clock_check.state().is_wrong else None
        if trusted is not None:
            coverage, now = coverage._replace(as_of=trusted), trusted
        self.cache.remember(coverage, now)

    def data_report(self) -> dict[str, Any]:
        """Return how old each set of data is, how the feed was last reached, and the obstacles.

        And how what is sent is signed, and how webhooks stand.  All as JSON.
        """
        now, folder = self.clock(), synced_folder(self.folder)
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
            "webhooks": self._webhook_states(),
        }

    def around(self, visit: Visit) -> Surroundings:
        """Return what a visit does not say itself, for its export as FHIR.

        Raises LogbookUnavailable if the logbook cannot be read.
        """
        facility = self.settings.facility
        name = facility.name if visit.facility in facility.all_codes else ""
        attempt = self.attempts.get(visit.verdict_of)
        judged_at = attempt.at if attempt else None
        return Surroundings(self.instance, name, self.entitlements.law, judged_at)

    def visits_today(self) -> int:
        """Return how many visits there are of today. Raises LogbookUnavailable."""
        return self.visits.count_on(clinic_day(self.clock()))

    def _webhook_states(self) -> list[dict[str, Any]] | None:
        """Return how the messages to other programs stand. None if the logbook cannot be read."""
        try:
            return [state.as_json() for state in self.webhook_messages.states()]
        except LogbookUnavailable:
            return None

    def _feed_time(self) -> datetime | None:
        """Return what the feed's clock shows now (aware). None if it is not known."""
        drift = self.feed_schedule.drift() if self.feed_schedule else None
        if drift is not None:
            return self.clock() + drift
        if self._steady is None:
            return None
        return read_sync_status(synced_folder(self.folder)).feed_time(self._steady)

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
