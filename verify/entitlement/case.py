"""A case as JSON, for training and for other programs: a situation in, an answer out.

This is a contract: what changes here changes in docs/entitlement.md and in the changelog.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, NoReturn

from verify.birth import Birth
from verify.entitlement.entitlement import Entitlement
from verify.entitlement.rules.law import Law
from verify.entitlement.rules.phrases import LocalizedText, Sentence
from verify.entitlement.rules.rows import ANNEXES, AREAS, ARRIVALS, CARES, LEVELS, TIERS
from verify.entitlement.situation import FacilityProfile, Referral, Situation
from verify.errors import BadCase

UNKNOWN = "unknown"
CASE_KEYS = frozenset({
    "id", "visit_date", "card_number", "object_code", "benefit_digit", "living_area",
    "registered_facility", "facility", "arrival", "care", "five_years_since",
    "copaid_this_year_vnd", "born", "cost_vnd", "annex", "slip",
})  # fmt: skip
MOST_TOLD, DAY_DIGITS = 20, 8  # characters, and digits among them: as many as a day has
YEARS = range(1900, 2200)
PROVISIONAL = (None, "", "provisional")
_GROUP = re.compile(r"([A-Z]{2})([0-9])[0-9A-Z]{12}\Z", re.ASCII)


def situation_from_case(case: object, law: Law) -> Situation:
    """Return the situation of a case; BadCase names the key, what was seen and what wanted."""
    if not isinstance(case, Mapping):
        kind = type(case).__name__
        raise BadCase(f"the case is a {kind}; wanted an object with visit_date and more")
    codes, digit = _groups(case)
    slip = case.get("slip")
    day = _day(case, "visit_date") or _wrong("visit_date", None, "a day, YYYY-MM-DD")
    born = _born(case)
    if born is not None and born.is_after(day):
        _wrong("born", "after the visit", "a birth before it")
    return Situation(
        visit_date=day,
        facility=_facility(case.get("facility"), law, day),
        arrival=_word(case, "arrival", ARRIVALS, "self"),
        care=_word(case, "care", CARES, "outpatient"),
        object_codes=codes,
        digit=digit,
        living_area=_word(case, "living_area", AREAS, ""),
        registered_at=str(case.get("registered_facility") or ""),
        five_years_since=_day(case, "five_years_since"),
        copaid_vnd=_amount(case, "copaid_this_year_vnd"),
        born=born,
        cost_vnd=_amount(case, "cost_vnd"),
        annex=_word(case, "annex", ANNEXES, ""),
        referral=None if slip is None else _slip(slip),
    )


def answer_json(answer: Entitlement, case_id: object = None) -> dict[str, Any]:
    """Return an answer; a percentage that is not known is the word `unknown`."""
    return {
        "id": case_id,
        "share_percent": _known(answer.share_percent),
        "benefit_percent": _known(answer.benefit_percent),
        "routing_percent": _known(answer.routing_percent),
        "ma_doituong_kcb": answer.ma_doituong_kcb or None,
        "rule": answer.rule or None,
        "law": answer.law or None,
        "sentence_vi": answer.sentence.vi,
        "sentence_en": answer.sentence.en,
        "notes": [{"code": note.code, "vi": note.vi, "en": note.en} for note in answer.notes],
        "as_of": answer.as_of.isoformat(),
    }


def answer_from_json(record: Mapping[str, Any]) -> Entitlement:
    """Read back what `answer_json` wrote, but for the id of its case."""
    notes = (LocalizedText(one["code"], one["vi"], one["en"]) for one in record["notes"])
    sentence = LocalizedText("", record["sentence_vi"], record["sentence_en"])
    return Entitlement(
        share_percent=_number(record["share_percent"]),
        benefit_percent=_number(record["benefit_percent"]),
        routing_percent=_number(record["routing_percent"]),
        rule=record["rule"] or "",
        ma_doituong_kcb=record["ma_doituong_kcb"] or "",
        law=record["law"] or "",
        sentence=Sentence((sentence,)),
        notes=tuple(notes),
        as_of=date.fromisoformat(record["as_of"]),
    )


def _known(value: float | None) -> float | str:
    return UNKNOWN if value is None else value


def _number(value: Any) -> Any:
    return None if value == UNKNOWN else value


def _wrong(key: str, seen: object, wanted: str) -> NoReturn:
    raise BadCase(f"{key} is {_told(seen)}; wanted {wanted}", key)


def _told(seen: object) -> str:
    """Return what was seen, but for what may be somebody's number in the wrong place."""
    text = str(seen)
    is_short = len(text) <= MOST_TOLD and sum(one.isdigit() for one in text) <= DAY_DIGITS
    return repr(text) if is_short else f"a text of {len(text)} characters"


