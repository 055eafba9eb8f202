"""A case as JSON, for training and for other programs: a situation in, an answer out.

This is a contract: what changes here changes in docs/entitlement.md and in the changelog.

1.  A key that is missing, null or empty means that the value is not known.
2.  A value that cannot be right raises BadCase, which names the key.
3.  A message quotes a value only if it is too short to be the number of a card or of a person,
    since such a number may stand in the wrong place.
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
CASE_KEYS = frozenset(
    {
        "annex",
        "arrival",
        "benefit_digit",
        "born",
        "card_number",
        "care",
        "copaid_this_year_vnd",
        "cost_vnd",
        "facility",
        "five_years_since",
        "id",
        "living_area",
        "object_code",
        "registered_facility",
        "slip",
        "visit_date",
    }
)
MAX_QUOTED_CHARACTERS = 20  # of a value in an error message
MAX_QUOTED_DIGITS = 8  # as many as a date has
POSSIBLE_YEARS = range(1900, 2200)
AMOUNT_LIMIT_VND = 1e12
PROVISIONAL_SCORES = (None, "", "provisional")
NUMBER_LENGTHS_WITHOUT_GROUP = (10, 12)  # characters: an insurance number, a citizen number
_FULL_NUMBER = re.compile(r"([A-Z]{2})([0-9])[0-9A-Z]{12}\Z", re.ASCII)


def situation_from_case(case: object, law: Law) -> Situation:
    """Return the situation that a case, an object parsed from JSON, describes.

    Raises BadCase if a value cannot be right; the error names the key, what was seen and what was
    expected.
    """
    if not isinstance(case, Mapping):
        kind = type(case).__name__
        raise BadCase(f"the case is a {kind}; expected an object with visit_date and more")
    codes, digit = _groups(case)
    referral = case.get("slip")
    visit_date = _date(case, "visit_date")
    if visit_date is None:
        _reject("visit_date", None, "a day, YYYY-MM-DD")
    born = _birth(case)
    if born is not None and born.is_after(visit_date):
        _reject("born", "after the visit", "a birth before it")
    return Situation(
        visit_date=visit_date,
        facility=_facility(case.get("facility"), law, visit_date),
        arrival=_choice(case, "arrival", ARRIVALS, "self"),
        care=_choice(case, "care", CARES, "outpatient"),
        object_codes=codes,
        digit=digit,
        living_area=_choice(case, "living_area", AREAS, ""),
        registered_at=str(case.get("registered_facility") or ""),
        five_years_since=_date(case, "five_years_since"),
        copaid_vnd=_amount(case, "copaid_this_year_vnd"),
        born=born,
        cost_vnd=_amount(case, "cost_vnd"),
        annex=_choice(case, "annex", ANNEXES, ""),
        referral=None if referral is None else _referral(referral),
    )


def answer_json(answer: Entitlement, case_id: object = None) -> dict[str, Any]:
    """Return an answer as JSON; a percentage that is not known is the text `unknown`."""
    return {
        "id": case_id,
        "share_percent": _percent_json(answer.share_percent),
        "benefit_percent": _percent_json(answer.benefit_percent),
        "routing_percent": _percent_json(answer.routing_percent),
        "ma_doituong_kcb": answer.ma_doituong_kcb or None,
        "rule": answer.rule or None,
        "law": answer.law or None,
        "sentence_vi": answer.sentence.vi,
        "sentence_en": answer.sentence.en,
        "notes": [{"code": note.code, "vi": note.vi, "en": note.en} for note in answer.notes],
        "as_of": answer.as_of.isoformat(),
        "confidence": answer.confidence or None,
    }


def answer_from_json(record: Mapping[str, Any]) -> Entitlement:
    """Return the answer that `answer_json` wrote; the id of its case is left out."""
    notes = (LocalizedText(note["code"], note["vi"], note["en"]) for note in record["notes"])
    sentence = LocalizedText("", record["sentence_vi"], record["sentence_en"])
    return Entitlement(
        share_percent=_percent_from_json(record["share_percent"]),
        benefit_percent=_percent_from_json(record["benefit_percent"]),
        routing_percent=_percent_from_json(record["routing_percent"]),
        rule=record["rule"] or "",
        ma_doituong_kcb=record["ma_doituong_kcb"] or "",
        law=record["law"] or "",
        sentence=Sentence((sentence,)),
        notes=tuple(notes),
        as_of=date.fromisoformat(record["as_of"]),
        confidence=record.get("confidence") or "",
    )


def _percent_json(value: float | None) -> float | str:
    return UNKNOWN if value is None else value


def _percent_from_json(value: Any) -> Any:
    return None if value == UNKNOWN else value


def _reject(key: str, seen: object, expected: str) -> NoReturn:
    raise BadCase(f"{key} is {_quoted(seen)}; expected {expected}", key)


def _quoted(seen: object) -> str:
    """Return a value in quotes, or its length if it may be somebody's number."""
    text = str(seen)
    digits = sum(character.isdigit() for character in text)
    if len(text) <= MAX_QUOTED_CHARACTERS and digits <= MAX_QUOTED_DIGITS:
        return repr(text)
    return f"a text of {len(text)} characters"


