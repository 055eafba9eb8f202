"""Words of the pages about privacy: kinds of data, sources, requests, breaches."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from flask import Flask
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from kiosk.privacy import (
    BreachState,
    ErasedKind,
    RequestKind,
    RequestState,
    RetentionKind,
    RetentionPeriod,
    SourceKind,
    WhyStays,
)

KIND_OF_DATA = {
    RetentionKind.VISITS: _l("visits, with their reports, sent files and look-ups"),
    RetentionKind.CHANGES_ELSEWHERE: _l("changes of visits that other desks recorded"),
    RetentionKind.READINGS: _l("readings of cards that led to no visit"),
    RetentionKind.LOOKUPS: _l("questions to the insurer, with its answers"),
    RetentionKind.ENQUIRIES: _l("questions to the insurer without a visit"),
    RetentionKind.SUSPICIONS: _l("suspicions of misuse, reported or withdrawn"),
    RetentionKind.CONSENTS: _l("who agreed to what, after it has ended"),
    RetentionKind.LOOKS: _l("who looked at whose data"),
    RetentionKind.SIGN_INS: _l("sign-ins"),
    RetentionKind.SESSIONS: _l("sessions and approvals"),
    RetentionKind.EXPORTS: _l("who took data out of the program"),
    RetentionKind.REQUESTS: _l("requests of persons, once they are done"),
    RetentionKind.BREACHES: _l("breaches that are closed"),
}
SOURCE_WORDS = {
    SourceKind.READ: _l("read"),
    SourceKind.DERIVED: _l("derived"),
    SourceKind.OWN: _l("our own choice"),
}
REQUEST_WORDS = {
    RequestKind.SEE: _l("to see their data"),
    RequestKind.COPY: _l("a copy of their data"),
    RequestKind.CORRECT: _l("to correct their data"),
    RequestKind.ERASE: _l("to erase their data"),
    RequestKind.RESTRICT: _l("to restrict the use of their data"),
    RequestKind.WITHDRAW: _l("to withdraw a consent"),
    RequestKind.OBJECT: _l("to object to a use of their data"),
    RequestKind.COMPLAIN: _l("a complaint about the handling of their data"),
}
REQUEST_STATES = {
    RequestState.OPEN: _l("not answered yet"),
    RequestState.ANSWERED: _l("answered, not done yet"),
    RequestState.DONE: _l("done"),
    RequestState.REFUSED: _l("refused, with the reason"),
}
BREACH_STATES = {
    BreachState.OPEN: _l("not closed yet"),
    BreachState.CLOSED: _l("closed"),
    BreachState.NO_BREACH: _l("it was no breach"),
}
ERASED_WORDS = {
    ErasedKind.VISITS: _l("visits, with reports, sent files and look-ups"),
    ErasedKind.PHONES: _l("telephone numbers on visits"),
    ErasedKind.CHANGES: _l("changes of visits that other desks recorded"),
    ErasedKind.READINGS: _l("readings of cards that led to no visit"),
    ErasedKind.QUESTIONS: _l("questions to the insurer without a visit"),
    ErasedKind.ANSWERS: _l("the insurer’s answers, kept for the next scan"),
    ErasedKind.CONSENT_DATA: _l("data that somebody agreed to, such as a telephone number"),
    ErasedKind.CONSENTS: _l("that there was a consent; its number is erased"),
    ErasedKind.LOOKS: _l("looks at the person"),
}
WHY_WORDS = {
    WhyStays.MEDICAL: _l(
        "A visit is part of a medical record and evidence for the insurer; it stays as long as your"
        " rule for such records says (Luật 91/2025 Đ14; TT 12/2026/TT-BTC Đ4). What was sent stays"
        " as it was sent."
    ),
    WhyStays.WAITS: _l(
        "The visit still waits for the insurer or for a correction: try again when that is done."
    ),
    WhyStays.SUSPECTED: _l("A suspicion of misuse is kept with the visit (NĐ 188/2025 Đ12)."),
    WhyStays.PROOF: _l("The proof of a consent is kept, without the person’s number (NĐ 356 Đ6)."),
    WhyStays.LOG: _l(
        "Who looked at a visit stays written down. A look without a visit names the person no more."
    ),
}
CONSENT_DATA = "consent_data"  # in nightly reports: data whose consent has ended


def install_privacy_words(app: Flask) -> None:
    """Give the templates the words of this module."""
    app.add_template_filter(kind_text, "kind_of_data")
    app.add_template_filter(period_text, "period")
    for name, words in (
        ("source_certainty", SOURCE_WORDS),
        ("request_kind", REQUEST_WORDS),
        ("request_state", REQUEST_STATES),
        ("breach_state", BREACH_STATES),
        ("erased_kind", ERASED_WORDS),
        ("why_stays", WHY_WORDS),
    ):
        app.add_template_filter(functools.partial(_words, words), name)


def _words(words: Mapping[Any, object], key: object) -> str:
    return str(words[key])


def kind_text(kind: str) -> str:
    """Return a kind of data in words; `kind` is a stored value."""
    if kind == CONSENT_DATA:
        return str(_("data whose consent has ended"))
    return str(KIND_OF_DATA[RetentionKind(kind)])


def period_text(period: RetentionPeriod) -> str:
    """Return in words how long a kind of data is kept."""
    if not period.count:
        return str(_("no period is set: nothing is deleted by itself"))
    if period.unit == "years":
        return str(_("one year") if period.count == 1 else _("%(n)s years", n=period.count))
    return str(_("one month") if period.count == 1 else _("%(n)s months", n=period.count))
