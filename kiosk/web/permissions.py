"""The table of permissions: who may call which route. Everything else is refused.

1.  A row is a method and an endpoint: one endpoint may read and write.
2.  A route without a row stops the start; a row without a route is caught by a test.  A route that
    is added later is answered 401 or 403: the table fails closed.
3.  The check stands before all others.  An unknown path and a wrong method have no endpoint: they
    are answered 401 to strangers, so that the routes do not show, and 404 or 405 to others.
4.  OPTIONS is refused to all: two endpoints may share a path, and it would go to either.
5.  Where a clerk needs a supervisor's approval, the row says for which action.  The view uses the
    approval up in the transaction of its change (`approval_here`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from flask import Flask, Response, current_app, g, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from kiosk.staff import NotApproved, Role
from kiosk.web.callers import (
    LOCAL,
    LOCKED,
    NO_FACTOR,
    NOBODY,
    PUBLIC,
    SCOPES,
    Callers,
    Mode,
    caller_here,
    is_on_this_machine,
)
from kiosk.web.problems import PAGE_TYPE, PROBLEM_TYPE, problem

log = logging.getLogger(__name__)

ADMINISTRATORS = frozenset({Role.ADMINISTRATOR.value})
SUPERVISORS = ADMINISTRATORS | {Role.SUPERVISOR.value}
DESK = SUPERVISORS | {Role.CLERK.value}
SCREEN = frozenset({Role.KIOSK.value})
ANY = DESK | SCREEN | {LOCKED, NO_FACTOR}  # everybody who is signed in
UNREADY = frozenset({LOCKED, NO_FACTOR})  # signed in, but something is missing
EVERYBODY = frozenset({PUBLIC})
MONITORING = frozenset({LOCAL, "scope:metrics"})  # programs on this machine, and with a token

# The rows: who may call what.
TABLE: Mapping[frozenset[str], str] = {
    EVERYBODY: """
        GET static  GET health.healthz  GET health.ping  GET health.readyz
        GET sign_in.page  POST sign_in.enter  GET sign_in.first  POST sign_in.begin
        POST sign_in.take_badge
    """,
    ANY: """
        GET sign_in.session  POST sign_in.lock  POST sign_in.leave
    """,
    DESK | SCREEN: """
        GET call_display.page  GET call_display.calls
        GET patient_display.page  GET patient_display.state  GET patient_display.events
        GET patient_display.guide
        GET notice.notice
    """,
    SCREEN: """
        POST self_service.begin  POST self_service.call_staff  POST self_service.end
        POST self_service.frame  POST self_service.scan  GET self_service.status
        POST self_service.take_nothing  GET self_service.show_guides
        POST self_service.note_view
    """,
    SCREEN | ADMINISTRATORS: """
        GET self_service.page
    """,
    MONITORING: """
        GET metrics.scrape
    """,
    DESK: """
        GET reception.desk  GET reception.recent  GET reception.state  GET reception.verdict
        GET events.stream  POST typed_numbers.explain
        POST reader_checks.end  POST reader_checks.look  POST reader_checks.not_read
        POST reader_checks.typed
        GET readers.check  GET readers.overview  GET readers.results  GET readers.sheet
        GET entitlement.at_desk  POST entitlement.ask_copayments
        GET entitlement_trial.empty  POST entitlement_trial.explained
        GET family.show  GET unfinished.show  POST unfinished.set_aside
        POST staff_calls.answer  POST patient_display.again
        GET ticket_prints_page.to_print
        GET queue.page  GET queue.state  POST queue.act  GET rooms.page
        GET data.page  GET data.now  POST data.fetch
        GET day.day_end  POST day.close  GET day.paper
        GET reports.overview  GET reports.visits_of  GET report_files.paper
        GET reports.readings_of  GET reports.questions_of
        GET facility.search  POST facility.find  POST facility.found  POST facility.scanned
        POST facility.open_older  GET facility.visit  POST facility.correct
        GET facility.tray  GET facility.day  GET facility.report
        GET facility.differing  POST facility.choose
        GET logbook.visits_page  POST logbook.find  POST logbook.found  POST logbook.scanned
        GET person.page  GET person.exam  POST person.history
        GET logbook.visit_page  GET logbook.tray
        POST logbook.correct  POST logbook.check_fields
        POST logbook.send_again  POST logbook.send_all_again
        GET presentation_page.form  POST presentation_page.present
        GET follow_up.cases  GET follow_up.slip
        GET follow_up.commune  POST follow_up.commune
        GET follow_up.identity  POST follow_up.identity
        GET follow_up.temporary_code  POST follow_up.temporary_code
        POST visit_lookups_page.admit  POST visit_lookups_page.decide
        POST visit_lookups_page.look_up
        GET suspicions.new  POST suspicions.new
        GET outages.overview  GET outages.outage_page
        GET paper.overview  POST paper.make  POST paper.make_void  GET paper.pdf
        GET paper.sheet_page
        POST paper_entry.enter  GET paper_entry.form  POST paper_entry.show_line
        GET paper_entry.show_scanned  GET paper_entry.show_sheet
        POST desks.choose
        GET enquiry.page  GET enquiry.of_attempt  POST enquiry.ask  POST enquiry.ask_payments
        POST enquiry.close  POST enquiry.find_facilities  POST enquiry.log
        POST enquiry.next_scan  POST enquiry.scan  POST enquiry.taken  POST enquiry.typed
        GET help.page  GET help.guide  GET help.guide_paper  GET help.trouble
        GET help.trouble_paper  GET help_counts.month  GET help_counts.poster
        POST help.found  POST help.guide_helped  POST help.helped  POST help.hide
        POST help.print_guide  POST help.print_trouble  POST help.search  POST help.show
        POST help.show_trouble  POST help.hide_trouble
        GET preparation.consents_page  GET preparation.form  POST preparation.consent
        POST preparation.leave  POST preparation.pdf  POST preparation.preview
        POST preparation.read_card  POST preparation.show_scanned  POST preparation.withdraw
        POST approvals.give
        GET sending.page
    """,
    DESK | {NO_FACTOR}: """
        GET own_account.page  POST own_account.change_pin  POST own_account.offer_factor
        POST own_account.confirm_factor
    """,
    DESK | {"scope:scan"}: """
        POST scans.scan  POST scans.add_holder  POST pictures.frame  POST pictures.picture
    """,
    DESK | {"scope:visit"}: """
        POST visits.confirm  POST visits.outcome  POST presentation.present
        POST identity.join  POST identity.temporary_code  POST identity.undo
        POST visit_lookups.look_up  POST ticket_prints.ask  GET ticket_prints.state
        POST queue_numbers.expect
    """,
    DESK | {"scope:admit"}: """
        POST visit_lookups.admit
    """,
    DESK | {"scope:read"}: """
        GET visits.list_visits
    """,
    SUPERVISORS | {"scope:read"}: """
        GET fhir.of_visit
    """,
    DESK | SCOPES: """
        GET openapi.document
    """,
    SUPERVISORS: """
        POST logbook.close  POST secrecy.change  GET sent_files.sent_file
        GET nightly.report  GET nightly.table  GET incident_report.report
        GET reporting.overview  GET reporting.visits_of
        POST outages.add  POST outages.change_outage
        POST suspicions.with_numbers  POST incident_report.with_numbers
        GET suspicions.listed  GET suspicions.single  POST suspicions.single
        GET wrong_times.overview  POST wrong_times.accept_all  POST wrong_times.settle
        POST rooms.change  GET accesses.page  GET privacy.kept
        GET reports.contacts  POST reports.mark
        GET person_requests.listed  POST person_requests.add
        GET person_requests.single  POST person_requests.single
        GET person_data.search  POST person_data.find  POST person_data.show
        POST person_data.data  POST person_data.paper  POST person_data.erase
        GET breaches.listed  POST breaches.add  GET breaches.single  POST breaches.single
        GET breaches.notice  GET access_reviews.page  POST access_reviews.sign_off
        GET logbook_file.page  POST logbook_file.go_on
        GET doctor.page
        POST sending.take  POST sending.let_go
    """,
    ADMINISTRATORS: """
        POST self_service.begin_here
        GET staff.page  POST staff.add  POST staff.change  POST staff.deactivate
        POST staff.activate  POST staff.reset_pin  POST staff.make_badge
        POST staff.revoke_badge  POST staff.forget_factor  POST staff.end_session
        POST staff.make_screen
        GET api_tokens.page  POST api_tokens.make  POST api_tokens.revoke
        GET setup.overview  GET setup.step  GET setup.state
        POST setup.change  POST setup.restart
        POST doctor.check  POST doctor.bundle
    """,
}
# What supervisors may do, and clerks with an approval of the action.  `[staff] approve` lists the
# actions for which the site wants one.
WITH_APPROVAL: Mapping[str, str] = {
    "cancel": "POST logbook.cancel  POST facility.cancel",
    "export": """
        GET evidence.data  GET evidence.paper  POST evidence.data  POST evidence.paper
        GET report_files.file  POST report_files.file
        GET person.paper  POST person.paper  POST logbook.export
    """,
    "join": "POST person.join  POST person.undo",
    "unmask": "POST logbook.show_numbers",
}
# The same, where it depends on what is asked for: a patient is admitted against the advice.
SOME_APPROVAL: Mapping[str, str] = {"admit": "POST visits.confirm"}
EXTENSION = "kiosk.permissions"  # the name in `app.extensions`
# The routes of the demonstration, which a site does not have.
DEMO_TABLE: Mapping[frozenset[str], str] = {
    DESK: "GET demo.drill_page  GET demo.phone  POST demo.play  POST demo.scan",
    EVERYBODY: "POST pretending.switch",
}

# What is answered although the logbook, which says who calls, cannot be read: nothing secret.
WITHOUT_LOGBOOK = frozenset({"static", "health.ping", "health.healthz", "health.readyz"})

Row = tuple[str, str]  # a method and an endpoint


def _rows(text: str) -> list[Row]:
    words = text.split()
    return list(zip(words[::2], words[1::2], strict=True))


APPROVALS: dict[Row, str] = {
    row: action for action, text in WITH_APPROVAL.items() for row in _rows(text)
}
SOME_APPROVALS: dict[Row, str] = {
    row: action for action, text in SOME_APPROVAL.items() for row in _rows(text)
}
RULES: dict[Row, frozenset[str]] = {
    row: who for table in (TABLE, DEMO_TABLE) for who, text in table.items() for row in _rows(text)
} | {row: DESK for row in APPROVALS}


def install_permissions(app: Flask, callers: Callers, approve: Iterable[str]) -> None:
    """Check each request against the table before anything else sees it.

    `approve` are the actions for which a clerk needs an approval.  Call it when all routes are
    there: raises RuntimeError if one of them has no row.
    """
    app.extensions[EXTENSION] = frozenset(approve)
    missing = sorted(served(app) - RULES.keys())
    if missing:
        raise RuntimeError(f"routes without a row in kiosk/web/permissions.py: {missing}")

    def check() -> AnyResponse | None:
        row = (_method(), request.endpoint or "")
        allowed = RULES.get(row, frozenset())
        is_here = LOCAL in allowed and is_on_this_machine()
        if (request.endpoint in WITHOUT_LOGBOOK and row in RULES) or is_here:
            g.caller = NOBODY
            return None
        g.caller = caller = callers.of_request()
        if not request.endpoint and caller.powers - UNREADY and request.method != "OPTIONS":
            return None  # no such path: 404, 405 or 400
        if not allowed & (caller.powers | {PUBLIC}):
            return refuse()
        if needs_approval(*row) and row in APPROVALS and not _offers_approval():
            return problem(
                403, "approval_needed", "A supervisor has to approve this.", action=APPROVALS[row]
            )
        return None

    app.before_request_funcs.setdefault(None, []).insert(0, check)
    app.register_error_handler(NotApproved, _not_approved)


def install_staff_words(app: Flask) -> None:
    """Let the templates ask who calls, and what the caller may do."""
    app.add_template_global(caller_here, "caller")
    app.add_template_global(may)
    app.add_template_global(may_without_approval)


def needs_approval(method: str, endpoint: str) -> str:
    """Return the action for which the caller needs an approval on a route; empty if for none."""
    row, caller = (method, endpoint), caller_here()
    action = APPROVALS.get(row) or SOME_APPROVALS.get(row, "")
    is_free = caller.token is not None or caller.powers & SUPERVISORS
    return "" if is_free or action not in current_app.extensions[EXTENSION] else action


def served(app: Flask) -> set[Row]:
    """Return the rows that the routes of an application need."""
    return {
        (method, rule.endpoint)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def may(method: str, endpoint: str) -> bool:
    """Return whether the caller may call a route; pages show only what may be done."""
    return bool(RULES[method, endpoint] & (caller_here().powers | {PUBLIC}))


def may_without_approval(method: str, endpoint: str) -> bool:
    """Return whether the caller may call a route by themselves."""
    return may(method, endpoint) and not needs_approval(method, endpoint)


def refuse() -> AnyResponse:
    """Return the answer to a caller who may not: 401 if nobody is signed in, else 403.

    A browser that opens a page gets a page.
    """
    caller = caller_here()
    is_page = request.accept_mimetypes.best_match([PROBLEM_TYPE, PAGE_TYPE]) == PAGE_TYPE
    if caller.powers == {NO_FACTOR}:
        if is_page and request.method in ("GET", "HEAD"):
            return redirect("/staff/me", 303)
        return problem(403, "second_factor_needed", "Set up the second factor first.")
    if caller.powers - {LOCKED}:
        who = caller.author("")
        log.info("refused %s %s to %s", _method(), request.endpoint or "an unknown path", who)
        if is_page:
            return _page("staff/refused.html", 403)
        return problem(403, "not_allowed", "This needs another role, or another scope.")
    if is_page and request.method in ("GET", "HEAD") and caller.mode is not Mode.NOBODY_YET:
        return _page("staff/sign_in.html", 401)
    kind = "locked" if caller.is_locked else "sign_in_required"
    return problem(401, kind, "Sign in first: the session has ended, is locked, or never began.")


def permission_rows(app: Flask) -> Iterable[tuple[str, str, frozenset[str], str]]:
    """Return method, path, who may, and the action that clerks need an approval of; by path."""
    found = [
        (
            method,
            rule.rule,
            RULES[method, rule.endpoint],
            APPROVALS.get((method, rule.endpoint), ""),
        )
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    ]
    return sorted(found, key=lambda row: (row[1], row[0]))


def _page(template: str, status: int) -> Response:
    return Response(render_template(template, said="", next_path=_next_path()), status)


def _next_path() -> str:
    return request.full_path.rstrip("?") if request.method == "GET" else "/"


def _method() -> str:
    return "GET" if request.method == "HEAD" else request.method


def _offers_approval() -> bool:
    return bool(
        request.headers.get("X-Approval")
        or request.form.get("approval")
        or request.form.get("approver")
    )


def _not_approved(_exc: Exception) -> Response:
    detail = "The approval is missing, was used, is too old, or is for something else."
    return problem(403, "approval_needed", detail)
