"""Referrals in their old form: text among the papers of a visit.

The text is `referral 2026-11-10` or `referral 2026-11-10 for a year`; ";" separates the papers.
Some programs still send it, and old rows of the logbook hold it.  Only this module translates it.
"""

from __future__ import annotations

import re
from datetime import date

from verify import Referral

SEPARATOR = ";"
REFERRAL_YEARS = range(1900, 2200)  # in which a referral may have been signed
_REFERRAL = re.compile(r"referral (\d{4}-\d{2}-\d{2})( for a year)?\Z", re.ASCII)


def referral_of_text(paper: str) -> Referral | None:
    """Return the referral that a paper names. None for another paper, or for a date that cannot be.

    Blanks around the paper do not count.
    """
    match = _REFERRAL.match(paper.strip())
    try:
        signed_on = date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None
    if match is None or signed_on is None or signed_on.year not in REFERRAL_YEARS:
        return None
    return Referral(signed_on, match[2] is not None)


def referral_among(papers: str) -> tuple[Referral | None, str]:
    """Return the first readable referral among papers, and the papers without it.

    Returns None and the unchanged papers if no referral among them can be read.
    """
    shown = papers.split(SEPARATOR)
    for place, paper in enumerate(shown):
        referral = referral_of_text(paper)
        if referral is not None:
            others = SEPARATOR.join(shown[:place] + shown[place + 1 :])
            return referral, others.removeprefix(" ") if place == 0 else others
    return None, papers


def unreadable_referrals(papers: str) -> list[str]:
    """Return the papers that begin with `referral` and cannot be read as one."""
    return [
        paper
        for paper in papers.split(SEPARATOR)
        if paper.strip().startswith("referral") and referral_of_text(paper) is None
    ]
