"""The page of enquiries: the value of a card without a visit, and facilities by name.

Everything about a person is sent in bodies and answered as a part of the page: nothing of it is in
an address, in the browser's history or in a log.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from flask import Blueprint, abort, jsonify, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from kiosk.assembly import Kiosk
from kiosk.desk import Enquiries, Enquiry, EnquiryOver
from kiosk.readers import scans_in
from kiosk.settings import Settings
from kiosk.web.api.fields import (
    BadField,
    FieldFault,
    json_object,
    read_born,
    read_field,
    read_page_name,
    read_person,
)
from kiosk.web.card_picture import picture_of, picture_texts
from kiosk.web.enquiry_words import (
    EnquiryLine,
    asked_text,
    log_lines,
    old_answer_of,
    pause_text,
    title_of,
)
from kiosk.web.language import FAULT_WORDS
from kiosk.web.pages.desks import author_here, chosen_desk, readers_of_desk
from kiosk.web.problems import problem
from verify import (
    Birth,
    Outcome,
    clinic_day,
    clinic_midnight,
    full_benefit_since,
    limit_passed_on,
    plain_number,
)

MAX_PAYLOAD = 64 * 1024  # characters
MAX_LINES = 12  # of the log
MAX_FACILITIES = 40  # of a search
PICTURE_FOR = timedelta(hours=16)  # after a scan, as long as its patient may be listed
TONES = {Outcome.ADMITTED: "go", Outcome.UNCONFIRMED: "wait", Outcome.DESK: "stop"}


class Budget(NamedTuple):
    """How many questions may still be asked this hour, and why none may just now, in words."""

    left: int
    most: int
    has_gateway: bool
    may_ask: bool
    paused: str


def make_enquiry(kiosk: Kiosk) -> Blueprint:
    """Return the blueprint of /enquiry."""
    pages = Blueprint("enquiry", __name__, url_prefix="/enquiry")
    enquiries = Enquiries(
        kiosk.query_policy,
        kiosk.gateway.check_card if kiosk.gateway else None,
        kiosk.copayments,
        kiosk.question_log,
        kiosk.remember,
        lambda: kiosk.data.current().knowledge,
        kiosk.clock,
    )
    pages.register_error_handler(BadField, _field_problem)
    pages.register_error_handler(EnquiryOver, _over)
    _add_pages(pages, kiosk, enquiries)
    _add_readings(pages, kiosk, enquiries)
    _add_questions(pages, kiosk, enquiries)
    return pages


def _add_pages(pages: Blueprint, kiosk: Kiosk, enquiries: Enquiries) -> None:
    """Add what says nothing of a person, and the card of a verdict as a picture."""
    settings = kiosk.settings

    @pages.get("")
    def page() -> ResponseReturnValue:
        """Show the empty form, the enquiries of today, and the search for facilities."""
        here, facilities = chosen_desk(settings), kiosk.entitlements.law.facility_list
        return render_template(
            "enquiry/page.html",
            here=here,
            readers=readers_of_desk(settings, here),
            budget=_budget(enquiries),
            log=_log(kiosk),
            facilities=facilities,
        )

    @pages.post("/log")
    def log() -> ResponseReturnValue:
        """Show the enquiries of today, and how many questions are left."""
        return render_template("enquiry/log.html", log=_log(kiosk), budget=_budget(enquiries))

    @pages.post("/facilities")
    def find_facilities() -> ResponseReturnValue:
        """Show the facilities that fit what was typed."""
        body = json_object()
        typed, unit = read_field(body.get("words"), "words"), read_field(body.get("unit"), "unit")
        facilities = kiosk.entitlements.law.facility_list
        found, count = facilities.find(typed, unit, MAX_FACILITIES) if typed or unit else ([], -1)
        return render_template("enquiry/facilities.html", found=found, count=count)

    @pages.get("/attempts/<int(max=999999999999):attempt_id>")
    def of_attempt(attempt_id: int) -> ResponseReturnValue:
        """Show the card of a verdict of these hours as a picture; nobody is asked."""
        now, attempt = kiosk.clock(), kiosk.attempts.get(attempt_id) or abort(404)
        newest = kiosk.attempts.newest_verdict_on(attempt.reading) or attempt
        if newest.verdict.card is None or abs(now - attempt.at) >= PICTURE_FOR:
            abort(404)
        enquiry = enquiries.of_verdict(newest.verdict, author_here(settings))
        return render_template(
            "enquiry/picture_page.html",
            title=title_of(enquiry),
            picture=picture_of(enquiry, kiosk.entitlements, now),
            texts=picture_texts(),
            here=chosen_desk(settings),
        )


def _add_readings(pages: Blueprint, kiosk: Kiosk, enquiries: Enquiries) -> None:
    """Add the ways in which a card or a number comes to the page."""
    settings = kiosk.settings

    @pages.post("/scan")
    def scan() -> ResponseReturnValue:
        """Answer an enquiry about what a keyboard-type reader has read, the last of several."""
        body = json_object()
        payload = body.get("payload")
        if not isinstance(payload, str) or len(payload) > MAX_PAYLOAD:
            return problem(400, "bad_request", '"payload" must be text.')
        enquiries.close(_name_in(body, "before"))
        *_earlier, data = scans_in(payload.encode("utf-8", "surrogatepass"))
        enquiry = enquiries.read(data, author_here(settings), _may_ask(settings))
        return _result(kiosk, enquiries, enquiry)

    @pages.post("/next")
    def next_scan() -> ResponseReturnValue:
        """Say that this page listens; name what its desk's reader has read, to look it up."""
        body = json_object()
        page = read_page_name(body)
        if not page:
            return problem(400, "bad_request", '"page" must be the name of the page.')
        if body.get("leaves") is True:
            kiosk.page_scans.leave(page)
            return "", 204
        found = kiosk.page_scans.listen(page, readers_of_desk(settings, chosen_desk(settings)))
        if not found:
            return "", 204
        return jsonify({"scan": enquiries.hand(found[-1].payload)})

    @pages.post("/taken")
    def taken() -> ResponseReturnValue:
        """Answer an enquiry about what a reader of the desk has read."""
        body = json_object()
        payload = enquiries.take(_name_in(body, "scan"))
        enquiries.close(_name_in(body, "before"))
        enquiry = enquiries.read(payload, author_here(settings), _may_ask(settings))
        return _result(kiosk, enquiries, enquiry)

    @pages.post("/typed")
    def typed() -> ResponseReturnValue:
        """Answer an enquiry about a typed number."""
        body = json_object()
        number = plain_number(read_field(body.get("number"), "number"))
        if not number:
            raise BadField("number", FieldFault.MISSING)
        holder, born = _holder_in(body, kiosk)
        enquiries.close(_name_in(body, "before"))
        author = author_here(settings)
        enquiry = enquiries.read_typed(number, holder, born, author, _may_ask(settings))
        return _result(kiosk, enquiries, enquiry)


