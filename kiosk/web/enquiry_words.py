"""The words for enquiries: what is known of a card, whether anybody was asked, and who asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from kiosk.desk import HELD, Asked, Enquiry, PauseReason
from kiosk.insurer import coverage_in_lookup, number_in_lookup, reason_of_standing
from kiosk.logbook import NOT_ASKED, StoredLookup
from kiosk.web.insurer_words import KIND_WORDS, words_for
from kiosk.web.language import chosen_language, moment_text, words
from kiosk.web.lookup_words import lookup_text, reason_text
from verify import Coverage

SHOWN_DIGITS = 4
PAUSE_WORDS = {
    PauseReason.SILENT: _l("the gateway does not answer and is left alone for some minutes"),
    PauseReason.ACCOUNT: _l("the gateway refuses our account: tell IT"),
    PauseReason.BUDGET: _l("the questions of this hour are used up"),
}


@dataclass(frozen=True, slots=True)
class EnquiryLine:
    """One enquiry in the log, without a name and with four digits of the number."""

    at: datetime
    author: str  # see `kiosk.logbook.author`
    last_digits: str
    kind: str  # what was asked; empty if nothing was
    result: str


def title_of(enquiry: Enquiry) -> str:
    """Return in words what is certain about a card; if none was read, what the code is."""
    verdict = enquiry.verdict
    codes = words(chosen_language())["codes"]
    code = codes.get(verdict.format or "") if verdict.card is None else None
    return str(code or reason_text(verdict.reason, _is_end_not_read(enquiry.coverage)))


def old_answer_of(enquiry: Enquiry) -> str:
    """Return what an answer says that is too old to decide; empty if there is no such answer."""
    coverage = enquiry.coverage
    if coverage is None or enquiry.decides:
        return ""
    return reason_text(reason_of_standing(coverage.standing), coverage.end_not_read)


def asked_text(enquiry: Enquiry) -> str:
    """Return in words whether the insurer was asked, and what came of it; empty if not."""
    at = moment_text(enquiry.at).split(" ")[0]
    match enquiry.asked:
        case Asked.ANSWERED:
            return str(_("The insurer was asked and has answered at %(at)s.", at=at))
        case Asked.NO_ANSWER:
            return str(
                _(
                    "The insurer was asked at %(at)s and gave no answer. Shown is what is held"
                    " here, with its age.",
                    at=at,
                )
            )
        case Asked.PAUSED:
            why = pause_text(enquiry.paused)
            return str(
                _(
                    "The insurer was not asked: %(why)s. Shown is what is held here, with its age.",
                    why=why,
                )
            )
        case Asked.LACKS_HOLDER:
            return str(
                _("The insurer answers only with the full name and the birth date: type them.")
            )
        case Asked.NO_GATEWAY:
            return str(_("This desk is not connected to the insurer’s gateway."))
        case _:
            return ""


def pause_text(paused: PauseReason | None) -> str:
    """Return in words why no question may be asked now; empty if one may."""
    return str(PAUSE_WORDS[paused]) if paused else ""


def log_lines(lookups: Sequence[StoredLookup]) -> list[EnquiryLine]:
    """Return enquiries of the log in words, in the same order."""
    return [
        EnquiryLine(
            lookup.at,
            lookup.author,
            number_in_lookup(lookup)[-SHOWN_DIGITS:],
            "" if _is_look(lookup) else words_for(KIND_WORDS, lookup.kind),
            _result_text(lookup),
        )
        for lookup in lookups
    ]


def _result_text(lookup: StoredLookup) -> str:
    if _is_look(lookup):
        return str(_("Nobody was asked: what is held here was shown."))
    coverage = coverage_in_lookup(lookup)
    if coverage is None:
        return lookup_text(lookup)
    return reason_text(reason_of_standing(coverage.standing), coverage.end_not_read)


def _is_look(lookup: StoredLookup) -> bool:
    """Return whether nobody was asked, because what is held was shown."""
    return lookup.error == f"{NOT_ASKED}{HELD}"


def _is_end_not_read(coverage: Coverage | None) -> bool:
    return coverage is not None and coverage.end_not_read
