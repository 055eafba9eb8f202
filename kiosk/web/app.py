"""The application factory: builds the web application of one kiosk from its parts."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from flask import Blueprint, Flask
from flask.json.provider import DefaultJSONProvider

from kiosk.assembly import Kiosk
from kiosk.logbook import LogbookUnavailable
from kiosk.runtime.paths import shipped_folder
from kiosk.web.api.pictures import make_pictures
from kiosk.web.api.reader_checks import make_reader_checks
from kiosk.web.api.scans import make_scans
from kiosk.web.api.visits import make_visits
from kiosk.web.events import make_events
from kiosk.web.guard import install_guard
from kiosk.web.language import install_language
from kiosk.web.pages.data import make_data
from kiosk.web.pages.entitlement import make_entitlement, visit_entitlements
from kiosk.web.pages.entitlement_trial import make_entitlement_trial
from kiosk.web.pages.health import make_health
from kiosk.web.pages.incident_report import make_incident_report
from kiosk.web.pages.logbook import make_logbook
from kiosk.web.pages.nightly import make_nightly
from kiosk.web.pages.outages import make_outages
from kiosk.web.pages.readers import make_reader_pages
from kiosk.web.pages.reception import make_reception
from kiosk.web.pages.reporting import make_reporting
from kiosk.web.problems import install_problems
from kiosk.web.status import SharedStatus

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
    app.jinja_env.globals["facility"] = settings.facility
    app.context_processor(lambda: {"needs_a_person": _count_needing_a_person(kiosk)})
    status = SharedStatus(kiosk.status, kiosk.notifier.version)
    fetch_now = kiosk.feed_schedule.request_update if kiosk.feed_schedule else None
    for blueprint in (
        make_scans(kiosk.desk, clock),
        make_pictures(kiosk.desk, clock),
        make_visits(kiosk.desk, kiosk.visits, kiosk.settings),
        make_reader_checks(kiosk.checkups),
        make_reader_pages(kiosk.checkups, status, settings),
        make_events(kiosk.notifier, kiosk.attempts, status, stop),
        make_data(kiosk.data_report, fetch_now),
        make_nightly(kiosk.nightly_runs, clock),
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
        make_health(status),
        make_entitlement_trial(kiosk.entitlements, clock),
        make_entitlement(kiosk.entitlements, kiosk.copayments, kiosk.attempts, clock),
        make_logbook(
            kiosk.visits,
            kiosk.outbox,
            kiosk.corrections,
            kiosk.settings,
            clock,
            kiosk.deadlines,
        ),
        make_reception(
            kiosk.attempts,
            kiosk.visits,
            status,
            settings,
            kiosk.copayments.can_ask,
            visit_entitlements(kiosk.entitlements),
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