def _add_questions(pages: Blueprint, kiosk: Kiosk, enquiries: Enquiries) -> None:
    """Add what a clerk does with an enquiry: ask about it, and close it."""
    settings = kiosk.settings

    @pages.post("/ask")
    def ask() -> ResponseReturnValue:
        """Ask the insurer about the card of an enquiry now, with name and birth if typed."""
        body = json_object()
        holder, born = _holder_in(body, kiosk)
        enquiry = enquiries.ask(_name_in(body, "name"), author_here(settings), holder, born)
        return _result(kiosk, enquiries, enquiry)

    @pages.post("/payments")
    def ask_payments() -> ResponseReturnValue:
        """Ask what the holder of the card has paid this year."""
        name = _name_in(json_object(), "name")
        enquiry = enquiries.ask_payments(name, author_here(settings))
        return _result(kiosk, enquiries, enquiry)

    @pages.post("/close")
    def close() -> ResponseReturnValue:
        """Forget an enquiry: the clerk has cleared it, or the page was left."""
        enquiries.close(_name_in(json_object(), "name"))
        return "", 204


def _result(kiosk: Kiosk, enquiries: Enquiries, enquiry: Enquiry) -> str:
    """Return what is known of a card as a part of the page."""
    card, now, law = enquiry.card, kiosk.clock(), kiosk.entitlements.law
    picture = picture_of(enquiry, kiosk.entitlements, now)
    known, passed_on = enquiry.payments, None
    if known is not None and known.statement.running_totals:
        passed_on = limit_passed_on(known.statement.running_totals, law)
    five_years_on = picture.five_years_on if picture else None
    return render_template(
        "enquiry/result.html",
        enquiry=enquiry,
        card=card,
        coverage=enquiry.coverage,
        title=title_of(enquiry),
        tone=TONES[enquiry.verdict.outcome] if card else "calm",
        old_answer=old_answer_of(enquiry),
        asked=asked_text(enquiry),
        picture=picture,
        texts=picture_texts(),
        benefit=kiosk.entitlements.benefit_of(card, enquiry.coverage, now) if card else None,
        five_years_reached=five_years_on is not None and five_years_on <= clinic_day(now),
        payments=known,
        full_since=full_benefit_since(passed_on, five_years_on),
        passed_on=passed_on,
        budget=_budget(enquiries),
        here=chosen_desk(kiosk.settings),
    )


def _budget(enquiries: Enquiries) -> Budget:
    left, most = enquiries.budget()
    paused = enquiries.pause()
    may_ask = enquiries.has_gateway and paused is None
    return Budget(left, most, enquiries.has_gateway, may_ask, pause_text(paused))


def _log(kiosk: Kiosk) -> list[EnquiryLine]:
    """Return the newest enquiries of today."""
    since = clinic_midnight(kiosk.clock())
    return log_lines(kiosk.lookups.enquiries(since, MAX_LINES))


def _may_ask(settings: Settings) -> bool:
    """Return whether a scan may lead to a question: not at a desk that never asks by itself."""
    rules = {rule.name: rule.ask for rule in settings.desks}
    return rules.get(chosen_desk(settings), settings.insurer.ask) != "never"


def _holder_in(body: Mapping[str, object], kiosk: Kiosk) -> tuple[str, Birth | None]:
    today = clinic_day(kiosk.clock())
    return read_person(body.get("holder"), "holder"), read_born(body.get("born"), "born", today)


def _name_in(body: Mapping[str, object], key: str) -> str:
    name = body.get(key)
    return name if isinstance(name, str) else ""


def _field_problem(exc: BadField) -> ResponseReturnValue:
    said = FAULT_WORDS.get(exc.fault) if exc.fault else None
    text = str(said or _("This cannot be read. Write it as in the example."))
    return problem(400, "bad_request", str(exc), field=exc.name, fault=exc.fault, words=text)


def _over(_exc: EnquiryOver) -> ResponseReturnValue:
    text = _("This enquiry is closed. Scan the card or type the number again.")
    return problem(410, "enquiry_over", "The enquiry is closed.", words=str(text))
