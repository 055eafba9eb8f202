"""From a Scan and a Verdict to a Visit, and to the people at the desk."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import Flask
from flask.json.provider import DefaultJSONProvider

from kiosk.checkup import Checkups
from kiosk.desk import Copayments, Desk, Entitlements, Screen
from kiosk.errors import LogbookUnavailable
from kiosk.logbook import Attempts, Corrections, Difficulties, Jobs, Outbox, Visits
from kiosk.pages.api import make_pictures, make_reader_checks, make_scans, make_visits
from kiosk.pages.checkup import make_checkup
from kiosk.pages.data import Report, make_data
from kiosk.pages.demo import Drill, make_demo
from kiosk.pages.difficulties import make_difficulties
from kiosk.pages.entitlement import make_entitlement, told_of
from kiosk.pages.events import make_events
from kiosk.pages.guard import install_guard
from kiosk.pages.health import make_health
from kiosk.pages.language import install_language
from kiosk.pages.logbook import make_logbook
from kiosk.pages.nightly import make_nightly
from kiosk.pages.problems import install_problems
from kiosk.pages.reception import make_reception
from kiosk.pages.status import SharedStatus, Status
from kiosk.pages.training import make_training
from kiosk.places import place
from kiosk.settings import Settings

MAX_BODY = 16 * 1024 * 1024  # bytes: a picture


@dataclass(frozen=True, slots=True)
class Parts:
    """What the pages read; built by run_kiosk."""

    settings: Settings
    desk: Desk
    screen: Screen
    attempts: Attempts
    visits: Visits
    outbox: Outbox
    corrections: Corrections
    jobs: Jobs
    difficulties: Difficulties
    checkups: Checkups
    entitlements: Entitlements
    copayments: Copayments
    status: Status
    clock: Callable[[], datetime]
    stop: threading.Event
    data_report: Report
    fetch_now: Callable[[], None] | None = None  # where there is a feed
    sandbox_url: str | None = None  # in demo mode
    drill: Drill | None = None  # in demo mode


def create_app(parts: Parts) -> Flask:
    """Return the web application."""
    app = Flask(
        "kiosk", template_folder=str(place("templates")), static_folder=str(place("static"))
    )
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    provider = DefaultJSONProvider(app)
    provider.ensure_ascii = provider.sort_keys = False
    app.json = provider
    install_guard(app, parts.settings.web.host)
    install_problems(app)
    install_language(app, parts.clock)
    app.jinja_env.globals["facility"] = parts.settings.facility
    app.context_processor(lambda: {"needs_a_person": _troubled(parts.outbox)})
    status = SharedStatus(parts.status, parts.screen.rings)
    app.register_blueprint(make_scans(parts.desk, parts.clock))
    app.register_blueprint(make_pictures(parts.desk, parts.clock))
    app.register_blueprint(make_visits(parts.desk, parts.visits))
    app.register_blueprint(make_reader_checks(parts.checkups))
    app.register_blueprint(make_checkup(parts.checkups, status, parts.settings))
    app.register_blueprint(make_events(parts.screen, parts.attempts, status, parts.stop))
    app.register_blueprint(make_data(parts.data_report, parts.fetch_now))
    app.register_blueprint(make_nightly(parts.jobs, parts.clock))
    app.register_blueprint(make_difficulties(parts.difficulties, parts.clock))
    app.register_blueprint(make_health(status))
    app.register_blueprint(make_training(parts.entitlements, parts.clock))
    app.register_blueprint(
        make_entitlement(parts.entitlements, parts.copayments, parts.attempts, parts.clock)
    )
    app.register_blueprint(make_logbook(parts.visits, parts.outbox, parts.corrections, parts.clock))
    app.register_blueprint(
        make_reception(
            parts.attempts,
            parts.visits,
            status,
            parts.settings,
            parts.copayments.can_ask,
            told_of(parts.entitlements),
        )
    )
    if parts.sandbox_url is not None and parts.drill is not None:
        demo = make_demo(parts.desk, parts.sandbox_url, parts.clock, parts.drill)
        app.register_blueprint(demo)
    return app


def _troubled(outbox: Outbox) -> int | None:
    """Return how many visits need a person, for every page; None: that cannot be read now."""
    try:
        counts = outbox.counts()
    except LogbookUnavailable:
        return None
    return counts["refused"] + counts["parked"]
