"""Cases in a file: a line of JSON in, the findings out.

A conformance suite's case is `{"id", "payload", "keys", "at"}`; keys are a JWK set, or signers'
certificates in base64 of DER; `at` is ISO 8601, with any number of digits of a second.  A case of
entitlement is described in docs/entitlement.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from kiosk.errors import SettingsError
from verify import (
    CASE_KEYS,
    CLINIC_ZONE,
    BadCase,
    BadKeys,
    Issuers,
    Law,
    answer_json,
    entitle,
    inspect_payload,
    read_certificates,
    read_jwks,
    situation_of,
)

_FRACTION = re.compile(r"(\.\d{6})\d+")
_ZONE = re.compile(r"([+-]\d{2})(\d{2})$")


def inspect_cases(path: Path, now: datetime) -> Iterator[dict[str, Any]]:
    """Yield the findings on each case in a file, with its id; SettingsError for a bad file.

    A case without a time is looked at as of `now` (aware).
    """
    for number, line in _lines(path):
        yield _answer(line, f"{path}, line {number}", now)


def explain_cases(path: Path, law: Law) -> Iterator[dict[str, Any]]:
    """Yield what each case in a file is entitled to; `error` where a case cannot be meant."""
    for number, line in _lines(path):
        yield explain_case(line, law, number)


def explain_case(line: str, law: Law, number: int = 1) -> dict[str, Any]:
    """Return what one case is entitled to, or its `error`."""
    try:
        case = json.loads(line, parse_constant=_no_number)
        json.dumps(case, ensure_ascii=False).encode()  # half a character cannot be answered
    except (ValueError, RecursionError):
        return {"id": None, "error": f"line {number}: not JSON"}
    case_id = case.get("id") if isinstance(case, dict) else None
    try:
        answer = answer_json(entitle(situation_of(case, law), law), case_id)
        ignored = sorted(set(case) - CASE_KEYS)
        return answer | {"ignored": ignored} if ignored else answer
    except BadCase as exc:
        return {"id": case_id, "error": f"line {number}: {exc}"}


def _no_number(text: str) -> None:
    raise ValueError(text)  # NaN and Infinity are not JSON


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        lines = path.read_text("utf-8-sig").split("\n")  # JSON may hold other line ends
    except (OSError, ValueError) as exc:
        raise SettingsError(f"{path}: cannot be read ({type(exc).__name__})") from exc
    yield from ((number, line) for number, line in enumerate(lines, start=1) if line.strip())


def parse_moment(text: str) -> datetime:
    """Return an aware time; ValueError where it is none. Without a zone it is the clinic's."""
    plain = _ZONE.sub(r"\1:\2", _FRACTION.sub(r"\1", text.strip()))
    moment = datetime.fromisoformat(plain)
    if not 1970 < moment.year < 2200:
        raise ValueError("a year that no card is of")
    return moment if moment.tzinfo else moment.replace(tzinfo=CLINIC_ZONE)


def _answer(line: str, place: str, now: datetime) -> dict[str, Any]:
    try:
        case = json.loads(line)
        payload, keys, at = case["payload"], case.get("keys"), case.get("at")
        moment = parse_moment(at) if at else now
        encoded = payload.encode()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
        raise SettingsError(f'{place}: wanted {{"id", "payload", "keys", "at"}}') from exc
    try:
        issuers = _issuers(keys)
    except BadKeys as exc:
        raise SettingsError(f"{place}: {exc}") from exc
    return {"id": case.get("id")} | inspect_payload(encoded, issuers, moment)


def _issuers(keys: object) -> Issuers:
    if keys is None:
        return Issuers()
    if isinstance(keys, str):
        return read_certificates([keys])
    if isinstance(keys, list) and all(isinstance(key, str) for key in keys):
        return read_certificates(keys)
    if isinstance(keys, list):
        return read_jwks(json.dumps({"keys": keys}))
    return read_jwks(json.dumps(keys))
