"""The words for look-ups: what was asked, how it ended, and what an answer changed."""

from __future__ import annotations

from datetime import date

from flask_babel import force_locale, get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from kiosk.desk import CannotAskWhy, CoverageChange, RefusedBecause
from kiosk.insurer import copaid_in_lookup, reason_of_standing
from kiosk.logbook import LookupKind, LookupResult, StoredLookup
from kiosk.web.facility_words import facility_text
from kiosk.web.language import (
    LANGUAGES,
    day_text,
    decimal_text,
    masked,
    words,
)
from verify import Note, Reason, Standing

FIELD_WORDS = {
    "standing": _l("Result"),
    "valid_from": _l("Valid from"),
    "valid_until": _l("Valid until"),
    "facility": _l("Registered at"),
    "card_number": _l("Card number"),
    "living_area": _l("Living area"),
    "five_years_on": _l("Five years in a row from"),
    "new_card_number": _l("New card"),
    "new_card_from": _l("New card valid from"),
    "level": _l("Benefit level (third character of the card number)"),
    "copaid_this_year_vnd": _l("Copayments this year (đ)"),
}
CANNOT_ASK_WORDS = {
    CannotAskWhy.NO_GATEWAY: _l("This desk is not connected to the insurer’s gateway."),
    CannotAskWhy.CANCELLED: _l("The visit is cancelled."),
    CannotAskWhy.SECRET: _l("The visit is a state secret: the insurer is not asked about it."),
    CannotAskWhy.NO_CARD: _l("The insurer cannot be asked: the visit has no card number."),
    CannotAskWhy.NO_HOLDER: _l(
        "The insurer cannot be asked: the name or the birth date is missing. Correct the visit"
        " first."
    ),
}
ADMISSION_REFUSED_WORDS = {
    RefusedBecause.NOT_REPORTED: _l(
        "This visit is not reported to the insurer (an emergency, without insurance, or a state"
        " secret), so its admission is not reported either. If that is wrong, correct"
        " how the patient came, or the secrecy, first."
    ),
    RefusedBecause.CANCELLED: _l("The visit is cancelled."),
    RefusedBecause.BEFORE_ARRIVAL: _l("The admission cannot be before the patient’s arrival."),
    RefusedBecause.IN_THE_FUTURE: _l("The admission cannot be in the future."),
}
DAY_FIELDS = ("valid_from", "valid_until", "five_years_on", "new_card_from")
NUMBER_FIELDS = ("card_number", "new_card_number")


def lookup_text(lookup: StoredLookup) -> str:
    """Return in words how a look-up ended, without anything of its answer but its meaning."""
    if lookup.result is LookupResult.REFUSED:
        return str(_("The insurer refuses our account or the member of staff who asks."))
    if lookup.result is LookupResult.ANSWERED:
        return (
            _payments_text(lookup) if lookup.kind is LookupKind.COPAYMENTS else str(_("Answered"))
        )
    error = lookup.error or ""
    if not lookup.was_asked:
        return str(_("Not asked: no questions were possible just then."))
    if error.startswith("no answer within"):
        return str(_("No answer in time."))
    if lookup.code:
        return str(_("The gateway answered, but its code says nothing about the card."))
    return str(_("No answer that can be read."))


def _payments_text(lookup: StoredLookup) -> str:
    """Return the year's sum that was answered.  No data is not a sum of zero."""
    copaid = copaid_in_lookup(lookup)
    if copaid is None:
        return str(_("The portal has no data (not a sum of zero)"))
    return f"{decimal_text(copaid)} đ"


def reason_text(reason: Reason, end_not_read: bool = False) -> str:
    """Return in words what an answer means for a card.

    With `end_not_read`, it is not known because the insurer's last day cannot be read.
    """
    found = words(str(get_locale()))  # not the request's: `both_languages` has both
    if reason is Reason.NOT_YET_KNOWN and end_not_read:
        return str(found["notes"][Note.INSURER_END_NOT_READ])
    return str(found["reasons"][reason]["title"])


def standing_text(standing: str) -> str:
    """Return what the insurer says of a card, in the words that the desk uses."""
    return reason_text(reason_of_standing(Standing(standing)))


def change_text(change: CoverageChange) -> str:
    """Return a change in words: the field, its value before, and its value now."""
    before = _value_text(change.field, change.before, change.before_not_read)
    after = _value_text(change.field, change.after, change.after_not_read)
    text = _("%(field)s: %(before)s → %(after)s",
             field=FIELD_WORDS[change.field], before=before, after=after)  # fmt: skip
    if change.field == "level" and change.since is not None:
        text += " · " + _(
            "the new level counts from %(day)s (Decree 188/2025, Article 21)",
            day=day_text(change.since),
        )
    return str(text)


def both_languages(changes: list[CoverageChange]) -> dict[str, list[str]]:
    """Return the changes in words, in both languages."""
    texts = {}
    for language in LANGUAGES:
        with force_locale(language):
            texts[language] = [change_text(change) for change in changes]
    return texts


def paid_on_text(day: date) -> str:
    """Return in words until when a stay is paid after the card has ended."""
    return str(
        _(
            "The card ends during the stay. An inpatient is paid on for at most 15 days, until"
            " %(day)s (Decree 188/2025, Article 50.4; the insurer decides how the days are"
            " counted). Check the card again before the visit ends.",
            day=day_text(day),
        )
    )


def _value_text(field: str, value: str | None, end_not_read: bool) -> str:
    if end_not_read:
        if field == "standing":
            return reason_text(Reason.NOT_YET_KNOWN, end_not_read)
        return str(_("not known: the insurer’s date cannot be read"))
    if value is None:
        return "—"
    if field == "standing":
        return standing_text(value)
    if field in DAY_FIELDS:
        return day_text(value)
    if field == "facility":
        return facility_text(value)
    return masked(value) if field in NUMBER_FIELDS else value
