"""The evidence of a visit on paper, in words that a person understands who knows no program.

1.  The paper begins with what it shows: when the insurer was asked, and what came of it.
2.  The time line follows, then each part in detail; codes and hashes come last.
3.  Each sentence is about what the logbook holds.  If nothing was asked, the paper says so.
4.  A text of the insurer that is very long is cut; the data file has all of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from kiosk.logbook import NOT_ASKED, SYSTEM, Evidence, LookupResult, MessageEvent, StoredLookup
from kiosk.paper import Block, Facts, Grid, Heading, Paper, Passage, Tone
from kiosk.web.insurer_words import (
    DATA_WORDS,
    KIND_WORDS,
    PURPOSE_WORDS,
    STATE_WORDS,
    error_text,
    words_for,
)
from kiosk.web.language import (
    SEX_WORDS,
    arrival_text,
    author_text,
    chosen_language,
    day_text,
    moment_text,
    papers_text,
    referral_text,
    words,
)
from verify import CLINIC_ZONE

NONE = "—"
MAX_TEXT = 400  # characters of a text in a table
MAX_CODE = 60  # characters of a code
MAX_TIMES = 5  # that one sentence names


@dataclass(frozen=True, slots=True)
class Making:
    """How and when a paper was made, and the hash of the data on it."""

    at: datetime  # aware
    author: str  # see `kiosk.logbook.author`
    program: str  # the version; empty if it is not known
    sha256: str


def evidence_paper(evidence: Evidence, facility: str, making: Making) -> Paper:
    """Return the evidence of a visit as a document in the language of the request.

    `facility` is the name of the facility, with its code.
    """
    blocks: list[Block] = [
        *_warnings(evidence),
        Passage(" ".join(_what_it_shows(evidence, facility)), Tone.LEAD),
        Heading(_("Visit")),
        _visit_facts(evidence),
        Heading(_("The patient and the card as shown")),
        *_card_blocks(evidence),
        Heading(_("What happened, in order")),
        _time_line(evidence),
        Heading(_("Questions to the insurer")),
        *_lookup_blocks(evidence.lookups),
        Heading(_("Verdicts on the card, and how new the data were")),
        _verdict_grid(evidence),
        Heading(_("Reports of the visit to the insurer")),
        *_message_blocks(evidence),
        *_correction_blocks(evidence),
        Heading(_("To check this paper")),
        *_checking(making),
    ]
    return Paper(
        title=_("Evidence: a health-insurance card was looked up"),
        issuer=facility,
        language=chosen_language(),
        blocks=tuple(blocks),
        footer=f"{evidence.visit.id} · SHA-256 {making.sha256[:16]}…",
        page_of=_("Page %(page)s of %(pages)s", page="%(page)s", pages="%(pages)s"),
        lacking_note=_(
            "stands for a letter that this paper’s font does not have; the data file has it."
        ),
    )


def _warnings(evidence: Evidence) -> list[Block]:
    visit, found = evidence.visit, []
    if visit.secret:
        found.append(
            _(
                "STATE SECRET: this record does not go the common way"
                " (TT 12/2026/TT-BTC, Điều 9 khoản 5)."
            )
        )
    if visit.cancelled_at:
        found.append(
            _(
                "This visit was cancelled at %(at)s. Reason: %(why)s",
                at=moment_text(visit.cancelled_at),
                why=evidence.versions[-1].why if evidence.versions else NONE,
            )
        )
    return [Passage(text, Tone.LEAD) for text in found]


def _what_it_shows(evidence: Evidence, facility: str) -> list[str]:
    """Return the sentences that say what the paper shows."""
    lookups = [lookup for lookup in evidence.lookups if lookup.was_asked]
    left_out = [lookup for lookup in evidence.lookups if not lookup.was_asked]
    sentences = [
        _(
            "This paper shows what %(facility)s asked the insurer’s gateway about the patient"
            " below, and when.",
            facility=facility,
        )
    ]
    if not evidence.lookups:
        return [*sentences, _("No question to the gateway about this visit is recorded.")]
    if len(lookups) == 1:
        sentences.append(_("The gateway was asked once, at %(at)s.", at=_exact(lookups[0].at)))
    elif lookups:
        sentences.append(
            _(
                "The gateway was asked %(asked)s times, first at %(first)s and last at %(last)s.",
                asked=len(lookups),
                first=_exact(lookups[0].at),
                last=_exact(lookups[-1].at),
            )
        )
    if left_out:
        times = ", ".join(_exact(lookup.at) for lookup in left_out[:MAX_TIMES])
        times += " …" if len(left_out) > MAX_TIMES else ""
        sentences.append(
            _("The gateway could not be asked at %(times)s; the list below says why.", times=times)
        )
    return sentences + _what_came_of_it(evidence)


def _what_came_of_it(evidence: Evidence) -> list[str]:
    results = [lookup.result for lookup in evidence.lookups if lookup.was_asked]
    answered = results.count(LookupResult.ANSWERED)
    failed = len(results) - answered
    if not failed and len(results) == len(evidence.lookups):
        return [_("It answered each time.")]
    if not results:
        counts = ""
    elif answered:
        counts = _(
            "It answered %(answered)s of %(all)s times.", answered=answered, all=len(results)
        )
    else:
        counts = _("It gave no answer about the card.")
    came_first = evidence.lookups[0].result is not LookupResult.ANSWERED
    found = [counts] if counts else []
    if evidence.visit.cancelled_at or not came_first:
        return found
    return [
        *found,
        _(
            "The patient was taken in all the same, as Decree 188/2025/NĐ-CP asks (Điều 38 khoản 2)"
            " if the look-up fails."
        ),
    ]


def _visit_facts(evidence: Evidence) -> Facts:
    visit = evidence.visit
    arrival = visit.arrival
    papers = [papers_text(arrival.papers)] if arrival.papers else []
    papers += [referral_text(arrival.referral)] if arrival.referral else []
    state = words_for(STATE_WORDS, visit.insurer_state)
    return _facts(
        (_("Number of the visit (MA_LK)"), visit.id),
        (_("Queue number"), str(visit.ticket)),
        (_("Arrived"), _exact(visit.arrived_at)),
        (_("Facility"), visit.facility),
        (_("Service"), f"{visit.service.name} ({visit.service.code})"),
        (_("Room"), visit.service.room),
        (_("How the patient came"), arrival_text(arrival.kind)),
        (_("Document shown"), "; ".join(papers)),
        (_("Recorded by"), author_text(visit.author) if visit.author else ""),
        (_("Reason of the clerk"), visit.clerk_reason),
        (_("At the insurer"), " · ".join(filter(None, (state, visit.transaction_code)))),
    )


def _card_blocks(evidence: Evidence) -> list[Block]:
    visit = evidence.visit
    card = visit.card
    blocks: list[Block] = []
    if not card.number:
        blocks.append(Passage(_("The patient showed no card that could be read.")))
    period = f"{day_text(card.valid_from)} – {day_text(card.valid_until)}"
    blocks.append(
        _facts(
            (_("Name"), card.holder or ""),
            (_("Born"), day_text(card.born) if card.born else ""),
            (_("Sex"), str(SEX_WORDS[card.sex]) if card.sex else ""),
            (_("Phone number"), visit.arrival.phone or _("not given")),
            (_("Number as shown"), card.number),
            (_("Card number"), card.card_number or ""),
            (_("Citizen number"), card.citizen_number or ""),
            (_("Registered at"), card.registered_at or ""),
            (_("Valid"), period if card.valid_from or card.valid_until else ""),
        )
    )
    return blocks


def _time_line(evidence: Evidence) -> Grid:
    """Return all that happened, oldest first; what happened at the same moment in its order."""
    visit = evidence.visit
    events = [
        (verdict.at, _("Card read and judged"), _reason_title(verdict.reason))
        for verdict in evidence.verdicts
    ]
    events += [(visit.arrived_at, _("Visit recorded"), _("queue number %(n)s", n=visit.ticket))]
    events += [
        (
            lookup.at,
            _("Insurer asked: %(what)s", what=words_for(KIND_WORDS, lookup.kind))
            if lookup.was_asked
            else _("Insurer not asked"),
            _came(lookup),
        )
        for lookup in evidence.lookups
    ]
    events += [(event.at, _("Report to the insurer"), _became(event)) for event in evidence.history]
    events += [
        (version.replaced_at, _("Visit changed"), version.why) for version in evidence.versions
    ]
    events.sort(key=lambda event: event[0])
    rows = tuple((_exact(at), what, result) for at, what, result in events)
    return Grid((_("Time"), _("What"), _("Result")), rows, (24, 34, 42))


def _became(event: MessageEvent) -> str:
    """Return in words what became of a report to the insurer."""
    if event.state == "queued" and event.message and event.author == SYSTEM:
        return f"{_('no answer yet; it will be sent again')} ({_cut(event.message)})"
    parts = words_for(STATE_WORDS, event.state), event.transaction or event.message
    return _cut(": ".join(part for part in parts if part))


def _lookup_blocks(lookups: Sequence[StoredLookup]) -> list[Block]:
    if not lookups:
        return [Passage(_("None is recorded."))]
    rows = tuple(
        (
            _exact(lookup.at),
            f"{words_for(KIND_WORDS, lookup.kind)}; {words_for(PURPOSE_WORDS, lookup.purpose)}",
            author_text(lookup.author) if lookup.author else NONE,
            _("%(s)s s", s=f"{lookup.duration_ms / 1000:.1f}"),
            _came(lookup),
            _cut(lookup.code or "", MAX_CODE)
            or (f"HTTP {lookup.http_status}" if lookup.http_status else NONE),
        )
        for lookup in lookups
    )
    heading = (_("Time"), _("What was asked"), _("By"), _("Took"), _("Result"), _("Code"))
    return [Grid(heading, rows, (22, 27, 13, 10, 30, 9))]


def _came(lookup: StoredLookup) -> str:
    """Return in words what came of a question."""
    if lookup.result is LookupResult.ANSWERED:
        code = _cut(lookup.code or "", MAX_CODE)
        return f"{_('answered')} ({code})" if lookup.code else str(_("answered"))
    if not lookup.was_asked:
        why = (lookup.error or "").removeprefix(NOT_ASKED)
        return f"{_('NOT ASKED: no questions were possible just then')} ({_cut(why)})"
    words_of_result = _("REFUSED") if lookup.result is LookupResult.REFUSED else _("NO ANSWER")
    error = error_text(lookup.error or "")
    return f"{words_of_result}: {_cut(error)}" if error else str(words_of_result)


def _verdict_grid(evidence: Evidence) -> Grid:
    rows = []
    for verdict in evidence.verdicts:
        data = verdict.verdict.get("data") or {}
        known = [
            f"{words_for(DATA_WORDS, name)}: {moment_text(moment)}"
            for name, moment in data.items()
            if moment
        ]
        rows.append(
            (
                _exact(verdict.at),
                _reason_title(verdict.reason),
                "\n".join(known) or _("none"),
            )
        )
    heading = (_("Time"), _("Verdict"), _("Data, each of"))
    return Grid(heading, tuple(rows), (24, 38, 38))


def _message_blocks(evidence: Evidence) -> list[Block]:
    if not evidence.messages:
        return [Passage(_("This visit is not sent to the insurer."))]
    rows = tuple(
        (
            str(message.version),
            words_for(STATE_WORDS, message.state),
            _cut(" · ".join(filter(None, (message.code, message.message)))) or NONE,
            _cut(message.transaction or NONE, MAX_CODE),
            message.sha256 or NONE,
        )
        for message in evidence.messages
    )
    heading = (
        *(_("Version"), _("State"), _("Answer")),
        *(_("Transaction code"), _("SHA-256 of the record")),
    )
    blocks: list[Block] = [Grid(heading, rows, (11, 13, 24, 18, 34))]
    if evidence.files:
        sent = tuple(
            (
                _exact(reported.file.at),
                reported.file.certificate_serial or _("not signed"),
                reported.file.sha256,
            )
            for reported in evidence.files
        )
        of_files = (_("Sent at"), _("Serial number of the certificate"), _("SHA-256 of the file"))
        blocks.append(Grid(of_files, sent, (24, 30, 46)))
    return blocks


def _correction_blocks(evidence: Evidence) -> list[Block]:
    if not evidence.versions:
        return []
    rows = tuple(
        (
            str(version.version),
            _exact(version.replaced_at),
            version.why,
            author_text(version.author) if version.author else NONE,
        )
        for version in evidence.versions
    )
    heading = (_("Version"), _("Changed at"), _("Why it was changed"), _("By"))
    return [Heading(_("Corrections")), Grid(heading, rows, (12, 24, 44, 20))]


def _checking(making: Making) -> list[Block]:
    program = " ".join(filter(None, ("Tiếp Đón", making.program)))
    return [
        _facts(
            (_("Made at"), _exact(making.at)),
            (_("Made by"), author_text(making.author)),
            (_("Program"), program),
        ),
        Passage(
            _(
                "The data file of this visit (evidence.json) holds the same facts in full, with the"
                " insurer’s answers as they were received. This number was computed from its data"
                " (SHA-256); the data file holds the same number if nothing differs:"
            ),
            Tone.NOTE,
        ),
        Passage(making.sha256, Tone.CODE),
    ]


def _facts(*rows: tuple[str, str]) -> Facts:
    """Return the facts that have a value."""
    return Facts(tuple((str(label), value) for label, value in rows if value))


def _cut(text: str, most: int = MAX_TEXT) -> str:
    """Return a text of at most `most` characters."""
    return text if len(text) <= most else f"{text[:most]}…"


def _reason_title(reason: str) -> str:
    texts = words(chosen_language())["reasons"].get(reason)
    return reason if texts is None else str(texts["title"])


def _exact(moment: datetime) -> str:
    """Return a moment to the second, in the clinic's zone."""
    return f"{moment.astimezone(CLINIC_ZONE):%H:%M:%S %d/%m/%Y}"
