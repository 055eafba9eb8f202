"""The notice of a breach to the authority, filled from what is known.

Its parts follow what such a notice has to say (Luật 91/2025 Điều 23; NĐ 356/2025 Điều 28–29); the
layout is our own.  The official form is Mẫu 08 of NĐ 356/2025, into which the parts are copied.
"""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _

from kiosk.paper import Block, Facts, Heading, Paper, Passage, Tone
from kiosk.privacy import Breach
from kiosk.web.language import moment_text, shown_language
from kiosk.web.paper_words import lacking_note, page_of

BLANK = "…………………………………………"  # to be filled in by hand


def breach_paper(breach: Breach, facility: str, now: datetime) -> Paper:
    """Return the notice in the language that is set; `facility` is its name, with its code."""
    facts = breach.facts

    def moment(at: datetime | None) -> str:
        return moment_text(at) if at else BLANK

    sections: list[tuple[str, tuple[tuple[str, str], ...]]] = [
        (
            _("1. Who gives notice"),
            (
                (_("Facility"), facility),
                (_("Who answers for it"), facts.contact or BLANK),
                (_("Telephone, e-mail"), BLANK),
            ),
        ),
        (
            _("2. What happened"),
            (
                (_("Noticed"), moment(facts.noticed_at)),
                (_("Began"), moment(facts.began_at)),
                (_("What happened"), facts.what),
                (_("Cause"), facts.cause or BLANK),
                (_("Severe incident of the network"), _("yes") if facts.is_severe else _("no")),
            ),
        ),
        (
            _("3. Data and persons"),
            (
                (_("Kinds of data"), facts.data or BLANK),
                (_("How many persons"), BLANK if facts.people is None else str(facts.people)),
                (_("What may follow for them"), facts.harm or BLANK),
            ),
        ),
        (
            _("4. What was done"),
            (
                (_("Measures"), facts.measures or BLANK),
                (_("Persons informed"), moment(facts.people_informed_at)),
                (_("First word to the authority"), moment(facts.first_word_at)),
            ),
        ),
    ]
    blocks: list[Block] = [
        Passage(
            _(
                "To the authority for the protection of personal data (Luật 91/2025 Điều 23; NĐ"
                " 356/2025 Điều 28–29): at the latest %(by)s, 72 hours after it was noticed. Copy"
                " the parts into the official form (Mẫu 08).",
                by=moment_text(facts.report_by),
            ),
            Tone.LEAD,
        )
    ]
    if facts.first_word_by is not None:
        blocks.append(
            Passage(
                _(
                    "Severe incident: a first word at the latest %(by)s, 24 hours after it was"
                    " noticed (NĐ 331/2026 Điều 31).",
                    by=moment_text(facts.first_word_by),
                )
            )
        )
    for heading, rows in sections:
        blocks += [Heading(heading), Facts(rows)]
    blocks += [
        Heading(_("5. Signature")),
        Facts(((_("Place, day"), BLANK), (_("Name, office, signature"), BLANK))),
    ]
    return Paper(
        title=_("Notice of a breach of the protection of personal data"),
        issuer=facility,
        language=shown_language(),
        blocks=tuple(blocks),
        footer=_(
            "Breach %(id)s, version %(version)s · printed %(at)s",
            id=breach.id,
            version=breach.version,
            at=moment_text(now),
        ),
        page_of=page_of(),
        lacking_note=lacking_note(),
    )
