"""The page on which anyone can try what patients are entitled to, with the rules that decide.

A case is sent in the body of a form, never in a URL, and it is not stored.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from kiosk.desk import Entitlements
from kiosk.insurer import ARRIVALS
from kiosk.web.api.fields import BadField, read_field, read_typed_date, read_typed_day
from kiosk.web.language import arrival_text, day_text
from verify import (
    CARES,
    LEVELS,
    TIERS,
    BadCase,
    RoutingInput,
    clinic_day,
    entitle,
    situation_from_case,
)

AREAS = ("", "K1", "K2", "K3")
ANNEXES = ("", "annex_1", "annex_2")
LISTED = ("", "yes", "no")
DATE_FIELDS = ("visit_date", "born", "five_years_since", "slip")
AMOUNT_FIELDS = ("copaid_this_year_vnd", "cost_vnd")
FIELDS = (
    *(*DATE_FIELDS, *AMOUNT_FIELDS, "object_code", "benefit_digit", "living_area", "arrival"),
    *("care", "annex", "level", "score", "former_tier", "listed"),
)

SITUATION_WORDS = {
    "": _l("not known"),
    "outpatient": _l("outpatient"),
    "inpatient": _l("inpatient"),
    "annex_1": _l("Annex I"),
    "annex_2": _l("Annex II"),
    "ban_dau": _l("initial level"),
    "co_ban": _l("basic level"),
    "chuyen_sau": _l("specialised level"),
    "xa": _l("commune"),
    "huyen": _l("district"),
    "tinh": _l("provincial"),
    "trung_uong": _l("central"),
    "none": _l("none"),
    "yes": _l("yes"),
    "no": _l("no"),
}
CONDITION_WORDS = {
    "arrival": _l("came another way"),
    "care": _l("other type of care"),
    "living_area": _l("living area"),
    "diagnosis": _l("only if a doctor diagnoses such a disease"),
    "level": _l("other level"),
    "former_tier": _l("other former tier"),
    "listed": _l("commune station or not"),
    "score": _l("other number of points"),
}


def make_entitlement_trial(entitlements: Entitlements, clock: Callable[[], datetime]) -> Blueprint:
    """Return the blueprint of /entitlement."""
    blueprint = Blueprint("entitlement_trial", __name__)

    @blueprint.get("/entitlement")
    def empty() -> ResponseReturnValue:
        """Show the form with a case of this facility, today."""
        here = entitlements.here
        listed = {True: "yes", False: "no", None: ""}[here.listed]
        today = day_text(clinic_day(clock()).isoformat())
        case = {
            "visit_date": today,
            "arrival": "self",
            "care": "outpatient",
            "level": here.level,
            "score": f"{here.score:g}" if here.score else "",
            "former_tier": here.former_tier,
            "listed": listed,
        }
        return _page(dict.fromkeys(FIELDS, "") | case)

    @blueprint.post("/entitlement")
    def explained() -> ResponseReturnValue:
        """Show what the case in the form is entitled to, with the trail of rules."""
        typed = {name: request.form.get(name, "") for name in FIELDS}
        law = entitlements.law
        try:
            form = {name: read_field(typed[name], name) for name in FIELDS}
            situation = situation_from_case(_case(form, entitlements.here.code), law)
        except (BadCase, BadField) as exc:
            name, fault = (exc.name, exc.fault) if isinstance(exc, BadField) else (exc.key, None)
            name = name.removeprefix("facility.").removesuffix(".signed_on")
            text = _("This value is not valid: check the marked field.")
            return _page(typed, problem=text, wrong=name, fault=fault), 400
        entitlement = entitle(situation, law)
        way = RoutingInput.from_situation(situation)._replace(arrival=entitlement.arrival)
        return _page(form, answer=entitlement, steps=law.trail(way))

    return blueprint


def _case(form: dict[str, str], code: str) -> dict[str, Any]:
    """Return the form as a case (docs/entitlement.md).  Empty fields are left out.

    Raises BadField if a date cannot be read.
    """
    case: dict[str, Any] = {name: value for name, value in form.items() if value}
    for name in DATE_FIELDS:
        read = read_typed_date if name == "born" else read_typed_day
        found = read(form[name], name)
        case[name] = str(found) if found else None
    for name in AMOUNT_FIELDS:
        if name in case:
            digits = case[name].translate(str.maketrans("", "", " .,đ"))
            case[name] = int(digits) if digits.isdecimal() else case[name]
    case["object_code"] = form["object_code"].upper().replace(",", " ").split()
    facility: dict[str, Any] = {
        "code": code,
        "level": form["level"],
        "former_tier": form["former_tier"],
    }
    facility["score"] = _number(form["score"])
    facility["listed"] = {"yes": True, "no": False}.get(form["listed"])
    if case["slip"]:
        case["slip"] = {"signed_on": case["slip"]}
    return case | {"facility": facility}


def _number(text: str) -> Any:
    try:
        return float(text.replace(",", ".")) if text else None
    except ValueError:
        return text


def _page(case: dict[str, str], **more: Any) -> str:
    return render_template(
        "entitlement/trial.html",
        case=case,
        arrivals=list(ARRIVALS),
        cares=CARES,
        areas=AREAS,
        annexes=ANNEXES,
        listed=LISTED,
        levels=("", *LEVELS),
        tiers=("", *TIERS),
        arrival_word=arrival_text,
        situation_word=SITUATION_WORDS.__getitem__,
        area_word=lambda area: area or "—",
        condition_word=CONDITION_WORDS.__getitem__,
        **more,
    )
