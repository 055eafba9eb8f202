"""Cases in a file, one line of JSON each, and the answers to them.

A case of `inspect`, as conformance suites have them, is `{"id", "payload", "keys", "at"}`. `keys`
is a JWK set, or the certificates of the signers (DER in base64). `at` is an ISO 8601 time with any
number of digits after the second. docs/entitlement.md describes a case of `explain`.
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
    situation_from_case,
)

_FRACTION = re.compile(r"(\.\d{6})\d+")
_ZONE = re.compile(r"([+-]\d{2})(\d{2})$")


def inspect_cases(path: Path, now: datetime) -> Iterator[dict[str, Any]]:
    """Yield what each case in a file holds, with the id of the case.

    A case without `at` is inspected as of `now` (aware). Raises SettingsError if the file cannot
    be read or a line is not a case.
    """
    for number, line in _lines(path):
        yield _inspect_case(line, f"{path}, line {number}", now)


def explain_cases(path: Path, law: Law) -> Iterator[dict[str, Any]]:
    """Yield what the patient of each case in a file is entitled to, or the case's `error`.

    Raises SettingsError if the file cannot be read.
    """
    for number, line in _lines(path):
        yield explain_case(line, law, number)


def explain_case(line: str, law: Law, number: int = 1) -> dict[str, Any]:
    """Return what the patient of a case is entitled to, or the case's `error`.

    `line` is the JSON of the case, and `number` its line in the file, for the message.
    """
    try:
        case = json.loads(line, parse_constant=_refuse_constant)
        json.dumps(case, ensure_ascii=False).encode()  # raises on half a character
    except (ValueError, RecursionError):
        return {"id": None, "error": f"line {number}: not JSON"}
    case_id = case.get("id") if isinstance(case, dict) else None
    try:
        answer = answer_json(entitle(situation_from_case(case, law), law), case_id)
        ignored = sorted(set(case) - CASE_KEYS)
        return answer | {"ignored": ignored} if ignored else answer
    except BadCase as exc:
        return {"id": case_id, "error": f"line {number}: {exc}"}


def _refuse_constant(text: str) -> None:
    raise ValueError(text)  # NaN and Infinity are not JSON


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the number and text of each line that is not empty."""
    try:
        lines = path.read_text("utf-8-sig").split("\n")  # text in JSON may hold other line ends
    except (OSError, ValueError) as exc:
        raise SettingsError(f"{path}: cannot be read ({type(exc).__name__})") from exc
    yield from ((number, line) for number, line in enumerate(lines, start=1) if line.strip())


def parse_moment(text: str) -> datetime:
    """Return the aware time that a text gives; without a zone it is the clinic's time.

    Raises ValueError if the text is not an ISO 8601 time between 1971 and 2199.
    """
    text = _ZONE.sub(r"\1:\2", _FRACTION.sub(r"\1", text.strip()))
    moment = datetime.fromisoformat(text)
    if not 1970 < moment.year < 2200:
        raise ValueError(f"the year is {moment.year}; expected 1971 to 2199")
    return moment if moment.tzinfo else moment.replace(tzinfo=CLINIC_ZONE)


def _inspect_case(line: str, place: str, now: datetime) -> dict[str, Any]:
    try:
        case = json.loads(line)
        payload, keys, at = case["payload"], case.get("keys"), case.get("at")
        moment = parse_moment(at) if at else now
        encoded = payload.encode()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
        raise SettingsError(
            f'{place}: not a case; expected {{"id", "payload", "keys", "at"}}'
        ) from exc
    try:
        issuers = _issuers(keys)
    except BadKeys as exc:
        raise SettingsError(f"{place}: {exc}") from exc
    return {"id": case.get("id")} | inspect_payload(encoded, issuers, moment)


def _issuers(keys: object) -> Issuers:
    """Return the issuers of a case: certificates, a list of JWKs, or a JWK set."""
    if keys is None:
        return Issuers()
    if isinstance(keys, str):
        return read_certificates([keys])
    if isinstance(keys, list) and all(isinstance(key, str) for key in keys):
        return read_certificates(keys)
    if isinstance(keys, list):
        return read_jwks(json.dumps({"keys": keys}))
    return read_jwks(json.dumps(keys))
