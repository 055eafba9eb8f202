"""Referrals in their old form: text among the papers of a visit.

The text is `referral 2026-11-10` or `referral 2026-11-10 for a year`; "; " separates the papers.
Some programs still send it, and old rows of the logbook hold it.  Only this module translates it.
"""

from __future__ import annotations

import re
from datetime import date

from verify import Referral

SEPARATOR = "; "
_REFERRAL = re.compile(r"referral (\d{4}-\d{2}-\d{2})( for a year)?\Z", re.ASCII)


def referral_of_text(paper: str) -> Referral | None:
    """Return the referral that a paper names. None for another paper or an invalid date."""
    match = _REFERRAL.match(paper)
    try:
        return Referral(date.fromisoformat(match[1]), match[2] is not None) if match else None
    except ValueError:
        return None


def referral_among(papers: str) -> tuple[Referral | None, str]:
    """Return the first readable referral among papers, and the papers without it.

    Returns None and the unchanged papers if no referral among them can be read.
    """
    shown = papers.split(SEPARATOR)
    for place, paper in enumerate(shown):
        referral = referral_of_text(paper)
        if referral is not None:
            return referral, SEPARATOR.join(shown[:place] + shown[place + 1 :])
    return None, papers


def unreadable_referrals(papers: str) -> list[str]:
    """Return the papers that begin with `referral` and cannot be read as one."""
    return [
        paper
        for paper in papers.split(SEPARATOR)
        if paper.startswith("referral") and referral_of_text(paper) is None
    ]