def _groups(case: Mapping[str, Any]) -> tuple[tuple[str, ...], int | None]:
    number = re.sub(r"[\s-]", "", str(case.get("card_number") or "")).upper()
    if match := _GROUP.match(number):
        return (match[1],), int(match[2])
    if number and len(number) not in (10, 12):
        _wrong("card_number", f"{len(number)} characters", "a card number of 15, 12 or 10")
    codes = case.get("object_code") or ()
    codes = tuple(codes) if isinstance(codes, list) else (codes,) if codes else ()
    for code in codes:
        if not isinstance(code, str) or not re.fullmatch(r"[A-Z]{2}", code):
            _wrong("object_code", code, "two letters")
    digit = case.get("benefit_digit")
    if digit in (None, ""):
        return codes, None
    if not re.fullmatch(r"[0-9]", str(digit), re.ASCII):
        _wrong("benefit_digit", digit, "one digit")
    return codes, int(str(digit))


def _facility(value: object, law: Law, day: date) -> FacilityProfile:
    if value is None:
        return FacilityProfile()
    if not isinstance(value, Mapping):
        _wrong("facility", value, "an object with code, level, score and former_tier")
    code = str(value.get("code") or "")
    if "level" not in value and (known := law.profile_of(code, day)) is not None:
        return known
    listed = value.get("listed")
    if listed not in (None, True, False):
        _wrong("facility.listed", listed, "true or false")
    return FacilityProfile(
        code=code,
        level=_word(value, "level", LEVELS, ""),
        score=_score(value.get("score")),
        former_tier=_word(value, "former_tier", TIERS, ""),
        listed=listed,
    )


def _score(value: object) -> float:
    if value in PROVISIONAL:
        return 0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        _wrong("facility.score", value, "0 to 100, or null for a provisional ranking")
    return float(str(value))


def _slip(value: object) -> Referral:
    if not isinstance(value, Mapping):
        _wrong("slip", value, "an object with signed_on")
    signed = _day(value, "signed_on", "slip.") or _wrong("slip.signed_on", None, "a day")
    for_a_year = value.get("for_a_year", False)
    if not isinstance(for_a_year, bool):
        _wrong("slip.for_a_year", for_a_year, "true or false")
    return Referral(signed, for_a_year)


def _word(case: Mapping[str, Any], key: str, known: tuple[str, ...], default: str) -> str:
    value = case.get(key)
    if value in (None, ""):
        return default
    if value not in known:
        _wrong(key, value, f"one of {', '.join(known)}")
    return str(value)


def _day(case: Mapping[str, Any], key: str, inside: str = "") -> date | None:
    value = case.get(key)
    if value in (None, ""):
        return None
    try:
        day = date.fromisoformat(str(value))
    except ValueError:
        _wrong(inside + key, value, "a day, YYYY-MM-DD")
    if day.year not in YEARS:
        _wrong(inside + key, value, "a day of 1900 to 2199")
    return day


def _amount(case: Mapping[str, Any], key: str) -> int | None:
    value = case.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12:
        _wrong(key, value, "an amount in dong")
    return int(value)


def _born(case: Mapping[str, Any]) -> Birth | None:
    value = case.get("born")
    try:
        return None if value in (None, "") else Birth.from_iso(str(value))
    except ValueError:
        _wrong("born", "another text", "YYYY, YYYY-MM or YYYY-MM-DD")
