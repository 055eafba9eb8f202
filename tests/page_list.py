"""The pages of the program by their endpoints, and the endpoints that are no pages."""

from __future__ import annotations

# The pages, by the endpoint that serves them: names of views, what they show, and paths.
PAGES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "logbook.visits_page": (("logbook", "the logbook", "/logbook"),),
    "logbook.visit_page": (
        ("visit", "a visit, to correct or cancel", "/logbook/visits/{visit}"),
        ("visit-cancelled", "a cancelled visit", "/logbook/visits/{cancelled}"),
        ("visit-unknown", "the visit of an unknown patient", "/logbook/visits/{unknown}"),
        ("visit-newborn", "the visit of a newborn", "/logbook/visits/{newborn}"),
    ),
    "logbook_file.page": (("logbook-file", "the logbook's file and its backups", "/logbook/file"),),
    "person.page": (
        ("person-visits", "all visits of one person", "/logbook/visits/{visit}/person"),
    ),
    "logbook.tray": (("tray", "messages that need a person", "/logbook/tray"),),
    "data.page": (("data", "the data and how old they are", "/data"),),
    "demo.drill_page": (("drill", "the outage drill", "/demo/drill"),),
    "demo.phone": (
        ("phone", "a pretend phone with a signed card", "/demo/phones/quynh"),
        ("phone-other", "a pretend phone with a payment code", "/demo/phones/no-card"),
    ),
    "entitlement_trial.empty": (("entitlement", "a trial of the entitlement", "/entitlement"),),
    "follow_up.cases": (("cases", "cases to follow up", "/logbook/cases"),),
    "follow_up.identity": (
        ("identity", "an unknown patient is identified", "/logbook/visits/{unknown}/identity"),
    ),
    "follow_up.commune": (
        ("commune", "which commune was informed", "/logbook/visits/{unknown}/commune"),
    ),
    "follow_up.slip": (
        ("slip", "the slip of an unknown patient", "/logbook/visits/{unknown}/slip"),
    ),
    "follow_up.temporary_code": (
        (
            "temporary-code",
            "the temporary number of a newborn",
            "/logbook/visits/{newborn}/temporary-code",
        ),
    ),
    "help.page": (("help", "help with VssID and VNeID", "/help"),),
    "help.trouble": (("help-trouble", "a question on which sources differ", "/help/troubles/T07"),),
    "help.guide": (("help-guide", "a guide, step by step", "/help/guides/register-vssid"),),
    "help_counts.month": (("help-counts", "what was helped with", "/help/counts"),),
    "incident_report.report": (
        ("difficulties", "the report of difficulties", "/logbook/difficulties"),
    ),
    "nightly.report": (("nightly", "the nightly job", "/logbook/nightly"),),
    "notice.notice": (("notice", "the level of the facility, for the hall", "/notice"),),
    "outages.overview": (("outages", "outages", "/logbook/outages"),),
    "outages.outage_page": (("outage", "an outage", "/logbook/outages/{outage}"),),
    "presentation_page.form": (
        (
            "presentation",
            "a card that is presented later",
            "/logbook/visits/{uninsured}/presentation",
        ),
    ),
    "readers.overview": (("readers", "the readers", "/readers/"),),
    "readers.check": (("reader-check", "the check of a reader", "/readers/check"),),
    "readers.sheet": (("reader-sheet", "the sheet of codes for it", "/readers/sheet"),),
    "reporting.overview": (("reporting", "figures of a month", "/logbook/reporting"),),
    "reporting.visits_of": (
        ("reporting-visits", "the visits behind a figure", "/logbook/reporting/{month}/visits"),
    ),
    "suspicions.listed": (("suspicions", "suspicions of misuse", "/logbook/suspicions"),),
    "suspicions.single": (("suspicion", "a suspicion", "/logbook/suspicions/{suspicion}"),),
    "suspicions.new": (
        ("suspicion-new", "a new suspicion", "/logbook/suspicions/new?reading={reading}"),
    ),
    "wrong_times.overview": (("wrong-times", "wrong times", "/logbook/wrong-times"),),
    "enquiry.page": (("enquiry", "a card is looked up without a visit", "/enquiry"),),
    "enquiry.of_attempt": (
        ("card-picture", "the card of a verdict as a picture", "/enquiry/attempts/1"),
    ),
    "call_display.page": (
        ("display", "the numbers that are called, for the hall", "/display/calls"),
    ),
    "day.day_end": (("day", "the end of the day", "/day"),),
    "reports.overview": (
        ("report", "the report of a month", "/reports?period={month}"),
        ("report-wrong", "a report of days that cannot be", "/reports?from=30/02/2026&to=1/3/2026"),
    ),
    "reports.visits_of": (
        ("report-visits", "the visits behind a figure", "/reports/visits?period={month}&by=all"),
    ),
    "reports.readings_of": (
        (
            "report-readings",
            "the readings behind a figure",
            "/reports/readings?period={month}&count=all",
        ),
    ),
    "reports.questions_of": (
        (
            "report-questions",
            "the questions to the insurer behind a figure",
            "/reports/questions?period={month}&result=no_answer",
        ),
    ),
    "reports.contacts": (("contacts", "the patients to contact", "/reports/contacts"),),
    "paper.overview": (("paper", "numbered sheets for a power cut", "/paper"),),
    "paper.sheet_page": (("paper-sheet", "the lines of a sheet", "/paper/1"),),
    "paper_entry.form": (("paper-entry", "a sheet is entered", "/paper/entry"),),
    "patient_display.page": (
        ("display-patient", "the patient's second screen", "/display/patient"),
    ),
    "preparation.form": (
        ("preparation", "the preparation sheet for VssID and VNeID", "/help/preparation"),
    ),
    "preparation.consents_page": (
        ("consents", "what patients agreed to", "/help/preparation/consents"),
    ),
    "queue.page": (("queue", "the next number is called", "/queue"),),
    "rooms.page": (("rooms", "the rooms", "/rooms"),),
    "self_service.page": (("self", "self-service", "/self"),),
    "sign_in.page": (("sign-in", "the sign-in", "/sign-in"),),
    "sign_in.first": (("first", "the first administrator is made", "/sign-in/first"),),
    "staff.page": (("staff", "the members of staff", "/staff"),),
    "own_account.page": (("account", "one's own account", "/staff/me"),),
    "api_tokens.page": (("tokens", "the API tokens", "/staff/tokens"),),
    "accesses.page": (("accesses", "who looked at whose data", "/staff/accesses"),),
    "privacy.kept": (("kept", "what is kept, and how long", "/privacy"),),
    "person_requests.listed": (("requests", "requests of persons", "/privacy/requests"),),
    "person_requests.single": (("request", "a request of a person", "/privacy/requests/1"),),
    "person_data.search": (("person", "one person's data are searched", "/privacy/person"),),
    "breaches.listed": (("breaches", "breaches", "/privacy/breaches"),),
    "breaches.single": (("breach", "a breach", "/privacy/breaches/1"),),
    "access_reviews.page": (("access", "who may do what, to review", "/privacy/access"),),
    "ticket_prints_page.to_print": (("ticket", "a ticket, to print", "/tickets/1/print"),),
}

# Endpoints that answer GET and are no pages: parts of pages, files, and answers for programs.
PARTS = {
    "breaches.notice",
    "data.now",
    "day.paper",
    "entitlement.at_desk",
    "events.stream",
    "fhir.of_visit",
    "openapi.document",
    "evidence.data",
    "evidence.paper",
    "person.exam",
    "person.paper",
    "health.healthz",
    "health.ping",
    "health.readyz",
    "help.guide_paper",
    "help.trouble_paper",
    "help_counts.poster",
    "nightly.table",
    "readers.results",
    "report_files.file",
    "report_files.paper",
    "reception.recent",
    "reception.state",
    "reception.verdict",
    "sent_files.sent_file",
    "static",
    "unfinished.show",
    "call_display.calls",
    "family.show",
    "paper.pdf",
    "paper_entry.show_scanned",
    "paper_entry.show_sheet",
    "patient_display.events",
    "patient_display.guide",
    "patient_display.state",
    "queue.state",
    "self_service.show_guides",
    "self_service.status",
    "sign_in.session",
    "ticket_prints.state",
    "visits.list_visits",
}
DESK_ENDPOINT = "reception.desk"  # its states are in DESK
