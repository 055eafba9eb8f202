"""A person's visits on paper, for the person: by years, in words that they understand.

It has what was asked, reported and corrected, but not the insurer's answers, and nobody of staff:
these are on the paper with all that is kept (`kiosk.web.person_paper`), which is asked for.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from flask_babel import gettext as _

from kiosk.logbook import Evidence
from kiosk.paper import Block, Facts, Grid, Heading, Paper, Passage, Tone
from kiosk.web.evidence_paper import NONE, Making
from kiosk.web.evidence_times import reason_title
from kiosk.web.facility_words import facility_text
from kiosk.web.insurer_words import KIND_WORDS, STATE_WORDS, words_for
from kiosk.web.language import arrival_text, chosen_language, day_text, masked, moment_text
from kiosk.web.paper_words import lacking_note, page_of
from kiosk.web.report_words import RESULT_WORDS
from verify import clinic_day


def person_history_paper(
    found: Sequence[Evidence], facility: str, making: Making, unreadable: int = 0
) -> Paper:
    """Return the visits of a person as a document in the language of the request.

    `found` are the visits, newest first; `facility` is the name of the facility, with its code.
    `unreadable` is how many damaged visits may be missing.
    """
    newest = found[0].visit
    blocks: list[Block] = [
        Passage(
            _(
                "This paper lists the visits that %(facility)s recorded at its reception desk for"
                " the person below, as of %(at)s. It says nothing of what a doctor found.",
                facility=facility,
                at=moment_text(making.at),
            ),
            Tone.LEAD,
        ),
        Facts(
            (
                (_("Name"), newest.card.holder or NONE),
                (_("Birth date"), day_text(newest.card.born)),
                (_("Card number"), masked(newest.card.card_number or newest.card.number) or NONE),
                (_("Visits here"), str(len(found))),
            )
        ),
    ]
    if unreadable:
        missing = _(
            "%(n)s visits that may be this person's cannot be read just now and are missing here."
            " Ask for this paper again later.",
            n=unreadable,
        )
        blocks.append(Passage(missing, Tone.NOTE))
    columns = (_("Came"), _("Service"), _("How"), _("Verdict"), _("At the insurer"))
    for year, group in itertools.groupby(
        found, key=lambda each: clinic_day(each.visit.arrived_at).year
    ):
        rows = tuple(_row(each) for each in group)
        blocks += [Heading(f"{year} · {len(rows)}"), Grid(columns, rows, (3, 4, 3, 4, 3))]
    blocks += [*_questions(found), *_reports(found), *_corrections(found)]
    blocks += [
        Heading(_("To check this paper")),
        Passage(
            _(
                "The verdict is what the program said of the card on that day. What the insurer"
                " paid is known to the insurer only."
            ),
            Tone.NOTE,
        ),
        Passage(
            _(
                "Everything that is kept about you, and who looked at it, is on another paper: ask"
                " for it at the desk."
            ),
            Tone.NOTE,
        ),
        Passage(f"SHA-256 {making.sha256}", Tone.CODE),
    ]
    return Paper(
        title=_("Visits of one person"),
        issuer=facility,
        language=chosen_language(),
        blocks=tuple(blocks),
        footer=f"{moment_text(making.at)} · SHA-256 {making.sha256[:16]}…",
        page_of=page_of(),
        lacking_note=lacking_note(has_data_file=False),
    )


def _section(
    title: str, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]], widths: tuple[int, ...]
) -> list[Block]:
    listed = tuple(rows)
    return [Heading(title), Grid(columns, listed, widths)] if listed else []


def _questions(found: Sequence[Evidence]) -> list[Block]:
    """Return what the insurer was asked about the person, without its answers."""
    rows = (
        (
            moment_text(evidence.visit.arrived_at),
            moment_text(lookup.at),
            words_for(KIND_WORDS, lookup.kind),
            words_for(RESULT_WORDS, lookup.result) if lookup.was_asked else _("not asked"),
        )
        for evidence in found
        for lookup in evidence.lookups
    )
    columns = (_("Came"), _("Asked at"), _("What was asked"), _("Result"))
    return _section(_("Questions to the insurer"), columns, rows, (3, 3, 4, 3))


def _reports(found: Sequence[Evidence]) -> list[Block]:
    """Return what was reported to the insurer about the person's visits."""
    rows = (
        (
            moment_text(evidence.visit.arrived_at),
            str(message.version),
            words_for(STATE_WORDS, message.state),
            message.transaction or NONE,
        )
        for evidence in found
        for message in evidence.messages
    )
    columns = (_("Came"), _("Version"), _("State"), _("Transaction code"))
    return _section(_("Reports of the visits to the insurer"), columns, rows, (3, 2, 4, 4))


def _corrections(found: Sequence[Evidence]) -> list[Block]:
    """Return when and why the records of the visits were changed."""
    rows = (
        (moment_text(evidence.visit.arrived_at), moment_text(version.replaced_at), version.why)
        for evidence in found
        for version in evidence.versions
    )
    columns = (_("Came"), _("Changed at"), _("Why it was changed"))
    return _section(_("Corrections"), columns, rows, (3, 3, 7))


def _row(evidence: Evidence) -> tuple[str, ...]:
    visit = evidence.visit
    state = str(STATE_WORDS[visit.insurer_state])
    if visit.cancelled_at:
        state = _("cancelled at %(at)s", at=moment_text(visit.cancelled_at))
    registered = visit.card.registered_at
    verdict = str(reason_title(visit.reason))
    return (
        moment_text(visit.arrived_at),
        f"{visit.service.name} · {visit.service.room}",
        arrival_text(visit.arrival.kind),
        f"{verdict} ({facility_text(registered)})" if registered else verdict,
        state,
    )
