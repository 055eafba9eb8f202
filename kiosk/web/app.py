"""The application factory: builds the web application of one kiosk from its parts."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from flask import Blueprint, Flask
from flask.json.provider import DefaultJSONProvider

from kiosk.assembly import Kiosk
from kiosk.logbook import LogbookUnavailable
from kiosk.runtime.paths import shipped_folder
from kiosk.web.api.identity import make_identity
from kiosk.web.api.pictures import make_pictures
from kiosk.web.api.presentation import make_presentation
from kiosk.web.api.reader_checks import make_reader_checks
from kiosk.web.api.scans import make_scans
from kiosk.web.api.visit_lookups import make_visit_lookups
from kiosk.web.api.visits import make_visits
from kiosk.web.events import make_events
from kiosk.web.guard import install_guard
from kiosk.web.language import install_language
from kiosk.web.pages.data import make_data
from kiosk.web.pages.entitlement import known_payments, make_entitlement, visit_entitlements
from kiosk.web.pages.entitlement_trial import make_entitlement_trial
from kiosk.web.pages.evidence import make_evidence
from kiosk.web.pages.follow_up import make_follow_up
from kiosk.web.pages.health import make_health
from kiosk.web.pages.incident_report import make_incident_report
from kiosk.web.pages.logbook import make_logbook
from kiosk.web.pages.nightly import make_nightly
from kiosk.web.pages.notice import make_notice
from kiosk.web.pages.outages import make_outages
from kiosk.web.pages.presentation import make_presentation_page
from kiosk.web.pages.readers import make_reader_pages
from kiosk.web.pages.reception import make_reception
from kiosk.web.pages.reporting import make_reporting
from kiosk.web.pages.secrecy import make_secrecy
from kiosk.web.pages.sent_files import make_sent_files
from kiosk.web.pages.suspicions import make_suspicions
from kiosk.web.pages.unfinished import make_unfinished
from kiosk.web.pages.visit_lookups import make_visit_lookup_pages
from kiosk.web.pages.wrong_times import make_wrong_times
from kiosk.web.problems import install_problems
from kiosk.web.status import SharedStatus
from kiosk.web.theme import install_theme
from verify import clinic_day

MAX_BODY_BYTES = 16 * 1024 * 1024  # of a request; a picture is the largest


def create_app(kiosk: Kiosk, stop: threading.Event, extra: Sequence[Blueprint] = ()) -> Flask:
    """Return the web application of a kiosk.

    The event streams end when `stop` is set.  `extra` are blueprints of further pages, such as
    those of the demonstration.
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
    install_guard(app, settings.web.host)
    install_problems(app)
    install_language(app, clock)
    install_theme(app)
    app.jinja_env.globals["facility"] = settings.facility
    app.add_template_filter(
        lambda moment: settings.facility.code_on(clinic_day(moment)), "facility_code"
    )
    app.context_processor(lambda: {"needs_a_person": _count_needing_a_person(kiosk)})
    status = SharedStatus(kiosk.status, kiosk.notifier.version)
    fetch_now = kiosk.feed_schedule.request_update if kiosk.feed_schedule else None
    for blueprint in (
        make_scans(kiosk.desk, clock),
        make_pictures(kiosk.desk, clock),
        make_visits(kiosk.desk, kiosk.visits, settings, clock),
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
        make_events(kiosk.notifier, kiosk.attempts, status, stop),
        make_data(kiosk.data_report, fetch_now),
        make_nightly(kiosk.nightly_runs, clock),
        make_sent_files(kiosk.sent_files),
        make_incident_report(kiosk.incident_reports, clock),
        make_reporting(
            kiosk.reporting,
            kiosk.visits,
            kiosk.deadlines,
            lambda: kiosk.entitlements.law,
            clock,
            settings.insurer.aim_minutes,
        ),
        make_outages(kiosk.outages, kiosk.reporting, settings, clock),
        make_follow_up(kiosk),
        make_suspicions(kiosk),
        make_health(status, kiosk.instance),
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
        make_logbook(
            kiosk.visits,
            kiosk.outbox,
            kiosk.corrections,
            kiosk.settings,
            clock,
            kiosk.deadlines,
        ),
        make_evidence(kiosk.database, kiosk.visits, kiosk.corrections, settings, clock),
        make_secrecy(kiosk.corrections, settings, clock),
        make_unfinished(kiosk.unfinished, settings, clock),
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
    return app


def _count_needing_a_person(kiosk: Kiosk) -> int | None:
    """Return how many messages to the insurer need a person; every page shows the number.

    None if the logbook cannot be read now.
    """
    try:
        counts = kiosk.outbox.counts()
    except LogbookUnavailable:
        return None
    return counts["refused"] + counts["parked"]
