"""The checks of what people have to do in time: deleting, requests, breaches, communes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from kiosk.doctor.check import ATTENTION, GOOD, Check, good_unless
from kiosk.doctor.words import VisitIds, Words, plain
from kiosk.doctor.words import words as _
from kiosk.privacy import PrivacyParts

KINDS = {  # of kept data, by the values that are stored
    "visits": _("visits"),
    "readings": _("readings"),
    "lookups": _("lookups"),
    "enquiries": _("enquiries"),
    "suspicions": _("suspicions"),
    "consents": _("consents"),
    "changes_elsewhere": _("changes_elsewhere"),
    "looks": _("looks"),
    "sign_ins": _("sign_ins"),
    "sessions": _("sessions"),
    "exports": _("exports"),
    "requests": _("requests"),
    "breaches": _("breaches"),
}


def privacy_checks(privacy: PrivacyParts, now: datetime) -> Iterator[Check]:
    """Check what is too old, what persons wait for, and the review of access, at `now` (aware).

    Raises LogbookUnavailable if the logbook cannot be read.
    """
    states = privacy.purge.states(now)
    due = {str(state.period.kind): state.due for state in states if state.due}
    waits = {str(state.period.kind): state.waits for state in states if state.waits}
    not_set: dict[str, str] = {}  # the first kind of each setting
    for state in states:
        if not state.period.count:
            not_set.setdefault(state.period.setting, str(state.period.kind))
    kept = list(not_set.values())
    seen = _("past their period: %(kinds)s", kinds=_counted(due))
    if waits:
        seen = seen.then(_("past it, but still needed: %(kinds)s", kinds=_counted(waits)), "; ")
    if kept:
        seen = seen.then(_("no period set: %(kinds)s", kinds=_listed(kept)), "; ")
    do = _("Run `sync` each night, or `privacy purge`.") if due else None
    yield good_unless("kept_data", _("kept data"), seen, do, ATTENTION)
    late = privacy.requests.count_late(now)
    do = _("Answer them on the page Requests of persons: the law gives two working days.")
    seen = _("%(count)s late", count=late)
    yield good_unless("requests", _("requests of persons"), seen, do if late else None)
    late = privacy.breaches.count_late(now)
    do = _("Inform the authority, and record it on the page Breaches.")
    seen = _("%(count)s not reported in time", count=late)
    yield good_unless("breaches", _("breaches"), seen, do if late else None)
    due_at = privacy.reviews.due_at()
    if due_at is not None:
        do = _("Look through the accounts on the page Who may do what, and sign it off.")
        seen = _("due %(day)s", day=due_at.date())
        is_due = privacy.reviews.is_due(now)
        yield good_unless("review", _("review of access"), seen, do if is_due else None, ATTENTION)


def unknown_patients_check(visits: Sequence[str]) -> Check:
    """Check that communes know of unknown patients (Luật Khám bệnh, chữa bệnh 2023 Điều 72).

    `visits` are the ids of those that their commune was not informed of in time.
    """
    what = _("unknown patients")
    if not visits:
        seen = _("none is unknown for 48 hours without a notice")
        return Check("unknown_patients", what, GOOD, seen)
    seen = _(
        "48 hours have passed, the commune not informed: %(visits)s", visits=VisitIds(tuple(visits))
    )
    do = _("Inform the commune, and record it on the page of the visit.")
    return good_unless("unknown_patients", what, seen, do)


def _counted(counts: Mapping[str, int]) -> Words:
    if not counts:
        return _("nothing")
    return _joined([KINDS.get(kind, plain(kind)).then(plain(str(n))) for kind, n in counts.items()])


def _listed(kinds: Sequence[str]) -> Words:
    return _joined([KINDS.get(kind, plain(kind)) for kind in kinds])


def _joined(parts: Sequence[Words]) -> Words:
    """Return words with commas between them."""
    first, *others = parts
    for part in others:
        first = first.then(part, ", ")
    return first
