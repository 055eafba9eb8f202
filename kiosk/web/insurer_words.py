"""Words for what the logbook holds of the insurer: questions, failures, and reports of visits."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from kiosk.insurer import Cause, cause_of
from kiosk.logbook import NO_ANSWER, NOT_ASKED

KIND_WORDS = {
    "card": _l("whether the card is in force"),
    "history": _l("where the patient was treated before"),
    "copayments": _l("what the patient has paid this year"),
}
PURPOSE_WORDS = {
    "arrival": _l("when the patient came"),
    "treatment": _l("during the treatment"),
    "admission": _l("when the patient was admitted"),
    "end": _l("before the visit ended"),
    "look_back": _l("afterwards, at night"),
    "look_ahead": _l("before the patient came"),
    "enquiry": _l("an enquiry without a visit"),
}
STATE_WORDS = {
    "queued": _l("waiting"),
    "in_flight": _l("on its way"),
    "accepted": _l("received"),
    "refused": _l("refused"),
    "parked": _l("needs a person"),
    "closed": _l("closed by a person"),
    "not_sent": _l("not sent"),
}
# The beginnings of a stored error, and what they mean.
ERROR_WORDS = {
    "no answer within": _l("no answer in time"),
    "ReadTimeoutError": _l("no answer in time"),
    "ConnectTimeoutError": _l("no connection in time"),
    "TimeoutError": _l("no answer in time"),
    "NewConnectionError": _l("no connection"),
    "MaxRetryError": _l("no connection"),
    "NameResolutionError": _l("the address was not found"),
    "ProtocolError": _l("the connection was cut"),
    "SSLError": _l("the connection is not secure"),
    "HTTP": _l("an answer that did not come from the gateway"),
    "an answer of more": _l("an answer that is too large"),
    "an answer without": _l("an answer without a code"),
    "code ": _l("the code in the answer says nothing about this"),
    "the sign-in": _l("the sign-in failed"),
    "the gateway refuse": _l("the gateway refuses our account"),
    "not signed": _l("it could not be signed"),
}
UNKNOWN_ERROR = _l("a fault that the data file names")
# The beginnings of why nothing could be asked, and what they mean.
NOT_ASKED_WORDS = {
    "silent": _l("the gateway did not answer any more"),
    "account": _l("the gateway refused our account"),
    "budget": _l("the questions of this hour were used up"),
    "held": _l("what is held here was shown"),
}
# The beginnings of what this program writes about a report, and what they mean.
REPORT_WORDS = {
    "NGAY_VAO_NOI_TRU lies in the future": _l("the admission lies in the future"),
    "NGAY_VAO lies in the future": _l("the arrival lies in the future"),
    "NGAY_VAO lies before": _l("this machine’s clock was behind"),
    "the clock was set": _l("this machine’s clock was set while visits were recorded"),
    "sent again": _l("sent again by a person"),
    "sent apart": _l("it is sent by itself"),
}
CHANGE_WORDS = {
    "corrected": _l("the visit was corrected: %(why)s"),
    "cancelled": _l("the visit was cancelled: %(why)s"),
    "closed": _l("closed by a person: %(why)s"),
}
DATA_WORDS = {
    "registry": _l("card records"),
    "revocations": _l("revoked cards"),
    "keys": _l("keys of the issuers"),
    "rules": _l("rules of the law"),
}
DRIFT = re.compile(r"NGAY_VAO is wrong: this machine's clock was (\d+) s (ahead|behind)")
MISSING = "missing or unusable: "
TIME_UNITS = ((86400, _l("%(n)s days")), (3600, _l("%(n)s h")), (60, _l("%(n)s min")),
              (1, _l("%(n)s s")))  # fmt: skip


def words_for(texts: Mapping[str, object], key: str) -> str:
    """Return the words for a stored value; the value itself if a newer program wrote it."""
    return str(texts.get(key, key))


def error_text(error: str) -> str:
    """Return in words why the insurer gave no answer; empty if `error`, as stored, is."""
    return (_beginning(ERROR_WORDS, error) or str(UNKNOWN_ERROR)) if error else ""


def not_asked_text(error: str, at_text: Callable[[datetime], str]) -> str:
    """Return in words why a question could not be asked; `error` is the stored one.

    `at_text` returns a moment that our clock showed (aware) in words.
    """
    why, _since, since = error.removeprefix(NOT_ASKED).partition(" since ")
    text = _beginning(NOT_ASKED_WORDS, why) or str(_("too many questions waited"))
    try:
        at = at_text(datetime.fromisoformat(since))
    except (ValueError, TypeError, OverflowError):
        return text
    return str(_("%(why)s (since %(at)s)", why=text, at=at))


def report_text(state: str, code: str | None, message: str | None) -> str:
    """Return in words what stands with a report: why it waits, or the insurer's own words.

    Empty if nothing does.  `code` and `message` are as they are stored.
    """
    if not message:
        return code if code and cause_of(code) is not Cause.CLOCK else ""
    if (found := DRIFT.match(message)) is not None:
        return drift_text(int(found[1]) * (1 if found[2] == "ahead" else -1))
    if message.startswith(MISSING):
        return str(_("Information is missing")) + ": " + message.removeprefix(MISSING)
    if known := _beginning(REPORT_WORDS, message):
        return known
    if state == "closed":
        kind, colon, why = message.partition(": ")
        return str(CHANGE_WORDS[kind]) % {"why": why} if kind in CHANGE_WORDS and colon else message
    if state in ("queued", "in_flight"):
        return _waiting_text(message)
    return " · ".join(filter(None, (code, message)))


def _waiting_text(message: str) -> str:
    """Return in words why a report is sent again."""
    if message.startswith("code "):  # the insurer's code and its words
        return str(_("Code")) + message.removeprefix("code")
    return error_text(message.removeprefix(f"{NO_ANSWER}: "))


def drift_text(ahead_s: float) -> str:
    """Return in words how far this machine's clock was ahead (below zero: behind), in seconds."""
    long = _long_text(round(abs(ahead_s)))
    if ahead_s > 0:
        return str(_("this machine’s clock was %(long)s ahead", long=long))
    return str(_("this machine’s clock was %(long)s behind", long=long))


def _long_text(seconds: int) -> str:
    parts = []
    for unit, text in TIME_UNITS:
        count, seconds = divmod(seconds, unit)
        if count:
            parts.append(str(text) % {"n": count})
    return " ".join(parts) or str(TIME_UNITS[-1][1]) % {"n": 0}


def _beginning(texts: Mapping[str, object], text: str) -> str:
    """Return the words for the beginning of a stored text; empty if no beginning is known."""
    return next((str(found) for start, found in texts.items() if text.startswith(start)), "")
