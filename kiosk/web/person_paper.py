"""All that is kept about one person, on paper, in words that they understand.

The data file beside it has everything as it is stored; the paper names each thing once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from kiosk.logbook import Visit
from kiosk.paper import Block, Facts, Grid, Heading, Paper, Passage, Tone
from kiosk.privacy import HeldData
from kiosk.web.evidence_paper import NONE, Making
from kiosk.web.insurer_words import STATE_WORDS
from kiosk.web.language import (
    SEX_WORDS,
    arrival_text,
    author_text,
    chosen_language,
    day_text,
    moment_text,
    words,
)
from kiosk.web.paper_words import lacking_note, page_of


def person_paper(held: HeldData, data: Mapping[str, Any], facility: str, making: Making) -> Paper:
    """Return what is kept about a person as a document in the language of the request.

    `data` is that of `PersonData.gathered`; `facility` is the name of the facility, with its code.
    """
    lead = _(
        "This paper lists what %(facility)s keeps about you at its reception desk, as of %(at)s. A"
        " file with every detail belongs to it; its fingerprint is below.",
        facility=facility,
        at=moment_text(making.at),
    )
    blocks: list[Block] = [
        Passage(lead, Tone.LEAD),
        Heading(_("Who you are here")),
        Facts(
            (
                (_("Name"), ", ".join(held.names) or NONE),
                (_("Numbers"), ", ".join(sorted(held.numbers)) or NONE),
            )
        ),
    ]
    for visit, found in zip(held.visits, data["visits"], strict=True):
        blocks += _visit(visit, found)
    blocks += _section(
        _("Cards that were read without a visit"),
        (_("When"), _("Where"), _("Result")),
        [
            (moment_text(row["at"]), row["reader"], _reason(row["reason"]))
            for row in data["readings_without_visit"]
        ],
        (2, 2, 4),
    )
    blocks += _section(
        _("Questions to the insurer without a visit"),
        (_("When"), _("Who asked"), _("Result")),
        [
            (moment_text(row["at"]), author_text(row["author"]), row["code"] or row["result"])
            for row in data["questions_without_visit"]
        ],
        (2, 3, 2),
    )
    blocks += _section(
        _("What you agreed to"),
        (_("When"), _("To what"), _("Until")),
        [
            (
                moment_text(row["at"]),
                row["wording"],
                moment_text(row["withdrawn_at"] or row["until"]),
            )
            for row in data["consents"]
        ],
        (2, 4, 2),
    )
    blocks += _looks(data)
    blocks += [
        Heading(_("What is not on this paper")),
        Passage(
            _(
                "Suspicions of misuse that are being looked into, and the records of other people"
                " that were sent together with yours. Why data are kept and for how long, and what"
                " you may ask, is written in the notice at the desk."
            )
        ),
        Passage(f"SHA-256 {making.sha256}", Tone.CODE),
    ]
    return Paper(
        title=_("What is kept about a person"),
        issuer=facility,
        language=chosen_language(),
        blocks=tuple(blocks),
        footer=f"{moment_text(making.at)} · SHA-256 {making.sha256[:16]}…",
        page_of=page_of(),
        lacking_note=lacking_note(has_data_file=True),
    )


def _visit(visit: Visit, found: Mapping[str, Any]) -> list[Block]:
    card, guardian = visit.card, visit.arrival.guardian
    rows = [
        (_("Came"), moment_text(visit.arrived_at)),
        (_("How"), arrival_text(visit.arrival.kind)),
        (_("Service"), f"{visit.service.name} · {visit.service.room}"),
        (_("Name"), card.holder or NONE),
        (_("Birth date"), day_text(card.born)),
        (_("Sex"), str(SEX_WORDS[card.sex]) if card.sex else NONE),
        (_("Card number"), card.card_number or card.number or NONE),
        (_("citizen number"), card.citizen_number or NONE),
        (_("Phone number"), visit.arrival.phone or NONE),
        (_("Verdict"), _reason(visit.reason)),
        (_("At the insurer"), str(STATE_WORDS[visit.insurer_state])),
        (
            _("Kept of it"),
            _(
                "%(lookups)s questions to the insurer, %(files)s sent files, %(versions)s earlier"
                " versions, %(verdicts)s verdicts",
                lookups=len(found["lookups"]),
                files=len(found["files"]),
                versions=len(found["versions"]),
                verdicts=len(found["verdicts"]),
            ),
        ),
    ]
    if guardian is not None:
        rows.insert(9, (_("Came with"), f"{guardian.name} {guardian.phone}".strip() or NONE))
    return [Heading(_("Visit %(number)s", number=visit.id)), Facts(tuple(rows))]


def _looks(data: Mapping[str, Any]) -> list[Block]:
    looks = [look for visit in data["visits"] for look in visit["looks"]]
    looks += data["looks_without_visit"]
    rows = [(moment_text(look["at"]), author_text(look["author"])) for look in looks]
    return _section(_("Who looked at your data"), (_("When"), _("Who")), rows, (2, 5))


def _section(
    heading: str,
    columns: tuple[str, ...],
    rows: Iterable[Sequence[str]],
    widths: tuple[int, ...],
) -> list[Block]:
    found = tuple(tuple(map(str, row)) for row in rows)
    if not found:
        return [Heading(heading), Passage(_("None."))]
    return [Heading(heading), Grid(columns, found, widths)]


def _reason(reason: str) -> str:
    return str(words(chosen_language())["reasons"][reason]["title"])
