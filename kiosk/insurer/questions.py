"""One question to the insurer about a person, and how it ended: what the logbook keeps of it.

- The fields of the question are kept with the name of our account (TT 12/2026/TT-BTC Điều 3: each
  call can be traced), and without its credentials.  Of the member of staff in whose name
  it is asked, only whether one is set.
- The answer is kept as text, as it was received.  An answer that cannot be read (too large, no
  JSON object, in an encoding that JSON does not have) is not kept: its status and size say enough.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from kiosk.insurer.card_answers import coverage_in
from kiosk.insurer.card_codes import card_code
from kiosk.insurer.codes import code_in
from kiosk.insurer.errors import InsurerError, NotSignedIn
from kiosk.insurer.patient_history import payments_in
from kiosk.insurer.transport import GatewayAnswer
from kiosk.logbook import LookupKind, LookupResult, NewLookup
from verify import Card, Coverage, clinic_day

STAFF_FIELDS = ("hoTenCb", "cccdCb")
CREDENTIALS = ("password",)


@dataclass(slots=True)
class AskedQuestion:
    """A question about a person.  While it is on its way, `result` says that there is no answer."""

    kind: LookupKind
    asked: Mapping[str, str] = field(repr=False)  # the fields of the question; no credentials
    at: datetime  # aware; when it was sent
    duration_ms: int = 0
    result: LookupResult = LookupResult.NO_ANSWER
    code: str | None = None  # the insurer's
    http_status: int | None = None
    error: str | None = None  # in words without personal data
    answer: str | None = field(default=None, repr=False)

    def keep(self, answer: GatewayAnswer) -> GatewayAnswer:
        """Keep an answer that can be read; return it."""
        self.code = code_in(answer) or None
        self.http_status, self.answer = answer.http_status, answer.text
        return answer


Observe = Callable[[AskedQuestion], None]


def observe_nothing(_question: AskedQuestion) -> None:
    """Ignore a question."""


@contextmanager
def observed(
    kind: LookupKind, query: Mapping[str, str], at: datetime, observe: Observe
) -> Iterator[AskedQuestion]:
    """Give a question for the time that it is on its way; then pass it to `observe`.

    `query` are the fields that are sent.  An error within the block is an answer that is missing,
    or a refusal of our account; it is raised on.
    """
    question = AskedQuestion(kind, _without_credentials(query), at)
    begun = time.monotonic()
    try:
        yield question
        question.result = LookupResult.ANSWERED
    except InsurerError as exc:
        is_refusal = isinstance(exc, NotSignedIn)
        question.result = LookupResult.REFUSED if is_refusal else LookupResult.NO_ANSWER
        question.error = str(exc)
        question.http_status = exc.http_status or question.http_status
        raise
    finally:
        question.duration_ms = round(1000 * (time.monotonic() - begun))
        observe(question)


def _without_credentials(query: Mapping[str, str]) -> dict[str, str]:
    asked = {
        name: value for name, value in query.items() if name not in (*STAFF_FIELDS, *CREDENTIALS)
    }
    if "cccdCb" in query:
        asked["staff"] = "set" if all(query.get(name) for name in STAFF_FIELDS) else "unset"
    return asked


def coverage_in_lookup(lookup: NewLookup) -> Coverage | None:
    """Return what the stored answer to a question about a card says; None if it says nothing."""
    if lookup.kind is not LookupKind.CARD or lookup.result is not LookupResult.ANSWERED:
        return None
    answer = json.loads(lookup.answer or "{}")
    code = code_in(answer)
    standing = card_code(code).standing
    if standing is None:
        return None
    return coverage_in(answer, code, standing, number_in_lookup(lookup), lookup.at)


def question_about(card: Card) -> dict[str, str]:
    """Return the fields by which a stored look-up says which card it is about."""
    return {"maThe": card.number}


def number_in_lookup(lookup: NewLookup) -> str:
    """Return the number that a stored look-up is about; empty if it does not say it."""
    return lookup.asked.get("maThe", "")


def copaid_in_lookup(lookup: NewLookup) -> int | None:
    """Return the year's sum in a stored answer about payments, in dong; None if it has none."""
    if lookup.kind is not LookupKind.COPAYMENTS or lookup.result is not LookupResult.ANSWERED:
        return None
    year = clinic_day(lookup.at).year
    return payments_in(json.loads(lookup.answer or "{}"), year).this_year
