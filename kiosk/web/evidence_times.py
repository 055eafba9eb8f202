"""The times on the evidence paper: the right ones, with what this machine's clock showed beside.

While the clock was right, or if it is not known how wrong it was, there is only one time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from kiosk.logbook import (
    CLOCK_CODE,
    Evidence,
    LookupPurpose,
    LookupResult,
    MessageEvent,
    Outage,
    StoredLookup,
)
from kiosk.paper import Grid
from kiosk.web.insurer_words import (
    KIND_WORDS,
    STATE_WORDS,
    drift_text,
    error_text,
    not_asked_text,
    report_text,
    words_for,
)
from kiosk.web.language import chosen_language, moment_text, words
from verify import CLINIC_ZONE

MAX_TEXT = 400  # characters of a text in a table
MAX_CODE = 60  # characters of a code
JUDGED = ("accepted", "refused")  # the states of a report that the insurer has answered
BEFORE_RECORDING = (LookupPurpose.ARRIVAL, LookupPurpose.LOOK_AHEAD)
WITNESS_WORDS = {
    "gateway": _l("measured by the clock of the insurer’s gateway"),
    "feed": _l("measured by the clock of the data feed"),
    "estimate": _l("estimated from the clock’s error before or after"),
    "person": _l("by the time that a person recorded afterwards"),
}
OUTAGE_WORDS = {
    "power": _l("Electricity"),
    "line": _l("Internet line"),
    "portal": _l("The insurer’s portal"),
    "program": _l("This program or its machine"),
    "clock": _l("The machine’s clock"),
}


class PaperTime(NamedTuple):
    """The right time of a record, and what our clock showed when it was written; both aware."""

    right: datetime
    shown: datetime

    def __str__(self) -> str:
        """Return it in words, in the clinic's zone and to the second."""
        if self.right == self.shown:
            return exact_text(self.right)
        return str(
            _(
                "%(right)s (the clock showed %(shown)s)",
                right=exact_text(self.right),
                shown=exact_text(self.shown),
            )
        )


class PaperTimes:
    """The times of all records of an evidence, each list in the order of the evidence's own."""

    def __init__(self, evidence: Evidence) -> None:
        clock, visit = evidence.clock, evidence.visit
        # The arrival of a visit from paper is the time of a watch; ours shows when it was entered.
        entered = visit.paper.entered_at if visit.paper else None
        recorded = entered or clock.right_at
        self.recorded = PaperTime(recorded, entered or clock.recorded_at)
        arrived = visit.arrived_at if clock.settled_at or entered else recorded
        self.arrived = PaperTime(arrived, arrived if entered else clock.recorded_at)

        def times(shown: list[datetime], earliest: datetime | None = recorded) -> list[PaperTime]:
            return [
                PaperTime(*pair)
                for pair in zip(clock.in_order(shown, earliest), shown, strict=True)
            ]

        lookups = evidence.lookups
        early = {lookup.id: lookup.at for lookup in lookups if lookup.purpose in BEFORE_RECORDING}
        late = {lookup.id: lookup.at for lookup in lookups if lookup.id not in early}
        of_lookup = dict(zip(early, times(list(early.values()), None), strict=True))
        of_lookup |= zip(late, times(list(late.values())), strict=True)
        self.lookups = [of_lookup[lookup.id] for lookup in lookups]
        self.verdicts = times([verdict.at for verdict in evidence.verdicts], None)
        self.history = times([event.at for event in evidence.history])
        self.versions = times([version.replaced_at for version in evidence.versions])
        self.files = times([reported.file.at for reported in evidence.files])
        cancelled = visit.cancelled_at
        self.cancelled = times([cancelled])[0] if cancelled else None
        self._clock = clock

    def of_paper(self, made_at: datetime) -> PaperTime:
        """Return when the paper was made; our clock shows `made_at` (aware)."""
        known = (self.lookups, self.verdicts, self.history, self.versions, self.files)
        newest = max([self.recorded.right, *(time.right for times in known for time in times)])
        return PaperTime(self._clock.in_order([made_at], newest)[0], made_at)


def clock_sentences(evidence: Evidence, times: PaperTimes) -> list[str]:
    """Return what is to be said of a clock that was wrong when the visit was recorded."""
    clock = evidence.clock
    if not clock.was_wrong or clock.ahead is None:
        is_doubted = any(message.code == CLOCK_CODE for message in evidence.messages)
        if clock.settled_at or not is_doubted:
            return []
        return [
            _(
                "This machine’s clock was probably wrong when the visit was recorded. It is not"
                " known by how much: the times below are those that it showed."
            )
        ]
    sentences = [
        _(
            "When this visit was recorded, %(drift)s (%(witness)s).",
            drift=drift_text(clock.ahead.total_seconds()),
            witness=words_for(WITNESS_WORDS, clock.source or ""),
        ),
        _(
            "It showed %(shown)s, and the right time was %(right)s.",
            shown=exact_text(clock.recorded_at),
            right=exact_text(times.recorded.right),
        ),
        _("All times below are right times; what the clock showed is beside them in brackets."),
    ]
    if clock.settled_at is None:
        sentences.append(_("Nobody has confirmed the right time of arrival yet."))
    return sentences


