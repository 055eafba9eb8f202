"""The application factory: builds the web application of one kiosk from its parts."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial

from flask import Blueprint, Flask
from flask.json.provider import DefaultJSONProvider

from kiosk.assembly import Kiosk
from kiosk.desk import PatientDisplays
from kiosk.logbook import SELF_VIEW, SHEET, Accesses, HelpKind, LogbookUnavailable
from kiosk.metrics import Metrics, watch_kiosk
from kiosk.runtime.paths import shipped_folder
from kiosk.runtime.program import program_version
from kiosk.setup import SetupSite
from kiosk.web.api.approvals import make_approvals
from kiosk.web.api.fhir import make_fhir
from kiosk.web.api.identity import make_identity
from kiosk.web.api.openapi import make_openapi
from kiosk.web.api.pictures import make_pictures
from kiosk.web.api.presentation import make_presentation
from kiosk.web.api.queue_numbers import make_queue_numbers
from kiosk.web.api.reader_checks import make_reader_checks
from kiosk.web.api.scans import make_scans
from kiosk.web.api.ticket_prints import make_ticket_prints
from kiosk.web.api.typed_numbers import make_typed_numbers
from kiosk.web.api.visit_lookups import make_visit_lookups
from kiosk.web.api.visits import make_visits
from kiosk.web.callers import Callers
from kiosk.web.compression import install_compression
from kiosk.web.desk_queue import install_desk_queue
from kiosk.web.doctor_words import install_doctor_words
from kiosk.web.events import make_events
from kiosk.web.facility_words import install_facility_names
from kiosk.web.guard import install_guard
from kiosk.web.kiosk_status import readiness, status_of
from kiosk.web.language import install_language
from kiosk.web.logbook_words import install_logbook_words
from kiosk.web.pages.access_reviews import make_access_reviews
from kiosk.web.pages.accesses import install_accesses, make_accesses
from kiosk.web.pages.api_tokens import make_api_tokens
from kiosk.web.pages.breaches import make_breaches
from kiosk.web.pages.call_display import make_call_display
from kiosk.web.pages.data import make_data
from kiosk.web.pages.day import DayParts, duration_text, make_day
from kiosk.web.pages.desks import make_desks
from kiosk.web.pages.doctor import make_doctor
from kiosk.web.pages.enquiry import make_enquiry
from kiosk.web.pages.entitlement import known_payments, make_entitlement, visit_entitlements
from kiosk.web.pages.entitlement_trial import make_entitlement_trial
from kiosk.web.pages.evidence import make_evidence
from kiosk.web.pages.facility import make_facility
from kiosk.web.pages.family import make_family
from kiosk.web.pages.follow_up import make_follow_up
from kiosk.web.pages.health import make_health
from kiosk.web.pages.help import HelpParts, make_help
from kiosk.web.pages.help_counts import help_between, make_help_counts
from kiosk.web.pages.incident_report import make_incident_report
from kiosk.web.pages.logbook import make_logbook
from kiosk.web.pages.logbook_file import make_logbook_file
from kiosk.web.pages.metrics import install_request_times, make_metrics
from kiosk.web.pages.nightly import make_nightly
from kiosk.web.pages.notice import make_notice
from kiosk.web.pages.outages import make_outages
from kiosk.web.pages.own_account import make_own_account
from kiosk.web.pages.paper import make_paper
from kiosk.web.pages.paper_entry import EntryParts, make_paper_entry
from kiosk.web.pages.patient_display import make_patient_display
from kiosk.web.pages.person import make_person
from kiosk.web.pages.person_data import make_person_data
from kiosk.web.pages.person_requests import make_person_requests
from kiosk.web.pages.preparation import PreparationParts, make_preparation
from kiosk.web.pages.presentation import make_presentation_page
from kiosk.web.pages.pretending import make_pretending
from kiosk.web.pages.privacy import make_privacy
from kiosk.web.pages.queue import make_queue
from kiosk.web.pages.readers import make_reader_pages
from kiosk.web.pages.reception import make_reception
from kiosk.web.pages.report_files import make_report_files
from kiosk.web.pages.reporting import make_reporting
from kiosk.web.pages.reports import ReportParts, make_reports
from kiosk.web.pages.rooms import make_rooms
from kiosk.web.pages.secrecy import make_secrecy
from kiosk.web.pages.self_service import make_self_service, make_staff_calls
from kiosk.web.pages.sending import make_sending
from kiosk.web.pages.sent_files import make_sent_files
from kiosk.web.pages.setup import make_setup
from kiosk.web.pages.sign_in import make_sign_in
from kiosk.web.pages.staff import make_staff, screen_beginner
from kiosk.web.pages.suspicions import make_suspicions
from kiosk.web.pages.ticket_prints import make_ticket_pages
from kiosk.web.pages.unfinished import make_unfinished
from kiosk.web.pages.visit_export import add_visit_export
from kiosk.web.pages.visit_lookups import make_visit_lookup_pages
from kiosk.web.pages.visit_search import add_visit_search
from kiosk.web.pages.wrong_times import make_wrong_times
from kiosk.web.permissions import install_permissions, install_staff_words
from kiosk.web.privacy_words import install_privacy_words
from kiosk.web.problems import install_problems
from kiosk.web.request_ids import install_request_ids
from kiosk.web.self_guard import install_self_guard
from kiosk.web.setup_guard import install_setup_guard
from kiosk.web.status import SharedStatus
from kiosk.web.theme import install_theme
from kiosk.web.visit_search_words import install_search_words
from kiosk.web.visit_versions import install_versions
from verify import clinic_day

METRICS = "kiosk.metrics"  # the name in `app.extensions`
MAX_BODY_BYTES = 16 * 1024 * 1024  # of a request; a picture is the largest


def create_app(
    kiosk: Kiosk,
    stop: threading.Event,
    extra: Sequence[Blueprint] = (),
    pretends: bool = False,
    site: SetupSite | None = None,
) -> Flask:
    """Return the web application of a kiosk.

    The event streams end when `stop` is set.  `extra` are blueprints of further pages, such as
    those of the demonstration.  `pretends` lets a pretend member of staff sit at the desk.  `site`
    is what the first-run assistant works on; without it the pages of settings say so.
    """
    app = Flask(
        "kiosk",
        template_folder=str(shipped_folder("templates")),
        static_folder=str(shipped_folder("static")),
    )
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    provider = DefaultJSONProvider(app)
    provider.ensure_ascii = provider.sort_keys = False
    app.json = provider
    settings, clock = kiosk.settings, kiosk.clock
    install_request_ids(app, has_proxy=bool(settings.web.proxy))
    app.extensions[METRICS] = metrics = Metrics()
    watch_kiosk(metrics, kiosk, lambda: bool(readiness(kiosk)["ready"]))
    install_request_times(app, metrics)
    install_guard(app, settings.web)
    install_compression(app)
    install_self_guard(app)
    install_problems(app)
    install_language(app, clock)
    install_facility_names(app, lambda: kiosk.entitlements.law.facility_list)
    install_theme(app)
    install_search_words(app)
    install_versions(app)
    install_privacy_words(app)
    install_desk_queue(app, kiosk)
    install_logbook_words(app, kiosk)
    install_doctor_words(app, kiosk)
    app.jinja_env.globals["facility"] = settings.facility
    app.add_template_filter(
        lambda moment: settings.facility.code_on(clinic_day(moment)), "facility_code"
    )
    app.add_template_filter(duration_text, "duration")
    app.context_processor(lambda: {"needs_a_person": _count_needing_a_person(kiosk)})
    app.context_processor(lambda: {"sending_over_hub": kiosk.sending})
    shows_initials = settings.display.initials == "yes"
    displays = PatientDisplays(kiosk.attempts, kiosk.visits, shows_initials, clock)
    help_parts = HelpParts(
        lambda: kiosk.data.current().help,
        kiosk.help_counts,
        displays,
        kiosk.notifier,
        settings,
        clock,
    )
    report_parts = ReportParts(
        kiosk.reports,
        kiosk.visits,
        kiosk.nightly_runs,
        lambda: kiosk.entitlements.law,
        settings,
        clock,
    )
    callers = Callers(kiosk.staff, settings.web, pretends, clock)
    install_staff_words(app)
    accesses = Accesses(kiosk.database)
    install_accesses(app, accesses, settings, clock)
    status = SharedStatus(lambda: status_of(kiosk), kiosk.notifier.version)
    fetch_now = kiosk.feed_schedule.request_update if kiosk.feed_schedule else None
    for blueprint in (
        make_scans(kiosk.desk, clock, kiosk.clock_check.right_now, settings, kiosk.staff.askers),
        make_typed_numbers(),
        make_openapi(program_version()),
        make_pictures(kiosk.desk, clock),
        make_visits(
            kiosk.desk,
            kiosk.visits,
            kiosk.rooms,
            kiosk.printing,
            settings,
            kiosk.clock_check.right_now,
        ),
        make_fhir(kiosk.visits, kiosk.around, clock),
        make_ticket_prints(kiosk.printing, settings),
        make_queue_numbers(kiosk),
        make_ticket_pages(kiosk.printing, kiosk.codes_read, settings),
        make_visit_lookups(
            kiosk.visit_lookup,
            kiosk.admissions,
            kiosk.visits,
            kiosk.proposals,
            settings,
            kiosk.clock_check.right_now,
        ),
        make_visit_lookup_pages(
            kiosk.visit_lookup,
            kiosk.admissions,
            kiosk.lookups,
            kiosk.proposals,
            kiosk.entitlements,
            settings,
            kiosk.clock_check.right_now,
        ),
        make_identity(kiosk.identification, kiosk.visits, kiosk.settings),
        make_presentation(kiosk.late_presentations, settings),
        make_presentation_page(
            kiosk.late_presentations, kiosk.desk, kiosk.visits, kiosk.attempts, settings, clock
        ),
        make_reader_checks(kiosk.checkups),
        make_reader_pages(kiosk.checkups, status, settings),
        make_events(kiosk.notifier, kiosk.attempts, status, stop, callers.lives),
        make_sign_in(kiosk.staff, settings, clock),
        make_own_account(kiosk.staff, settings, clock),
        make_staff(kiosk.staff, settings, clock),
        make_api_tokens(kiosk.staff, settings, clock),
        make_setup(kiosk, site),
        make_accesses(accesses),
        make_approvals(kiosk.staff, clock),
        *([make_pretending()] if pretends else []),
        make_data(kiosk.data_report, fetch_now),
        make_nightly(kiosk.nightly_runs, clock),
        make_sent_files(kiosk.sent_files),
        make_sending(kiosk),
        make_incident_report(kiosk.incident_reports, clock),
        make_reporting(
            kiosk.reporting,
            kiosk.visits,
            kiosk.deadlines,
            lambda: kiosk.entitlements.law,
            clock,
            settings.insurer.aim_minutes,
            partial(help_between, help_parts),
        ),
        make_help(help_parts),
        make_help_counts(help_parts),
        make_outages(kiosk.outages, kiosk.reporting, settings, clock),
        make_follow_up(kiosk),
        make_suspicions(kiosk),
        make_health(status, kiosk.instance, partial(readiness, kiosk), program_version(), clock),
        make_metrics(metrics),
        make_logbook_file(kiosk, stop),
        make_doctor(kiosk, metrics.text),
        make_entitlement_trial(kiosk.entitlements, clock),
        make_notice(settings, kiosk.entitlements, clock),
        make_entitlement(
            kiosk.entitlements, kiosk.copayments, kiosk.attempts, kiosk.visits, clock, settings
        ),
        make_wrong_times(
            kiosk.wrong_times,
            kiosk.corrections,
            kiosk.visits,
            kiosk.clock_check,
            settings,
            clock,
        ),
        add_visit_export(
            add_visit_search(
                make_logbook(
                    kiosk.visits,
                    kiosk.outbox,
                    kiosk.corrections,
                    kiosk.settings,
                    clock,
                    kiosk.deadlines,
                ),
                kiosk,
            ),
            kiosk,
        ),
        make_person(kiosk),
        make_evidence(kiosk.database, kiosk.visits, kiosk.corrections, settings, clock),
        make_secrecy(kiosk.corrections, settings, clock),
        make_patient_display(
            displays,
            kiosk.desk,
            kiosk.notifier,
            kiosk.visits,
            settings,
            stop,
            help_parts.shown,
            callers.lives,
        ),
        make_self_service(
            kiosk.self_service,
            settings,
            help_parts.guides,
            lambda key: help_parts.note_view(f"{SELF_VIEW}{key}", HelpKind.SHOWN),
            screen_beginner(kiosk.staff, clock),
        ),
        make_staff_calls(kiosk.self_service.calls),
        make_day(
            DayParts(
                kiosk.days_end,
                kiosk.unfinished,
                kiosk.paper_sheets,
                kiosk.outages,
                kiosk.program_runs,
                kiosk.day_figures,
                kiosk.reports.closings,
                lambda: kiosk.entitlements.law,
                settings,
                clock,
                lambda day: root.line if (root := kiosk.proofs.roots.of(day)) else "",
                kiosk.proofs.roots.make,
                kiosk.visits.newest_at,
            )
        ),
        make_reports(report_parts),
        make_facility(kiosk),
        make_report_files(report_parts, kiosk.database),
        make_paper(
            kiosk.paper_sheets,
            kiosk.visits,
            kiosk.outages,
            settings,
            kiosk.clock_check.right_now,
        ),
        make_paper_entry(
            EntryParts(
                kiosk.paper_sheets,
                kiosk.paper_entries,
                kiosk.visits,
                kiosk.deadlines,
                kiosk.rooms,
                kiosk.line_scans,
                settings,
                clock,
            )
        ),
        make_preparation(
            PreparationParts(
                kiosk.page_scans,
                kiosk.consents,
                lambda: kiosk.data.current().knowledge,
                lambda: kiosk.entitlements.law,
                help_parts.tables,
                lambda goal: help_parts.note_view(f"{SHEET}{goal}", HelpKind.PRINTED),
                settings,
                clock,
            )
        ),
        make_enquiry(kiosk),
        make_queue(kiosk),
        make_rooms(kiosk),
        make_call_display(kiosk),
        make_family(kiosk.visits, clock),
        make_privacy(kiosk),
        make_person_requests(kiosk),
        make_person_data(kiosk),
        make_breaches(kiosk),
        make_access_reviews(kiosk),
        make_unfinished(kiosk.unfinished, settings, clock),
        make_desks(settings),
        make_reception(
            kiosk.attempts,
            kiosk.visits,
            kiosk.unfinished,
            status,
            settings,
            kiosk.copayments.can_ask,
            visit_entitlements(kiosk.entitlements),
            known_payments(kiosk.entitlements, kiosk.copayments),
            clock,
        ),
        *extra,
    ):
        app.register_blueprint(blueprint)
    install_setup_guard(app, settings)
    install_permissions(app, callers, settings.staff.approve)
    return app


def _count_needing_a_person(kiosk: Kiosk) -> int | None:
    """Return how many messages to the insurer need a person; every page shows the number.

    An outbox that waits for a person counts as one more.  None if the logbook cannot be read now.
    """
    try:
        counts = kiosk.outbox.counts()
    except LogbookUnavailable:
        return None
    waits = kiosk.sending is not None and kiosk.sending.waits_for_person()
    return counts["refused"] + counts["parked"] + int(waits)
