"""The evidence of a visit on paper, in words that a person understands who knows no program.

1.  The paper begins with what it shows: when the insurer was asked, and what came of it.
2.  The time line follows, then each part in detail; codes and hashes come last.
3.  Each sentence is about what the logbook holds.  If nothing was asked, the paper says so.
4.  If our clock was wrong, the right times stand on it, with the recorded ones beside.
5.  A text of the insurer that is very long is cut; the data file has all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _

from kiosk.logbook import Evidence, LookupResult
from kiosk.paper import Block, Facts, Grid, Heading, Paper, Passage, Tone
from kiosk.web.evidence_times import (
    MAX_CODE,
    PaperTime,
    PaperTimes,
    came_text,
    clock_sentences,
    cut,
    outage_sentences,
    reason_title,
    time_line,
)
from kiosk.web.facility_words import facility_text
from kiosk.web.insurer_words import (
    DATA_WORDS,
    KIND_WORDS,
    PURPOSE_WORDS,
    STATE_WORDS,
    report_text,
    words_for,
)
from kiosk.web.language import (
    SEX_WORDS,
    arrival_text,
    author_text,
    chosen_language,
    day_text,
    moment_text,
    paper_source_text,
    papers_text,
    referral_text,
)
from kiosk.web.paper_words import lacking_note, page_of
from verify import Reason

NONE = "—"
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
    times = PaperTimes(evidence)
    blocks: list[Block] = [
        *_warnings(evidence, times),
        Passage(" ".join(_what_it_shows(evidence, times, facility)), Tone.LEAD),
        Heading(_("Visit")),
        _visit_facts(evidence, times),
        Heading(_("The patient and the card as shown")),
        *_card_blocks(evidence),
        Heading(_("What happened, in order")),
        time_line(evidence, times),
        Heading(_("Questions to the insurer")),
        *_lookup_blocks(evidence, times),
        Heading(_("Verdicts on the card, and how new the data were")),
        _verdict_grid(evidence, times),
        Heading(_("Reports of the visit to the insurer")),
        *_message_blocks(evidence, times),
        *_correction_blocks(evidence, times),
        Heading(_("To check this paper")),
        *_checking(making, times),
    ]
    return Paper(
        title=_("Evidence: a health-insurance card was looked up"),
        issuer=facility,
        language=chosen_language(),
        blocks=tuple(blocks),
        footer=f"{evidence.visit.id} · SHA-256 {making.sha256[:16]}…",
        page_of=page_of(),
        lacking_note=lacking_note(has_data_file=True),
    )


def _warnings(evidence: Evidence, times: PaperTimes) -> list[Block]:
    visit, found = evidence.visit, []
    if visit.secret:
        found.append(
            _(
                "STATE SECRET: this record does not go the common way"
                " (TT 12/2026/TT-BTC, Điều 9 khoản 5)."
            )
        )
    if times.cancelled:
        found.append(
            _(
                "This visit was cancelled at %(at)s. Reason: %(why)s",
                at=times.cancelled,
                why=evidence.versions[-1].why if evidence.versions else NONE,
            )
        )
    if sentences := clock_sentences(evidence, times):
        found.append(" ".join(sentences))
    found += outage_sentences(evidence.outages)
    return [Passage(text, Tone.LEAD) for text in found]


def _what_it_shows(evidence: Evidence, times: PaperTimes, facility: str) -> list[str]:
    """Return the sentences that say what the paper shows."""
    both = list(zip(evidence.lookups, times.lookups, strict=True))
    asked = sorted((time for lookup, time in both if lookup.was_asked), key=_right)
    left_out = sorted((time for lookup, time in both if not lookup.was_asked), key=_right)
    sentences = [
        _(
            "This paper shows what %(facility)s asked the insurer’s gateway about the patient"
            " below, and when.",
            facility=facility,
        )
    ]
    if not evidence.lookups:
        return [*sentences, _("No question to the gateway about this visit is recorded.")]
    if len(asked) == 1:
        sentences.append(_("The gateway was asked once, at %(at)s.", at=asked[0]))
    elif asked:
        sentences.append(
            _(
                "The gateway was asked %(asked)s times, first at %(first)s and last at %(last)s.",
                asked=len(asked),
                first=asked[0],
                last=asked[-1],
            )
        )
    if left_out:
        named = ", ".join(map(str, left_out[:MAX_TIMES]))
        named += " …" if len(left_out) > MAX_TIMES else ""
        sentences.append(
            _("The gateway could not be asked at %(times)s; the list below says why.", times=named)
        )
    return sentences + _what_came_of_it(evidence)


def _right(time: PaperTime) -> datetime:
    return time.right


def _what_came_of_it(evidence: Evidence) -> list[str]:
    results = [lookup.result for lookup in evidence.lookups if lookup.was_asked]
    answered = results.count(LookupResult.ANSWERED)
    failed = len(results) - answered
    if not failed and len(results) == len(evidence.lookups):
        return [_("It answered.") if answered == 1 else _("It answered each time.")]
    if not results:
        counts = ""
    elif answered == len(results) == 1:
        counts = _("It answered.")
    elif answered == len(results):
        counts = _("It answered each time.")
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


def _visit_facts(evidence: Evidence, times: PaperTimes) -> Facts:
    visit = evidence.visit
    arrival = visit.arrival
    papers = [papers_text(arrival.papers)] if arrival.papers else []
    papers += [referral_text(arrival.referral)] if arrival.referral else []
    state = words_for(STATE_WORDS, visit.insurer_state)
    return _facts(
        (_("Number of the visit (MA_LK)"), visit.id),
        (_("Queue number"), visit.ticket_label),
        (_("Arrived"), str(times.arrived)),
        (_("Entered from paper"), paper_source_text(visit.paper) if visit.paper else ""),
        (_("Facility"), facility_text(visit.facility)),
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
    blocks.append(
        _facts(
            (_("Name"), card.holder or ""),
            (_("Born"), day_text(card.born) if card.born else ""),
            (_("Sex"), str(SEX_WORDS[card.sex]) if card.sex else ""),
            (_("Phone number"), visit.arrival.phone or _("not given")),
            (_("Number as shown"), card.number),
            (_("Card number"), card.card_number or ""),
            (_("Citizen number"), card.citizen_number or ""),
            (_("Registered at"), facility_text(card.registered_at)),
            (_("Valid"), _period_text(card.valid_from, card.valid_until)),
        )
    )
    return blocks


def _period_text(first: date | None, last: date | None) -> str:
    """Return the days of a card in words; empty if it names none."""
    if first and last:
        return f"{day_text(first)} – {day_text(last)}"
    if first:
        return str(_("from %(first)s; no last day is on it", first=day_text(first)))
    return str(_("until %(last)s", last=day_text(last))) if last else ""


def _lookup_blocks(evidence: Evidence, times: PaperTimes) -> list[Block]:
    if not evidence.lookups:
        return [Passage(_("None is recorded."))]
    rows = tuple(
        (
            str(time),
            f"{words_for(KIND_WORDS, lookup.kind)}; {words_for(PURPOSE_WORDS, lookup.purpose)}",
            author_text(lookup.author) if lookup.author else NONE,
            _duration_text(lookup.duration_ms) if lookup.was_asked else NONE,
            came_text(lookup, time),
            cut(lookup.code or "", MAX_CODE)
            or (f"HTTP {lookup.http_status}" if lookup.http_status else NONE),
        )
        for lookup, time in zip(evidence.lookups, times.lookups, strict=True)
    )
    heading = (_("Time"), _("What was asked"), _("By"), _("Took"), _("Result"), _("Code"))
    return [Grid(heading, rows, (22, 27, 13, 10, 30, 9))]


def _duration_text(duration_ms: int) -> str:
    seconds = f"{duration_ms / 1000:.1f}"
    return str(_("%(s)s s", s=seconds))


def _verdict_grid(evidence: Evidence, times: PaperTimes) -> Grid:
    rows = tuple(
        (
            str(time),
            reason_title(verdict.reason),
            "\n".join(data_texts(verdict.verdict)) or _("none"),
        )
        for verdict, time in zip(evidence.verdicts, times.verdicts, strict=True)
    )
    return Grid((_("Time"), _("Verdict"), _("Data, each of")), rows, (24, 38, 38))


def data_texts(verdict: Mapping[str, Any]) -> list[str]:
    """Return in words which data a verdict had, and whether the card was in them.

    `verdict` is the JSON of the contract.
    """
    texts = []
    for name, moment in (verdict.get("data") or {}).items():
        if moment:
            text = f"{words_for(DATA_WORDS, name)}: {moment_text(moment)}"
            is_missing = name == "registry" and verdict.get("reason") == Reason.NOT_YET_KNOWN
            if is_missing:
                text += " " + _("(this card was not among them)")
            texts.append(text)
    return texts


def _message_blocks(evidence: Evidence, times: PaperTimes) -> list[Block]:
    if not evidence.messages:
        return [Passage(_("This visit is not sent to the insurer."))]
    rows = tuple(
        (
            str(message.version),
            words_for(STATE_WORDS, message.state),
            cut(report_text(message.state, message.code, message.message)) or NONE,
            cut(message.transaction or NONE, MAX_CODE),
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
                str(time),
                reported.file.certificate_serial or _("not signed"),
                reported.file.sha256,
            )
            for reported, time in zip(evidence.files, times.files, strict=True)
        )
        of_files = (_("Sent at"), _("Serial number of the certificate"), _("SHA-256 of the file"))
        blocks.append(Grid(of_files, sent, (24, 30, 46)))
    return blocks


def _correction_blocks(evidence: Evidence, times: PaperTimes) -> list[Block]:
    if not evidence.versions:
        return []
    rows = tuple(
        (
            str(version.version),
            str(time),
            version.why,
            author_text(version.author) if version.author else NONE,
        )
        for version, time in zip(evidence.versions, times.versions, strict=True)
    )
    heading = (_("Version"), _("Changed at"), _("Why it was changed"), _("By"))
    return [Heading(_("Corrections")), Grid(heading, rows, (12, 24, 44, 20))]


def _checking(making: Making, times: PaperTimes) -> list[Block]:
    program = " ".join(filter(None, ("Tiếp Đón", making.program)))
    return [
        _facts(
            (_("Made at"), str(times.of_paper(making.at))),
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