def _groups(case: Mapping[str, Any]) -> tuple[tuple[str, ...], int | None]:
    """Return the groups and the printed digit, from the card's number or from their own keys."""
    number = re.sub(r"[\s-]", "", str(case.get("card_number") or "")).upper()
    if match := _FULL_NUMBER.match(number):
        return (match[1],), int(match[2])
    if number and len(number) not in NUMBER_LENGTHS_WITHOUT_GROUP:
        _reject("card_number", f"{len(number)} characters", "a card number of 15, 12 or 10")
    codes = case.get("object_code") or ()
    codes = tuple(codes) if isinstance(codes, list) else (codes,) if codes else ()
    for code in codes:
        if not isinstance(code, str) or not re.fullmatch(r"[A-Z]{2}", code):
            _reject("object_code", code, "two letters")
    digit = case.get("benefit_digit")
    if digit in (None, ""):
        return codes, None
    if not re.fullmatch(r"[0-9]", str(digit), re.ASCII):
        _reject("benefit_digit", digit, "one digit")
    return codes, int(str(digit))


def _facility(value: object, law: Law, visit_date: date) -> FacilityProfile:
    """Return the facility of a case; one that has only a code is looked up in the table."""
    if value is None:
        return FacilityProfile()
    if not isinstance(value, Mapping):
        _reject("facility", value, "an object with code, level, score and former_tier")
    code = str(value.get("code") or "")
    if "level" not in value and (profile := law.profile_of(code, visit_date)) is not None:
        return profile
    listed = value.get("listed")
    if listed not in (None, True, False):
        _reject("facility.listed", listed, "true or false")
    return FacilityProfile(
        code=code,
        level=_choice(value, "level", LEVELS, ""),
        score=_score(value.get("score")),
        former_tier=_choice(value, "former_tier", TIERS, ""),
        listed=listed,
    )


def _score(value: object) -> float:
    if value in PROVISIONAL_SCORES:
        return 0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        _reject("facility.score", value, "0 to 100, or null for a provisional ranking")
    return float(str(value))


def _referral(value: object) -> Referral:
    if not isinstance(value, Mapping):
        _reject("slip", value, "an object with signed_on")
    signed_on = _date(value, "signed_on", "slip.")
    if signed_on is None:
        _reject("slip.signed_on", None, "a day, YYYY-MM-DD")
    for_a_year = value.get("for_a_year", False)
    if not isinstance(for_a_year, bool):
        _reject("slip.for_a_year", for_a_year, "true or false")
    return Referral(signed_on, for_a_year)


def _choice(case: Mapping[str, Any], key: str, choices: tuple[str, ...], default: str) -> str:
    value = case.get(key)
    if value in (None, ""):
        return default
    if value not in choices:
        _reject(key, value, f"one of {', '.join(choices)}")
    return str(value)


def _date(case: Mapping[str, Any], key: str, prefix: str = "") -> date | None:
    """Return the date of a key, None if it is not known; `prefix` is for the error message."""
    value = case.get(key)
    if value in (None, ""):
        return None
    try:
        day = date.fromisoformat(str(value))
    except ValueError:
        _reject(prefix + key, value, "a day, YYYY-MM-DD")
    if day.year not in POSSIBLE_YEARS:
        _reject(prefix + key, value, "a day of 1900 to 2199")
    return day


def _amount(case: Mapping[str, Any], key: str) -> int | None:
    value = case.get(key)
    if value is None:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value < AMOUNT_LIMIT_VND:
        _reject(key, value, "an amount in dong")
    return int(value)


def _birth(case: Mapping[str, Any]) -> Birth | None:
    value = case.get("born")
    try:
        return None if value in (None, "") else Birth.from_iso(str(value))
    except ValueError:
        _reject("born", "another text", "YYYY, YYYY-MM or YYYY-MM-DD")