def outage_sentences(outages: Sequence[Outage]) -> list[str]:
    """Return what is to be said of the confirmed outages during which the patient came."""
    return [" ".join(filter(None, (_outage_text(o), _informed_text(o)))) for o in outages]


def _outage_text(outage: Outage) -> str:
    what = words_for(OUTAGE_WORDS, outage.source)
    begin = moment_text(outage.begins_at)
    if outage.ends_at is None:
        return str(
            _(
                "The patient came during an outage that a person confirmed: %(what)s, since"
                " %(begin)s.",
                what=what,
                begin=begin,
            )
        )
    return str(
        _(
            "The patient came during an outage that a person confirmed: %(what)s, from %(begin)s to"
            " %(end)s.",
            what=what,
            begin=begin,
            end=moment_text(outage.ends_at),
        )
    )


def _informed_text(outage: Outage) -> str:
    report = outage.report
    if report.at is None:
        return str(_("It is not recorded that anybody was informed of it."))
    by = f" ({report.by})" if report.by else ""
    to = f"{report.to}{by}"
    return str(_("Informed at %(at)s: %(to)s.", at=moment_text(report.at), to=to))


def time_line(evidence: Evidence, times: PaperTimes) -> Grid:
    """Return all that happened, oldest first; what happened at the same moment in its order."""
    queue_number = _("queue number %(n)s", n=evidence.visit.ticket_label)
    events = [
        (time, _("Card read and judged"), reason_title(verdict.reason))
        for time, verdict in zip(times.verdicts, evidence.verdicts, strict=True)
    ]
    events += [(times.recorded, _("Visit recorded"), queue_number)]
    events += [
        (
            time,
            _("Insurer asked: %(what)s", what=words_for(KIND_WORDS, lookup.kind))
            if lookup.was_asked
            else _("Insurer not asked"),
            came_text(lookup, time),
        )
        for time, lookup in zip(times.lookups, evidence.lookups, strict=True)
    ]
    reports = list(zip(times.history, evidence.history, strict=True))
    # At the same moment a report waits first, is then sent, and is judged last.
    judged = (at for at, (_time, event) in enumerate(reports) if event.state in JUDGED)
    first = next(judged, len(reports))
    events += [
        (time, _("Report to the insurer"), _became(event)) for time, event in reports[:first]
    ]
    events += [
        (
            time,
            _("Report sent to the insurer"),
            _("answered") if reported.file.answer else _("no answer to this file is recorded"),
        )
        for time, reported in zip(times.files, evidence.files, strict=True)
    ]
    events += [
        (time, _("Report to the insurer"), _became(event)) for time, event in reports[first:]
    ]
    events += [
        (time, _("Visit changed"), version.why)
        for time, version in zip(times.versions, evidence.versions, strict=True)
    ]
    events.sort(key=lambda event: event[0].right)
    rows = tuple((str(time), what, result) for time, what, result in events)
    return Grid((_("Time"), _("What"), _("Result")), rows, (24, 34, 42))


def _became(event: MessageEvent) -> str:
    """Return in words what became of a report to the insurer."""
    state = words_for(STATE_WORDS, event.state)
    text = event.transaction or report_text(event.state, event.code, event.message)
    return cut(": ".join(filter(None, (state, text))))


def came_text(lookup: StoredLookup, time: PaperTime) -> str:
    """Return in words what came of a question, which was asked or left out at `time`."""
    if lookup.result is LookupResult.ANSWERED:
        code = cut(lookup.code or "", MAX_CODE)
        answered = str(_("answered"))
        return f"{answered} ({code})" if code else answered
    if not lookup.was_asked:
        ahead = time.shown - time.right

        def at_text(moment: datetime) -> str:
            return exact_text(moment - ahead)

        return str(_("NOT ASKED")) + ": " + not_asked_text(lookup.error or "", at_text)
    words_of_result = _("REFUSED") if lookup.result is LookupResult.REFUSED else _("NO ANSWER")
    return ": ".join(filter(None, (words_of_result, error_text(lookup.error or ""))))


def reason_title(reason: str) -> str:
    """Return the title of a verdict's reason; the reason itself if a newer program wrote it."""
    texts = words(chosen_language())["reasons"].get(reason)
    return reason if texts is None else str(texts["title"])


def cut(text: str, most: int = MAX_TEXT) -> str:
    """Return a text of at most `most` characters."""
    return text if len(text) <= most else f"{text[:most]}…"


def exact_text(moment: datetime) -> str:
    """Return a moment (aware) to the second, in the clinic's zone."""
    return f"{moment.astimezone(CLINIC_ZONE):%H:%M:%S %d/%m/%Y}"
